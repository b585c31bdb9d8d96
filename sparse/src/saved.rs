//! A network as named tensors, which candle writes to and reads from a safetensors file.
//!
//! Each layer is three of them: `<network>/<layer>/positions (nnz)`, the active positions `row · cols + col`
//! in ascending order as u32; `…/weights (nnz)` in their order; `…/biases (rows)`.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use candle_core::{Tensor, safetensors};

use crate::cpu::DEVICE;
use crate::error::SparseError;
use crate::network::Network;
use crate::topology::Topology;

/// Tensors by name.
pub type Saved = HashMap<String, Tensor>;

/// Writes a safetensors file: beside and renamed, so that nobody reads half of one.
pub fn write(saved: &Saved, path: &Path) -> Result<(), SparseError> {
    let beside = path.with_extension("tmp");
    safetensors::save(saved, &beside)?;
    std::fs::rename(&beside, path).map_err(|error| candle_core::Error::from(error).into())
}

/// Reads what [`write`](fn@write) wrote.
pub fn read(path: &Path) -> Result<Saved, SparseError> {
    Ok(safetensors::load(path, &DEVICE)?)
}

impl Network {
    /// Puts the network `name` into `saved`.
    pub fn save(&self, name: &str, saved: &mut Saved) -> Result<(), SparseError> {
        let (params, device) = (self.params().to_vec1::<f32>()?, self.backend().device());
        for layer in self.layers() {
            let positions: Vec<u32> = layer.topology().positions().collect();
            let (nnz, rows) = (positions.len(), layer.topology().rows());
            let tag = |what| format!("{name}/{}/{what}", layer.name());
            let weights = Tensor::from_slice(&params[layer.weights()], nnz, device)?;
            let biases = Tensor::from_slice(&params[layer.biases()], rows, device)?;
            saved.insert(tag("positions"), Tensor::from_vec(positions, nnz, device)?);
            saved.insert(tag("weights"), weights);
            saved.insert(tag("biases"), biases);
        }
        Ok(())
    }

    /// The network with the topologies, weights and biases that `saved` has of the network `name`.
    ///
    /// # Errors
    /// A tensor that is missing, or that a layer of this shape cannot have.
    pub fn load(&self, name: &str, saved: &Saved) -> Result<Self, SparseError> {
        let (mut layers, mut params) = (Vec::new(), Vec::new());
        for layer in self.layers() {
            let of = |what| {
                let tensor = format!("{name}/{}/{what}", layer.name());
                saved.get(&tensor).ok_or(SparseError::NotSaved { tensor })
            };
            let positions: Vec<u32> = of("positions")?.to_vec1()?;
            let (rows, cols) = (layer.topology().rows(), layer.topology().cols());
            let topology = Topology::new(rows, cols, &positions).map_err(|_| {
                SparseError::NotSaved { tensor: format!("{name}/{}/positions", layer.name()) }
            })?;
            let mut take = |what, name, expected| -> Result<(), SparseError> {
                let values: Vec<f32> = of(what)?.to_vec1()?;
                if values.len() != expected {
                    let found = values.len();
                    return Err(SparseError::Length { what: name, expected, found });
                }
                params.extend(values);
                Ok(())
            };
            take("weights", "saved weights", positions.len())?;
            take("biases", "saved biases", rows)?;
            let offset = layers.last().map_or(0, |last: &crate::Layer| last.biases().end);
            layers.push(layer.rewired(&Arc::new(topology), offset));
        }
        self.rewired(layers, params)
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;
    use crate::config::SparsityConfig;
    use crate::methods::static_sparse::Static;
    use crate::{Activation, Init, LayerSpec, OptimizerConfig, Seed, Shape, Trainer};

    fn trainer(seed: u64, outputs: usize) -> Trainer {
        let layer = |name: &str, inputs, outputs| LayerSpec {
            name: name.into(),
            shape: Shape::Linear { inputs, outputs },
            activation: Activation::Relu,
            init: Init::GlorotUniform,
            bias: 0.1,
            weight_decay: 0.0,
            then: Vec::new(),
        };
        let layers = [layer("hidden.0", 5, 20), layer("head", 20, outputs)];
        let config =
            SparsityConfig { method: Static {}.into(), sparsity: 0.7, ..SparsityConfig::dense() };
        let optimizer = OptimizerConfig::adam(1e-3);
        Trainer::new("q", &layers, &config, optimizer, &Seed::new(seed)).unwrap()
    }

    #[test]
    fn what_was_saved_computes_the_same_bits_again() {
        let (one, mut other) = (trainer(1, 3), trainer(2, 3));
        let mut saved = Saved::new();
        one.network().save("q", &mut saved).unwrap();
        other.load(&saved).unwrap();
        let x = Tensor::randn(0f32, 1.0, (7, 5), &Device::Cpu).unwrap();
        let out = |t: &Trainer| t.network().forward(&x).unwrap().to_vec2::<f32>().unwrap();
        assert_eq!(out(&one), out(&other));
        let (a, b) = (one.network().layers(), other.network().layers());
        assert!(a.iter().zip(b).all(|(a, b)| a.topology() == b.topology()));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let mut saved = Saved::new();
        trainer(1, 3).network().save("q", &mut saved).unwrap();
        assert!(trainer(1, 1).load(&saved).is_err());
        saved.remove("q/head/weights");
        let error = trainer(1, 3).load(&saved).unwrap_err().to_string();
        assert!(error.contains("q/head/weights"), "{error}");
    }
}
