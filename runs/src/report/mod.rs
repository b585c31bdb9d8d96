//! The table of a run, from its folder alone: `run` prints it at the end, `report` prints the same
//! bytes again.

mod cost;
mod diagnostics;
mod statistics;
mod warning;

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::Path;

use sparring_agents::{NetworkSummary, TrainingFlops};
use sparring_sparse::seed::Seed;

use crate::console::print;
use crate::error::Error;
use crate::folder::{JobFolder, RunFolder, RunRecord, State};
use crate::score::{rise, score};
use crate::sizes::{Sizes, layers_table};
use crate::table::{Align, Table, thousands};
pub use diagnostics::share;
use statistics::{iqm, iqm_interval};
use warning::{FEW_SEEDS, RISING, Warning};

/// `sparring report`: prints the tables of the run in `root`, on request with every layer.
pub fn report(root: &Path, layers: bool) -> Result<(), Error> {
    let report = Report::read(root)?;
    let mut text = report.to_string();
    if layers {
        for row in &report.rows {
            text += &format!("\n{}\n{}", row.variant, layers_table(&row.networks));
        }
    }
    print(&text)
}

/// The results of a run.
#[derive(Clone, Debug)]
pub struct Report {
    name: String,
    rows: Vec<Row>,
    warnings: Vec<Warning>,
}

/// The results of one variant.
#[derive(Clone, Debug)]
struct Row {
    variant: String,
    planned: usize,
    finished: usize,
    /// Scores of the finished seeds, or where there are none of what the others have.
    scores: Vec<f64>,
    interval: Option<(f64, f64)>,
    /// The networks of the first seed that has some.
    networks: Vec<NetworkSummary>,
    sizes: Option<Sizes>,
    training: TrainingFlops,
    /// Operations that each finished seed executed.
    executed: Vec<u64>,
    /// Seconds that each diagnostic took, over all seeds.
    diagnostics_s: BTreeMap<String, f64>,
    wall_s: f64,
    env_steps: u64,
}

impl Report {
    /// Reads the folder of a run, finished or not.
    pub fn read(root: &Path) -> Result<Self, Error> {
        let (folder, record) = RunFolder::open(root)?;
        let mut warnings = Vec::new();
        let mut unfinished = Vec::new();
        let mut rising = Vec::new();
        let mut rows = Vec::new();
        for variant in &record.variants {
            rows.push(read_row(
                &folder,
                &record,
                variant,
                &mut warnings,
                &mut unfinished,
                &mut rising,
            )?);
        }
        if !unfinished.is_empty() {
            let shown = rows.iter().any(Row::is_partial);
            warnings.push(Warning::Unfinished { jobs: unfinished, shown });
        }
        let counts = rows.iter().map(|row| row.scores.len()).filter(|seeds| *seeds > 0);
        if let Some(seeds) = counts.min().filter(|seeds| *seeds < FEW_SEEDS) {
            warnings.push(Warning::FewSeeds { seeds });
        }
        if !rising.is_empty() {
            warnings.push(Warning::StillRising { variants: rising });
        }
        Ok(Self { name: record.name, rows, warnings })
    }

    /// The interquartile mean of each variant over its finished seeds; none where no seed is.
    pub fn iqms(&self) -> impl Iterator<Item = (&str, Option<f64>)> {
        self.rows.iter().map(|row| {
            let whole = !row.is_partial();
            (row.variant.as_str(), iqm(&row.scores).filter(|_| whole))
        })
    }
}

impl Row {
    /// A variant of which nothing has run.
    fn new(variant: &str, planned: usize) -> Self {
        Self {
            variant: variant.to_owned(),
            planned,
            finished: 0,
            scores: Vec::new(),
            interval: None,
            networks: Vec::new(),
            sizes: None,
            training: TrainingFlops::default(),
            executed: Vec::new(),
            diagnostics_s: BTreeMap::new(),
            wall_s: 0.0,
            env_steps: 0,
        }
    }

    /// The mean of what a finished seed executed.
    fn executed(&self) -> Option<f64> {
        let sum: f64 = self.executed.iter().map(|&flops| flops as f64).sum();
        (!self.executed.is_empty()).then(|| sum / self.executed.len() as f64)
    }

    /// Whether the scores are those of seeds that did not reach their end.
    fn is_partial(&self) -> bool {
        self.finished == 0 && !self.scores.is_empty()
    }
}

fn read_row(
    folder: &RunFolder,
    record: &RunRecord,
    variant: &str,
    warnings: &mut Vec<Warning>,
    unfinished: &mut Vec<String>,
    rising: &mut Vec<String>,
) -> Result<Row, Error> {
    let mut row = Row::new(variant, record.seeds.len());
    let mut partial = Vec::new();
    let mut rises = Vec::new();
    for seed in &record.seeds {
        let job = folder.job(variant, *seed);
        let name = format!("{variant}/seed-{seed}");
        let Some(status) = job.read_status()? else {
            unfinished.push(name);
            continue;
        };
        let curve = read_curve(&job)?;
        match status.state {
            State::Finished => {
                row.finished += 1;
                row.executed.push(status.executed.total());
                row.scores.extend(score(&curve));
                rises.extend(rise(&curve));
            }
            State::Failed => {
                partial.extend(score(&curve));
                let error = status.error.unwrap_or_default();
                warnings.push(Warning::Failed { job: name.clone(), error });
            }
            State::Running | State::Interrupted => {
                partial.extend(score(&curve));
                unfinished.push(name.clone());
            }
        }
        row.training = status.training;
        if row.networks.is_empty() && !status.networks.is_empty() {
            row.sizes = Some(Sizes::of(&status.networks));
            row.networks = status.networks;
        }
        row.wall_s += status.wall_s;
        for (name, seconds) in status.diagnostics_s {
            *row.diagnostics_s.entry(name).or_default() += seconds;
        }
        row.env_steps += status.env_steps;
        let of_job = |message| Warning::Job { job: name.clone(), message };
        warnings.extend(status.warnings.into_iter().map(of_job));
    }
    if row.finished == 0 {
        row.scores = partial;
    }
    let seed = Seed::new(0).child("bootstrap").child(variant);
    row.interval = iqm_interval(&row.scores, &seed);
    let rise = rises.iter().sum::<f64>() / rises.len().max(1) as f64;
    if rise > RISING {
        rising.push(variant.to_owned());
    }
    Ok(row)
}

