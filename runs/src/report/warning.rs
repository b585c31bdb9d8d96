//! What a reader of the table has to know about it: the cause, and what to do.

use std::fmt;

use crate::table::counted;

/// Fewer seeds than this say little about how results spread: a bootstrap resamples what it has.
pub const FEW_SEEDS: usize = 5;

/// A rise between the last two tenths of a curve, as a part of its range, that is more than noise.
pub const RISING: f64 = 0.05;

/// A reason to read the table with care.
#[derive(Clone, Debug, PartialEq)]
pub enum Warning {
    /// Too few seeds for the intervals.
    FewSeeds {
        /// Seeds of the variant that has fewest.
        seeds: usize,
    },
    /// A job failed.
    Failed {
        /// The job.
        job: String,
        /// Why.
        error: String,
    },
    /// Jobs that did not reach their end.
    Unfinished {
        /// The jobs, or the first of them.
        jobs: Vec<String>,
        /// Whether the scores of some stand in the table.
        shown: bool,
    },
    /// Returns that were still rising at the end.
    StillRising {
        /// The variants.
        variants: Vec<String>,
    },
    /// What a job had to tell.
    Job {
        /// The job.
        job: String,
        /// Its words.
        message: String,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FewSeeds { seeds } => write!(
                f,
                "{} few for a 95 % interval: it can only show the spread of what was run; use 10 for claims, at least {FEW_SEEDS}",
                counted(*seeds, ["seed is", "seeds are"])
            ),
            Self::Failed { job, error } => write!(f, "{job} failed: {error}"),
            Self::Unfinished { jobs, shown } => {
                let count = counted(jobs.len(), ["job", "jobs"]);
                write!(f, "{count} did not reach the end: {}", listed(jobs))?;
                match shown {
                    true => write!(f, "; scores marked ~ are of what they have; run them again"),
                    false => write!(f, "; run them again"),
                }
            }
            Self::StillRising { variants } => write!(
                f,
                "evaluation returns were still rising at the end: {}; a longer train.total_env_steps may rank them differently",
                listed(variants)
            ),
            Self::Job { job, message } => write!(f, "{job}: {message}"),
        }
    }
}

/// The first few of many.
fn listed(names: &[String]) -> String {
    const SHOWN: usize = 4;
    let shown = names.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
