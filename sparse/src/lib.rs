//! Sparse networks that store and compute their active weights only, and the methods that choose
//! which weights those are. Knows nothing of reinforcement learning.
//!
//! A [`Trainer`] holds a [`Network`], its optimiser and its method. Structure ([`Topology`]) stands
//! apart from values: one flat vector of parameters a network.
//!
//! ```
//! use candle_core::{Device, Tensor};
//! use sparring_sparse::config::SparsityConfig;
//! use sparring_sparse::methods::static_sparse::Static;
//! use sparring_sparse::{Activation, Algebra, Init, LayerSpec, OptimizerConfig, Seed, Shape, Trainer};
//!
//! # fn main() -> Result<(), sparring_sparse::SparseError> {
//! let layer = |name: &str, inputs, outputs, activation| LayerSpec {
//!     name: name.into(), shape: Shape::Linear { inputs, outputs }, activation,
//!     init: Init::TruncatedNormal { scale: 2.0 }, bias: 0.0, weight_decay: 0.0,
//!     algebra: Algebra::REAL,
//!     then: Vec::new(),
//! };
//! let specs = [layer("hidden", 4, 64, Activation::Relu), layer("head", 64, 1, Activation::Identity)];
//! let sparsity = SparsityConfig::new(Static {}, 0.8, 200);
//! let adam = OptimizerConfig::adam(1e-2);
//! let mut trainer = Trainer::new("value", &specs, &sparsity, adam, &Seed::new(1))?;
//!
//! let x = Tensor::new(&[[1f32, 0., 0., 0.], [0., 1., 0., 0.]], &Device::Cpu)?;
//! let y = Tensor::new(&[[1f32], [-1.]], &Device::Cpu)?;
//! let mut last = f32::INFINITY;
//! for _ in 0..200 {
//!     let step = trainer.begin_step()?;
//!     let loss = (trainer.forward(&x, &step)? - &y)?.sqr()?.mean_all()?;
//!     last = loss.to_scalar()?;
//!     trainer.end_step(step, &loss.backward()?)?;
//! }
//! assert!(last < 1e-3);
//! # Ok(())
//! # }
//! ```

pub mod algebra;
pub mod attention;
pub mod backend;
pub mod config;
pub mod cost;
pub mod cpu;
mod ctx;
pub mod distribution;
pub mod error;
pub mod estimate;
mod executed;
pub mod finite;
pub mod gpu;
pub mod init;
pub mod kernels;
pub mod keys;
pub mod layers;
pub mod memory;
pub mod methods;
pub mod misfit;
pub mod network;
pub mod nn;
pub mod nodes;
mod op;
pub mod optim;
pub mod pattern;
mod real;
pub mod routing;
pub mod sample;
pub mod saved;
pub mod section;
pub mod seed;
pub mod shares;
pub mod sparsity_keys;
pub mod stats;
pub mod target;
pub mod topology;
pub mod trainer;
mod vjp;

pub use algebra::{ALGEBRAS, Algebra, AlgebraRow};
pub use backend::{Gradients, Wanted};
pub use cost::LayerCost;
pub use cpu::pass_floats;
pub use ctx::{Ctx, Flow, Probe};
pub use error::{Quantity, SparseError};
pub use executed::Executed;
pub use init::Init;
pub use kernels::{Par, SimdLevel};
pub use keys::KeyError;
pub use layers::{Activation, BreakEven, Compute, Features, Join, Layer, LayerSpec, Shape};
pub use misfit::Misfit;
pub use network::Network;
pub use optim::{ClipNorm, Optimizer, OptimizerConfig, Rule, WeightDecay};
pub use routing::{Load, ROUTERS, Router, RouterRow, Routing};
pub use saved::Saved;
pub use section::Section;
pub use seed::Seed;
pub use target::Target;
pub use topology::Topology;
pub use trainer::{Step, Trainer};
pub use vjp::Vjp;
