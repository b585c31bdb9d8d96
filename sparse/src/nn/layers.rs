//! The sparse modules, and who makes them.

use std::sync::{Arc, Mutex};

use candle_core::{Result, Tensor, bail};
use candle_nn::{Module, VarBuilder};

use super::shared::Shared;
use crate::algebra::Algebra;
use crate::config::SparsityConfig;
use crate::init::Init;
use crate::kernels::Par;
use crate::layers::{Activation, Conv2d, LayerSpec, Shape};
use crate::network::Network;
use crate::optim::OptimizerConfig;
use crate::seed::Seed;
use crate::topology::Topology;
use crate::trainer::Trainer;

/// Makes the sparse modules of a model; the choice of [`SparseOptimizer`](super::SparseOptimizer),
/// which trains them.
///
/// Each module is a network of its own to its method: sparsity is distributed over the layers of one
/// module, and the gradient is clipped a module. Clones know the same modules.
#[derive(Clone, Debug)]
pub struct Sparse {
    sparsity: SparsityConfig,
    optimizer: OptimizerConfig,
    seed: Seed,
    made: Arc<Mutex<Vec<Shared>>>,
}

impl Sparse {
    /// Modules of the method and the sparsity of `sparsity`, which `optimizer` trains, drawn from `seed`.
    pub fn new(sparsity: SparsityConfig, optimizer: OptimizerConfig, seed: &Seed) -> Self {
        Self { sparsity, optimizer, seed: seed.clone(), made: Arc::default() }
    }

    /// `y = W x + b`: `(…, inputs) → (…, outputs)`; the name is the seed's, unique in the model.
    ///
    /// # Errors
    /// A sparsity or a pattern that the layer cannot have.
    pub fn linear(&self, name: &str, inputs: usize, outputs: usize) -> Result<SparseLinear> {
        let shared = self.one(name, Shape::Linear { inputs, outputs })?;
        Ok(SparseLinear { shared })
    }

    /// `y = W ∗ x + b`: `(batch, channels, height, width)` in and out.
    ///
    /// # Errors
    /// As [`Self::linear`].
    pub fn conv2d(&self, name: &str, conv: Conv2d) -> Result<SparseConv2d> {
        Ok(SparseConv2d { shared: self.one(name, Shape::Conv2d(conv))?, conv })
    }

    /// Several layers with their activations as one module, `(…, in) → (…, out)`: quicker than one after
    /// the other, and sparsity is distributed among them.
    ///
    /// # Errors
    /// As [`Self::linear`], and layers that do not fit together.
    pub fn network(&self, name: &str, specs: &[LayerSpec]) -> Result<SparseNetwork> {
        let seed = self.seed.child(name);
        let trainer = Trainer::new(name, specs, &self.sparsity, self.optimizer, &seed)?;
        let shared = Shared::trained(trainer)?;
        match self.made.lock() {
            Ok(mut made) => made.push(shared.clone()),
            Err(_) => bail!("a thread panicked while it made a sparse layer"),
        }
        Ok(SparseNetwork { shared })
    }

    fn one(&self, name: &str, shape: Shape) -> Result<Shared> {
        let spec = spec(name, shape);
        Ok(self.network(name, &[spec])?.shared)
    }

    pub(super) fn made(&self) -> Result<Vec<Shared>> {
        match self.made.lock() {
            Ok(made) => Ok(made.clone()),
            Err(_) => bail!("a thread panicked while it made a sparse layer"),
        }
    }

    pub(super) fn optimizer(&self) -> &OptimizerConfig {
        &self.optimizer
    }
}

/// A layer without activation, drawn as He et al. (2015, 1502.01852) say.
fn spec(name: &str, shape: Shape) -> LayerSpec {
    LayerSpec {
        name: name.into(),
        shape,
        activation: Activation::Identity,
        init: Init::TruncatedNormal { scale: 2.0 },
        bias: 0.0,
        weight_decay: 0.0,
        algebra: Algebra::REAL,
        then: Vec::new(),
    }
}

/// `y = W x + b` with active weights only, `(…, in) → (…, out)`.
#[derive(Clone, Debug)]
pub struct SparseLinear {
    shared: Shared,
}

/// `y = W ∗ x + b` with active weights only, `(batch, in channels, height, width) → (batch, out channels,
/// out height, out width)`.
#[derive(Clone, Debug)]
pub struct SparseConv2d {
    shared: Shared,
    conv: Conv2d,
}

/// Several sparse layers, `(…, in) → (…, out)`.
#[derive(Clone, Debug)]
pub struct SparseNetwork {
    shared: Shared,
}

impl SparseLinear {
    /// The weights `weight (outputs, inputs)` and `bias (outputs)` of `vb` on the positions of `topology`,
    /// which no method changes; its [`Network::params`] train with any optimiser.
    ///
    /// # Errors
    /// Tensors that `vb` has not, and a topology of another shape.
    pub fn load(
        inputs: usize,
        outputs: usize,
        topology: Arc<Topology>,
        vb: &VarBuilder<'_>,
    ) -> Result<Self> {
        Ok(Self { shared: load(Shape::Linear { inputs, outputs }, topology, vb)? })
    }

    /// The layer as it is now.
    ///
    /// # Errors
    /// A thread that panicked while it held the layer.
    pub fn network(&self) -> Result<Network> {
        self.shared.network()
    }

    /// Lets its products use `par`; no bit of them changes.
    ///
    /// # Errors
    /// As [`Self::network`].
    pub fn set_par(&self, par: Par) -> Result<()> {
        self.shared.set_par(par)
    }
}

impl SparseConv2d {
    /// The weights `weight (out channels, in channels, kernel rows, kernel columns)` and `bias (out
    /// channels)` of `vb` on the positions of `topology`, which no method changes.
    ///
    /// # Errors
    /// As [`SparseLinear::load`].
    pub fn load(conv: Conv2d, topology: Arc<Topology>, vb: &VarBuilder<'_>) -> Result<Self> {
        Ok(Self { shared: load(Shape::Conv2d(conv), topology, vb)?, conv })
    }

    /// The layer as it is now.
    ///
    /// # Errors
    /// A thread that panicked while it held the layer.
    pub fn network(&self) -> Result<Network> {
        self.shared.network()
    }

    /// Lets its products use `par`; no bit of them changes.
    ///
    /// # Errors
    /// As [`Self::network`].
    pub fn set_par(&self, par: Par) -> Result<()> {
        self.shared.set_par(par)
    }
}

impl SparseNetwork {
    /// The network as it is now.
    ///
    /// # Errors
    /// A thread that panicked while it held the network.
    pub fn network(&self) -> Result<Network> {
        self.shared.network()
    }

    /// Lets its products use `par`; no bit of them changes.
    ///
    /// # Errors
    /// As [`Self::network`].
    pub fn set_par(&self, par: Par) -> Result<()> {
        self.shared.set_par(par)
    }
}

fn load(shape: Shape, topology: Arc<Topology>, vb: &VarBuilder<'_>) -> Result<Shared> {
    let dense = super::Dense::load(&shape, vb)?;
    let network = Network::from_dense(&[spec("layer", shape)], &[dense], &[topology])?;
    Ok(Shared::fixed(network))
}

impl Module for SparseLinear {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.shared.forward(x)
    }
}

impl Module for SparseConv2d {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let features = self.conv.output();
        let batch = x.dim(0)?;
        let y = self.shared.forward(x)?;
        y.reshape((batch, features.channels, features.height, features.width))
    }
}

impl Module for SparseNetwork {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.shared.forward(x)
    }
}
