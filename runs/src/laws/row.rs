//! A law as a row: its name, what it takes, and how it is fitted.

use std::collections::BTreeMap;

use crate::error::Error;
use crate::statistics::Bootstrap;

use super::data::Data;
use super::fit::Fit;

/// A law. A law is a file and a row of [`super::LAWS`].
#[derive(Debug)]
pub struct LawRow {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it says, in a line.
    pub about: &'static str,
    /// Its formula.
    pub formula: &'static str,
    /// What it depends on, in the order of `--x`.
    pub x: &'static [Input],
    /// What it explains.
    pub y: Input,
    /// What `--by` names; none where it takes no groups.
    pub by: Option<&'static str>,
    /// What `--budget` names; none where it has no optimum.
    pub budget: Option<&'static str>,
    /// What `--threshold` names; none where it has none.
    pub threshold: Option<&'static str>,
    /// Its options, for `--set`.
    pub options: &'static [LawOption],
    /// Fits it.
    pub fit: fn(&Data, &Request) -> Result<Fit, Error>,
}

/// A column that a law takes.
#[derive(Clone, Copy, Debug)]
pub struct Input {
    /// Its name in the formula.
    pub role: &'static str,
    /// What it holds.
    pub about: &'static str,
    /// Whether the law does without.
    pub optional: bool,
    /// Whether the law takes its logarithm.
    pub positive: bool,
}

/// A number that changes how a law is fitted.
#[derive(Clone, Copy, Debug)]
pub struct LawOption {
    /// Its name.
    pub key: &'static str,
    /// What it is unless said.
    pub default: f64,
    /// The least that it may be.
    pub low: f64,
    /// The most that it may be.
    pub high: f64,
    /// What it does.
    pub about: &'static str,
}

/// What is asked of a fit.
#[derive(Clone, Debug)]
pub struct Request {
    /// Resamples for intervals.
    pub bootstrap: Bootstrap,
    /// Budgets at which the optimum is wanted.
    pub budgets: Vec<f64>,
    /// Thresholds of learning curves.
    pub thresholds: Vec<f64>,
    /// Every option of the law.
    pub options: BTreeMap<&'static str, f64>,
}

impl Input {
    /// A column of positive numbers that the law cannot do without.
    pub const fn new(role: &'static str, about: &'static str) -> Self {
        Self { role, about, optional: false, positive: true }
    }

    /// The same, which may be left out.
    pub const fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    /// The same of numbers of any sign.
    pub const fn any_sign(mut self) -> Self {
        self.positive = false;
        self
    }
}

impl Request {
    /// One without budgets and thresholds, with the options that `row` has unless said.
    pub fn of(row: &LawRow, bootstrap: Bootstrap) -> Self {
        let options = row.options.iter().map(|option| (option.key, option.default)).collect();
        Self { bootstrap, budgets: Vec::new(), thresholds: Vec::new(), options }
    }

    /// The same with an option changed.
    pub fn with(mut self, key: &'static str, value: f64) -> Self {
        self.options.insert(key, value);
        self
    }

    /// An option's value; 0 of one that the law has not.
    pub fn option(&self, key: &str) -> f64 {
        self.options.get(key).copied().unwrap_or_default()
    }

    /// Whether an option is set.
    pub fn is_set(&self, key: &str) -> bool {
        self.option(key) != 0.0
    }
}
