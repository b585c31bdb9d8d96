//! What a method does in training, and what it is shown.

use std::fmt::Debug;
use std::sync::Arc;

use super::{At, BackwardSet, Blocks, Layers, Order, TopologyUpdate};
use crate::cost::Flops;
use crate::distribution::Share;
use crate::error::SparseError;
use crate::init::sparsity_aware;
use crate::layers::{LayerSpec, Shape};
use crate::memory::{LayerMemory, MethodMemory};
use crate::section::Section;
use crate::seed::Rng;
use crate::topology::Topology;

/// A method in training: it owns what it remembers from step to step.
///
/// In gradient step `t` it is called in this order: [`before`](Self::before) the forward pass,
/// [`ask`](Self::ask) for the gradients that it needs, and, if it asked,
/// [`update`](Self::update) with them.
pub trait Method: Debug + Send {
    /// Whether training starts from a network in which every weight is active.
    fn starts_dense(&self) -> bool {
        false
    }

    /// The topology and weights that a layer starts from; by default random ones of the layer's share.
    ///
    /// # Errors
    /// What no topology can be.
    fn start(&mut self, layer: LayerStart<'_>) -> Result<(Arc<Topology>, Vec<f32>), SparseError> {
        match self.starts_dense() {
            true => layer.dense(),
            false => layer.random(),
        }
    }

    /// Whether step `at` is the optimiser's alone: neither [`before`](Self::before) nor [`ask`](Self::ask) would do
    /// anything. Such a step may be taken where the method cannot look on, which it is not told of.
    fn rests(&self, _: At) -> bool {
        false
    }

    /// A change before the forward pass of the step.
    ///
    /// # Errors
    /// What no topology can be.
    fn before(
        &mut self,
        _: At,
        _: &Layers<'_>,
    ) -> Result<Option<Vec<TopologyUpdate>>, SparseError> {
        Ok(None)
    }

    /// What it wants to know of the step's minibatch.
    ///
    /// # Errors
    /// What no topology can be.
    fn ask(&mut self, _: At, _: &Layers<'_>, _: &mut Rng) -> Result<Ask, SparseError> {
        Ok(Ask::Nothing)
    }

    /// The change that it chooses by the gradients that it asked for, one a layer.
    ///
    /// # Errors
    /// What no topology can be.
    fn update(
        &mut self,
        _: At,
        _: &Layers<'_>,
        _: &[LayerGrads<'_>],
        _: &mut Rng,
    ) -> Result<Option<Vec<TopologyUpdate>>, SparseError> {
        Ok(None)
    }

    /// Where its [`update`](Self::update) stands beside the optimiser's step.
    fn order(&self) -> Order {
        Order::BeforeStep
    }

    /// Weights outside the network that train with it.
    fn backward_set(&mut self) -> Option<&mut BackwardSet> {
        None
    }

    /// Weights of layer `l` that train outside the network.
    fn trained_outside(&self, _l: usize) -> usize {
        0
    }

    /// Bytes that it keeps now for layer `l`, of this shape, beside weights and moments.
    fn bytes(&self, _l: usize, _shape: &Shape) -> usize {
        0
    }

    /// The sparsity that the distribution spreads, where the config chose `sparsity`.
    fn target(&self, sparsity: f64) -> f64 {
        sparsity
    }

    /// Active blocks of a layer at `sparsity`: as the distribution rounds.
    fn active_blocks(&self, blocks: &Blocks, sparsity: f64) -> usize {
        blocks.all() - (sparsity * blocks.all() as f64).floor() as usize
    }

    /// Sparsity of the set that trains, where it is another than the network's.
    fn backward_sparsity(&self) -> Option<f64> {
        None
    }

    /// Writes down what it remembers from step to step; topologies, weights and moments of the network are
    /// written by others.
    ///
    /// # Errors
    /// What cannot be written.
    fn save(&self, _: &mut Section) -> Result<(), SparseError> {
        Ok(())
    }

    /// Takes back what [`save`](Self::save) wrote. It was built by the same keys for a network of the same
    /// sizes, of which `layers` are as they were when it was saved.
    ///
    /// # Errors
    /// What is missing, and what does not fit these layers.
    fn load(&mut self, _: &Section, _layers: &Layers<'_>) -> Result<(), SparseError> {
        Ok(())
    }

    /// Memory of one layer in training, from `layer`'s numbers.
    fn memory(&self, layer: &LayerMemory) -> MethodMemory;

    /// Operations that `steps` gradient steps take by the model of [`crate::cost`], a sample each.
    fn training_flops(&self, flops: Flops, steps: u64) -> f64 {
        3.0 * flops.sparse * steps as f64
    }
}

/// What a method wants to know of a step's minibatch. All but [`Self::Nothing`] and [`Self::Outside`] are
/// followed by [`Method::update`].
#[derive(Debug)]
pub enum Ask {
    /// Nothing.
    Nothing,
    /// The gradient of the active weights.
    Active,
    /// The gradient of all weights.
    Dense,
    /// Nothing: it has chosen, and the optimiser needs the gradient of what will grow.
    Planned(Vec<TopologyUpdate>),
    /// The gradient of its [`Method::backward_set`], one pattern a layer.
    Outside(Vec<Arc<Topology>>),
}

/// The gradients of one layer.
#[derive(Clone, Copy, Debug)]
pub struct LayerGrads<'a> {
    /// On the active weights, `(nnz)`.
    pub active: &'a [f32],
    /// On all weights, `(rows · cols)`, where they were asked for; else nothing.
    pub dense: &'a [f32],
}

/// Draws the start of one layer.
pub struct LayerStart<'a> {
    /// What the layer shall be.
    pub spec: &'a LayerSpec,
    /// What comes and goes as one.
    pub blocks: Blocks,
    /// What is active.
    pub share: Share,
    /// What trains; as `share`, unless the method trains more.
    pub trained: Share,
    /// Whether weights are drawn by the active fan of each unit.
    pub sparsity_aware_init: bool,
    /// For weights.
    pub init: &'a mut Rng,
    /// For topologies.
    pub positions: &'a mut Rng,
}

impl LayerStart<'_> {
    /// Every weight active.
    ///
    /// # Errors
    /// A layer that is too large to index.
    pub fn dense(self) -> Result<(Arc<Topology>, Vec<f32>), SparseError> {
        let [rows, cols] = self.spec.weights();
        let topology = Topology::dense(rows, cols)?;
        let weights = self.spec.draw(&topology, self.init);
        Ok((Arc::new(topology), weights))
    }

    /// Exactly as many active weights as the layer's share, as many in every group of the pattern, every
    /// choice of blocks equally likely.
    ///
    /// # Errors
    /// A layer that is too large to index.
    pub fn random(self) -> Result<(Arc<Topology>, Vec<f32>), SparseError> {
        let chosen = self.blocks.random(self.share.nnz / self.blocks.size(), self.positions);
        let [rows, cols] = self.spec.weights();
        let topology = Topology::new(rows, cols, &self.blocks.positions(chosen))?;
        let weights = match self.sparsity_aware_init {
            true => sparsity_aware(&topology, self.spec.fans(), self.init),
            false => self.spec.draw(&topology, self.init),
        };
        Ok((Arc::new(topology), weights))
    }
}
