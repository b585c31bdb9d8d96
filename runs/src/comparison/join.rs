//! Results of several folders as cells: seeds that were run apart are joined, what differs stands apart.

use std::collections::{BTreeMap, BTreeSet};

use super::cell::Cell;
use super::warning::Warning;
use crate::results::{JobResult, RunResults};

/// Cells, and what is to be said of how they came together.
pub struct Joined {
    /// Run by run, in the order of their configs.
    pub cells: Vec<Cell>,
    /// Seeds that were there twice, and jobs that fit no cell.
    pub warnings: Vec<Warning>,
}

/// A cell with what it was trained by.
struct Open {
    cell: Cell,
    config: Option<String>,
}

/// The cells of `runs`. Jobs of the same config, their seeds aside, are one cell, whatever folders they are in. Runs
/// after the first `apart` add seeds to cells that are there, and no cells.
pub fn join(runs: Vec<RunResults>, apart: usize) -> Joined {
    let mut open: Vec<Open> = Vec::new();
    let mut warnings = Vec::new();
    let names: Vec<String> = runs.iter().map(|run| run.root.display().to_string()).collect();
    for (index, run) in runs.into_iter().enumerate() {
        let mut of_variant: BTreeMap<String, Vec<JobResult>> = BTreeMap::new();
        for job in run.jobs {
            of_variant.entry(job.variant.clone()).or_default().push(job);
        }
        let mut left_out = Vec::new();
        for at in run.record.variants {
            let jobs = of_variant.remove(&at.name).unwrap_or_default();
            let told = jobs.iter().find(|job| !job.settings.is_null());
            let config = told.map(JobResult::config);
            let same = |open: &&mut Open| config.is_some() && open.config == config;
            match open.iter_mut().find(same) {
                Some(open) => warnings.extend(add(&mut open.cell, jobs)),
                None if index >= apart => left_out.push(at.name),
                None => {
                    open.push(Open { cell: Cell::new(at.name.clone(), index, at, jobs), config })
                }
            }
        }
        if !left_out.is_empty() {
            warnings.push(Warning::LeftOut { folder: names[index].clone(), variants: left_out });
        }
    }
    label(&mut open, &names);
    Joined { cells: open.into_iter().map(|open| open.cell).collect(), warnings }
}

/// Adds jobs of other seeds; of those that are there the first stays.
fn add(cell: &mut Cell, jobs: Vec<JobResult>) -> Option<Warning> {
    let known: BTreeSet<u64> = cell.jobs.iter().map(|job| job.seed).collect();
    let (twice, fresh): (Vec<_>, Vec<_>) =
        jobs.into_iter().partition(|job| known.contains(&job.seed));
    cell.jobs.extend(fresh);
    let seeds: Vec<u64> = twice.iter().map(|job| job.seed).collect();
    (!seeds.is_empty()).then(|| Warning::Twice { variant: cell.label.clone(), seeds })
}

/// Names of two runs that are the same get their run's before them.
fn label(open: &mut [Open], names: &[String]) {
    let mut count: BTreeMap<String, usize> = BTreeMap::new();
    for one in open.iter() {
        *count.entry(one.cell.at.name.clone()).or_default() += 1;
    }
    for one in open.iter_mut().filter(|one| count[&one.cell.at.name] > 1) {
        let folder = names[one.cell.run].trim_end_matches('/');
        let short = folder.rsplit('/').next().unwrap_or(folder);
        one.cell.label = format!("{short}: {}", one.cell.at.name);
    }
}
