//! Top-KAST (Jayakumar et al. 2020, 2106.03517).
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

use std::collections::HashSet;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Ask, At, BackwardSet, Blocks, Horizon, LayerStart, LayerView, Layers, Method, MethodKeys,
    MethodRow, NewWeights, OutsideLayer, TopologyUpdate, positions,
};
use crate::cost::Flops;
use crate::error::SparseError;
use crate::keys::{KeyError, to_value};
use crate::layers::Shape;
use crate::memory::{CHOICE, LayerMemory, MethodMemory, REWIRING};
use crate::optim::Moments;
use crate::section::Section;
use crate::seed::Rng;
use crate::topology::{Csr, Topology};

/// The row of [`TopKast`].
pub static ROW: MethodRow = MethodRow::of::<TopKast>(
    "top_kast",
    "the largest weights are active, a larger set trains and competes (Jayakumar et al. 2020)",
)
.draws_dense();

/// What is chosen about Top-KAST. The defaults are not from its paper.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TopKast {
    /// `N`: gradient steps from one choice of the sets to the next.
    #[schemars(range(min = 1))]
    pub update_every_gradient_steps: u64,
    /// Sparsity of the backward set, at most that of the network; left out, the backward set is twice as
    /// large as the forward set.
    #[schemars(range(min = 0.0), extend("exclusiveMaximum" = 1.0))]
    pub backward_sparsity: Option<f64>,
    /// `λ` of the penalty `½ λ (Σ_A θ² + 1/D Σ_{B∖A} θ²)`, `D` being the layer's forward density.
    #[schemars(range(min = 0.0))]
    pub exploration_penalty: f64,
}

impl Default for TopKast {
    fn default() -> Self {
        Self {
            update_every_gradient_steps: 100,
            backward_sparsity: None,
            exploration_penalty: 1e-4,
        }
    }
}

impl MethodKeys for TopKast {
    fn row(&self) -> &'static MethodRow {
        &ROW
    }

    fn to_value(&self) -> Value {
        to_value(self)
    }

    fn build(&self, run: &Horizon) -> Result<Box<dyn Method>, KeyError> {
        let twice = (1.0 - 2.0 * (1.0 - run.sparsity)).max(0.0);
        let backward_sparsity = self.backward_sparsity.unwrap_or(twice);
        if backward_sparsity > run.sparsity {
            return Err(KeyError::new(
                "backward_sparsity",
                backward_sparsity,
                format!("at most sparsity = {}", run.sparsity),
                "the backward set holds the forward set and more",
            ));
        }
        Ok(Box::new(TopKastState {
            every: self.update_every_gradient_steps,
            backward_sparsity,
            layers: Vec::new(),
            set: BackwardSet::new(self.exploration_penalty),
        }))
    }
}

/// Top-KAST in training: everything outside the forward sets of one network.
#[derive(Clone, Debug)]
struct TopKastState {
    every: u64,
    backward_sparsity: f64,
    layers: Vec<LayerSets>,
    /// `B ∖ A`, layer by layer.
    set: BackwardSet,
}

/// One layer's `θ` and sets.
#[derive(Clone, Debug)]
struct LayerSets {
    blocks: Blocks,
    /// Blocks of `A` and of `B`.
    sizes: [usize; 2],
    /// One for each position; those of `B` are out of date between refreshes.
    theta: Vec<f32>,
    inner: Arc<Topology>,
    outer: Arc<Topology>,
}

impl LayerSets {
    /// The sets of `sizes = [|A|, |B|]` blocks in a `rows × cols` layer of `theta (rows · cols)`.
    fn new(
        rows: usize,
        cols: usize,
        blocks: Blocks,
        sizes: [usize; 2],
        theta: Vec<f32>,
    ) -> Result<Self, SparseError> {
        let nothing = Arc::new(Topology::new(rows, cols, &[])?);
        let mut sets = Self { blocks, sizes, theta, inner: nothing.clone(), outer: nothing };
        sets.choose()?;
        Ok(sets)
    }

