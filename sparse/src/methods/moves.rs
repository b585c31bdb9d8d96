//! From one topology to the next: which value goes where.

use std::sync::Arc;

use super::{LayerView, drop_count, positions};
use crate::error::SparseError;
use crate::seed::Rng;
use crate::topology::Topology;

/// The `source` of a weight that starts anew.
const NEW: u32 = u32::MAX;

/// A change of one layer's topology.
#[derive(Clone, Debug, PartialEq)]
pub struct Moves {
    topology: Arc<Topology>,
    /// For each new entry the old one that it continues, or [`NEW`].
    source: Vec<u32>,
    start: Start,
    counts: Counts,
}

/// What the weights that start anew start from, one number for each in ascending position; empty
/// is zeros.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Start {
    /// Their values.
    pub values: Vec<f32>,
    /// Their first and second moments.
    pub moments: [Vec<f32>; 2],
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
        let counts = Counts { dropped: old.nnz() - (source.len() - grown), grown, regrown: 0 };
        Self { topology, source, start: Start::default(), counts }
    }

    /// A layer that stays as it is.
    pub fn none(topology: &Arc<Topology>) -> Self {
        Self::between(topology, topology.clone())
    }

    /// Keeps the `count` active units of `layer` whose entries score highest together; scores
    /// `(nnz)`.
    pub(crate) fn keep(
        layer: LayerView<'_>,
        scores: impl Iterator<Item = f32>,
        count: usize,
    ) -> Result<Self, SparseError> {
        let LayerView { topology, units, .. } = layer;
        let active = units.active(topology);
        let scores = units.sums(topology, &active, scores);
        let candidates: Vec<_> = active.into_iter().zip(scores).collect();
        let positions = units.positions(units.largest(&candidates, count));
        let kept = Topology::new(topology.rows(), topology.cols(), &positions)?;
        Ok(Self::between(topology, Arc::new(kept)))
    }

    /// The same change, after which new weights start from `start`.
    pub fn starting(self, start: Start) -> Self {
        Self { start, ..self }
    }

    /// The new structure.
    pub fn topology(&self) -> &Arc<Topology> {
        &self.topology
    }

    /// What new weights start from.
    pub fn start(&self) -> &Start {
        &self.start
    }

    /// What was dropped, grown and grown again.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Of `entries`, one for each entry of the new structure, those that start anew.
    pub fn anew<T>(&self, entries: impl Iterator<Item = T>) -> impl Iterator<Item = T> {
        let sources = self.source.iter();
        sources.zip(entries).filter(|(source, _)| **source == NEW).map(|(_, entry)| entry)
    }

    /// The values of the new entries; 0 where one starts anew.
    pub fn remap<'a>(&'a self, old: &'a [f32]) -> impl Iterator<Item = f32> + 'a {
        self.remap_from(old, &[])
    }

    /// The values of the new entries; where one starts anew the next of `start`, or 0.
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

/// The first half of a step that drops and grows: which units stay.
pub(crate) struct Drop<'a> {
    layer: LayerView<'a>,
    /// The units that stay, ascending.
    pub kept: Vec<u32>,
    active: usize,
}

impl<'a> Drop<'a> {
    /// Drops the `⌊fraction · active⌋` active units of smallest `Σ |value|`, in whatever groups
    /// they are.
    pub fn smallest(layer: LayerView<'a>, fraction: f64) -> Self {
        let LayerView { topology, units, values } = layer;
        let units_active = units.active(topology);
        let scores = units.sums(topology, &units_active, values.iter().map(|w| w.abs()));
        let active = units_active.len();
        let candidates: Vec<_> = units_active.into_iter().zip(scores).collect();
        let kept = super::units::top(&candidates, active - drop_count(fraction, active));
        Self { layer, kept, active }
    }

    /// Grows where the units score highest (one score a unit of the layer), as many in each group
    /// as it lost.
    pub fn grow_largest(self, scores: &[f32]) -> Result<Moves, SparseError> {
        let grown = self.layer.units.grow_largest(&self.kept, self.active, scores);
        self.grow(&grown)
    }

    /// Grows as many units in each group as it lost, at random.
    pub fn grow_random(self, rng: &mut Rng) -> Result<Moves, SparseError> {
        let grown = self.layer.units.grow_random(&self.kept, self.active, rng);
        self.grow(&grown)
    }

    /// The second half: grows the units `grown`, none of which stayed.
    fn grow(self, grown: &[u32]) -> Result<Moves, SparseError> {
        let LayerView { topology, units, .. } = self.layer;
        let dropped = (self.active - self.kept.len()) * units.size();
        let mut all = self.kept;
        all.extend(grown);
        // Two ascending runs: a stable sort merges them.
        all.sort();
        let positions = units.positions(all);
        let new = Topology::new(topology.rows(), topology.cols(), &positions)?;
        let mut moves = Moves::between(topology, Arc::new(new));
        moves.counts.dropped = dropped;
        moves.counts.regrown = dropped - moves.counts.grown;
        Ok(moves)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Pattern;
    use crate::methods::Units;

    #[test]
    fn what_stands_in_both_goes_on() {
        let old = Topology::new(2, 4, &[0, 3, 5, 6]).unwrap();
        let new = Arc::new(Topology::new(2, 4, &[1, 3, 6, 7]).unwrap());
        let moves = Moves::between(&old, new);
        let values = [1.0, 2.0, 3.0, 4.0];
        assert_eq!(moves.remap(&values).collect::<Vec<_>>(), [0.0, 2.0, 4.0, 0.0]);
        let started = moves.remap_from(&values, &[8.0, 9.0]).collect::<Vec<_>>();
        assert_eq!(started, [8.0, 2.0, 4.0, 9.0]);
        assert_eq!(moves.anew(moves.topology().positions()).collect::<Vec<_>>(), [1, 7]);
        assert_eq!(moves.counts(), Counts { dropped: 2, grown: 2, regrown: 0 });
    }

    #[test]
    fn regrown_weights_go_on() {
        let topology = &Arc::new(Topology::new(1, 6, &[0, 2, 4, 5]).unwrap());
        let units = &Units::new(Pattern::Unstructured, 1, 6);
        let values = &[0.5, -0.1, 2.0, 0.1];
        let drop = Drop::smallest(LayerView { topology, units, values }, 0.5);
        assert_eq!(drop.kept, [0, 4]);
        let moves = drop.grow(&[1, 5]).unwrap();
        assert_eq!(moves.counts(), Counts { dropped: 2, grown: 1, regrown: 1 });
        let values: Vec<f32> = moves.remap(values).collect();
        assert_eq!(values, [0.5, 0.0, 2.0, 0.1]);
    }
}
