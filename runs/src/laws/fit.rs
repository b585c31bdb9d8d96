//! What a law came to on some rows.

use crate::statistics::Interval;

use super::resamples::{Resamples, is_poor};

/// What a number of a law is, by which its interval is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A power: of 0 nothing depends on what is raised to it.
    Exponent,
    /// A positive number whose size is told in factors.
    Scale,
    /// A number of any sign.
    Plain,
}

/// A number that a law names, before it is known.
#[derive(Clone, Debug)]
pub struct Number {
    /// Its name in the formula.
    pub name: String,
    /// Of which group or budget: column and value.
    pub at: Vec<(String, String)>,
    /// What it is.
    pub kind: Kind,
    /// What it means, with its unit.
    pub about: String,
}

/// A number of a law.
#[derive(Clone, Debug)]
pub struct Constant {
    /// What it is called.
    pub number: Number,
    /// On all rows.
    pub value: f64,
    /// Of the resamples.
    pub interval: Option<Interval>,
    /// What a reader should know: what sits on a bound, or is not identified.
    pub notes: Vec<String>,
}

/// A law fitted.
#[derive(Clone, Debug)]
pub struct Fit {
    /// Its numbers, those of groups and budgets last.
    pub constants: Vec<Constant>,
    /// What was minimised, in words, and the least value of it.
    pub loss: Measured,
    /// Further measures of how well it fits.
    pub measures: Vec<Measured>,
    /// How many rows it was fitted to.
    pub rows: usize,
    /// How many resamples were drawn.
    pub drawn: usize,
    /// On how many of them the fit succeeded.
    pub usable: usize,
    /// Whether the optimiser came to a minimum.
    pub converged: bool,
    /// What a reader should know of the whole.
    pub notes: Vec<String>,
}

/// A number with its name.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// What it is.
    pub name: String,
    /// How much.
    pub value: f64,
}

/// The factor that the interval of a scale may span before it says little.
const WIDE: f64 = 100.0;

impl Number {
    /// One that holds for all rows.
    pub fn new(name: &str, kind: Kind, about: &str) -> Self {
        Self { name: name.to_owned(), at: Vec::new(), kind, about: about.to_owned() }
    }

    /// The same of one group or budget.
    pub fn at(mut self, column: &str, value: impl ToString) -> Self {
        self.at.push((column.to_owned(), value.to_string()));
        self
    }
}

impl Measured {
    /// A number of this name.
    pub fn new(name: &str, value: f64) -> Self {
        Self { name: name.to_owned(), value }
    }
}

impl Constant {
    /// A number without an interval.
    pub fn exact(number: Number, value: f64) -> Self {
        Self { number, value, interval: None, notes: Vec::new() }
    }

    /// A number with the interval of its resamples, which are its column `place`.
    pub fn new(number: Number, value: f64, resamples: &Resamples, place: usize) -> Self {
        let interval = resamples.interval(place);
        let notes = interval.and_then(|it| doubt(number.kind, it)).into_iter().collect();
        Self { number, value, interval, notes }
    }
}

impl Fit {
    /// The number of this name that stands for all rows.
    pub fn get(&self, name: &str) -> Option<&Constant> {
        self.constants
            .iter()
            .find(|constant| constant.number.name == name && constant.number.at.is_empty())
    }

    /// Its value.
    pub fn value(&self, name: &str) -> Option<f64> {
        self.get(name).map(|constant| constant.value)
    }

    /// Several fits of one law, each to rows of its own, as one.
    pub fn together(fits: Vec<Self>) -> Option<Self> {
        fits.into_iter().reduce(|mut all, own| {
            all.constants.extend(own.constants);
            all.loss.value += own.loss.value;
            all.measures.retain(|measure| own.measures.contains(measure));
            all.rows += own.rows;
            all.usable = all.usable.min(own.usable);
            all.converged &= own.converged;
            all.notes.extend(own.notes);
            all
        })
    }

    /// Notes of resamples that failed.
    pub fn tell_failures(&mut self) {
        let failed = self.drawn - self.usable;
        if failed > 0 {
            let consequence = match is_poor(self.drawn, self.usable) {
                true => "so that there are no intervals",
                false => "which no interval counts",
            };
            let drawn = self.drawn;
            self.notes
                .push(format!("the fit failed on {failed} of {drawn} resamples, {consequence}"));
        }
    }
}

/// What an interval does not tell.
fn doubt(kind: Kind, interval: Interval) -> Option<String> {
    match kind {
        Kind::Exponent if interval.low <= 0.0 && interval.high >= 0.0 => {
            Some("its interval holds 0, of which nothing depends".to_owned())
        }
        Kind::Scale if interval.high > WIDE * interval.low => {
            let factor = interval.high / interval.low;
            Some(format!("weakly identified: its interval spans a factor of {factor:.1e}"))
        }
        Kind::Exponent | Kind::Scale | Kind::Plain => None,
    }
}