    /// `A`, and its values.
    fn forward(&self) -> (Arc<Topology>, Vec<f32>) {
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

    /// Takes back `θ` and `B ∖ A` beside the layer's topology, which is `A`.
    fn load(&mut self, from: &Section, inner: &Arc<Topology>) -> Result<(), SparseError> {
        let (rows, cols) = (inner.rows(), inner.cols());
        let theta = from.f32_of("theta", rows * cols)?;
        let saved = from.u32("outer")?;
        let misfit =
            |found: &str| from.misfit("outer", "what trains beside the active weights", found);
        let outer =
            Topology::new(rows, cols, &saved).map_err(|error| misfit(&error.to_string()))?;
        let active: HashSet<u32> = inner.positions().collect();
        if saved.iter().any(|position| active.contains(position)) {
            return Err(misfit("active ones"));
        }
        let [forward, backward] = self.sizes.map(|size| size * self.blocks.size());
        if inner.nnz() != forward || outer.nnz() != backward - forward {
            return Err(misfit(&format!("{} beside {}", outer.nnz(), inner.nnz())));
        }
        (self.theta, self.inner, self.outer) = (theta, inner.clone(), Arc::new(outer));
        Ok(())
    }

    fn choose(&mut self) -> Result<(), SparseError> {
        let (rows, cols) = (self.inner.rows(), self.inner.cols());
        let scores = self.blocks.dense_sums(self.theta.iter().map(|theta| theta.abs()));
        let candidates: Vec<_> = (0..).zip(scores).collect();
        let [forward, backward] = self.sizes.map(|size| self.blocks.largest(&candidates, size));
        // Chosen by the same scores, the smaller set lies within the larger.
        let mut inner = forward.iter().peekable();
        let outer = backward.into_iter().filter(|unit| inner.next_if_eq(&unit).is_none()).collect();
        let topology =
            |blocks| Topology::new(rows, cols, &self.blocks.positions(blocks)).map(Arc::new);
        (self.inner, self.outer) = (topology(forward.clone())?, topology(outer)?);
        Ok(())
    }
}

impl TopKastState {
    /// `B ∖ A` of each layer, pulled by `λ/D`.
    fn outside(&self) -> Vec<OutsideLayer> {
        let penalty = self.set.penalty();
        let one = |LayerSets { blocks, sizes: [forward, _], outer, .. }: &LayerSets| OutsideLayer {
            topology: outer.clone(),
            pull: (penalty * blocks.all() as f64 / *forward as f64) as f32,
        };
        self.layers.iter().map(one).collect()
    }

    /// `θ` of each layer on `B ∖ A`.
    fn outside_values(&self) -> Vec<f32> {
        self.layers.iter().flat_map(|sets| sets.values(&sets.outer)).collect()
    }

    /// Chooses both sets anew.
    fn refresh(&mut self, layers: &[LayerView<'_>]) -> Result<Vec<TopologyUpdate>, SparseError> {
        let mut next = Moments::default();
        let (mut start, mut all) = (0, Vec::new());
        for (sets, layer) in self.layers.iter_mut().zip(layers) {
            let part = start..start + sets.outer.nnz();
            start = part.end;
            sets.store(false, layer.values);
            sets.store(true, &self.set.values[part.clone()]);
            let outer_moments =
                [0, 1].map(|k| self.set.moments.0[k].get(part.clone()).unwrap_or(&[]));
            let (old_inner, old_outer) = (sets.inner.clone(), sets.outer.clone());
            sets.choose()?;
            let from =
                |old: &Topology, new: &Arc<Topology>| TopologyUpdate::between(old, new.clone());

            let update = from(&old_inner, &sets.inner);
            let entered = from(&old_outer, &sets.inner);
            let moments = outer_moments.map(|old| match old {
                [] => Vec::new(),
                old => update.grown(entered.remap(old)).collect(),
            });
            let values = update.grown(sets.values(&sets.inner)).collect();
            all.push(update.starting(NewWeights { values, moments }));

            let (left, stayed) = (from(&old_inner, &sets.outer), from(&old_outer, &sets.outer));
            for (k, next) in next.0.iter_mut().enumerate() {
                if let (inner @ [_, ..], outer) = (layer.moments[k], outer_moments[k]) {
                    // A position comes from one of the two, and the other gives 0.
                    let pairs = left.remap(inner).zip(stayed.remap(outer));
                    next.extend(pairs.map(|(inner, outer)| inner + outer));
                }
            }
        }
        let (outside, values) = (self.outside(), self.outside_values());
        self.set.replace(outside, values, next);
        Ok(all)
    }
}

impl Method for TopKastState {
    fn start(&mut self, layer: LayerStart<'_>) -> Result<(Arc<Topology>, Vec<f32>), SparseError> {
        let LayerStart { spec, blocks, share, trained, .. } = layer;
        let [rows, cols] = spec.weights();
        let theta = spec.draw(&Topology::dense(rows, cols)?, layer.init);
        let sizes = [share.nnz, trained.nnz].map(|nnz| nnz / blocks.size());
        let sets = LayerSets::new(rows, cols, blocks, sizes, theta)?;
        let forward = sets.forward();
        self.layers.push(sets);
        self.set.replace(self.outside(), self.outside_values(), Moments::default());
        Ok(forward)
    }

