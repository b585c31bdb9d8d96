//! Multi-layer perceptrons: ReLU layers `hidden.0`, `hidden.1`, … and a linear `head`.

use sparring_sparse::config::{Method, SparsityConfig};
use sparring_sparse::topology::Csr;
use sparring_sparse::trainer::shares;
use sparring_sparse::{Activation, Init, LayerCost, LayerSpec, SparseError};

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

/// `(batch, inputs) → (batch, outputs)` through layers of widths `hidden`, whose weights have the L2
/// penalty `weight_decay`; the head has none.
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

/// The network `specs` at its final sparsity, and the bytes that it takes at its largest with Adam's
/// moments and gradient and, where `target`, a target network.
pub fn estimate(
    name: &str,
    specs: &[LayerSpec],
    sparsity: &SparsityConfig,
    target: bool,
) -> Result<(NetworkSummary, u64), AgentError> {
    for &LayerSpec { inputs, outputs, .. } in specs {
        // Before anything multiplies them.
        if inputs.checked_mul(outputs).is_none_or(|size| u32::try_from(size).is_err()) {
            return Err(SparseError::TooLarge { rows: outputs, cols: inputs }.into());
        }
    }
    let shares = shares(specs, sparsity)?;
    let float = size_of::<f32>();
    let copies = if target { 5 } else { 4 };
    let (mut layers, mut bytes) = (Vec::new(), 0);
    for (at, (spec, share)) in specs.iter().zip(shares).enumerate() {
        let size = spec.inputs * spec.outputs;
        let cost = LayerCost::linear(spec.inputs, spec.outputs, share.nnz, at == 0);
        layers.push(LayerSummary { name: spec.name.clone(), cost });
        let csr = |nnz| if nnz < size { Csr::bytes(spec.outputs, spec.inputs, nnz) } else { 0 };
        bytes += copies * spec.outputs * float;
        bytes += match sparsity.method {
            Method::Dense => copies * size * float,
            Method::Static => copies * share.nnz * float + csr(share.nnz),
            // While rewiring, old and new stand side by side.
            Method::Set(_) => (copies + 3) * share.nnz * float + 2 * csr(share.nnz),
            // The dense gradient with its zeros and scores, on top.
            Method::Rigl(_) => {
                (copies + 3) * share.nnz * float + 2 * csr(share.nnz) + 5 * size * float
            }
            // From dense, by way of a topology that is nearly full.
            Method::Pruning(_) => (copies + 3) * size * float + 2 * csr(size - 1),
        };
    }
    Ok((NetworkSummary { name: name.into(), layers }, bytes as u64))
}
