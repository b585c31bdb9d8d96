//! Networks from the weights of dense layers.

use std::sync::Arc;

use candle_core::{DType, Result, Tensor};
use candle_nn::{Linear, VarBuilder};

use crate::error::SparseError;
use crate::layers::{Compute, Layer, LayerSpec, Shape};
use crate::network::Network;
use crate::topology::Topology;

/// The tensors of a dense layer, as candle has them.
#[derive(Clone, Debug)]
pub struct Dense {
    /// `(out, in)`; `(out, in, kernel rows, kernel columns)` of a convolution.
    pub weight: Tensor,
    /// `(out)`; without one, zeros.
    pub bias: Option<Tensor>,
}

impl From<&Linear> for Dense {
    fn from(linear: &Linear) -> Self {
        Self { weight: linear.weight().clone(), bias: linear.bias().cloned() }
    }
}

impl Dense {
    /// `weight`, and `bias` where there is one, of a layer of `shape` from `vb`.
    ///
    /// # Errors
    /// Tensors that `vb` has not, or has in another shape.
    pub fn load(shape: &Shape, vb: &VarBuilder<'_>) -> Result<Self> {
        let weight = match shape {
            Shape::Linear { inputs, outputs } => vb.get((*outputs, *inputs), "weight")?,
            Shape::Conv2d(conv) => {
                let [rows, cols] = conv.kernel;
                vb.get((conv.out_channels, conv.in_channels, rows, cols), "weight")?
            }
        };
        let bias = match vb.contains_tensor("bias") {
            true => Some(vb.get(shape.rows(), "bias")?),
            false => None,
        };
        Ok(Self { weight, bias })
    }

    /// The positions of the weights that are not 0.
    ///
    /// # Errors
    /// More weights than a position can name.
    pub fn nonzeros(&self) -> std::result::Result<Topology, SparseError> {
        let weights = values(&self.weight)?;
        let rows = self.weight.dim(0)?;
        let cols = weights.len() / rows.max(1);
        let all = Topology::dense(rows, cols)?;
        let nonzero = all.positions().filter(|position| weights[*position as usize] != 0.0);
        Topology::new(rows, cols, &nonzero.collect::<Vec<u32>>())
    }
}

/// All values of a tensor in their order.
fn values(tensor: &Tensor) -> Result<Vec<f32>> {
    tensor.to_dtype(DType::F32)?.flatten_all()?.to_vec1()
}

impl Network {
    /// The network of `specs` with the weights of `dense` layers, one a spec, of which those on
    /// `topologies` are active and the others are gone.
    ///
    /// # Errors
    /// Another number of layers or topologies; tensors or topologies of another shape than their spec's;
    /// layers that do not fit together; layer norms.
    pub fn from_dense(
        specs: &[LayerSpec],
        dense: &[Dense],
        topologies: &[Arc<Topology>],
    ) -> std::result::Result<Self, SparseError> {
        for (what, found) in [("dense layers", dense.len()), ("topologies", topologies.len())] {
            if found != specs.len() {
                return Err(SparseError::Length { what, expected: specs.len(), found });
            }
        }
        let (mut layers, mut params) = (Vec::new(), Vec::new());
        for ((spec, dense), topology) in specs.iter().zip(dense).zip(topologies) {
            if spec.normed() > 0 {
                let problem = "a LayerNorm, whose parameters no dense layer has";
                return Err(SparseError::Join { layer: layers.len(), problem });
            }
            let weights = values(&dense.weight)?;
            let (rows, size) = (spec.shape.rows(), spec.shape.rows() * spec.shape.cols());
            let fits = |what, expected, found| match found == expected {
                true => Ok(()),
                false => Err(SparseError::Length { what, expected, found }),
            };
            fits("outputs of a dense weight", rows, dense.weight.dim(0)?)?;
            fits("values of a dense weight", size, weights.len())?;
            layers.push(Layer::new(spec, topology.clone(), Compute::Sparse, params.len())?);
            params.extend(topology.positions().map(|position| weights[position as usize]));
            match &dense.bias {
                Some(bias) => {
                    fits("values of a dense bias", rows, bias.elem_count())?;
                    params.extend(values(bias)?);
                }
                None => params.extend(std::iter::repeat_n(0.0, rows)),
            }
        }
        Self::new(layers, params)
    }

    /// As [`Self::from_dense`], with the tensors `<layer>.weight` and `<layer>.bias` of `vb`.
    ///
    /// # Errors
    /// As [`Self::from_dense`], and tensors that `vb` has not.
    pub fn from_var_builder(
        specs: &[LayerSpec],
        topologies: &[Arc<Topology>],
        vb: &VarBuilder<'_>,
    ) -> std::result::Result<Self, SparseError> {
        let dense: Result<Vec<Dense>> =
            specs.iter().map(|spec| Dense::load(&spec.shape, &vb.pp(&spec.name))).collect();
        Self::from_dense(specs, &dense?, topologies)
    }
}
