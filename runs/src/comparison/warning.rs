//! What a reader of the table has to know about it: the cause, and what to do.

use std::fmt;

use super::cell::Cell;
use super::group::Group;
use super::judge::Judged;
use crate::results::{JobResult, Progress};
use crate::table::{counted, thousands};

/// Fewer seeds than this say little about how results spread: a bootstrap resamples what it has.
pub const FEW_SEEDS: usize = 5;

/// A rise between the last two tenths of a curve, as a part of its range, that is more than noise.
const RISING: f64 = 0.05;

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
    /// Jobs that are not at their end yet.
    Running {
        /// Those that a process is at work on.
        jobs: Vec<String>,
        /// How many wait for their turn.
        waiting: usize,
        /// Whether the scores of some stand in the table.
        shown: bool,
    },
    /// Jobs that did not reach their end and never will.
    Unfinished {
        /// The jobs.
        jobs: Vec<String>,
        /// Whether the scores of some stand in the table.
        shown: bool,
    },
    /// Returns that were still rising at the end.
    StillRising {
        /// The variants.
        variants: Vec<String>,
    },
    /// Variants that only a folder has which was to add seeds.
    LeftOut {
        /// The folder.
        folder: String,
        /// The variants.
        variants: Vec<String>,
    },
    /// Finished seeds of a variant that were not trained equally long.
    Uneven {
        /// The variant.
        variant: String,
        /// Environment steps of the shortest.
        least: u64,
        /// Environment steps of the longest.
        most: u64,
    },
    /// Variants over tasks, and claims, some of whose cells have seeds that others have not.
    Unequal {
        /// What they are called.
        names: Vec<String>,
    },
    /// Seeds of a variant that several folders have.
    Twice {
        /// The variant.
        variant: String,
        /// The seeds.
        seeds: Vec<u64>,
    },
    /// What the plan of variants has to say.
    Plan {
        /// The variants.
        variants: Vec<String>,
        /// Its words.
        message: String,
    },
    /// What a job had to tell.
    Job {
        /// The job.
        job: String,
        /// Its words.
        message: String,
    },
}

/// What is to be said of `cells`; `alive` where a process is at work on any of them.
pub fn warnings(cells: &[Cell], alive: bool) -> Vec<Warning> {
    let jobs = || cells.iter().flat_map(|cell| &cell.jobs);
    let mut warnings: Vec<Warning> = jobs().flat_map(of_job).collect();
    let shown = cells.iter().any(Cell::is_partial);
    let named = |how: &dyn Fn(Progress) -> Option<&'static str>| -> Vec<String> {
        let name = |job: &JobResult| Some(format!("{}{}", job.name(), how(job.progress)?));
        jobs().filter_map(name).collect()
    };
    let running = named(&|progress| (progress == Progress::Running).then_some(""));
    if alive {
        let waiting = jobs().filter(|job| job.progress == Progress::Waiting).count();
        if !running.is_empty() || waiting > 0 {
            warnings.push(Warning::Running { jobs: running, waiting, shown });
        }
    }
    let unfinished = named(&|progress| match progress {
        Progress::Waiting if !alive => Some(" (not begun)"),
        Progress::Interrupted => Some(" (interrupted)"),
        Progress::Killed => Some(" (killed)"),
        Progress::Unreadable => Some(" (unreadable)"),
        Progress::Waiting | Progress::Running | Progress::Finished | Progress::Failed => None,
    });
    if !unfinished.is_empty() {
        warnings.push(Warning::Unfinished { jobs: unfinished, shown: shown && !alive });
    }
    let counts = cells.iter().map(|cell| cell.scores.len()).filter(|seeds| *seeds > 0);
    if let Some(seeds) = counts.min().filter(|seeds| *seeds < FEW_SEEDS) {
        warnings.push(Warning::FewSeeds { seeds });
    }
    let rising = cells.iter().filter(|cell| cell.rise > RISING);
    let variants: Vec<String> = rising.map(|cell| cell.label.clone()).collect();
    if !variants.is_empty() {
        warnings.push(Warning::StillRising { variants });
    }
    warnings.extend(of_plans(cells));
    let unequal = cells.iter().filter_map(uneven);
    warnings.extend(unequal);
    warnings
}

