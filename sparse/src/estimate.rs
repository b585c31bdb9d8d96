//! What a network will take in training, known before it is made.

use serde::{Deserialize, Serialize};

use crate::config::SparsityConfig;
use crate::cost::LayerCost;
use crate::cpu::pass_floats;
use crate::error::SparseError;
use crate::layers::{Compute, LayerSpec};
use crate::memory::{GRADIENT, LayerMemory, PROBE};
use crate::nodes::NetworkPlan;
use crate::optim::{ClipNorm, OptimizerConfig};
use crate::shares::Shares;

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

/// A network at its final sparsity.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// From input to output.
    pub layers: Vec<LayerSummary>,
    /// What it takes at its largest.
    pub bytes: Bytes,
}

/// The size of one layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerSummary {
    /// `hidden.0`, `hidden.1`, …, `head`.
    pub name: String,
    /// Its size now or, in a plan, at the end.
    #[serde(flatten)]
    pub cost: LayerCost,
    /// Whether its products go over all weights, the inactive ones as zeros.
    pub computed_dense: bool,
}

/// The network `specs` at its final sparsity, and the bytes that it takes at its largest, with
/// a target network where `target`. `batches` are the samples of each set of activations, or of their
/// gradients, that is kept for the next pass.
///
/// # Errors
/// A sparsity, pattern or method that these layers cannot have.
pub fn estimate(
    specs: &[LayerSpec],
    sparsity: &SparsityConfig,
    optimizer: &OptimizerConfig,
    target: bool,
    batches: &[usize],
) -> Result<Estimate, SparseError> {
    for spec in specs {
        // Before anything multiplies them.
        // Of what its elements stand for, which is not less.
        let (rows, cols) = (spec.shape.rows(), spec.shape.cols());
        if rows.checked_mul(cols).is_none_or(|size| u32::try_from(size).is_err()) {
            return Err(SparseError::TooLarge { rows, cols });
        }
    }
    let plan = NetworkPlan::of_specs(specs)?;
    let method = sparsity.build()?;
    let Shares { forward, backward } = Shares::of(specs, sparsity, &*method)?;
    let moments = optimizer.rule.moments();
    let copies = 1 + moments + GRADIENT + usize::from(target);
    let clips_dense = optimizer.max_grad_norm.is_some() && optimizer.clip_norm == ClipNorm::Dense;
    let (mut layers, mut structure) = (Vec::new(), 0);
    let (mut floats, mut passing) = (pass_floats(specs, batches)?, 0usize);
    for (at, ((spec, share), backward)) in specs.iter().zip(forward).zip(backward).enumerate() {
        let (shape, algebra) = (spec.shape, spec.algebra);
        let (active, trained) = (share.nnz, backward.nnz);
        let layer = LayerMemory { shape, algebra, active, trained, copies, target };
        let (memory, size) = (method.memory(&layer), layer.size());
        let cost = LayerCost {
            trained: trained as u64,
            moments: moments as u64,
            method: memory.kept as u64,
            normed: spec.normed() as u64,
            attended: spec.attended() as u64,
            ..LayerCost::new(&shape, algebra, active, at == 0)
        }
        .at(plan.runs(at));
        let clipping = if clips_dense && !memory.probes { PROBE * size } else { 0 };
        // A layer that is computed dense holds its weights that meet no zeros with each set of activations; where not all are
        // active, all weights besides, and their gradient.
        let (form, density) = (sparsity.compute.of(&spec.name), active as f64 / size as f64);
        let computed_dense = form.of_layer(&shape, algebra, density);
        let ever_dense = computed_dense || (form != Compute::Sparse && method.starts_dense());
        // So does one of elements with the real matrix that they stand for.
        let held = if algebra.is_real() { size } else { algebra.multiplications(size) };
        let masked = match (ever_dense || !algebra.is_real(), active < size) {
            (true, true) => (2 * batches.len() + 1) * held,
            (true, false) => batches.len() * held,
            (false, _) => 0,
        };
        layers.push(LayerSummary { name: spec.name.clone(), cost, computed_dense });
        let always = copies * cost.always() as usize;
        floats = floats.saturating_add(memory.values + clipping + masked + always);
        passing = passing.saturating_add(memory.passing);
        structure += memory.structure;
    }
    let bytes = |floats: usize| (floats as u64).saturating_mul(size_of::<f32>() as u64);
    let lasting = bytes(floats).saturating_add(structure as u64);
    Ok(Estimate { layers, bytes: Bytes { lasting, passing: bytes(passing) } })
}
