//! From one topology to the next: which value goes where.

use std::sync::Arc;

use super::{drop_count, largest};
use crate::error::SparseError;
use crate::topology::Topology;

/// The `source` of a weight that starts anew.
const NEW: u32 = u32::MAX;

/// A change of one layer's topology.
#[derive(Clone, Debug, PartialEq)]
pub struct Moves {
    topology: Arc<Topology>,
    /// For each new entry the old one that it continues, or [`NEW`].
    source: Vec<u32>,
    counts: Counts,
}

/// How many weights a change touched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Weights whose score fell among the dropped ones.
    pub dropped: usize,
    /// Weights that start anew.
    pub grown: usize,
    /// Dropped weights that were grown again at once: their value and moments went on.
    pub regrown: usize,
}

impl Moves {
    /// From `old` to `topology`: what stands in both goes on, the rest starts anew.
    pub fn between(old: &Topology, topology: Arc<Topology>) -> Self {
        let mut from = old.positions().zip(0..).peekable();
        let source: Vec<u32> = topology
            .positions()
            .map(|position| {
                while from.next_if(|(old, _)| *old < position).is_some() {}
                from.next_if(|(old, _)| *old == position).map_or(NEW, |(_, entry)| entry)
            })
            .collect();
        let grown = source.iter().filter(|entry| **entry == NEW).count();
        let counts = Counts { dropped: old.nnz() - (source.len() - grown), grown, regrown: 0 };
        Self { topology, source, counts }
    }

    /// A layer that stays as it is.
    pub fn none(topology: &Arc<Topology>) -> Self {
        Self::between(topology, topology.clone())
    }

    /// The new structure.
    pub fn topology(&self) -> &Arc<Topology> {
        &self.topology
    }

    /// What was dropped, grown and grown again.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// The values of the new entries; 0 where one starts anew.
    pub fn remap<'a>(&'a self, old: &'a [f32]) -> impl Iterator<Item = f32> + 'a {
        self.source.iter().map(|&entry| if entry == NEW { 0.0 } else { old[entry as usize] })
    }
}

/// The first half of a SET or RigL step: which entries stay.
pub(crate) struct Drop<'a> {
    old: &'a Topology,
    /// Positions of the entries that stay, ascending.
    pub kept: Vec<u32>,
    /// How many were dropped, and are to be grown.
    pub count: usize,
}

impl<'a> Drop<'a> {
    /// Drops `⌊fraction · nnz⌋` entries of smallest `|value|`.
    pub fn smallest(old: &'a Topology, values: &[f32], fraction: f64) -> Self {
        let count = drop_count(fraction, old.nnz());
        let keep = largest(values.iter().map(|w| w.abs()), old.nnz() - count);
        let mut kept = Vec::with_capacity(keep.len());
        let mut next = keep.iter().peekable();
        for (position, entry) in old.positions().zip(0u32..) {
            if next.next_if(|kept| **kept == entry).is_some() {
                kept.push(position);
            }
        }
        Self { old, kept, count }
    }

    /// The second half: grows `positions`, none of which stayed.
    pub fn grow(self, positions: &[u32]) -> Result<Moves, SparseError> {
        let mut all = self.kept;
        all.extend(positions);
        all.sort_unstable();
        let topology = Topology::new(self.old.rows(), self.old.cols(), &all)?;
        let mut moves = Moves::between(self.old, Arc::new(topology));
        moves.counts.dropped = self.count;
        moves.counts.regrown = positions.len() - moves.counts.grown;
        Ok(moves)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_both_goes_on() {
        let old = Topology::new(2, 4, &[0, 3, 5, 6]).unwrap();
        let new = Arc::new(Topology::new(2, 4, &[1, 3, 6, 7]).unwrap());
        let moves = Moves::between(&old, new);
        assert_eq!(moves.remap(&[1.0, 2.0, 3.0, 4.0]).collect::<Vec<_>>(), [0.0, 2.0, 4.0, 0.0]);
        assert_eq!(moves.counts(), Counts { dropped: 2, grown: 2, regrown: 0 });
    }

    #[test]
    fn regrown_weights_go_on() {
        let old = Topology::new(1, 6, &[0, 2, 4, 5]).unwrap();
        let drop = Drop::smallest(&old, &[0.5, -0.1, 2.0, 0.1], 0.5);
        assert_eq!((drop.kept.as_slice(), drop.count), (&[0, 4][..], 2));
        let moves = drop.grow(&[1, 5]).unwrap();
        assert_eq!(moves.counts(), Counts { dropped: 2, grown: 1, regrown: 1 });
        let values: Vec<f32> = moves.remap(&[0.5, -0.1, 2.0, 0.1]).collect();
        assert_eq!(values, [0.5, 0.0, 2.0, 0.1]);
    }
}
