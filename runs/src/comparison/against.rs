//! How a variant stands beside the baseline.

use crate::statistics::Estimate;

/// A cell beside the baseline's on the same environment.
#[derive(Clone, Debug)]
pub struct Against {
    /// The place of the baseline among the cells.
    pub baseline: usize,
    /// The difference of the interquartile means.
    pub difference: Estimate,
    /// The ratio of them; none where that of the baseline is not above zero.
    pub ratio: Option<Estimate>,
    /// Whether the seeds are the same, so that each is compared with its own.
    pub paired: bool,
    /// How likely so large a mean difference of the pairs would be if the signs of all were chance.
    pub p: Option<f64>,
}
