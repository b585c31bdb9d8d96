//! What a layer shall be.

use super::{Activation, MaxPool, Shape};
use crate::algebra::Algebra;
use crate::attention::Attention;
use crate::init::{Fans, Init};
use crate::routing::Routing;
use crate::seed::Rng;
use crate::topology::Topology;

/// What a layer shall be.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerSpec {
    /// Unique in its network.
    pub name: String,
    /// What it computes.
    pub shape: Shape,
    /// The function after it.
    pub activation: Activation,
    /// Its first weights.
    pub init: Init,
    /// Its first biases.
    pub bias: f32,
    /// `λ` of the L2 penalty `λ Σ w²` on its weights; biases have none.
    pub weight_decay: f64,
    /// What its weights and features are elements of; both sides are whole elements.
    pub algebra: Algebra,
    /// What stands between its activation and the next layer.
    pub then: Vec<Join>,
}

impl LayerSpec {
    /// `(K, C · area · n)`: the rows and columns in which its weights stand, element by element.
    pub fn weights(&self) -> [usize; 2] {
        [self.shape.rows() / self.algebra.order(), self.shape.cols()]
    }

    /// `(n_in, n_out)`, or `(kh, kw, n_in, n_out)`, in elements, as distributions count. A convolution with one position
    /// is a linear layer, whose weights of a kernel have an input each.
    pub fn kernel_shape(&self) -> Vec<usize> {
        let order = self.algebra.order();
        if self.shape.positions() == 1 {
            return vec![self.shape.cols() / order, self.shape.rows() / order];
        }
        let mut shape = self.shape.kernel_shape();
        shape.iter_mut().rev().take(2).for_each(|ends| *ends /= order);
        shape
    }

    /// What its first weights go by.
    pub fn fans(&self) -> Fans {
        let area = if self.shape.positions() == 1 { 1 } else { self.shape.area() };
        Fans { area, algebra: self.algebra }
    }

    /// First weights on `topology`, `(nnz)`, as in a dense layer.
    pub fn draw(&self, topology: &Topology, rng: &mut Rng) -> Vec<f32> {
        self.init.draw(topology, self.fans(), rng)
    }

    /// Features that [`Join::LayerNorm`]s behind it normalise, each with a `γ` and a `β`.
    pub fn normed(&self) -> usize {
        normed(&self.shape, &self.then)
    }

    /// Features that [`Join::Attention`] behind it mixes, times the tokens that one sees.
    pub fn attended(&self) -> usize {
        attended(&self.shape, &self.then)
    }
}

/// Features that the layer norms among `then` normalise behind a layer of `shape`, all of them together.
pub(super) fn normed(shape: &Shape, then: &[Join]) -> usize {
    let count = then.iter().filter(|join| **join == Join::LayerNorm).count();
    count * shape.rows()
}

/// Features that the attention among `then` mixes, times the tokens that one sees.
pub(super) fn attended(shape: &Shape, then: &[Join]) -> usize {
    let attention = then.iter().filter_map(Join::attention);
    attention.map(|of| of.tokens * Attention::width(shape.rows())).sum()
}

/// A step after a layer. A residual block is `Save`, its layers, `Add`.
///
/// Layer normalisation alone has parameters. They are to the layer before it what its biases are, and stand
/// right behind them: always there, whatever the method, and without decay.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Join {
    /// The largest pixel of each window.
    MaxPool(MaxPool),
    /// Keeps the features as they are here for an [`Join::Add`] to come.
    Save,
    /// Adds the features that the last [`Join::Save`] without its sum kept.
    Add,
    /// `max(x, 0)`.
    Relu,
    /// `γ ⊙ (x − mean) / √(var + ε) + β` over the features of a sample ([`crate::kernels::norm`]), at the start `γ`
    /// is 1 and `β` is 0. Not of images.
    LayerNorm,
    /// Attention between the tokens of a sequence, which the samples of a batch are, from the queries, keys and values
    /// that the layer gives: `3 d` features to `d` ([`crate::attention`]).
    Attention(Attention),
    /// A block of experts, of the shape of its features. Its layers are the next ones of the network: the router where
    /// it has one, then two for each expert.
    Routed(Routing),
}

impl Join {
    /// What attention it is, if it is one.
    pub fn attention(&self) -> Option<Attention> {
        match self {
            Self::Attention(of) => Some(*of),
            Self::MaxPool(_)
            | Self::Save
            | Self::Add
            | Self::Relu
            | Self::LayerNorm
            | Self::Routed(_) => None,
        }
    }
}
