//! The rows that a law is fitted to: numbers by role.

use std::collections::BTreeMap;

use crate::error::{Error, Refusal};

/// Columns of numbers, all of the same length.
#[derive(Clone, Debug, Default)]
pub struct Data {
    /// Where the rows come from, for errors.
    pub source: String,
    /// What is explained.
    pub y: Vec<f64>,
    /// What explains it, by role.
    x: BTreeMap<&'static str, Vec<f64>>,
    /// The columns that groups are told by.
    pub by: Vec<String>,
    /// Of each row the values of these.
    pub groups: Vec<Vec<String>>,
}

impl Data {
    /// Rows of `y` alone.
    pub fn new(source: &str, y: Vec<f64>) -> Self {
        let groups = vec![Vec::new(); y.len()];
        Self { source: source.to_owned(), y, x: BTreeMap::new(), by: Vec::new(), groups }
    }

    /// The same with a column more.
    pub fn with(mut self, role: &'static str, values: Vec<f64>) -> Self {
        self.x.insert(role, values);
        self
    }

    /// The same in groups by one column.
    pub fn grouped(mut self, column: &str, values: Vec<String>) -> Self {
        self.by.push(column.to_owned());
        self.groups.iter_mut().zip(values).for_each(|(group, value)| group.push(value));
        self
    }

    /// How many rows.
    pub fn rows(&self) -> usize {
        self.y.len()
    }

    /// A column that may be missing.
    pub fn find(&self, role: &str) -> Option<&[f64]> {
        self.x.get(role).map(Vec::as_slice)
    }

    /// A column.
    ///
    /// # Errors
    /// Where there is none of this role.
    pub fn x(&self, role: &str) -> Result<&[f64], Error> {
        self.find(role).ok_or_else(|| {
            let hint = format!("--x {role}=COLUMN");
            self.refuse(format!("no column for {role}"), "one for each that the law takes", hint)
        })
    }

    /// The natural logarithms of a column.
    ///
    /// # Errors
    /// Where there is none of this role.
    pub fn log(&self, role: &str) -> Result<Vec<f64>, Error> {
        Ok(self.x(role)?.iter().map(|x| x.ln()).collect())
    }

    /// Of each row what its group is called.
    pub fn labels(&self) -> Vec<String> {
        self.groups.iter().map(|values| values.join(", ")).collect()
    }

    /// Some of the rows.
    pub fn only(&self, rows: &[usize]) -> Self {
        let pick = |of: &[f64]| rows.iter().map(|row| of[*row]).collect();
        Self {
            source: self.source.clone(),
            y: pick(&self.y),
            x: self.x.iter().map(|(role, of)| (*role, pick(of))).collect(),
            by: self.by.clone(),
            groups: rows.iter().map(|row| self.groups[*row].clone()).collect(),
        }
    }

    /// The rows without those of the `count` largest y.
    pub fn without_largest(&self, count: usize) -> Self {
        let mut order: Vec<usize> = (0..self.rows()).collect();
        order.sort_by(|a, b| self.y[*b].total_cmp(&self.y[*a]));
        let mut kept = order.split_off(count.min(self.rows()));
        kept.sort_unstable();
        self.only(&kept)
    }

    /// A mistake in the rows.
    pub fn refuse(
        &self,
        found: impl Into<String>,
        allowed: impl Into<String>,
        hint: impl Into<String>,
    ) -> Error {
        Refusal::argument(self.source.clone(), found, allowed, hint)
    }

    /// Refuses fewer than `least` rows.
    ///
    /// # Errors
    /// Where there are fewer.
    pub fn at_least(&self, least: usize) -> Result<(), Error> {
        if self.rows() >= least {
            return Ok(());
        }
        let allowed = format!("at least {least}, one more than the law has constants");
        Err(self.refuse(
            format!("{} rows", self.rows()),
            allowed,
            "more rows, or a law of fewer constants",
        ))
    }

    /// The error of a fit that no start led to.
    pub fn no_fit(&self) -> Error {
        self.refuse(
            "rows that the law fits nowhere",
            "y above 0 that changes with x",
            "look at the rows, or use another law",
        )
    }
}
