//! What `sparring fit` takes.

use std::path::PathBuf;

use clap::Args;

use crate::statistics::Bootstrap;

/// The command line of a fit.
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub struct FitArgs {
    /// The law, as sparring list laws has it
    pub law: String,
    /// A CSV file with a header, also packed as .csv.gz
    pub file: PathBuf,
    /// The columns that y depends on, in the law's order, or by name: n=width flops=compute
    #[arg(long, value_name = "[ROLE=]COLUMN", num_args = 1.., required = true)]
    pub x: Vec<String>,
    /// The column that is explained
    #[arg(long, value_name = "COLUMN")]
    pub y: String,
    /// Columns that tell groups apart, for laws that take some
    #[arg(long, value_name = "COLUMN", num_args = 1..)]
    pub by: Vec<String>,
    /// Keep rows with one of these values in a column, or with none of them (COLUMN!=VALUE); may be given again
    #[arg(long = "where", value_name = "COLUMN=VALUE[,VALUE]")]
    pub conditions: Vec<String>,
    /// Keep the row with the greatest value in this column, of all that agree in --per
    #[arg(long, value_name = "COLUMN", requires = "per")]
    pub last: Option<String>,
    /// Columns that tell apart what --last keeps a row of
    #[arg(long, value_name = "COLUMN", num_args = 1.., requires = "last")]
    pub per: Vec<String>,
    /// Budgets at which the optimum is wanted, such as 1e20
    #[arg(long, value_name = "NUMBER", num_args = 1..)]
    pub budget: Vec<f64>,
    /// Returns to reach, for the law threshold
    #[arg(long, value_name = "RETURN", num_args = 1.., allow_negative_numbers = true)]
    pub threshold: Vec<f64>,
    /// Change an option of the law; may be given again
    #[arg(long, value_name = "KEY=NUMBER")]
    pub set: Vec<String>,
    /// Resamples for the 95 % intervals; 0 for none
    #[arg(long, value_name = "N", default_value_t = 1_000, allow_negative_numbers = true, value_parser = Bootstrap::parse_resamples)]
    pub resamples: usize,
    /// The seed of the resamples: the same numbers every time, whatever the threads
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// Threads [default: one a core]
    #[arg(long, value_name = "N")]
    pub jobs: Option<usize>,
    /// Then every number in full, as CSV into this file
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
}

const AFTER: &str = "\
Examples:
  sparring fit power sizes.csv --x parameters --y loss --set offset=1
  sparring fit chinchilla runs.csv --x n=parameters flops=operations --y loss --budget 1e20 1e22
  sparring fit threshold evals.csv --x step=env_step seed=seed --y return --by width --threshold 195
  sparring fit sum times.csv --x utd critic_params --y time";
