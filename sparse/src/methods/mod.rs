//! How topologies are chosen and changed: one file a method, each a choice of scores.
//!
//! | method | start | drop | grow |
//! |---|---|---|---|
//! | dense | every weight | – | – |
//! | [static](static_sparse) | random | – | – |
//! | [SET](set) | random | smallest magnitude | at random |
//! | [RigL](rigl) | random | smallest magnitude | largest dense gradient |
//! | [pruning] | every weight | smallest magnitude | – |
//!
//! Counts are exact: where scores tie, the lower position wins. A weight that is dropped and grown
//! again in the same step keeps its value and moments; any other grown weight starts at zero, with
//! zero moments (PAPERS 1.6).

pub mod moves;
pub mod pruning;
pub mod rigl;
pub mod set;
pub mod static_sparse;

pub use moves::{Counts, Moves};

/// The indices of the `count` largest of `scores`, ascending; ties go to the lower index.
pub(crate) fn largest(scores: impl ExactSizeIterator<Item = f32>, count: usize) -> Vec<u32> {
    let mut order: Vec<(f32, u32)> = scores.zip(0..).collect();
    if count < order.len() {
        order.select_nth_unstable_by(count, |a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        order.truncate(count);
    }
    let mut chosen: Vec<u32> = order.into_iter().map(|(_, index)| index).collect();
    chosen.sort_unstable();
    chosen
}

/// `⌊f · nnz⌋` in single precision, as the reference implementation counts.
pub(crate) fn drop_count(fraction: f64, nnz: usize) -> usize {
    (fraction as f32 * nnz as f32) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lower_index_wins_a_tie() {
        let scores = [1.0, 3.0, 1.0, 2.0, 1.0];
        assert_eq!(largest(scores.into_iter(), 0), [0u32; 0]);
        assert_eq!(largest(scores.into_iter(), 1), [1]);
        assert_eq!(largest(scores.into_iter(), 3), [0, 1, 3]);
        assert_eq!(largest(scores.into_iter(), 4), [0, 1, 2, 3]);
        assert_eq!(largest(scores.into_iter(), 9), [0, 1, 2, 3, 4]);
    }

    #[test]
    fn counts_truncate() {
        assert_eq!(drop_count(0.3, 9), 2);
        assert_eq!(drop_count(0.5, 1), 0);
    }
}
