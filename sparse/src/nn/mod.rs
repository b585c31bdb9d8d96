//! Sparse layers in anybody's candle model, and the methods that rewire them.
//!
//! [`SparseLinear`], [`SparseConv2d`], [`SparseNetwork`] and [`Network`] are modules of
//! candle beside its own; a [`Sparse`] makes them and knows what it made; [`SparseOptimizer`] trains them,
//! as their method says, with all other variables of the model.
//!
//! ```
//! use candle_core::{DType, Device, Tensor};
//! use candle_nn::{Module, Optimizer, VarBuilder, VarMap};
//! use sparring_sparse::config::SparsityConfig;
//! use sparring_sparse::nn::{Sparse, SparseOptimizer};
//! use sparring_sparse::{OptimizerConfig, Seed};
//!
//! # fn main() -> candle_core::Result<()> {
//! let steps = 200;
//! let rigl = SparsityConfig::rigl(0.5, steps);
//! let sparse = Sparse::new(rigl, OptimizerConfig::adam(1e-2), &Seed::new(1));
//! let vars = VarMap::new();
//! let vb = VarBuilder::from_varmap(&vars, DType::F32, &Device::Cpu);
//! let model = candle_nn::seq()
//!     .add(sparse.linear("hidden", 4, 64)?)
//!     .add(candle_nn::Activation::Relu)
//!     .add(candle_nn::linear(64, 1, vb.pp("head"))?);
//! let mut optimizer = SparseOptimizer::new(vars.all_vars(), sparse)?;
//!
//! let x = Tensor::new(&[[1f32, 0., 0., 0.], [0., 1., 0., 0.]], &Device::Cpu)?;
//! let y = Tensor::new(&[[1f32], [-1.]], &Device::Cpu)?;
//! for _ in 0..steps {
//!     optimizer.backward_step(&candle_nn::loss::mse(&model.forward(&x)?, &y)?)?;
//! }
//! assert!(candle_nn::loss::mse(&model.forward(&x)?, &y)?.to_scalar::<f32>()? < 1e-2);
//! # Ok(())
//! # }
//! ```

mod dense;
mod layers;
mod optimizer;
mod shared;

pub use dense::Dense;
pub use layers::{Sparse, SparseConv2d, SparseLinear, SparseNetwork};
pub use optimizer::SparseOptimizer;

use candle_core::{Error, Result, Tensor};
use candle_nn::Module;

use crate::error::SparseError;
use crate::network::Network;

/// `(…, in) → (…, out)`; see [`Network::pass`].
impl Module for Network {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        Ok(Network::forward(self, x)?)
    }
}

/// So that `?` takes an error of ours where candle's are expected.
impl From<SparseError> for Error {
    fn from(error: SparseError) -> Self {
        match error {
            SparseError::Candle(error) => error,
            error => Self::wrap(error),
        }
    }
}
