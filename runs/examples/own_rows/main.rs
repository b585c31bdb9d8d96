//! A crate of its own that adds an environment and has the whole of Sparring with it: YAML, plan, reports.
//!
//! `cargo run --release --example own_rows -- run runs/examples/own_rows/own_rows.yaml`

mod bandit;

use std::process::ExitCode;

use sparring::Registry;

fn main() -> ExitCode {
    // SAFETY: this is the first statement of the process; no other thread runs yet.
    unsafe { sparring::process::settle() };
    sparring::main(Registry::builtin().env(&bandit::ROW))
}
