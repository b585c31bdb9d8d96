//! From one topology to the next: which value goes where.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{LayerView, positions};
use crate::error::SparseError;
use crate::topology::Topology;

/// The `source` of a grown weight.
const NEW: u32 = u32::MAX;

/// A change of one layer's topology.
#[derive(Clone, Debug, PartialEq)]
pub struct TopologyUpdate {
    topology: Arc<Topology>,
    /// For each new entry the old one that it continues, or [`NEW`].
    source: Vec<u32>,
    start: NewWeights,
    counts: UpdateCounts,
}

/// What grown weights start from, one number for each in ascending position; empty is zeros.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NewWeights {
    /// Their values.
    pub values: Vec<f32>,
    /// Their first and second moments.
    pub moments: [Vec<f32>; 2],
}

/// How many weights a change touched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdateCounts {
    /// Weights whose score fell among the dropped ones.
    pub dropped: usize,
    /// Grown weights, those that were regrown aside.
    pub grown: usize,
    /// Dropped weights that were grown again at once: their value and moments went on.
    pub regrown: usize,
}

impl UpdateCounts {
    /// Adds those of another change.
    pub fn add(&mut self, other: Self) {
        self.dropped += other.dropped;
        self.grown += other.grown;
        self.regrown += other.regrown;
    }
}

impl TopologyUpdate {
    /// From `old` to `topology`: what stands in both goes on, the rest is grown.
    pub fn between(old: &Topology, topology: Arc<Topology>) -> Self {
        let (from, to) = (positions(old), positions(&topology));
        let (mut entry, mut grown) = (0, 0);
        let source = to.iter().map(|position| {
            while from.get(entry).is_some_and(|old| old < position) {
                entry += 1;
            }
            let stays = from.get(entry) == Some(position);
            grown += usize::from(!stays);
            if stays { entry as u32 } else { NEW }
        });
        let source: Vec<u32> = source.collect();
        let counts =
            UpdateCounts { dropped: old.nnz() - (source.len() - grown), grown, regrown: 0 };
        Self { topology, source, start: NewWeights::default(), counts }
    }

    /// A layer that stays as it is.
    pub fn none(topology: &Arc<Topology>) -> Self {
        Self::between(topology, topology.clone())
    }

    /// Keeps the `count` active blocks of `layer` whose entries score highest together; scores
    /// `(nnz)`.
    ///
    /// # Errors
    /// None that a layer which exists can have.
    pub fn keep(
        layer: LayerView<'_>,
        scores: impl Iterator<Item = f32>,
        count: usize,
    ) -> Result<Self, SparseError> {
        let LayerView { topology, blocks, .. } = layer;
        let active = blocks.active(topology);
        let scores = blocks.sums(topology, &active, scores);
        let candidates: Vec<_> = active.into_iter().zip(scores).collect();
        let positions = blocks.positions(blocks.largest(&candidates, count));
        let kept = Topology::new(topology.rows(), topology.cols(), &positions)?;
        Ok(Self::between(topology, Arc::new(kept)))
    }

    /// The same change, of which `dropped` weights scored lowest and some were grown again at once.
    pub(super) fn of_dropped(self, dropped: usize) -> Self {
        let counts = UpdateCounts { dropped, regrown: dropped - self.counts.grown, ..self.counts };
        Self { counts, ..self }
    }

    /// The same change, after which new weights start from `start`.
    pub fn starting(self, start: NewWeights) -> Self {
        Self { start, ..self }
    }

    /// The new structure.
    pub fn topology(&self) -> &Arc<Topology> {
        &self.topology
    }

    /// What new weights start from.
    pub fn start(&self) -> &NewWeights {
        &self.start
    }

    /// What was dropped, grown and grown again.
    pub fn counts(&self) -> UpdateCounts {
        self.counts
    }

    /// Of `entries`, one for each entry of the new structure, those of grown weights.
    pub fn grown<T>(&self, entries: impl Iterator<Item = T>) -> impl Iterator<Item = T> {
        let sources = self.source.iter();
        sources.zip(entries).filter(|(source, _)| **source == NEW).map(|(_, entry)| entry)
    }

    /// The values of the new entries; 0 where one is grown.
    pub fn remap<'a>(&'a self, old: &'a [f32]) -> impl Iterator<Item = f32> + 'a {
        self.remap_from(old, &[])
    }

    /// The values of the new entries; where one is grown the next of `start`, or 0.
    pub fn remap_from<'a>(
        &'a self,
        old: &'a [f32],
        start: &'a [f32],
    ) -> impl Iterator<Item = f32> + 'a {
        let mut start = start.iter();
        self.source.iter().map(move |&entry| match entry {
            NEW => start.next().copied().unwrap_or(0.0),
            entry => old[entry as usize],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_both_goes_on() {
        let old = Topology::new(2, 4, &[0, 3, 5, 6]).unwrap();
        let new = Arc::new(Topology::new(2, 4, &[1, 3, 6, 7]).unwrap());
        let update = TopologyUpdate::between(&old, new);
        let values = [1.0, 2.0, 3.0, 4.0];
        assert_eq!(update.remap(&values).collect::<Vec<_>>(), [0.0, 2.0, 4.0, 0.0]);
        let started = update.remap_from(&values, &[8.0, 9.0]).collect::<Vec<_>>();
        assert_eq!(started, [8.0, 2.0, 4.0, 9.0]);
        assert_eq!(update.grown(update.topology().positions()).collect::<Vec<_>>(), [1, 7]);
        assert_eq!(update.counts(), UpdateCounts { dropped: 2, grown: 2, regrown: 0 });
    }
}
