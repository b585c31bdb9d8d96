//! The walk over the nodes of a network, forward and back.

use std::sync::Arc;

use candle_core::{Result, Tensor, bail};

use super::layer::{CpuLayer, Held};
use super::planes::zeros;
use super::routed::{self, Back, Seen, With};
use super::shared::{Shared, numbers};
use super::tape::Memory;
use crate::attention::Attention;
use crate::backend::{Forward, Gradients, Tape, Wanted};
use crate::ctx::Ctx;
use crate::kernels::{Below, Lanes, Par, Pass, Sides, View, ViewMut, activation, norm, pool};
use crate::layers::Activation;
use crate::nodes::{HandedOn, NetworkPlan, Op};
use crate::topology::Topology;

/// One use of a network.
pub(super) struct CpuTape {
    pub shared: Arc<Shared>,
    pub layers: Arc<[CpuLayer]>,
    pub par: Par,
    /// A probe's, one a layer, or none.
    pub patterns: Arc<[Arc<Topology>]>,
    /// Of each sample, once they were told.
    pub losses: Vec<f32>,
    /// Given back in the end.
    pub memory: Option<Memory>,
}

impl CpuTape {
    /// The pass over `x (batch, in)`.
    pub fn forward(mut self, x: &[f32], params: &[f32], ctx: &mut Ctx<'_>) -> Result<Forward> {
        let shared = self.shared.clone();
        let Shared { plan, planes, pool: free } = &*shared;
        let width = plan.input().size().max(1);
        let batch = x.len() / width;
        check(plan, ctx, batch)?;
        let lanes = match (plan.attentions().first(), &ctx.cache) {
            (Some(of), None) => Lanes::of_sequences(batch, of.tokens),
            (None, _) if self.takes_rows() => Lanes::rows(batch),
            (None, _) | (_, Some(_)) => Lanes::new(batch),
        };
        let mut memory = free.take(lanes, plan, planes);
        let Memory { lanes, activations, weights, blocks, attentions, scratch, .. } = &mut memory;
        let (pass, mut flops) = (Pass { lanes: *lanes, par: self.par }, 0);
        planes[0].plane.from_rows(*lanes, x, &mut activations[0]);
        for (n, node) in plan.nodes().iter().enumerate() {
            let (before, after) = activations.split_at_mut(n);
            let plane = &planes[n].plane;
            let y = ViewMut { data: &mut after[0], plane };
            let input = |i: usize| {
                let at = node.inputs[i];
                View { data: &before[at], plane: &planes[at].plane }
            };
            match node.op {
                Op::Input => {}
                Op::Layer(l) => {
                    let layer = &self.layers[l];
                    layer.forward(params, &mut weights[n], pass, scratch, input(0).data, y);
                    flops += layer.of().flops(batch);
                }
                Op::MaxPool(max_pool) => pool::forward(&max_pool, pass, input(0), y),
                Op::Relu => {
                    plane.copy(*lanes, input(0), y.data);
                    let size = y.data.len();
                    activation::apply(node.activation, &[0.0], size, y.data);
                }
                Op::Add => {
                    plane.copy(*lanes, input(0), y.data);
                    plane.add(*lanes, input(1), y.data);
                }
                Op::LayerNorm { layer, number } => {
                    let params = &params[self.layers[layer].of().norm(number)];
                    norm::forward(*lanes, params, input(0).data, y.data);
                }
                Op::Attention(number) => {
                    let (of, memory) = (plan.attentions()[number], &mut attentions[number]);
                    let (x, y) = (input(0).data, y.data);
                    flops += match ctx.cache.as_deref_mut() {
                        Some(cache) => memory.forward_cached(of, (*lanes, number), cache, x, y),
                        None => memory.forward(of, *lanes, x, y),
                    };
                }
                Op::Routed(b) => {
                    let (block, layers) = (&plan.blocks()[b], &*self.layers);
                    let with = With { block, layers, params, par: self.par };
                    let seen = Seen { lanes: *lanes, rows: x, width };
                    let (through, rng) = ((input(0), y), ctx.rng.as_deref_mut());
                    flops += routed::forward(with, &mut blocks[b], scratch, through, seen, rng);
                    let load = blocks[b].load.as_ref();
                    ctx.auxiliary += load.map_or(0.0, |load| block.routing.balance.of(load));
                }
            }
        }
        let last = plan.last();
        let mut output = vec![0.0; batch * plan.output().size()];
        planes[last].plane.to_rows(*lanes, &activations[last], &mut output);
        if let Some(cache) = ctx.cache.as_deref_mut() {
            cache.grow(batch / cache.sequences());
        }
        self.memory = Some(memory);
        ctx.executed.forward += flops;
        Ok(Forward { output, tape: Box::new(self) })
    }