    fn before(
        &mut self,
        at: At,
        layers: &Layers<'_>,
    ) -> Result<Option<Vec<TopologyUpdate>>, SparseError> {
        if at.step == 0 || !at.step.is_multiple_of(self.every) {
            return Ok(None);
        }
        self.refresh(&layers.views()?).map(Some)
    }

    fn ask(&mut self, _: At, _: &Layers<'_>, _: &mut Rng) -> Result<Ask, SparseError> {
        Ok(Ask::Outside(self.set.topologies().cloned().collect()))
    }

    fn backward_set(&mut self) -> Option<&mut BackwardSet> {
        Some(&mut self.set)
    }

    fn trained_outside(&self, l: usize) -> usize {
        self.layers.get(l).map_or(0, |sets| sets.outer.nnz())
    }

    fn bytes(&self, l: usize, _: &Shape) -> usize {
        let of = |sets: &LayerSets| sets.theta.len() * size_of::<f32>() + sets.outer.bytes();
        self.layers.get(l).map_or(0, of)
    }

    fn save(&self, to: &mut Section) -> Result<(), SparseError> {
        for (l, sets) in self.layers.iter().enumerate() {
            to.put_f32(format!("{l}/theta"), &sets.theta);
            to.put_u32(format!("{l}/outer"), &positions(&sets.outer));
        }
        self.set.save(to);
        Ok(())
    }

    fn load(&mut self, from: &Section, layers: &Layers<'_>) -> Result<(), SparseError> {
        for ((l, sets), layer) in self.layers.iter_mut().enumerate().zip(layers.views()?) {
            sets.load(&from.part(&l.to_string()), layer.topology)?;
        }
        let outside = self.outside();
        self.set.load(from, outside)
    }

    fn backward_sparsity(&self) -> Option<f64> {
        Some(self.backward_sparsity)
    }

    fn memory(&self, layer: &LayerMemory) -> MethodMemory {
        let (rows, cols) = (layer.size() / layer.shape.cols().max(1), layer.shape.cols());
        let outside = Csr::bytes(rows, cols, layer.trained - layer.active);
        MethodMemory {
            // The value of every position, beside a network of the size of the backward set.
            values: layer.values(layer.trained) + layer.size(),
            passing: REWIRING * layer.trained + CHOICE * layer.size(),
            structure: 2 * layer.structure(layer.active) + 2 * layer.structure(layer.trained),
            kept: layer.size() * size_of::<f32>() + outside,
            probes: false,
        }
    }

    /// `2 f_S + f_B`, `f_B` being a forward pass of all trained weights.
    fn training_flops(&self, Flops { sparse, trained, .. }: Flops, steps: u64) -> f64 {
        (2.0 * sparse + trained) * steps as f64
    }
}

#[cfg(test)]
mod tests;
