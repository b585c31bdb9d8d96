//! What is compared with what: results of one run or of several as cells, groups and tasks, of which tables, figures
//! and assertions are views.
//!
//! A **cell** is a variant on one environment with its seeds: a row of the table. A **task** is an environment with
//! the scale on which its returns are normalised. A **group** is what remains of cells when the environment is taken
//! away: a method at one sparsity, over all tasks that it was run on.

mod against;
mod baseline;
mod cell;
mod even;
mod group;
mod join;
mod judge;
pub mod keys;
mod known;
mod measured;
mod resamples;
mod task;
mod verdict;
mod warning;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use rayon::prelude::*;

use crate::claim::Claim;
use crate::error::Error;
use crate::folder::RunRecord;
use crate::names::stands_for;
use crate::normalise::Normalise;
use crate::results::RunResults;
pub use against::Against;
pub use baseline::{between, of_cell, pairs};
pub use cell::{Cell, Scored};
pub use group::{Group, Lead};
pub use judge::{ByMean, Judged};
pub use resamples::bootstrap;
pub use task::Task;
pub use verdict::Verdict;
pub use warning::{FEW_SEEDS, Warning, listed};

/// What a reader may choose.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// What others are compared with, in place of the config's.
    pub baseline: Option<String>,
    /// How returns of several tasks are brought to one scale, in place of the config's.
    pub normalise: Option<Normalise>,
    /// The variants that are compared; all where none is named.
    pub variants: Vec<String>,
    /// What is to be shown, in place of the configs' claims.
    pub claims: Option<Claims>,
}

/// Claims of a file of their own.
#[derive(Clone, Debug)]
pub struct Claims {
    /// The file.
    pub file: PathBuf,
    /// By name.
    pub all: BTreeMap<String, Claim>,
}

/// A folder that results come from.
#[derive(Clone, Debug)]
pub struct Source {
    /// Where it is.
    pub root: PathBuf,
    /// What it says of itself.
    pub record: RunRecord,
}

/// Results, compared.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// The name of the run, or of all of them.
    pub name: String,
    /// Where the results come from: first the runs, then those that only add seeds.
    pub sources: Vec<Source>,
    /// How many of them are runs.
    apart: usize,
    /// What was chosen.
    choice: Choice,
    /// Variants on their environments, in the order of the configs.
    pub cells: Vec<Cell>,
    /// Environments, in the order in which cells name them.
    pub tasks: Vec<Task>,
    /// Cells over all of their environments, in the order of their first.
    pub groups: Vec<Group>,
    /// What the runs are to show, and whether it holds.
    pub claims: Vec<Judged>,
    /// What others are compared with.
    pub baseline: Option<String>,
    /// Whether a process is at work on any of them.
    pub running: bool,
    /// What a reader should know.
    pub warnings: Vec<Warning>,
}

impl Comparison {
    /// Compares the results of `runs`, of which those after the first `apart` only add seeds to cells that are
    /// there.
    ///
    /// # Errors
    /// A variant or a baseline that there is not.
    pub fn of(runs: Vec<RunResults>, apart: usize, choice: &Choice) -> Result<Self, Error> {
        let of_config = |run: &RunResults| run.record.baseline.clone();
        let baseline = choice.baseline.clone().or_else(|| runs.iter().find_map(of_config));
        let of_configs = runs.iter().filter_map(|run| run.record.normalise.clone());
        let of_configs = of_configs.reduce(Normalise::or).unwrap_or_default();
        let normalise = match &choice.normalise {
            // A table that is asked for by name is not to be hidden by ends of the configs.
            Some(chosen) if chosen.by.is_some() => chosen.clone(),
            Some(chosen) => chosen.clone().or(of_configs),
            None => of_configs,
        };
        let running = runs.iter().any(|run| run.running == Some(true));
        let source =
            |run: &RunResults| Source { root: run.root.clone(), record: run.record.clone() };
        let sources: Vec<Source> = runs.iter().map(source).collect();
        let mut names: Vec<&str> =
            sources[..apart].iter().map(|source| source.record.name.as_str()).collect();
        names.dedup();
        let name = names.join(", ");
        let mut joined = join::join(runs, apart);
        known::check(choice, &joined.cells)?;
        let is_kept = |cell: &Cell| {
            let is = |wanted: &String| stands_for(wanted, &cell.at.name) || *wanted == cell.label;
            choice.variants.is_empty() || choice.variants.iter().any(is)
        };
        joined.cells.retain(is_kept);
        let mut cells = joined.cells;
        cells.iter_mut().for_each(Cell::estimate);
        let baseline = baseline::name(baseline.as_deref(), &cells);
        baseline::compare(baseline.as_deref(), &mut cells);
        let tasks = task::tasks(&cells, &normalise);
        let groups = group::groups(&cells, &tasks, baseline.as_deref());
        let claims = claims(&sources[..apart], choice, &cells, &tasks);
        let mut warnings = joined.warnings;
        warnings.extend(warning::warnings(&cells, running));
        warnings.extend(warning::unequal(&groups, &claims));
        let choice = choice.clone();
        Ok(Self {
            name,
            sources,
            apart,
            choice,
            cells,
            tasks,
            groups,
            claims,
            baseline,
            running,
            warnings,
        })
    }

    /// What `sparring report` takes to make the same comparison.
    pub fn arguments(&self) -> Vec<String> {
        let folder = |source: &Source| source.root.display().to_string();
        let (runs, added) = self.sources.split_at(self.apart);
        let mut arguments: Vec<String> = runs.iter().map(folder).collect();
        let Choice { baseline, normalise, variants, claims } = &self.choice;
        let mut add = |option: &str, values: Vec<String>| {
            arguments.extend(values.into_iter().flat_map(|value| [option.to_owned(), value]));
        };
        add("--add", added.iter().map(folder).collect());
        add("--baseline", baseline.iter().cloned().collect());
        add("--normalise", normalise.iter().flat_map(Normalise::arguments).collect());
        add("--variant", variants.clone());
        add("--claims", claims.iter().map(|claims| claims.file.display().to_string()).collect());
        arguments
    }

    /// The seeds of all jobs that are finished, each once.
    pub fn finished(&self) -> usize {
        self.cells.iter().map(|cell| cell.finished).sum()
    }

    /// All jobs.
    pub fn planned(&self) -> usize {
        self.cells.iter().map(|cell| cell.jobs.len()).sum()
    }
}

/// The claims that were chosen, judged by all `runs`, or else those of the runs, each by those that make it.
fn claims(runs: &[Source], choice: &Choice, cells: &[Cell], tasks: &[Task]) -> Vec<Judged> {
    let mut made: Vec<(&String, &Claim, BTreeSet<usize>)> = Vec::new();
    match &choice.claims {
        Some(own) => {
            let all = (0..runs.len()).collect::<BTreeSet<_>>();
            made.extend(own.all.iter().map(|(name, claim)| (name, claim, all.clone())));
        }
        None => {
            for (run, source) in runs.iter().enumerate() {
                for (name, claim) in &source.record.claims {
                    match made.iter_mut().find(|(known, of, _)| *known == name && *of == claim) {
                        Some((_, _, by)) => by.extend([run]),
                        None => made.push((name, claim, BTreeSet::from([run]))),
                    }
                }
            }
        }
    }
    made.into_par_iter()
        .map(|(name, claim, by)| judge::judge(name, claim, &by, cells, tasks))
        .collect()
}
