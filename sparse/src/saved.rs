//! A network written down: its weights, to act with, as named tensors of a safetensors file; and the whole, to go on
//! with, as a [`Section`].
//!
//! Of the weights each layer is three of them: `<network>/<layer>/positions (nnz)`, the active positions `row · cols + col`
//! in ascending order as u32; `…/weights (nnz)` in their order; `…/biases (out)`. A layer with layer norms behind it
//! has `…/norms`, too: `γ (out)`, then `β (out)` of each. Weights over an algebra stand element by element, a row of
//! positions a row of elements.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use candle_core::{Tensor, safetensors as candle};

use crate::cpu::DEVICE;
use crate::error::SparseError;
use crate::layers::Layer;
use crate::methods::{Blocks, positions};
use crate::network::Network;
use crate::section::Section;
use crate::topology::Topology;

/// Tensors by name.
pub type Saved = HashMap<String, Tensor>;

/// The bytes of a safetensors file, with `about` as its metadata `policy`.
///
/// # Errors
/// Those of the crate safetensors.
pub fn to_bytes(saved: &Saved, about: Option<String>) -> Result<Vec<u8>, SparseError> {
    let about = about.map(|text| HashMap::from([("policy".to_owned(), text)]));
    Ok(safetensors::serialize(saved, about).map_err(candle_core::Error::from)?)
}

/// Reads a file of [`to_bytes`].
pub fn read(path: &Path) -> Result<Saved, SparseError> {
    from_bytes(&std::fs::read(path).map_err(candle_core::Error::from)?)
}

/// Reads the bytes of such a file.
///
/// # Errors
/// Bytes that are no safetensors file.
pub fn from_bytes(bytes: &[u8]) -> Result<Saved, SparseError> {
    Ok(candle::load_buffer(bytes, &DEVICE)?)
}

/// Numbers of another kind than a network's, as they are saved.
///
/// # Errors
/// Those of candle.
pub fn numbers(values: &[f64]) -> Result<Tensor, SparseError> {
    Ok(Tensor::from_slice(values, values.len(), &DEVICE)?)
}

/// What is saved of one layer.
struct SavedLayer {
    topology: Topology,
    /// `(nnz)`.
    weights: Vec<f32>,
    /// `(rows)`.
    biases: Vec<f32>,
    /// `γ (rows)`, then `β (rows)` of each layer norm.
    norms: Vec<f32>,
}

/// Whether `topology` is made of whole elements of the algebra of `layer`.
fn is_of_elements(layer: &Layer, topology: &Topology) -> bool {
    let order = layer.algebra().order();
    order == 1 || Blocks::of_elements(order, topology.rows(), topology.cols()).fit(topology)
}

/// The layout of a network's section and of a layer's within it.
const VERSION: u32 = 1;

impl Network {
    /// Puts topologies and parameters into `saved`, as the network `name`: what acting takes.
    ///
    /// # Errors
    /// Those of candle.
    pub fn save_weights(&self, name: &str, saved: &mut Saved) -> Result<(), SparseError> {
        let (params, device) = (self.params().to_vec1::<f32>()?, self.device());
        for layer in self.layers() {
            let positions: Vec<u32> = layer.topology().positions().collect();
            let (nnz, rows) = (positions.len(), layer.biases().len());
            let tag = |what| format!("{name}/{}/{what}", layer.name());
            let weights = Tensor::from_slice(&params[layer.weights()], nnz, device)?;
            let biases = Tensor::from_slice(&params[layer.biases()], rows, device)?;
            saved.insert(tag("positions"), Tensor::from_vec(positions, nnz, device)?);
            saved.insert(tag("weights"), weights);
            saved.insert(tag("biases"), biases);
            let norms = &params[layer.norms()];
            if !norms.is_empty() {
                saved.insert(tag("norms"), Tensor::from_slice(norms, norms.len(), device)?);
            }
        }
        Ok(())
    }

    /// The network with the topologies and parameters that `saved` has of the network `name`.
    ///
    /// # Errors
    /// A tensor that is missing, or that a layer of this shape cannot have.
    pub fn load_weights(&self, name: &str, saved: &Saved) -> Result<Self, SparseError> {
        self.with_params(|layer| {
            let of = |what| {
                let tensor = format!("{name}/{}/{what}", layer.name());
                saved.get(&tensor).ok_or(SparseError::NotSaved { tensor })
            };
            let positions: Vec<u32> = of("positions")?.to_vec1()?;
            let (rows, cols) = (layer.topology().rows(), layer.topology().cols());
            let topology = Topology::new(rows, cols, &positions).ok();
            let whole = topology.filter(|topology| is_of_elements(layer, topology));
            let topology = whole.ok_or_else(|| SparseError::NotSaved {
                tensor: format!("{name}/{}/positions", layer.name()),
            })?;
            let take = |what, name, expected| -> Result<Vec<f32>, SparseError> {
                let values: Vec<f32> = of(what)?.to_vec1()?;
                match values.len() {
                    found if found == expected => Ok(values),
                    found => Err(SparseError::Length { what: name, expected, found }),
                }
            };
            let weights = take("weights", "saved weights", positions.len())?;
            let biases = take("biases", "saved biases", layer.biases().len())?;
            let norms = match layer.norms().len() {
                0 => Vec::new(),
                size => take("norms", "saved layer norms", size)?,
            };
            Ok(SavedLayer { topology, weights, biases, norms })
        })
    }

