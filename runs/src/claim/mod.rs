//! A claim: what a run is to show, said before it is run, as a contrast of variants with a bound.
//!
//! ```yaml
//! claims:
//!   dynamic-beats-static:
//!     says: At high sparsity topologies that move beat those that stay
//!     pairs: [[{variant: rigl, sparsity.sparsity: [0.9, 0.95]}, static], [set, static]]
//!     difference: {at_least: 0.05}
//! ```
//!
//! Each pair stands for all cells that its first selector means, each beside the cell that its second means on the same
//! environment at the same values of all axes, as far as there is one. The statistic is the ratio or the difference of
//! the interquartile means of all of these, normalised, with its 95 % bootstrap interval. Of several environments it is also
//! taken of the means.

mod read;
mod selector;
mod shape;

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

pub use read::{read_claims, read_claims_alone};
pub use selector::{Missing, Selector};

/// A contrast of variants and where it is to lie.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Claim {
    /// In words.
    pub says: String,
    /// What is compared with what.
    pub pairs: Vec<[Selector; 2]>,
    /// What of it.
    pub of: Measure,
    /// Where the ratio of the two is to lie.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ratio: Option<Bound>,
    /// Where the difference of the two is to lie.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub difference: Option<Bound>,
    /// What others found, for readers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paper: Option<String>,
}

/// What a cell is measured by, seed by seed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// The scores, normalised.
    #[default]
    Return,
    /// The returns of the last policy under these options of its env, normalised as scores are.
    Under(BTreeMap<String, Json>),
    /// What the last policy keeps of its returns.
    Kept(Kept),
    /// The mean of all values that a metric of this name has in `metrics.csv`.
    Metric(String),
    /// Operations of one sample forward.
    ForwardFlops,
    /// Operations of a training, by the model.
    TrainingFlops,
    /// Active parameters.
    Active,
}

/// The returns under some options of an env over those under others, of the same policy, where 0 of normalised returns is
/// nothing: so policies are compared whose returns are not alike without noise, say. A seed with nothing to keep does not
/// count.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Kept {
    /// Where it is to keep them.
    pub under: BTreeMap<String, Json>,
    /// Where it has them.
    pub of: BTreeMap<String, Json>,
}

/// Where a statistic is to lie.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// Not below.
    AtLeast(f64),
    /// Not above.
    AtMost(f64),
    /// No farther from what is equal: 1 of ratios, 0 of differences.
    Within(f64),
}

/// How two cells are brought together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// The first over the second.
    Ratio,
    /// The first less the second.
    Difference,
}

impl Claim {
    /// How its pairs are brought together, and where that is to lie; none of a claim that says both or neither.
    pub fn statistic(&self) -> Option<(Relation, Bound)> {
        match (self.ratio, self.difference) {
            (Some(bound), None) => Some((Relation::Ratio, bound)),
            (None, Some(bound)) => Some((Relation::Difference, bound)),
            (None, None) | (Some(_), Some(_)) => None,
        }
    }

    /// Whether it is about shares of returns: what several environments have of these wants scales that do not go by what
    /// is compared.
    pub fn wants_scale(&self) -> bool {
        match (&self.of, self.statistic()) {
            (Measure::Kept(_), _) => true,
            (Measure::Return | Measure::Under(_), Some((relation, bound))) => match relation {
                Relation::Ratio => true,
                Relation::Difference => bound.number() != 0.0,
            },
            (Measure::Return | Measure::Under(_), None) | (Measure::Metric(_), _) => false,
            (Measure::ForwardFlops | Measure::TrainingFlops | Measure::Active, _) => false,
        }
    }
}

impl Relation {
    /// Its value of equals.
    pub fn of_equals(self) -> f64 {
        match self {
            Self::Ratio => 1.0,
            Self::Difference => 0.0,
        }
    }
}

impl Bound {
    /// The number that it names.
    pub fn number(self) -> f64 {
        match self {
            Self::AtLeast(number) | Self::AtMost(number) | Self::Within(number) => number,
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match self {
            Self::AtLeast(_) => "≥",
            Self::AtMost(_) => "≤",
            Self::Within(_) => "±",
        };
        let number = self.number();
        match number == 0.0 || (1e-4..1e6).contains(&number.abs()) {
            true => write!(f, "{sign} {number}"),
            false => write!(f, "{sign} {number:e}"),
        }
    }
}
