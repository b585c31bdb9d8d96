//! What a job records: `metrics.csv` and `evals.csv` first, TensorBoard as a view of them.
//!
//! The CSV files are the record, so a job that cannot write them fails. TensorBoard never stops a
//! job.

mod csv;
mod tensorboard;

use std::fs::File;

use crate::checkpoint::{Manifest, Sum};
use crate::error::Error;
use crate::evaluate::Played;
use crate::job_folder::JobFolder;
use crate::train::Stamp;
use csv::Csv;
use tensorboard::TensorBoard;

/// The files of the records.
const METRICS: &str = "metrics.csv";
const EVALS: &str = "evals.csv";

/// The records of one job.
pub struct JobLog {
    metrics: Csv,
    evals: Csv,
    board: TensorBoard,
}

impl JobLog {
    /// Begins the records of the life `life`, or goes on with those that `resumed` names; `config` is shown in
    /// TensorBoard's text tab.
    pub fn begin(
        folder: &JobFolder,
        config: &str,
        life: u32,
        resumed: Option<&Manifest>,
    ) -> Result<Self, Error> {
        let root = folder.path("");
        let kept = |name: &str| resumed?.logs.iter().find(|log| log.file == name);
        let metrics = ["env_step", "gradient_step", "wall_s", "tag", "value"];
        let metrics = Csv::begin(&root, METRICS, &metrics, kept(METRICS))?;
        let evals = ["env_step", "gradient_step", "wall_s", "episode", "return", "length"];
        let evals = Csv::begin(&root, EVALS, &evals, kept(EVALS))?;
        let next = resumed.map_or(0, |resumed| resumed.env_steps + 1);
        let mut board = TensorBoard::start(folder.path("tb-1"), life, next);
        if resumed.is_none() {
            board.text("config", format!("```yaml\n{config}```"));
        }
        Ok(Self { metrics, evals, board })
    }

    /// One value of a metric.
    pub fn scalar(&mut self, at: Stamp, tag: &str, value: f64) -> Result<(), Error> {
        let [env_step, gradient_step, wall_s] = fields(at);
        // `{}` on a float is the shortest text that reads back as the same float.
        let value_text = format!("{value}");
        self.metrics.row(&[env_step, gradient_step, wall_s, tag.to_owned(), value_text])?;
        self.board.scalar(tag, value, at.env_step);
        Ok(())
    }

    /// A value that only the clock decides. `metrics.csv` has it in its columns `env_step` and
    /// `wall_s`, and stays the same from run to run.
    pub fn clock_scalar(&mut self, at: Stamp, tag: &str, value: f64) {
        self.board.scalar(tag, value, at.env_step);
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

fn fields(at: Stamp) -> [String; 3] {
    let Stamp { env_step, gradient_step, wall_s } = at;
    [env_step.to_string(), gradient_step.to_string(), format!("{wall_s:.3}")]
}
