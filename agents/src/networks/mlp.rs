//! Multi-layer perceptrons: ReLU layers `hidden.0`, `hidden.1`, … and a linear `head`.

use sparring_sparse::config::{Method, SparsityConfig};
use sparring_sparse::topology::Csr;
use sparring_sparse::trainer::{backward_shares, shares};
use sparring_sparse::{
    Activation, ClipNorm, Init, LayerCost, LayerSpec, OptimizerConfig, SparseError,
};

use crate::agent::{LayerSummary, NetworkSummary};
use crate::error::AgentError;

/// Which weights and biases a network starts from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MlpInit {
    /// Weights of the hidden layers; their biases are 0.
    pub hidden: Init,
    /// Weights of the head.
    pub head: Init,
    /// Biases of the head.
    pub head_bias: f32,
}

/// `(batch, inputs) → (batch, outputs)` through layers of widths `hidden`, whose weights have the
/// decay `weight_decay`; the head has none.
pub fn mlp(
    inputs: usize,
    hidden: &[usize],
    outputs: usize,
    init: MlpInit,
    weight_decay: f64,
) -> Vec<LayerSpec> {
    let mut widths = vec![inputs];
    widths.extend(hidden);
    let layer = |(l, pair): (usize, &[usize])| LayerSpec {
        name: format!("hidden.{l}"),
        inputs: pair[0],
        outputs: pair[1],
        activation: Activation::Relu,
        init: init.hidden,
        bias: 0.0,
        weight_decay,
    };
    let mut specs: Vec<LayerSpec> = widths.windows(2).enumerate().map(layer).collect();
    specs.push(LayerSpec {
        name: "head".into(),
        inputs: widths[widths.len() - 1],
        outputs,
        activation: Activation::Identity,
        init: init.head,
        bias: init.head_bias,
        weight_decay: 0.0,
    });
    specs
}

/// The network `specs` at its final sparsity, and the bytes that it takes at its largest: weights,
/// structure, moments, gradients and, where `target`, a target network, with what stands beside them
/// for the time of a rewiring.
pub fn estimate(
    name: &str,
    specs: &[LayerSpec],
    sparsity: &SparsityConfig,
    optimizer: &OptimizerConfig,
    target: bool,
) -> Result<(NetworkSummary, u64), AgentError> {
    for &LayerSpec { inputs, outputs, .. } in specs {
        // Before anything multiplies them.
        if inputs.checked_mul(outputs).is_none_or(|size| u32::try_from(size).is_err()) {
            return Err(SparseError::TooLarge { rows: outputs, cols: inputs }.into());
        }
    }
    let shares = shares(specs, sparsity)?;
    let backward = match &sparsity.method {
        Method::TopKast(top_kast) => backward_shares(specs, sparsity, top_kast)?,
        _ => shares.clone(),
    };
    let moments = optimizer.rule.moments();
    // A gradient is there four times while candle adds it up (measured; see tests/memory.rs).
    let gradient = 4;
    let copies = 1 + moments + gradient + usize::from(target);
    // The probe of a dense gradient: its variable and a copy.
    let probe = 1 + gradient + 1;
    // Scores, candidates and keys of a choice among units.
    let choice = 1 + 2 + 2;
    // What is old and new side by side, where it comes from, and a choice.
    let rewiring = 12;
    let clips_dense = optimizer.max_grad_norm.is_some() && optimizer.clip_norm == ClipNorm::Dense;
    let (mut layers, mut bytes) = (Vec::new(), 0);
    for (at, ((spec, share), backward)) in specs.iter().zip(shares).zip(backward).enumerate() {
        let (size, nnz) = (spec.inputs * spec.outputs, share.nnz);
        let cost = LayerCost {
            trained: backward.nnz as u64,
            moments: moments as u64,
            ..LayerCost::linear(spec.inputs, spec.outputs, nnz, at == 0)
        };
        layers.push(LayerSummary { name: spec.name.clone(), cost });
        let csr = |nnz| if nnz < size { Csr::bytes(spec.outputs, spec.inputs, nnz) } else { 0 };
        let rewired = (copies + rewiring) * nnz;
        let (floats, structure) = match sparsity.method {
            Method::Dense => (copies * size, 0),
            Method::Static => (copies * nnz, csr(nnz)),
            Method::Set(_) => (rewired, 2 * csr(nnz)),
            Method::Rigl(_) => (rewired + (probe + choice) * size, 2 * csr(nnz)),
            // The average, on top.
            Method::Snfs(_) => (rewired + (probe + choice + 1) * size, 2 * csr(nnz)),
            // From dense, by way of a topology that may be nearly full.
            Method::Pruning(_) | Method::Snip => {
                ((copies + rewiring) * size, 2 * csr(size.saturating_sub(1)))
            }
            // The value of every position, beside a network of the size of the backward set.
            Method::TopKast(_) => {
                let sets = (copies + rewiring) * backward.nnz;
                (sets + (choice + 1) * size, 2 * csr(nnz) + 2 * csr(backward.nnz))
            }
        };
        let probes_anyway =
            matches!(sparsity.method, Method::Dense | Method::Rigl(_) | Method::Snfs(_));
        let clipping = if clips_dense && !probes_anyway { probe * size } else { 0 };
        bytes += (floats + clipping + copies * spec.outputs) * size_of::<f32>() + structure;
    }
    Ok((NetworkSummary { name: name.into(), layers }, bytes as u64))
}
