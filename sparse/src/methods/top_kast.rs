//! Top-KAST (Jayakumar et al. 2020, 2106.03517; PAPERS 5.1).
//!
//! Every position of a layer has a `θ`. The forward set `A` holds the largest `|θ|`, as many as the
//! layer may have active; the backward set `B ⊇ A` holds the largest `|θ|` at a lower sparsity. The
//! network is `A` alone, and gradients are taken at it, but on all of `B`: `B ∖ A` trains beside the
//! network without being seen by it, and may so earn its way in. `θ` outside `B` stays as it is. Every
//! `N` steps both sets are chosen anew. The penalty `½ λ (Σ_A θ² + 1/D Σ_{B∖A} θ²)`, `D` being the
//! layer's forward density, lets the set turn over.
//!
//! What it costs: forward and input gradient those of `A`, weight gradient and moments those of `B`,
//! and one float for each position, read and written every `N` steps only.
//!
//! Moments follow their position within `B`; a position that enters `B` starts with zero moments.

use std::sync::Arc;

use super::moves::{Moves, Start};
use super::{LayerView, Units};
use crate::error::SparseError;
use crate::optim::{Beside, Moments, Rule};
use crate::topology::Topology;

/// Everything outside the forward sets of one network.
#[derive(Clone, Debug)]
pub(crate) struct Reserve {
    layers: Vec<LayerSets>,
    rule: Rule,
    /// `B ∖ A`, layer by layer.
    beside: Beside,
}

/// One layer's `θ` and sets.
#[derive(Clone, Debug)]
pub(crate) struct LayerSets {
    units: Units,
    /// Units of `A` and of `B`.
    sizes: [usize; 2],
    /// One for each position; those of `B` are out of date between refreshes.
    theta: Vec<f32>,
    inner: Arc<Topology>,
    outer: Arc<Topology>,
}

impl LayerSets {
    /// The sets of `sizes = [|A|, |B|]` units in a `rows × cols` layer of `theta (rows · cols)`.
    pub fn new(
        rows: usize,
        cols: usize,
        units: Units,
        sizes: [usize; 2],
        theta: Vec<f32>,
    ) -> Result<Self, SparseError> {
        let nothing = Arc::new(Topology::new(rows, cols, &[])?);
        let mut sets = Self { units, sizes, theta, inner: nothing.clone(), outer: nothing };
        sets.choose()?;
        Ok(sets)
    }

    /// `A`, and its values.
    pub fn forward(&self) -> (Arc<Topology>, Vec<f32>) {
        (self.inner.clone(), self.values(&self.inner).collect())
    }

    fn values<'a>(&'a self, topology: &'a Topology) -> impl Iterator<Item = f32> + 'a {
        topology.positions().map(|position| self.theta[position as usize])
    }

    fn store(&mut self, outer: bool, values: &[f32]) {
        let topology = if outer { &self.outer } else { &self.inner };
        for (position, value) in topology.positions().zip(values) {
            self.theta[position as usize] = *value;
        }
    }

    fn choose(&mut self) -> Result<(), SparseError> {
        let (rows, cols) = (self.inner.rows(), self.inner.cols());
        let scores = self.units.dense_sums(self.theta.iter().map(|theta| theta.abs()));
        let candidates: Vec<_> = (0..).zip(scores).collect();
        let [forward, backward] = self.sizes.map(|size| self.units.largest(&candidates, size));
        // Chosen by the same scores, the smaller set lies within the larger.
        let mut inner = forward.iter().peekable();
        let outer = backward.into_iter().filter(|unit| inner.next_if_eq(&unit).is_none()).collect();
        let topology =
            |units| Topology::new(rows, cols, &self.units.positions(units)).map(Arc::new);
        (self.inner, self.outer) = (topology(forward.clone())?, topology(outer)?);
        Ok(())
    }
}

impl Reserve {
    /// The reserve of a fresh network.
    pub fn new(layers: Vec<LayerSets>, rule: Rule) -> Self {
        let values: Vec<f32> = layers.iter().flat_map(|sets| sets.values(&sets.outer)).collect();
        let moments = Moments::new(rule, values.len());
        let beside = Beside { grad: vec![0.0; values.len()], values, moments };
        Self { layers, rule, beside }
    }

    /// `B ∖ A` of each layer.
    pub fn outer(&self) -> impl Iterator<Item = &Arc<Topology>> {
        self.layers.iter().map(|sets| &sets.outer)
    }

    /// `B ∖ A` as the optimiser sees it, with the gradient of the loss, `grad` layer by layer, and of
    /// the penalty.
    pub fn train(&mut self, grad: Vec<f32>, penalty: f64) -> &mut Beside {
        let Self { layers, beside, .. } = self;
        beside.grad = grad;
        let mut start = 0;
        for LayerSets { units, sizes: [forward, _], outer, .. } in layers {
            let part = start..start + outer.nnz();
            start = part.end;
            let pull = (penalty * units.all() as f64 / *forward as f64) as f32;
            for (g, theta) in beside.grad[part.clone()].iter_mut().zip(&beside.values[part]) {
                *g += pull * theta;
            }
        }
        beside
    }

