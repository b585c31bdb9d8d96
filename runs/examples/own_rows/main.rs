//! A crate of its own that adds an environment, a method and an agent, and has the whole of Sparring with them:
//! YAML, plan, reports.
//!
//! `cargo run --release --example own_rows -- run runs/examples/own_rows/own_rows.yaml`

mod averages;
mod bandit;
mod player;
mod tidy;

use std::process::ExitCode;

use sparring::Registry;

fn main() -> ExitCode {
    // SAFETY: this is the first statement of the process; no other thread runs yet.
    unsafe { sparring::process::settle() };
    let registry = Registry::builtin();
    sparring::main(registry.env(&bandit::ROW).method(&tidy::ROW).agent(&averages::ROW))
}