    /// Whether the batch stands in rows: where nothing but small dense layers follow each other.
    fn takes_rows(&self) -> bool {
        let plain = |op: &Op| matches!(op, Op::Input | Op::Layer(_));
        self.layers.iter().all(CpuLayer::takes_rows)
            && self.shared.plan.nodes().iter().all(|node| plain(&node.op))
    }

    fn memory(&self) -> Result<&Memory> {
        match &self.memory {
            Some(memory) => Ok(memory),
            None => bail!("a pass of a network came before its forward pass"),
        }
    }

    fn gradients(&mut self, params: &[f32], grad: &[f32], wanted: Wanted) -> Result<Gradients> {
        let Some(memory) = &mut self.memory else {
            bail!("the backward pass of a network came before its forward pass");
        };
        let Memory { lanes, activations, gradients, weights, blocks, attentions, scratch } = memory;
        let Shared { plan, planes, .. } = &*self.shared;
        if gradients.is_empty() {
            *gradients = zeros(*lanes, planes, |node| node.gradient);
        }
        let (lanes, last, mut flops) = (*lanes, plan.last(), 0);
        let pass = Pass { lanes, par: self.par };
        let mut params_grad = vec![0.0; if wanted.params { params.len() } else { 0 }];
        let mut probes = vec![Vec::new(); self.patterns.len()];
        planes[last].gradient.from_rows(lanes, grad, &mut gradients[last]);
        for (n, node) in plan.nodes().iter().enumerate().rev() {
            let Some(&below) = node.inputs.first() else { continue };
            let (before, after) = gradients.split_at_mut(n);
            let (dy, later) = after.split_at_mut(1);
            let (dy, here) = (&mut dy[0], &planes[n]);
            for sum in &here.added_to {
                let data = &later[sum - n - 1];
                here.gradient.add(lanes, View { data, plane: &planes[*sum].gradient }, dy);
            }
            let y = View { data: &activations[n], plane: &here.plane };
            if here.fused.is_none() {
                here.gradient.chain(lanes, node.activation, y, dy);
            }
            let x = View { data: &activations[below], plane: &planes[below].plane };
            let dx = ViewMut { data: &mut before[below], plane: &planes[below].gradient };
            let dy = View { data: dy, plane: &here.gradient };
            match node.op {
                Op::Input => {}
                Op::Layer(l) => {
                    let (layer, batch) = (&self.layers[l], lanes.batch());
                    let sides = Sides { dy: dy.data, x: x.data };
                    if wanted.params {
                        layer.param_grad(pass, scratch, sides, &mut params_grad);
                        flops += layer.of().flops(batch);
                    }
                    if let Some(pattern) = self.patterns.get(l) {
                        let probed = layer.probe_grad(pattern, pass, scratch, sides);
                        probes[l] = probed.map_err(candle_core::Error::wrap)?;
                        flops += layer.probe_flops(pattern, lanes);
                    }
                    if below > 0 || wanted.input {
                        let activation = planes[below].fused.unwrap_or(Activation::Identity);
                        let below = Below { activation, y: x.data };
                        let held = Held { params, all: weights[n].values() };
                        layer.input_grad(held, below, pass, scratch, dy.data, dx);
                        flops += layer.of().flops(batch);
                    }
                }
                Op::MaxPool(max_pool) => pool::backward(&max_pool, pass, x, y, dy, dx),
                Op::LayerNorm { layer, number } => {
                    let own = self.layers[layer].of().norm(number);
                    let grads = if wanted.params { &mut params_grad[own.clone()] } else { &mut [] };
                    let sides = Sides { dy: dy.data, x: x.data };
                    norm::backward(lanes, &params[own], sides, grads, dx.data);
                }
                Op::Routed(b) => {
                    let (block, layers) = (&plan.blocks()[b], &*self.layers);
                    let with = With { block, layers, params, par: self.par };
                    let (grads, patterns) = (&mut *params_grad, &*self.patterns);
                    let probes = &mut *probes;
                    let mut back = Back { grads, patterns, probes, scratch, flops: 0 };
                    let by = (lanes, self.losses.as_slice());
                    routed::backward(with, &mut blocks[b], x, (dy, dx), by, &mut back)
                        .map_err(candle_core::Error::wrap)?;
                    flops += back.flops;
                }
                Op::Attention(number) => {
                    let of = plan.attentions()[number];
                    let sides = (x.data, dy.data);
                    flops += attentions[number].backward(of, lanes, sides, dx.data);
                }
                // What a sum adds besides is reached from there.
                Op::Relu | Op::Add => dx.plane.copy(lanes, dy, dx.data),
            }
        }
        let mut input = Vec::new();
        if wanted.input {
            input.resize(lanes.batch() * plan.input().size(), 0.0);
            planes[0].gradient.to_rows(lanes, &gradients[0], &mut input);
        }
        let loads = blocks.iter().filter_map(|block| block.load.clone()).collect();
        Ok(Gradients { input, params: params_grad, probe: probes.concat(), loads, flops })
    }
}

