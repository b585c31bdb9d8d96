//! `sparring`: reinforcement-learning benchmarks of sparse networks, from one YAML file.

mod assertion;
pub mod chart;
pub mod checkpoint;
pub mod claim;
mod cli;
pub mod comparison;
pub mod config;
mod console;
mod data;
mod data_format;
mod doctor;
pub mod envs;
pub mod error;
mod eval;
pub mod evaluate;
mod expand;
mod export;
mod files;
mod folder;
mod found;
mod init;
mod job;
mod job_folder;
mod keys;
pub mod laws;
mod life;
mod list;
mod lock;
mod log;
mod machine;
mod metrics;
mod names;
pub mod normalise;
pub mod outside;
pub mod phases;
pub mod plan;
mod plan_table;
mod play;
pub mod policy;
mod policy_text;
mod post_mortem;
pub mod process;
mod progress;
pub mod published;
mod registry;
mod report;
mod resolved;
pub mod results;
pub mod robustness;
mod run;
mod scheduler;
mod schema;
mod score;
mod seeds;
mod shell;
mod shells;
pub mod sizes;
mod slurm;
pub mod statistics;
pub mod status;
mod stop;
mod suite;
mod table;
pub mod train;
mod tune;
pub mod variant;
mod yaml;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Command};
use console::note;
use error::Error;

pub use registry::Registry;

/// The exit code of a mistake on the command line.
const MISTAKE: u8 = 2;

/// The command line `sparring`, from its arguments to its exit code, with all that `registry` names.
///
/// A crate of its own has the whole of Sparring with its rows, YAML, plans and reports, in a `main.rs` of ten
/// lines: see `runs/examples/own_rows`. It should call [`process::settle`] first.
pub fn main(registry: Registry) -> ExitCode {
    ExitCode::from(main_with(registry, std::env::args_os()))
}

/// [`main`] with these arguments, the first of which is the program's name, to the number of its exit code: for a
/// program whose own arguments are others, such as Python.
pub fn main_with(registry: Registry, args: impl IntoIterator<Item = OsString>) -> u8 {
    if !registry.install() {
        note("sparring: a process has one registry, and this one has begun with another");
        return MISTAKE;
    }
    let Cli { command } = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(told) => {
            // That a reader left is no mistake of the command line.
            drop(told.print());
            return u8::try_from(told.exit_code()).unwrap_or(MISTAKE);
        }
    };
    let done = match command {
        Command::Run(args) => run::run(&args),
        Command::Resume(args) => run::resume(&args),
        Command::Submit(args) => slurm::submit(&args),
        Command::Task(args) => slurm::task(&args),
        Command::Status(args) => progress::status(&args),
        Command::Eval(args) => eval::eval(&args),
        Command::Export(args) => export::export(&args),
        Command::Plan(args) => plan_table::plan(&args),
        Command::Play(args) => play::play(&args),
        Command::Record(args) => data::record(&args),
        Command::Data(args) => data::data(&args),
        Command::Init(args) => init::init(&args),
        Command::Doctor(args) => doctor::doctor(&args),
        Command::Completions { shell } => shells::completions(shell),
        Command::Man => shells::man(),
        Command::List { what, of } => list::list(what, of.as_deref()),
        Command::Schema => list::schema(),
        Command::Tune => tune::tune(),
        Command::Report(args) => report::report(&args),
        Command::Fit(args) => laws::run(&args),
    };
    match done {
        Ok(()) => 0,
        Err(error @ Error::Refused(_)) => {
            note(format!("error: {error}"));
            error.exit_code()
        }
        Err(error) => {
            note(format!("sparring: {error}"));
            error.exit_code()
        }
    }
}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
