//! What a network will take, known before it is made.

use sparring_sparse::config::{Method, SparsityConfig};
use sparring_sparse::topology::Csr;
use sparring_sparse::trainer::{backward_shares, shares};
use sparring_sparse::{
    ClipNorm, Compute, LayerCost, LayerSpec, OptimizerConfig, SparseError, cpu, pass_floats,
};

use crate::error::AgentError;
use crate::summary::{LayerSummary, NetworkSummary};

/// Bytes of a network in training.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bytes {
    /// Weights, structure, moments, gradients, activations.
    pub lasting: u64,
    /// What stands beside them for the time of a rewiring.
    pub passing: u64,
}

impl Bytes {
    /// Of networks of which one rewires at a time.
    pub fn together(networks: &[Self]) -> u64 {
        let passing = networks.iter().map(|bytes| bytes.passing).max().unwrap_or(0);
        networks.iter().fold(passing, |sum, bytes| sum.saturating_add(bytes.lasting))
    }
}

/// The network `specs` at its final sparsity, and the bytes that it takes at its largest, with
/// a target network where `target`. `batches` are the samples of each set of activations, or of their
/// gradients, that is kept for the next pass.
pub fn estimate(
    name: &str,
    specs: &[LayerSpec],
    sparsity: &SparsityConfig,
    optimizer: &OptimizerConfig,
    target: bool,
    batches: &[usize],
) -> Result<(NetworkSummary, Bytes), AgentError> {
    for spec in specs {
        // Before anything multiplies them.
        let (rows, cols) = (spec.shape.rows(), spec.shape.cols());
        if rows.checked_mul(cols).is_none_or(|size| u32::try_from(size).is_err()) {
            return Err(SparseError::TooLarge { rows, cols }.into());
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
    let (mut layers, mut structure) = (Vec::new(), 0);
    let (mut floats, mut passing) = (pass_floats(specs, batches)?, 0usize);
    for (at, ((spec, share), backward)) in specs.iter().zip(shares).zip(backward).enumerate() {
        let (size, nnz) = (spec.shape.rows() * spec.shape.cols(), share.nnz);
        let method = match sparsity.method {
            Method::Snfs(_) => size * size_of::<f32>(),
            Method::TopKast(_) => {
                let outer = Csr::bytes(spec.shape.rows(), spec.shape.cols(), backward.nnz - nnz);
                size * size_of::<f32>() + outer
            }
            _ => 0,
        };
        let cost = LayerCost {
            trained: backward.nnz as u64,
            moments: moments as u64,
            method: method as u64,
            ..LayerCost::new(&spec.shape, nnz, at == 0)
        };
        let csr = |nnz| cpu::structure_bytes(&spec.shape, nnz);
        // Sparse products keep the values in another order, dense ones pack them.
        let (sparse, dense) = ((copies + 1) * nnz, (copies + 1) * size);
        // Values, what a rewiring adds, and index arrays.
        let (values, beside, indices) = match sparsity.method {
            Method::Dense => (dense, 0, 0),
            Method::Static => (sparse, 0, csr(nnz)),
            Method::Set(_) => (sparse, rewiring * nnz, 2 * csr(nnz)),
            Method::Rigl(_) => {
                (sparse + probe * size, rewiring * nnz + choice * size, 2 * csr(nnz))
            }
            // The average, on top.
            Method::Snfs(_) => {
                (sparse + (probe + 1) * size, rewiring * nnz + choice * size, 2 * csr(nnz))
            }
            // From dense, by way of a topology that may be nearly full.
            Method::Pruning(_) | Method::Snip => {
                (dense, rewiring * size, 2 * csr(size.saturating_sub(1)))
            }
            // The value of every position, beside a network of the size of the backward set.
            Method::TopKast(_) => {
                let indices = 2 * csr(nnz) + 2 * csr(backward.nnz);
                let values = (copies + 1) * backward.nnz + size;
                (values, rewiring * backward.nnz + choice * size, indices)
            }
        };
        let probes_anyway =
            matches!(sparsity.method, Method::Dense | Method::Rigl(_) | Method::Snfs(_));
        let clipping = if clips_dense && !probes_anyway { probe * size } else { 0 };
        // A layer that is computed dense holds all its weights with each set of activations, and
        // their gradient.
        let (form, density) = (sparsity.compute.of(&spec.name), nnz as f64 / size as f64);
        let computed_dense = form.is_dense(&spec.shape, density);
        let ever_dense =
            computed_dense || (form != Compute::Sparse && sparsity.method.starts_dense());
        let masked = if ever_dense { (batches.len() + 1) * size } else { 0 };
        layers.push(LayerSummary { name: spec.name.clone(), cost, computed_dense });
        let biases = copies * spec.shape.rows();
        floats = floats.saturating_add(values + clipping + masked + biases);
        passing = passing.saturating_add(beside);
        structure += indices;
    }
    let bytes = |floats: usize| (floats as u64).saturating_mul(size_of::<f32>() as u64);
    let lasting = bytes(floats).saturating_add(structure as u64);
    let summary = NetworkSummary { name: name.into(), layers };
    Ok((summary, Bytes { lasting, passing: bytes(passing) }))
}