    /// Writes the whole: topologies, parameters, and what it has executed.
    ///
    /// # Errors
    /// Those of candle.
    pub fn save(&self) -> Result<Section, SparseError> {
        let mut all = Section::new(VERSION);
        let params = self.params().to_vec1::<f32>()?;
        for layer in self.layers() {
            let mut own = Section::new(VERSION);
            let is_dense = layer.topology().csr().is_none();
            own.put("is_dense", &is_dense)?;
            if !is_dense {
                own.put_u32("positions", &positions(layer.topology()));
            }
            own.put_f32("weights", &params[layer.weights()]);
            own.put_f32("biases", &params[layer.biases()]);
            let norms = &params[layer.norms()];
            if !norms.is_empty() {
                own.put_f32("norms", norms);
            }
            all.nest(layer.name(), own);
        }
        all.put("executed", &self.executed())?;
        Ok(all)
    }

    /// The network of the same layers that `from` was saved of, with its counts.
    ///
    /// # Errors
    /// What is missing, and what a layer of this shape cannot have.
    pub fn load(&self, from: &Section) -> Result<Self, SparseError> {
        from.require_version(VERSION)?;
        let network = self.with_params(|layer| {
            let own = from.part(layer.name());
            own.require_version(VERSION)?;
            let (rows, cols) = (layer.topology().rows(), layer.topology().cols());
            let topology = match own.get("is_dense")? {
                true => Topology::dense(rows, cols)?,
                false => Topology::new(rows, cols, &own.u32("positions")?).map_err(|error| {
                    own.misfit("positions", format!("some of a {rows}x{cols} layer"), error)
                })?,
            };
            let weights = own.f32_of("weights", topology.nnz())?;
            if !is_of_elements(layer, &topology) {
                let expected = format!("whole elements of {:?}", layer.algebra());
                return Err(own.misfit("positions", expected, "parts of some"));
            }
            let biases = own.f32_of("biases", layer.biases().len())?;
            let norms = match layer.norms().len() {
                0 => Vec::new(),
                size => own.f32_of("norms", size)?,
            };
            Ok(SavedLayer { topology, weights, biases, norms })
        })?;
        network.set_executed(from.get("executed")?);
        Ok(network)
    }

    /// The same layers with what `saved` gives for each.
    fn with_params(
        &self,
        saved: impl Fn(&Layer) -> Result<SavedLayer, SparseError>,
    ) -> Result<Self, SparseError> {
        let (mut layers, mut params) = (Vec::new(), Vec::new());
        for layer in self.layers() {
            let SavedLayer { topology, weights, biases, norms } = saved(layer)?;
            layers.push(layer.rewired(&Arc::new(topology), params.len()));
            params.extend(weights);
            params.extend(biases);
            params.extend(norms);
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
    use crate::{Activation, Algebra, Init, LayerSpec, OptimizerConfig, Seed, Shape, Trainer};

    fn trainer(seed: u64, outputs: usize) -> Trainer {
        let layer = |name: &str, inputs, outputs| LayerSpec {
            name: name.into(),
            shape: Shape::Linear { inputs, outputs },
            activation: Activation::Relu,
            init: Init::GlorotUniform,
            bias: 0.1,
            weight_decay: 0.0,
            algebra: Algebra::REAL,
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
        one.network().save_weights("q", &mut saved).unwrap();
        other.load_weights(&saved).unwrap();
        let x = Tensor::randn(0f32, 1.0, (7, 5), &Device::Cpu).unwrap();
        let out = |t: &Trainer| t.network().forward(&x).unwrap().to_vec2::<f32>().unwrap();
        assert_eq!(out(&one), out(&other));
        let (a, b) = (one.network().layers(), other.network().layers());
        assert!(a.iter().zip(b).all(|(a, b)| a.topology() == b.topology()));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let mut saved = Saved::new();
        trainer(1, 3).network().save_weights("q", &mut saved).unwrap();
        assert!(trainer(1, 1).load_weights(&saved).is_err());
        saved.remove("q/head/weights");
        let error = trainer(1, 3).load_weights(&saved).unwrap_err().to_string();
        assert!(error.contains("q/head/weights"), "{error}");
    }
}