    /// Chooses both sets anew: `layers` is the network as it stands, with `m` and `v` of its weights.
    pub fn refresh<'a>(
        &mut self,
        layers: impl Iterator<Item = (LayerView<'a>, [&'a [f32]; 2])>,
    ) -> Result<Vec<Moves>, SparseError> {
        let Self { layers: sets, rule, beside } = self;
        let mut next = Beside { values: vec![], grad: vec![], moments: Moments::new(*rule, 0) };
        let (mut start, mut all) = (0, Vec::new());
        for (sets, (layer, inner_moments)) in sets.iter_mut().zip(layers) {
            let part = start..start + sets.outer.nnz();
            start = part.end;
            sets.store(false, layer.values);
            sets.store(true, &beside.values[part.clone()]);
            let outer_moments =
                [0, 1].map(|k| beside.moments.0[k].get(part.clone()).unwrap_or(&[]));
            let (old_inner, old_outer) = (sets.inner.clone(), sets.outer.clone());
            sets.choose()?;
            let from = |old: &Topology, new: &Arc<Topology>| Moves::between(old, new.clone());

            let moves = from(&old_inner, &sets.inner);
            let entered = from(&old_outer, &sets.inner);
            let moments = outer_moments.map(|old| match old {
                [] => Vec::new(),
                old => moves.anew(entered.remap(old)).collect(),
            });
            let values = moves.anew(sets.values(&sets.inner)).collect();
            all.push(moves.starting(Start { values, moments }));

            let (left, stayed) = (from(&old_inner, &sets.outer), from(&old_outer, &sets.outer));
            for (k, next) in next.moments.0.iter_mut().enumerate() {
                if let (inner @ [_, ..], outer) = (inner_moments[k], outer_moments[k]) {
                    // A position comes from one of the two, and the other gives 0.
                    let pairs = left.remap(inner).zip(stayed.remap(outer));
                    next.extend(pairs.map(|(inner, outer)| inner + outer));
                }
            }
            next.values.extend(sets.values(&sets.outer));
        }
        *beside = next;
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Pattern;

    const ADAM: Rule = Rule::Adam { beta1: 0.9, beta2: 0.999, eps: 1e-7 };

    fn positions(topology: &Topology) -> Vec<u32> {
        topology.positions().collect()
    }

    /// 1 × 6 with two weights in `A` and four in `B`, worked by hand.
    #[test]
    fn hand_worked_table() {
        let units = Units::new(Pattern::Unstructured, 1, 6);
        let theta = vec![0.5, -3.0, 0.25, 2.0, -1.0, 0.5];
        let sets = LayerSets::new(1, 6, units, [2, 4], theta).unwrap();
        assert_eq!(positions(&sets.inner), [1, 3]);
        assert_eq!(sets.forward().1, [-3.0, 2.0]);
        // 0 and 5 tie for the fourth place.
        assert_eq!(positions(&sets.outer), [0, 4]);

        let mut reserve = Reserve::new(vec![sets], ADAM);
        let beside = reserve.train(vec![1.0, 1.0], 0.1);
        // D = 2/6, so that the pull is 0.3 θ.
        assert_eq!(beside.grad, [1.15, 0.7]);
        // Training has shrunk 1 below 4 and 0 below 5.
        beside.values = vec![0.1, -1.5];
        beside.moments = Moments([vec![0.01, 0.04], vec![0.001, 0.004]]);
        let topology = &Arc::new(Topology::new(1, 6, &[1, 3]).unwrap());
        let layer = LayerView { topology, units: &units, values: &[-0.75, 2.0] };
        let moments: [&[f32]; 2] = [&[0.1, 0.3], &[0.2, 0.6]];
        let moves = reserve.refresh([(layer, moments)].into_iter()).unwrap();

        // θ = 0.1 −0.75 0.25 2 −1.5 0.5: A = {3, 4}, B ∖ A = {1, 5}.
        assert_eq!(positions(moves[0].topology()), [3, 4]);
        let Start { values, moments: [m, v] } = moves[0].start();
        assert_eq!((&values[..], &m[..], &v[..]), (&[-1.5][..], &[0.04][..], &[0.004][..]));
        assert_eq!(positions(reserve.outer().next().unwrap()), [1, 5]);
        assert_eq!(reserve.beside.values, [-0.75, 0.5]);
        assert_eq!(reserve.beside.moments, Moments([vec![0.1, 0.0], vec![0.2, 0.0]]));
        assert_eq!(reserve.layers[0].theta[0], 0.1, "what left B keeps its last value");
        assert_eq!(reserve.layers[0].theta[2], 0.25, "what was never in B its first");
    }
}
