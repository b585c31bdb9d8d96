//! What a job records: `metrics.csv` and `evals.csv` first, TensorBoard as a view of them.
//!
//! The CSV files are the record, so a job that cannot write them fails. TensorBoard never stops a
//! job.

mod csv;
pub mod tensorboard;

use std::fs::File;
use std::path::Path;

use sparring_agents::{Agent, Clock, Metric};

use crate::checkpoint::{Manifest, Sum};
use crate::error::Error;
use crate::evaluate::Played;
use crate::job_folder::JobFolder;
use crate::plan::Job;
use crate::train::Stamp;
use csv::Csv;
use tensorboard::JobBoard;

pub use tensorboard::{begin_run, end, end_run, hide, write_variant};

/// The files of the records.
const METRICS: &str = "metrics.csv";
const EVALS: &str = "evals.csv";

/// The records of one job.
pub struct JobLog {
    metrics: Csv,
    evals: Csv,
    board: JobBoard,
}

impl JobLog {
    /// Begins the records of the life `life` of `job`, or goes on with those that `resumed` names.
    pub fn begin(
        job: Job<'_>,
        folder: &JobFolder,
        life: u32,
        resumed: Option<&Manifest>,
    ) -> Result<Self, Error> {
        let root = folder.path("");
        let kept = |name: &str| resumed?.logs.iter().find(|log| log.file == name);
        let metrics = ["env_step", "gradient_step", "wall_s", "tag", "value"];
        let metrics = Csv::begin(&root, METRICS, &metrics, kept(METRICS))?;
        let evals = ["env_step", "gradient_step", "wall_s", "episode", "return", "length"];
        let evals = Csv::begin(&root, EVALS, &evals, kept(EVALS))?;
        let mut board = JobBoard::begin(job, folder, &folder.resolved()?, life, resumed);
        if let Some(at) = resumed.map(Manifest::clock) {
            for Metric { tag, value } in metrics_at(&folder.path(METRICS), at)? {
                board.scalar(at.own(), &tag, value);
            }
        }
        Ok(Self { metrics, evals, board })
    }

    /// One value of a metric.
    pub fn scalar(&mut self, at: Stamp, tag: &str, value: f64) -> Result<(), Error> {
        let [env_step, gradient_step, wall_s] = fields(at);
        // `{}` on a float is the shortest text that reads back as the same float.
        let value_text = format!("{value}");
        self.metrics.row(&[env_step, gradient_step, wall_s, tag.to_owned(), value_text])?;
        self.board.scalar(at.own(), tag, value);
        Ok(())
    }

    /// A value that only the clock decides. `metrics.csv` has it in its columns `env_step` and
    /// `wall_s`, and stays the same from run to run.
    pub fn clock_scalar(&mut self, at: Stamp, tag: &str, value: f64) {
        self.board.scalar(at.own(), tag, value);
    }

    /// The episodes of one evaluation.
    pub fn evaluation(&mut self, at: Stamp, episodes: &[Played]) -> Result<(), Error> {
        for (index, played) in episodes.iter().enumerate() {
            let [env_step, gradient_step, wall_s] = fields(at);
            let (ret, len) = (format!("{}", played.ret), played.len.to_string());
            self.evals.row(&[env_step, gradient_step, wall_s, index.to_string(), ret, len])?;
        }
        Ok(())
    }

    /// The agent as it is evaluated, in pictures that TensorBoard alone has.
    pub fn agent(&mut self, at: Stamp, agent: &dyn Agent) {
        self.board.agent(at.own(), agent);
    }

    /// Everything so far reaches the files.
    pub fn flush(&mut self) -> Result<(), Error> {
        self.metrics.flush()?;
        self.evals.flush()
    }

    /// How long the files are, with their handles, to be synced.
    pub fn sums(&mut self) -> Result<Vec<(Sum, File)>, Error> {
        Ok(vec![self.metrics.sum()?, self.evals.sum()?])
    }

    /// Ends the records and tells what TensorBoard lost.
    pub fn finish(mut self) -> Result<Vec<String>, Error> {
        self.flush()?;
        Ok(self.board.finish())
    }
}

/// What the file of metrics has of the step `at`. An evaluation of that step may be still to come, so that a
/// life which goes on there shows all of the step anew.
fn metrics_at(path: &Path, at: Clock) -> Result<Vec<Metric>, Error> {
    let read = |error: ::csv::Error| Error::file(path, "read")(error.into());
    let mut found = Vec::new();
    for row in ::csv::Reader::from_path(path).map_err(read)?.records() {
        let row = row.map_err(read)?;
        let steps = |at: usize| row.get(at).and_then(|steps| steps.parse().ok());
        if let (Some(env_steps), Some(gradient_steps)) = (steps(0), steps(1))
            && let (Some(tag), Some(value)) = (row.get(3), row.get(4))
            && (Clock { env_steps, gradient_steps }).own() == at.own()
        {
            found.extend(value.parse().map(|value| Metric::new(tag, value)));
        }
    }
    Ok(found)
}

fn fields(at: Stamp) -> [String; 3] {
    let Stamp { env_step, gradient_step, wall_s } = at;
    [env_step.to_string(), gradient_step.to_string(), format!("{wall_s:.3}")]
}
