//! The run of a variant: the mean return of its finished seeds at every evaluation, with its 95 % interval.

use std::collections::BTreeMap;
use std::fs;
use std::time::SystemTime;

use sparring_sparse::Seed;

use super::events::{Shown, replace, seconds};
use super::value::scalar;
use crate::error::Error;
use crate::folder::RunFolder;
use crate::job_folder::JobFolder;
use crate::results::{Evaluation, curve};
use crate::statistics::{Aggregate, Bootstrap, Estimate, Scores};
use crate::status::State;

/// Its tags.
pub const MEAN: &str = "eval/return";
pub const LOW: &str = "eval/return_low";
pub const HIGH: &str = "eval/return_high";

/// Resamples of an interval that is looked at and not quoted.
const RESAMPLES: usize = 2_000;

/// A seed at its end.
struct Finished {
    curve: Vec<Evaluation>,
    /// When its last evaluation was.
    ended: SystemTime,
}

/// Writes the run of `variant` in `folder` anew, from the seeds that are at their end now. Two of them make an
/// interval.
///
/// # Errors
/// Files that cannot be read or written.
pub fn write_variant(folder: &RunFolder, variant: &str) -> Result<(), Error> {
    let (_, record) = RunFolder::open(folder.root())?;
    let jobs = record.seeds.iter().map(|seed| Finished::read(&folder.job(variant, *seed)));
    let finished: Vec<Finished> =
        jobs.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
    let mut at: BTreeMap<u64, Vec<&Evaluation>> = BTreeMap::new();
    for evaluation in finished.iter().flat_map(|one| &one.curve) {
        at.entry(evaluation.step).or_default().push(evaluation);
    }
    // A mean over some of the seeds would jump where others begin or end.
    at.retain(|_, there| there.len() == finished.len());
    let Some(ended) = finished.iter().map(|one| one.ended).max() else { return Ok(()) };
    let returns = |there: &Vec<&Evaluation>| {
        Scores::new(vec![there.iter().map(|one| one.mean_return).collect()])
    };
    let scores: Vec<Scores> = at.values().map(returns).collect();
    let seed = Seed::new(0).child("tensorboard").child(variant);
    let bootstrap = Bootstrap { resamples: RESAMPLES, seed, threads: 1 };
    let estimates = bootstrap.curve(Aggregate::Mean, &scores);

    let wall_s = |there: &Vec<&Evaluation>| {
        there.iter().map(|one| one.wall_s).sum::<f64>() / there.len() as f64
    };
    let last_s = at.values().next_back().map_or(0.0, wall_s);
    let mut all = Vec::new();
    for ((step, there), Estimate { value, interval }) in at.iter().zip(estimates) {
        let wall_s = seconds(ended) - last_s + wall_s(there);
        let ends = interval.map(|ends| [(LOW, ends.low), (HIGH, ends.high)]);
        for (tag, value) in [(MEAN, value)].into_iter().chain(ends.into_iter().flatten()) {
            all.push(Shown { step: *step, wall_s, value: scalar(tag, value) });
        }
    }
    replace(&folder.root().join(variant), "variant", 0, all)
}

impl Finished {
    /// The job in `folder`; none where it is not at its end.
    fn read(folder: &JobFolder) -> Result<Option<Self>, Error> {
        match folder.read_status()? {
            Some(status) if status.state == State::Finished => {}
            Some(_) | None => return Ok(None),
        }
        let path = folder.path("evals.csv");
        let bytes = fs::read(&path).map_err(Error::file(&path, "read"))?;
        let ended = fs::metadata(&path).and_then(|meta| meta.modified());
        let ended = ended.map_err(Error::file(&path, "read"))?;
        let curve = curve(&bytes).map_err(|message| Error::Content { path, message })?;
        Ok(Some(Self { curve, ended }))
    }
}
