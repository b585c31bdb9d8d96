//! The ridge of a surface: of each x the y of the highest score.

use super::grid::Grid;

/// Scores that differ by less are the same, as a part of the highest.
const SAME: f64 = 1e-9;

/// The best y of an x.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Best {
    /// The x.
    pub x: f64,
    /// The y; of several with the same score their geometric mean.
    pub y: f64,
    /// The mean normalised score.
    pub score: f64,
    /// The place of the spot, the first of several.
    pub spot: usize,
    /// Whether the best lies where the grid ends.
    pub edge: Option<Edge>,
}

/// An end of a grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// The best y is the least that was tried.
    Least,
    /// It is the greatest.
    Greatest,
    /// Every y does as well.
    Both,
}

impl Edge {
    /// In words.
    pub fn word(self) -> &'static str {
        match self {
            Self::Least => "the least tried",
            Self::Greatest => "the greatest tried",
            Self::Both => "all alike",
        }
    }
}

/// The ridge where spots have these `means`; without those x that have one y alone.
pub fn ridge(grid: &Grid<'_>, means: &[f64]) -> Vec<Best> {
    let best = |x: &f64| {
        let places = grid.at(*x);
        let most = places.iter().map(|at| means[*at]).fold(f64::NEG_INFINITY, f64::max);
        let is_best = |at: &&usize| means[**at] >= most - SAME * (1.0 + most.abs());
        let tied: Vec<usize> = places.iter().filter(is_best).copied().collect();
        let (first, last) = (*tied.first()?, *tied.last()?);
        let (least, greatest) = (*places.first()?, *places.last()?);
        let edge = match (first == least, last == greatest) {
            (true, true) => Some(Edge::Both),
            (true, false) => Some(Edge::Least),
            (false, true) => Some(Edge::Greatest),
            (false, false) => None,
        };
        let logs: f64 = tied.iter().map(|at| grid.spots[*at].y.ln()).sum();
        let y = match tied.as_slice() {
            [one] => grid.spots[*one].y,
            several => (logs / several.len() as f64).exp(),
        };
        (places.len() > 1).then_some(Best { x: *x, y, score: most, spot: first, edge })
    };
    grid.xs.iter().filter_map(best).collect()
}
