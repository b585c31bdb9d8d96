//! How many weights each layer of a network has active: the distribution's choice, in the blocks of
//! the pattern. Routers of experts have all of them.

use crate::config::{Pattern, SparsityConfig};
use crate::distribution::{LayerShape, Share, distribute};
use crate::error::SparseError;
use crate::layers::LayerSpec;
use crate::methods::{Blocks, Method, keep_blocks};
use crate::misfit::{Misfit, OfLayer, PatternMisfit};
use crate::nodes::NetworkPlan;

/// The shares of all layers of a network, in order.
#[derive(Clone, Debug, PartialEq)]
pub struct Shares {
    /// What is active at the end.
    pub forward: Vec<Share>,
    /// What trains: as `forward`, or more.
    pub backward: Vec<Share>,
}

impl Shares {
    /// Those of the layers `specs` under `config`, by its `method`.
    ///
    /// # Errors
    /// As [`shares`].
    pub fn of(
        specs: &[LayerSpec],
        config: &SparsityConfig,
        method: &dyn Method,
    ) -> Result<Self, SparseError> {
        let forward = shares_of(specs, config, method)?;
        let backward = match method.backward_sparsity() {
            Some(backward) => backward_shares(specs, config, method, &forward, backward)?,
            None => forward.clone(),
        };
        Ok(Self { forward, backward })
    }
}

/// The share of each layer of `specs` under `config`: its sparsity at the end, and the active
/// weights that go with it.
///
/// # Errors
/// A sparsity that the distribution cannot spread, and a layer that the pattern does not fit.
pub fn shares(specs: &[LayerSpec], config: &SparsityConfig) -> Result<Vec<Share>, SparseError> {
    shares_of(specs, config, &*config.build()?)
}

fn shares_of(
    specs: &[LayerSpec],
    config: &SparsityConfig,
    method: &dyn Method,
) -> Result<Vec<Share>, SparseError> {
    let sparsity = method.target(config.sparsity);
    let shape = |spec: &LayerSpec| LayerShape {
        name: spec.name.clone(),
        shape: spec.kernel_shape(),
        order: spec.algebra.order(),
    };
    // A router's weights stay dense: what it chooses among is no part of the budget.
    let plan = NetworkPlan::of_specs(specs)?;
    let spread = || specs.iter().enumerate().filter(|(l, _)| !plan.is_router(*l));
    let shapes: Vec<LayerShape> = spread().map(|(_, spec)| shape(spec)).collect();
    let spread_shares = distribute(config.distribution, sparsity, &shapes, &config.layers)?;
    let whole = |spec: &LayerSpec| {
        let [rows, cols] = spec.weights();
        Share { sparsity: 0.0, nnz: rows * cols }
    };
    let mut shares: Vec<Share> = specs.iter().map(whole).collect();
    for ((l, _), share) in spread().zip(spread_shares) {
        shares[l] = share;
    }
    if let Some(name) =
        config.compute.layers.keys().find(|name| specs.iter().all(|s| s.name != **name))
    {
        let known = specs.iter().map(|spec| spec.name.clone()).collect();
        let (choice, name) = (OfLayer::Compute, name.clone());
        return Err(Misfit::UnknownLayer { choice, name, known }.into());
    }
    for (share, spec) in shares.iter_mut().zip(specs) {
        if share.sparsity > 0.0 {
            let blocks = fitting(config.pattern, spec, share.sparsity)?;
            let active = match config.pattern {
                Pattern::Nm { .. } => keep_blocks(&blocks, share.sparsity),
                Pattern::Unstructured | Pattern::Block { .. } => {
                    method.active_blocks(&blocks, share.sparsity)
                }
            };
            share.nnz = active * blocks.size();
        }
    }
    Ok(shares)
}

/// The shares of the sets that train: as [`shares`] at the sparsity `backward`, to which the
/// sparsities of `layers` fall in proportion; at least the `forward` share.
fn backward_shares(
    specs: &[LayerSpec],
    config: &SparsityConfig,
    method: &dyn Method,
    forward: &[Share],
    backward: f64,
) -> Result<Vec<Share>, SparseError> {
    let fallen = if config.sparsity > 0.0 { backward / config.sparsity } else { 0.0 };
    let layers = config.layers.iter().map(|(name, s)| (name.clone(), s * fallen)).collect();
    let pattern = match config.pattern {
        Pattern::Nm { m, .. } => {
            Pattern::Nm { n: (m as f64 * (1.0 - backward)).round() as usize, m }
        }
        other => other,
    };
    let config = SparsityConfig { sparsity: backward, layers, pattern, ..config.clone() };
    let mut backward = shares_of(specs, &config, method)?;
    for (backward, forward) in backward.iter_mut().zip(forward) {
        backward.nnz = backward.nnz.max(forward.nnz);
    }
    Ok(backward)
}

/// The blocks of a layer; one that is dense has no pattern.
pub(crate) fn blocks(pattern: Pattern, spec: &LayerSpec, share: &Share) -> Blocks {
    let [rows, cols] = spec.weights();
    match spec.algebra.is_real() {
        true => {
            let pattern = if share.nnz == rows * cols { Pattern::Unstructured } else { pattern };
            Blocks::new(pattern, rows, cols)
        }
        false => Blocks::of_elements(spec.algebra.order(), rows, cols),
    }
}

/// The blocks of a layer at a `sparsity` above 0, which must fit.
fn fitting(pattern: Pattern, spec: &LayerSpec, sparsity: f64) -> Result<Blocks, Misfit> {
    let [outputs, inputs] = spec.weights();
    let refuse = |why| Err(Misfit::Pattern { pattern, layer: spec.name.clone(), why });
    if !spec.algebra.is_real() {
        let order = spec.algebra.order();
        let elements = outputs * inputs / order;
        return match pattern {
            Pattern::Nm { .. } | Pattern::Block { .. } => refuse(PatternMisfit::Elements),
            Pattern::Unstructured if (1.0 - sparsity) * (elements as f64) < 1.0 - 1e-9 => {
                refuse(PatternMisfit::NoBlock { sparsity, blocks: elements })
            }
            Pattern::Unstructured => Ok(Blocks::of_elements(order, outputs, inputs)),
        };
    }
    match pattern {
        Pattern::Unstructured => {}
        Pattern::Nm { n, m } => {
            if n == 0 || n >= m {
                return refuse(PatternMisfit::OfNone);
            }
            if !inputs.is_multiple_of(m) {
                return refuse(PatternMisfit::Inputs(inputs));
            }
            let group = 1.0 - n as f64 / m as f64;
            if (sparsity - group).abs() > 1e-9 {
                return refuse(PatternMisfit::Sparsity { layer: sparsity, group });
            }
        }
        Pattern::Block { height, width } => {
            if height == 0 || width == 0 {
                return refuse(PatternMisfit::OfNone);
            }
            if !outputs.is_multiple_of(height) || !inputs.is_multiple_of(width) {
                return refuse(PatternMisfit::Tiles { outputs, inputs });
            }
            let blocks = (outputs / height) * (inputs / width);
            if (1.0 - sparsity) * (blocks as f64) < 1.0 - 1e-9 {
                return refuse(PatternMisfit::NoBlock { sparsity, blocks });
            }
        }
    }
    Ok(Blocks::new(pattern, outputs, inputs))
}