/// What is over tasks that differ in their seeds.
pub fn unequal(groups: &[Group], claims: &[Judged]) -> Option<Warning> {
    let groups = groups.iter().filter(|group| group.left_out > 0).map(|group| group.label.clone());
    let claims = claims.iter().filter(|claim| claim.left_out > 0);
    let names: Vec<String> =
        claims.map(|claim| format!("the claim {}", claim.name)).chain(groups).collect();
    (!names.is_empty()).then_some(Warning::Unequal { names })
}

/// What plans have to say, once for all variants whose plans say the same.
fn of_plans(cells: &[Cell]) -> Vec<Warning> {
    let mut said: Vec<(&String, Vec<String>)> = Vec::new();
    for (cell, message) in
        cells.iter().flat_map(|cell| cell.of_plan.iter().map(move |it| (cell, it)))
    {
        match said.iter_mut().find(|(known, _)| *known == message) {
            Some((_, variants)) => variants.push(cell.label.clone()),
            None => said.push((message, vec![cell.label.clone()])),
        }
    }
    let warning = |(message, variants): (&String, Vec<String>)| Warning::Plan {
        variants,
        message: message.clone(),
    };
    said.into_iter().map(warning).collect()
}

/// Seeds of a cell that did not come equally far.
fn uneven(cell: &Cell) -> Option<Warning> {
    let finished = cell.jobs.iter().filter(|job| job.progress == Progress::Finished);
    let lengths: Vec<u64> =
        finished.filter_map(|job| job.curve.last()).map(|last| last.step).collect();
    let (least, most) = (*lengths.iter().min()?, *lengths.iter().max()?);
    let variant = cell.label.clone();
    (least < most).then_some(Warning::Uneven { variant, least, most })
}

/// What ended a job, and what it has to tell.
fn of_job(job: &JobResult) -> Vec<Warning> {
    let error = || job.error.clone().unwrap_or_default();
    let failed = (job.progress == Progress::Failed)
        .then(|| Warning::Failed { job: job.name(), error: error() });
    let note = |message: &String| Warning::Job { job: job.name(), message: message.clone() };
    failed.into_iter().chain(job.notes.iter().map(note)).collect()
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
            Self::Running { jobs, waiting, shown } => {
                let count = counted(jobs.len(), ["job is", "jobs are"]);
                write!(f, "{count} running: {}", listed(jobs))?;
                if *waiting > 0 {
                    write!(f, "; {} not begun", counted(*waiting, ["job has", "jobs have"]))?;
                }
                match shown {
                    true => write!(f, "; scores marked ~ are of what they have so far"),
                    false => Ok(()),
                }
            }
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
            Self::LeftOut { folder, variants } => write!(
                f,
                "{folder} was to add seeds, and these of its variants were trained by other configs: {}",
                listed(variants)
            ),
            Self::Uneven { variant, least, most } => write!(
                f,
                "{variant}: seeds of different length, {} to {} environment steps; each is scored by the last tenth of its own",
                thousands(*least),
                thousands(*most)
            ),
            Self::Unequal { names } => write!(
                f,
                "{}: some of what is compared has more seeds than the rest; those count that all have, so that each task weighs the same",
                listed(names)
            ),
            Self::Twice { variant, seeds } => {
                let seeds: Vec<String> = seeds.iter().map(u64::to_string).collect();
                write!(
                    f,
                    "{variant}: several folders have seed {}; the first counts",
                    listed(&seeds)
                )
            }
            Self::Plan { variants, message } => write!(f, "{}: {message}", listed(variants)),
            Self::Job { job, message } => write!(f, "{job}: {message}"),
        }
    }
}

/// The first few of many.
pub fn listed(names: &[String]) -> String {
    const SHOWN: usize = 4;
    let shown = names.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