/// The mean return of each evaluation in `evals.csv`, in their order. A process that was killed may
/// have left half a row at the end, which is no row.
fn read_curve(job: &JobFolder) -> Result<Vec<f64>, Error> {
    let path = job.path("evals.csv");
    if !path.is_file() {
        return Ok(Vec::new());
    }
    let text = fs::read_to_string(&path).map_err(Error::file(&path, "read"))?;
    let whole = &text[..text.rfind('\n').map_or(0, |end| end + 1)];
    let bad = |message: String| Error::Content { path: path.clone(), message };
    let mut reader = csv::Reader::from_reader(whole.as_bytes());
    let headers = reader.headers().map_err(|error| bad(error.to_string()))?;
    let column = |name: &str| headers.iter().position(|header| header == name);
    let (Some(step), Some(ret)) = (column("env_step"), column("return")) else {
        return Err(bad("has no columns env_step and return".to_owned()));
    };
    let mut evaluations: Vec<(String, f64, f64)> = Vec::new();
    for row in reader.records() {
        let row = row.map_err(|error| bad(error.to_string()))?;
        let value: f64 = row
            .get(ret)
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| bad(format!("line {:?} has no return", row.position())))?;
        let at = row.get(step).unwrap_or_default();
        match evaluations.last_mut().filter(|(last, ..)| last == at) {
            Some((_, sum, n)) => (*sum, *n) = (*sum + value, *n + 1.0),
            None => evaluations.push((at.to_owned(), value, 1.0)),
        }
    }
    Ok(evaluations.into_iter().map(|(_, sum, n)| sum / n).collect())
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sum = |of: fn(&Row) -> usize| self.rows.iter().map(of).sum::<usize>();
        let (finished, planned) = (sum(|row| row.finished), sum(|row| row.planned));
        writeln!(f, "{}: {finished} of {planned} jobs finished", self.name)?;
        writeln!(f, "score of a seed: mean return over the last tenth of its evaluations\n")?;
        let mut table = Table::new(&[
            ("variant", Align::Left),
            ("seeds", Align::Right),
            ("return IQM", Align::Right),
            ("95 % interval", Align::Right),
            ("min", Align::Right),
            ("max", Align::Right),
            ("active", Align::Right),
            ("parameters", Align::Right),
            ("density", Align::Right),
            ("FLOPs/sample", Align::Right),
            ("job seconds", Align::Right),
            ("steps/s", Align::Right),
        ]);
        for row in &self.rows {
            table.row(row.cells());
        }
        writeln!(f, "{table}")?;
        write!(f, "{}", cost::table(&self.rows))?;
        write!(f, "{}", diagnostics::lines(&self.rows))?;
        if !self.warnings.is_empty() {
            writeln!(f)?;
        }
        for warning in &self.warnings {
            writeln!(f, "note: {warning}")?;
        }
        Ok(())
    }
}

impl Row {
    fn cells(&self) -> [String; 12] {
        let none = || "–".to_owned();
        let mark = if self.is_partial() { "~" } else { "" };
        let show = |x: Option<f64>| x.map_or_else(none, |x| format!("{mark}{}", number(x)));
        let least = self.scores.iter().copied().reduce(f64::min);
        let most = self.scores.iter().copied().reduce(f64::max);
        let interval =
            self.interval.map(|(low, high)| format!("[{}, {}]", number(low), number(high)));
        let of_sizes = |show: fn(&Sizes) -> String| self.sizes.as_ref().map_or_else(none, show);
        let ran = self.wall_s > 0.0;
        [
            self.variant.clone(),
            format!("{}/{}", self.finished, self.planned),
            show(iqm(&self.scores)),
            interval.unwrap_or_else(none),
            show(least),
            show(most),
            of_sizes(|sizes| thousands(sizes.active_parameters)),
            of_sizes(|sizes| thousands(sizes.parameters)),
            of_sizes(|sizes| format!("{:.2} %", 100.0 * sizes.density)),
            of_sizes(|sizes| thousands(sizes.forward_flops)),
            if ran { format!("{:.1}", self.wall_s) } else { none() },
            if ran { thousands((self.env_steps as f64 / self.wall_s) as u64) } else { none() },
        ]
    }
}

/// One decimal for hundreds, more for small returns.
fn number(x: f64) -> String {
    if x.abs() >= 10.0 { format!("{x:.1}") } else { format!("{x:.3}") }
}
