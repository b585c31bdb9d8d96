//! `sparring`: reinforcement-learning benchmarks of sparse networks, from one YAML file.

mod assertion;
mod cli;
mod config;
mod console;
mod engine;
mod error;
mod evaluate;
mod folder;
mod list;
mod log;
mod machine;
mod plan;
mod play;
mod report;
mod run;
mod scheduler;
mod score;
mod sizes;
mod table;
mod train;
mod tune;
mod yaml;

use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Command};
use error::Error;

fn main() -> ExitCode {
    // SAFETY: this is the first statement of the process; no other thread runs yet.
    unsafe { sparring_sparse::process::settle() };
    let Cli { command } = Cli::parse();
    let done = match command {
        Command::Run(args) => run::run(&args),
        Command::Plan(args) => plan::plan(&args),
        Command::Play(args) => play::play(&args),
        Command::List { what } => list::list(what),
        Command::Tune => tune::tune(),
        Command::Report { dir, layers } => report::report(&dir, layers),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error @ Error::Refused(_)) => {
            eprintln!("error: {error}");
            ExitCode::from(error.exit_code())
        }
        Err(error) => {
            eprintln!("sparring: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}
