//! `sparring`: reinforcement-learning benchmarks of sparse networks, from one YAML file.

use std::process::ExitCode;

use sparring::Registry;

fn main() -> ExitCode {
    // SAFETY: this is the first statement of the process; no other thread runs yet.
    unsafe { sparring::process::settle() };
    sparring::main(Registry::builtin())
}