/// Whether attention finds whole sequences in a batch, or what a cache goes on with.
fn check(plan: &NetworkPlan, ctx: &mut Ctx<'_>, batch: usize) -> Result<()> {
    match ctx.cache.as_deref_mut() {
        Some(cache) => {
            cache.of(plan.attentions().len());
            let (sequences, causal) = (cache.sequences(), |of: &Attention| of.sees.is_causal());
            if sequences == 0 || !batch.is_multiple_of(sequences) {
                bail!("{batch} new tokens for {sequences} cached sequences: as many for each");
            }
            if !plan.attentions().iter().all(causal) {
                bail!("a cache of attention that is not causal: later tokens change it");
            }
        }
        None => {
            let cut = |of: &&Attention| !batch.is_multiple_of(of.tokens);
            if let Some(Attention { tokens, .. }) = plan.attentions().iter().find(cut) {
                bail!("a batch of {batch} tokens, where sequences have {tokens}");
            }
        }
    }
    Ok(())
}

impl Tape for CpuTape {
    fn activations(&self) -> Result<Vec<Vec<f32>>> {
        let (Memory { lanes, activations, blocks, .. }, Shared { plan, planes, .. }) =
            (self.memory()?, &*self.shared);
        let rows = plan.handed_on().into_iter().map(|handed_on| match handed_on {
            HandedOn::Node(n) => {
                let plane = &planes[n].plane;
                let mut rows = vec![0.0; lanes.batch() * plane.size()];
                plane.to_rows(*lanes, &activations[n], &mut rows);
                rows
            }
            HandedOn::Within(b, member) => blocks[b].handed_on(member),
        });
        Ok(rows.collect())
    }

    fn tell_losses(&mut self, losses: &[f32]) {
        self.losses = losses.to_vec();
    }

    fn backward(&mut self, params: &Tensor, grad: &[f32], wanted: Wanted) -> Result<Gradients> {
        numbers(params, |params| self.gradients(params, grad, wanted))
    }
}

impl Drop for CpuTape {
    fn drop(&mut self) {
        if let Some(memory) = self.memory.take() {
            self.shared.pool.give(memory);
        }
    }
}
