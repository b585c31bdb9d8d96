//! Which rows a law makes of cells.

use super::ask::Ask;
use super::site::{Drawn, Site};
use super::thresholds::Thresholds;
use crate::laws::LawRow;

/// How jobs become the rows of a law.
#[derive(Debug)]
pub struct Recipe {
    /// The law.
    pub law: &'static LawRow,
    /// The roles of the law that [`Line::x`] has, in its order.
    pub x: &'static [&'static str],
    /// Those of them that are left out where all rows have the same.
    pub varying: &'static [&'static str],
    /// Columns beside, for other laws.
    pub beside: &'static [&'static str],
    /// The columns that tell its groups apart.
    pub by: &'static [Told],
    /// What it takes as thresholds.
    pub thresholds: Thresholds,
    /// Whether the law draws the seeds of its rows by itself.
    pub draws: bool,
    /// Which sites are fitted together: those of one name.
    pub lineup: fn(&Site<'_>) -> String,
    /// Its rows.
    pub rows: fn(&Ask, &[Drawn<'_>]) -> Vec<Line>,
}

/// A column of words: its name, and a site's value.
#[derive(Clone, Copy, Debug)]
pub struct Told {
    /// Its name.
    pub name: &'static str,
    /// Of a site.
    pub of: fn(&Site<'_>) -> String,
}

/// A row of a law's table.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// The place of its site.
    pub site: usize,
    /// In the order of the view's roles.
    pub x: Vec<f64>,
    /// In the order of the columns beside.
    pub beside: Vec<f64>,
    /// What is explained.
    pub y: f64,
    /// Rows of one key are of one place, of which the one of the least cost counts.
    pub key: String,
    /// What that is judged by.
    pub cost: f64,
    /// The threshold that it is of; none where it is of none.
    pub threshold: Option<f64>,
    /// What a grid tried here, where the rows of a key are those of a grid.
    pub tried: Option<f64>,
}

impl Line {
    /// A row that is told by its site's environment, method and x, of which the least y counts.
    pub fn new(drawn: &Drawn<'_>, x: Vec<f64>, y: f64) -> Self {
        let at = &drawn.site.cell.at;
        let key = format!("{} {} {x:?}", at.env, at.method);
        let (site, beside) = (drawn.place, Vec::new());
        Self { site, x, beside, y, key, cost: y, threshold: None, tried: None }
    }

    /// A row of what falls with size, as `ask` has it: env steps to its threshold, or 1 − the normalised score.
    pub fn falling(ask: &Ask, drawn: &Drawn<'_>, x: Vec<f64>) -> Self {
        match ask.thresholds.as_slice() {
            [threshold, ..] => Self::new(drawn, x, drawn.reached(*threshold)).to(*threshold),
            [] => Self::new(drawn, x, 1.0 - drawn.score()),
        }
    }

    /// The same of this threshold.
    pub fn to(self, threshold: f64) -> Self {
        let key = format!("{} to {threshold}", self.key);
        Self { key, threshold: Some(threshold), ..self }
    }

    /// Whether a threshold was never reached: it took longer than the training, which is no number.
    pub fn is_censored(&self) -> bool {
        self.x.iter().chain([&self.y]).any(|x| x.is_infinite())
    }
}

impl Recipe {
    /// Whether the law has no place for `row`: its logarithm of a time before training, or of no updates.
    pub fn is_void(&self, row: &Line) -> bool {
        let positive =
            |role: &str| self.law.x.iter().any(|input| input.role == role && input.positive);
        let x = self.x.iter().zip(&row.x).any(|(role, x)| *x <= 0.0 && positive(role));
        x || row.y <= 0.0 && self.law.y.positive
    }

    /// Whether `row` is part of a fit.
    pub fn is_used(&self, row: &Line) -> bool {
        !row.is_censored() && !self.is_void(row)
    }
}

/// Whether `row`, of which `all` has the whole grid, is the first or the last that was tried there; one of one is both.
pub fn at_an_edge(row: &Line, all: &[Line]) -> bool {
    let tried = |line: &Line| line.tried.filter(|_| line.key == row.key);
    let ends = |choose: fn(f64, f64) -> f64| all.iter().filter_map(tried).reduce(choose);
    row.tried.is_some() && [ends(f64::min), ends(f64::max)].contains(&row.tried)
}

/// Of rows with the same key the one of the least cost, the first of several.
pub fn best(rows: Vec<Line>) -> Vec<Line> {
    let mut best: Vec<Line> = Vec::new();
    for row in rows {
        match best.iter_mut().find(|other| other.key == row.key) {
            Some(other) if row.cost < other.cost => *other = row,
            Some(_) => {}
            None => best.push(row),
        }
    }
    best
}
