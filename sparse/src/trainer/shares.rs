//! How many weights each layer of a network has active: the distribution's choice, in the units of
//! the pattern.

use crate::config::{Method, Pattern, SparsityConfig, TopKast};
use crate::distribution::{LayerShape, Share, distribute};
use crate::error::SparseError;
use crate::layers::LayerSpec;
use crate::methods::{Units, pruning};

/// The share of each layer of `specs` under `config`: its sparsity at the end, and the active
/// weights that go with it.
///
/// # Errors
/// A sparsity that the distribution cannot spread, and a layer that the pattern does not fit.
pub fn shares(specs: &[LayerSpec], config: &SparsityConfig) -> Result<Vec<Share>, SparseError> {
    let sparsity = if config.method == Method::Dense { 0.0 } else { config.sparsity };
    let shape =
        |spec: &LayerSpec| LayerShape { name: spec.name.clone(), shape: spec.shape.kernel_shape() };
    let shapes: Vec<LayerShape> = specs.iter().map(shape).collect();
    let mut shares = distribute(config.distribution, sparsity, &shapes, &config.layers)?;
    if let Some(name) =
        config.compute.layers.keys().find(|name| specs.iter().all(|s| s.name != **name))
    {
        let names: Vec<_> = specs.iter().map(|spec| spec.name.as_str()).collect();
        return Err(SparseError::Config {
            key: format!("compute_layers.{name}"),
            found: format!("a layer named `{name}`"),
            allowed: names.join(", "),
            hint: "name a layer of this network".into(),
        });
    }
    for (share, spec) in shares.iter_mut().zip(specs) {
        if share.sparsity > 0.0 {
            let units = fitting(config.pattern, spec, share.sparsity)?;
            let active = match (&config.method, config.pattern) {
                (Method::Pruning(_), _) | (_, Pattern::Nm { .. }) => {
                    pruning::keep_units(&units, share.sparsity)
                }
                // As the distribution rounds, in units.
                _ => units.all() - (share.sparsity * units.all() as f64).floor() as usize,
            };
            share.nnz = active * units.size();
        }
    }
    Ok(shares)
}

/// The shares of the backward sets of Top-KAST: as [`shares`] at its sparsity, to which the
/// sparsities of `layers` fall in proportion; at least the forward share.
///
/// # Errors
/// As [`shares`], and a backward set that is sparser than the forward set.
pub fn backward_shares(
    specs: &[LayerSpec],
    config: &SparsityConfig,
    top_kast: &TopKast,
) -> Result<Vec<Share>, SparseError> {
    let forward = shares(specs, config)?;
    let backward = top_kast.backward_sparsity;
    if backward > config.sparsity {
        return Err(SparseError::Config {
            key: "backward_sparsity".into(),
            found: backward.to_string(),
            allowed: format!("at most sparsity = {}", config.sparsity),
            hint: "the backward set holds the forward set and more".into(),
        });
    }
    let fallen = if config.sparsity > 0.0 { backward / config.sparsity } else { 0.0 };
    let layers = config.layers.iter().map(|(name, s)| (name.clone(), s * fallen)).collect();
    let pattern = match config.pattern {
        Pattern::Nm { m, .. } => {
            Pattern::Nm { n: (m as f64 * (1.0 - backward)).round() as usize, m }
        }
        other => other,
    };
    let config = SparsityConfig { sparsity: backward, layers, pattern, ..config.clone() };
    let mut backward = shares(specs, &config)?;
    for (backward, forward) in backward.iter_mut().zip(forward) {
        backward.nnz = backward.nnz.max(forward.nnz);
    }
    Ok(backward)
}

/// The units of a layer; one that is dense has no pattern.
pub(super) fn units(pattern: Pattern, spec: &LayerSpec, share: &Share) -> Units {
    let (rows, cols) = (spec.shape.rows(), spec.shape.cols());
    let pattern = if share.nnz == rows * cols { Pattern::Unstructured } else { pattern };
    Units::new(pattern, rows, cols)
}

/// The units of a layer at a `sparsity` above 0, which must fit.
fn fitting(pattern: Pattern, spec: &LayerSpec, sparsity: f64) -> Result<Units, SparseError> {
    let (name, outputs, inputs) = (&spec.name, spec.shape.rows(), spec.shape.cols());
    let refuse = |found: String, allowed: String, hint: String| {
        Err(SparseError::Config { key: "pattern".into(), found, allowed, hint })
    };
    let dense = format!("another pattern, or keep the layer dense with layers: {{{name}: 0}}");
    match pattern {
        Pattern::Unstructured => {}
        Pattern::Nm { n, m } => {
            if n == 0 || n >= m {
                let allowed = "n:m with 1 ≤ n < m".to_owned();
                return refuse(format!("{n}:{m}"), allowed, "2:4".into());
            }
            if !inputs.is_multiple_of(m) {
                let found = format!("{n}:{m}, where layer `{name}` has {inputs} inputs");
                return refuse(found, format!("m that divides {inputs}"), dense);
            }
            let fits = 1.0 - n as f64 / m as f64;
            if (sparsity - fits).abs() > 1e-9 {
                let found = format!("{n}:{m}, where layer `{name}` has the sparsity {sparsity}");
                let allowed = format!("layers of sparsity {fits} = 1 − {n}/{m}, or dense ones");
                let hint = format!("sparsity: {fits} with distribution: uniform");
                return refuse(found, allowed, hint);
            }
        }
        Pattern::Block { height, width } => {
            if height == 0 || width == 0 {
                let allowed = "blocks of at least 1x1".to_owned();
                return refuse(format!("{height}x{width}"), allowed, "4x4".into());
            }
            if !outputs.is_multiple_of(height) || !inputs.is_multiple_of(width) {
                let found = format!(
                    "{height}x{width}, where layer `{name}` has {outputs} outputs and {inputs} inputs"
                );
                let allowed = format!("blocks that tile {outputs}x{inputs} without a rest");
                return refuse(found, allowed, dense);
            }
            let blocks = (outputs / height) * (inputs / width);
            if (1.0 - sparsity) * (blocks as f64) < 1.0 - 1e-9 {
                let found = format!(
                    "{height}x{width}, where the sparsity {sparsity} leaves layer `{name}` less than one of its {blocks} blocks"
                );
                let allowed = "blocks of which every layer keeps at least one".to_owned();
                return refuse(found, allowed, "smaller blocks, or a lower sparsity".into());
            }
        }
    }
    Ok(Units::new(pattern, outputs, inputs))
}
