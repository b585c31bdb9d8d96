//! What an interval says of a bound.

use std::fmt;

use serde::Serialize;

use crate::claim::Bound;
use crate::statistics::{Estimate, Interval};

/// Whether a claim holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum Verdict {
    /// The whole interval lies where the claim says.
    Held,
    /// None of it does.
    NotHeld,
    /// Some of it does.
    Undecided {
        /// Seeds of each cell with which an interval around the same value would decide; none where the value is the
        /// bound itself.
        needed: Option<usize>,
    },
    /// There is no interval yet.
    Open,
}

/// More seeds than anybody runs.
const MOST: f64 = 1e6;

impl Verdict {
    /// What `estimate` of `seeds` seeds says of `bound`, where equals have the value `equal`.
    pub fn of(estimate: &Estimate, bound: Bound, equal: f64, seeds: usize) -> Self {
        let Estimate { value, interval: Some(Interval { low, high }) } = *estimate else {
            return Self::Open;
        };
        // As parts of what lies on that side of the interval: how far it is from the value to the bound.
        let below = |distance: f64| part(distance, value - low);
        let above = |distance: f64| part(distance, high - value);
        let (holds, room) = match bound {
            Bound::AtLeast(least) if value >= least => (true, below(value - least)),
            Bound::AtLeast(least) => (false, above(least - value)),
            Bound::AtMost(most) if value <= most => (true, above(most - value)),
            Bound::AtMost(most) => (false, below(value - most)),
            Bound::Within(most) => match value - equal {
                off if off > most => (false, below(off - most)),
                off if off < -most => (false, above(-most - off)),
                off => (true, above(most - off).min(below(most + off))),
            },
        };
        if holds && room >= 1.0 {
            return Self::Held;
        }
        if !holds && room > 1.0 {
            return Self::NotHeld;
        }
        // Intervals narrow as the root of the seeds grows.
        let needed = (seeds as f64 / room.powi(2)).max(seeds as f64 + 1.0);
        Self::Undecided { needed: (needed <= MOST).then(|| two_digits(needed)) }
    }
}

/// A whole number that is not below `seeds`, of no more digits than an estimate of it can have.
fn two_digits(seeds: f64) -> usize {
    let unit = 10f64.powf(seeds.log10().floor() - 1.0).max(1.0);
    ((seeds / unit).ceil() * unit) as usize
}

/// How often `side` goes into `distance`; without end where there is no such side.
fn part(distance: f64, side: f64) -> f64 {
    if side > 0.0 { distance / side } else { f64::INFINITY }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Held => f.write_str("held"),
            Self::NotHeld => f.write_str("not held"),
            Self::Undecided { needed: Some(seeds) } => write!(f, "undecided, about {seeds} seeds"),
            Self::Undecided { needed: None } => f.write_str("undecided"),
            Self::Open => f.write_str("open"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn verdict(value: f64, [low, high]: [f64; 2], bound: Bound) -> Verdict {
        let estimate = Estimate { value, interval: Some(Interval { low, high }) };
        Verdict::of(&estimate, bound, 0.0, 4)
    }

    #[test]
    fn the_whole_interval_decides() {
        let least = Bound::AtLeast(1.0);
        assert_eq!(verdict(2.0, [1.0, 3.0], least), Verdict::Held);
        assert_eq!(verdict(0.5, [0.0, 0.9], least), Verdict::NotHeld);
        // Twice as far as the bound is: four times the seeds.
        let undecided = Verdict::Undecided { needed: Some(16) };
        assert_eq!(verdict(2.0, [0.0, 3.0], least), undecided);
        assert_eq!(verdict(2.0, [1.0, 4.0], Bound::AtMost(3.0)), undecided);
        assert_eq!(verdict(1.0, [0.0, 2.0], least), Verdict::Undecided { needed: None });
        // Of 148 only two digits.
        let told = verdict(2.0, [2.0 - 37f64.sqrt(), 3.0], least);
        assert_eq!(told, Verdict::Undecided { needed: Some(150) });
        let alone = Estimate { value: 5.0, interval: None };
        assert_eq!(Verdict::of(&alone, least, 0.0, 1), Verdict::Open);
    }

    #[test]
    fn equals_lie_within_both_bounds() {
        let within = Bound::Within(0.2);
        assert_eq!(verdict(0.05, [-0.1, 0.15], within), Verdict::Held);
        assert_eq!(verdict(-0.05, [-0.15, 0.1], within), Verdict::Held);
        assert_eq!(verdict(0.5, [0.3, 0.7], within), Verdict::NotHeld);
        assert_eq!(verdict(-0.5, [-0.7, -0.3], within), Verdict::NotHeld);
        assert!(matches!(verdict(0.05, [-0.3, 0.15], within), Verdict::Undecided { .. }));
        assert!(matches!(verdict(0.3, [0.1, 0.4], within), Verdict::Undecided { .. }));
    }

    proptest! {
        #[test]
        fn a_verdict_is_what_the_ends_say(
            value in -2.0..2.0f64, below in 0.001..1.0f64, above in 0.001..1.0f64, at in 0.01..1.5f64,
        ) {
            let (low, high) = (value - below, value + above);
            let inside = |bound: Bound, x: f64| match bound {
                Bound::AtLeast(least) => x >= least,
                Bound::AtMost(most) => x <= most,
                Bound::Within(most) => x.abs() <= most,
            };
            for bound in [Bound::AtLeast(at), Bound::AtMost(at), Bound::Within(at)] {
                let all = inside(bound, low) && inside(bound, high);
                // An interval around both bounds lies outside at both ends, and is not outside as a whole.
                let around = matches!(bound, Bound::Within(most) if low < -most && high > most);
                let none = !inside(bound, low) && !inside(bound, high) && !around;
                let told = verdict(value, [low, high], bound);
                prop_assert_eq!(all, told == Verdict::Held, "{:?} {} {} {}", bound, low, value, high);
                prop_assert_eq!(none, told == Verdict::NotHeld, "{:?} {} {} {}", bound, low, value, high);
            }
        }
    }
}
