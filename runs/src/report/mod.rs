//! The table of a run, from its folder alone: `run` prints it at the end, `report` prints the same
//! bytes again.

mod cost;
mod diagnostics;
mod row;
mod table;
mod warning;

use std::fmt;
use std::path::Path;

use crate::console::print;
use crate::error::{Error, Refusal};
use crate::keys::nearest;
use crate::names::{stands_for, stem};
use crate::results::RunResults;
use crate::sizes::layers_table;
use crate::variant::Coordinates;
pub use diagnostics::share;
use row::Row;
use warning::{Warning, warnings};

/// `sparring report`: prints the tables of the run in `root`, of the variants that `named` stand for or of all,
/// on request with every layer.
pub fn report(root: &Path, named: &[String], layers: bool) -> Result<(), Error> {
    let mut results = RunResults::read(root)?;
    only(&mut results, named)?;
    let report = Report::of(&results);
    let mut text = report.to_string();
    if layers {
        for row in &report.rows {
            text += &format!("\n{}\n{}", row.variant, layers_table(&row.networks));
        }
    }
    print(&text)
}

/// Keeps the variants that `named` stand for, or all where none is named.
fn only(results: &mut RunResults, named: &[String]) -> Result<(), Error> {
    let variants = &results.variants;
    let known = |name: &&String| variants.iter().any(|variant| stands_for(name, &variant.name));
    if let Some(name) = named.iter().find(|name| !known(name)) {
        let names = || variants.iter().map(|variant| variant.name.as_str());
        return Err(Refusal::argument(
            format!("--variant {name}"),
            "no variant of this name",
            format!("one of {}", names().collect::<Vec<_>>().join("; ")),
            nearest(name, names().chain(names().map(stem))).unwrap_or("a variant of the run"),
        ));
    }
    if !named.is_empty() {
        let kept = |variant: &str| named.iter().any(|name| stands_for(name, variant));
        results.variants.retain(|variant| kept(&variant.name));
        results.jobs.retain(|job| kept(&job.variant));
    }
    Ok(())
}

/// The tables and notes of a run.
#[derive(Clone, Debug)]
pub struct Report {
    name: String,
    rows: Vec<Row>,
    warnings: Vec<Warning>,
}

impl Report {
    /// Reads the folder of a run, finished or not.
    pub fn read(root: &Path) -> Result<Self, Error> {
        Ok(Self::of(&RunResults::read(root)?))
    }

    /// The report of `results`.
    pub fn of(results: &RunResults) -> Self {
        let row = |Coordinates { name, .. }: &Coordinates| {
            Row::of(name, &results.of(name).collect::<Vec<_>>())
        };
        let rows: Vec<Row> = results.variants.iter().map(row).collect();
        let warnings = warnings(results, &rows);
        Self { name: results.name.clone(), rows, warnings }
    }

    /// The interquartile mean of each variant over its finished seeds; none where no seed is.
    pub fn iqms(&self) -> impl Iterator<Item = (&str, Option<f64>)> {
        self.rows.iter().map(|row| {
            let whole = !row.is_partial();
            (row.variant.as_str(), row.iqm().filter(|_| whole))
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sum = |of: fn(&Row) -> usize| self.rows.iter().map(of).sum::<usize>();
        let (finished, planned) = (sum(|row| row.finished), sum(|row| row.planned));
        writeln!(f, "{}: {finished} of {planned} jobs finished", self.name)?;
        writeln!(f, "score of a seed: mean return over the last tenth of its evaluations\n")?;
        writeln!(f, "{}", table::table(&self.rows))?;
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
