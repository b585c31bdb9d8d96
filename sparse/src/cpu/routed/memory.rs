//! What a block of experts keeps from a forward pass for its backward pass.

use super::expert::Expert;
use super::gate::Gate;
use super::tokens::Place;
use crate::nodes::NetworkPlan;
use crate::routing::soft::Mixture;
use crate::routing::{Block, Load, Member, Runs};

/// The memory of one block, used again and again.
#[derive(Debug)]
pub(in super::super) struct RoutedMemory {
    /// What its router did, where the pass trains.
    pub load: Option<Load>,
    /// Where all tokens stand.
    pub(super) places: Vec<Place>,
    pub(super) gate: Gate,
    /// `P (tokens, experts)`.
    pub(super) gates: Vec<f32>,
    /// `(tokens, k)`.
    pub(super) chosen: Vec<Option<u32>>,
    pub(super) mixture: Mixture,
    /// The features that tokens are of, `(batch, features)`, of a router that mixes.
    pub(super) rows: Vec<f32>,
    pub(super) experts: Vec<Expert>,
}

impl RoutedMemory {
    /// Nothing yet.
    pub fn of(block: &Block) -> Self {
        Self {
            load: None,
            places: Vec::new(),
            gate: Gate::default(),
            gates: Vec::new(),
            chosen: Vec::new(),
            mixture: Mixture::default(),
            rows: Vec::new(),
            experts: (0..block.routing.experts).map(|_| Expert::default()).collect(),
        }
    }

    /// What a layer of the block gave, row by row.
    pub fn handed_on(&self, member: Member) -> Vec<f32> {
        match member {
            Member::Router => self.gate.logits(),
            Member::Expert { expert, layer } => self.experts[expert].rows(layer),
        }
    }
}

/// Numbers that a block keeps for each sample, on the average.
pub(in super::super) fn floats(block: &Block, plan: &NetworkPlan) -> usize {
    let read = |layer: usize| {
        let Runs { times, samples } = plan.runs(layer);
        let shape = plan.shape(layer);
        // What the layer reads and what it gives, and the gradients of both.
        (2 * times * (shape.rows() + shape.cols())).div_ceil(samples)
    };
    (block.first..block.first + block.routing.layers()).map(read).sum()
}
