//! What a block of experts keeps from a forward pass for its backward pass.

use std::ops::Range;

use super::expert::{Expert, rows};
use super::gate::Gate;
use super::routes::Routes;
use super::tokens::Standing;
use crate::kernels::{Buffer, Lanes};
use crate::nodes::NetworkPlan;
use crate::routing::soft::Mixture;
use crate::routing::{Block, Load, Member, Runs};

/// The memory of one block, used again and again.
#[derive(Debug)]
pub(in super::super) struct RoutedMemory {
    /// What its router did, where the pass trains.
    pub load: Option<Load>,
    /// Where all tokens stand.
    pub(super) standing: Standing,
    pub(super) gate: Gate,
    /// `P (tokens, experts)`.
    pub(super) gates: Vec<f32>,
    /// The sum of their entropies, in nats.
    pub(super) entropy: f64,
    /// The load loss and its gradient by the logits, `(tokens, experts)`, of logits with noise.
    pub(super) imbalance: Option<(f64, Vec<f32>)>,
    /// `(tokens, k)`.
    pub(super) chosen: Vec<Option<u32>>,
    pub(super) mixture: Mixture,
    /// The features that tokens are of, `(batch, features)`, of a router that mixes.
    pub(super) rows: Vec<f32>,
    pub(super) experts: Vec<Expert>,
    /// Of tokens to the rows of experts, of a router that chooses.
    pub(super) routes: Routes,
    /// What experts read and give, one after the other.
    pub(super) x: Buffer,
    pub(super) y: Buffer,
    /// The gradient of what they give, and then of what they read.
    pub(super) gradient: Buffer,
}

impl RoutedMemory {
    /// Nothing yet.
    pub fn of(block: &Block) -> Self {
        let [x, y, gradient] = [(); 3].map(|()| Lanes::new(0).zeros(0));
        Self {
            load: None,
            standing: Standing::of(block, Lanes::new(0)),
            gate: Gate::default(),
            gates: Vec::new(),
            entropy: 0.0,
            imbalance: None,
            chosen: Vec::new(),
            mixture: Mixture::default(),
            rows: Vec::new(),
            experts: (0..block.routing.experts).map(|_| Expert::default()).collect(),
            routes: Routes::default(),
            x,
            y,
            gradient,
        }
    }

    /// What a layer of the block gave, row by row.
    pub fn handed_on(&self, member: Member) -> Vec<f32> {
        match member {
            Member::Router => self.gate.logits(),
            Member::Expert { expert, layer: 0 } => self.experts[expert].hidden(),
            Member::Expert { expert, .. } => {
                let (lanes, parts) = (self.experts[expert].lanes, self.parts());
                rows(lanes, &self.y[parts[expert].clone()])
            }
        }
    }
}

impl RoutedMemory {
    /// Looks for the tokens of a batch of `lanes`.
    pub(super) fn stand(&mut self, block: &Block, lanes: Lanes) {
        if self.standing.lanes != lanes {
            self.standing = Standing::of(block, lanes);
        }
    }

    /// Gives experts so many `rows` of `size` numbers each, with room for what they read and give.
    pub(super) fn share_out(&mut self, rows: impl Iterator<Item = usize>, size: usize) {
        let mut width = 0;
        for (expert, rows) in self.experts.iter_mut().zip(rows) {
            expert.lanes = Lanes::new(rows);
            width += expert.lanes.width();
        }
        for any in [&mut self.x, &mut self.y, &mut self.gradient] {
            any.resize(width * size, 0.0);
        }
    }

    /// The slots of each expert.
    pub(super) fn parts(&self) -> Vec<Range<usize>> {
        let width: usize = self.experts.iter().map(|expert| expert.lanes.width()).sum();
        let size = self.x.len().checked_div(width).unwrap_or(0);
        let mut end = 0;
        let part = |expert: &Expert| {
            let start = end;
            end += size * expert.lanes.width();
            start..end
        };
        self.experts.iter().map(part).collect()
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
