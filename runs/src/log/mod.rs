//! What a job records: `metrics.csv` and `evals.csv` first, TensorBoard as a view of them.
//!
//! The CSV files are the record, so a job that cannot write them fails. TensorBoard never stops a
//! job.

mod tensorboard;

pub use tensorboard::THREAD as TENSORBOARD_THREAD;

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::evaluate::Played;
use crate::folder::JobFolder;
use crate::train::Stamp;
use tensorboard::TensorBoard;

/// The records of one job.
pub struct JobLog {
    metrics: Csv,
    evals: Csv,
    board: TensorBoard,
}

impl JobLog {
    /// Begins the records; `config` is shown in TensorBoard's text tab.
    pub fn create(folder: &JobFolder, config: &str) -> Result<Self, Error> {
        let stamp = ["env_step", "gradient_step", "wall_s"];
        let metrics = Csv::create(&folder.path("metrics.csv"), &stamp, &["tag", "value"])?;
        let columns = ["episode", "return", "length"];
        let evals = Csv::create(&folder.path("evals.csv"), &stamp, &columns)?;
        let mut board = TensorBoard::start(folder.path("tb-1"));
        board.text("config", format!("```yaml\n{config}```"));
        Ok(Self { metrics, evals, board })
    }

    /// One value of a metric.
    pub fn scalar(&mut self, at: Stamp, tag: &str, value: f64) -> Result<(), Error> {
        // `{}` on a float is the shortest text that reads back as the same float.
        self.metrics.row(&fields(at), &[tag.to_owned(), format!("{value}")])?;
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
            let row = [index.to_string(), format!("{}", played.ret), played.len.to_string()];
            self.evals.row(&fields(at), &row)?;
        }
        Ok(())
    }

    /// Everything so far reaches the files.
    pub fn flush(&mut self) -> Result<(), Error> {
        self.metrics.flush()?;
        self.evals.flush()
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

struct Csv {
    path: PathBuf,
    writer: csv::Writer<BufWriter<File>>,
}

impl Csv {
    fn create(path: &Path, stamp: &[&str], columns: &[&str]) -> Result<Self, Error> {
        let file = File::create_new(path).map_err(Error::file(path, "make"))?;
        let writer = csv::Writer::from_writer(BufWriter::new(file));
        let mut csv = Self { path: path.to_path_buf(), writer };
        csv.row(stamp, columns)?;
        // A reader of a job that has just begun finds its columns.
        csv.flush()?;
        Ok(csv)
    }

    fn row<T: AsRef<[u8]>>(&mut self, stamp: &[T], values: &[T]) -> Result<(), Error> {
        let written = self.writer.write_record(stamp.iter().chain(values));
        written.map_err(|error| Error::file(&self.path, "write")(error.into()))
    }

    fn flush(&mut self) -> Result<(), Error> {
        self.writer.flush().map_err(Error::file(&self.path, "write"))
    }
}
