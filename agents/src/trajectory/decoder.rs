//! A causal transformer over episodes: Decision Transformer (Chen et al. 2021, 2106.01345) with the tokens of Trajectory
//! Transformer's actions (Janner et al. 2021, 2106.02039).
//!
//! `L = −mean log p(action token | all tokens before it)`, in nats a token, over windows of episodes. It differs from the
//! former in that actions are tokens, drawn or the likeliest, where theirs are regressed; that it tells the time by sines
//! in place of a table; that ReLU takes the place of GELU, and nothing is dropped out.

use sparring_sparse::{Seed, SparseError, Trainer};

use super::asked::Asked;
use super::episodes::{Episodes, Windows};
use super::layout::Layout;
use crate::error::AgentError;
use crate::losses::cross_entropy::cross_entropy;
use crate::networks::transformer::{Size, transformer};

/// A transformer that learns to continue episodes.
#[derive(Debug)]
pub struct Decoder {
    layout: Layout,
    trainer: Trainer,
    updates: u64,
}

/// What is chosen about its training.
#[derive(Clone, Debug)]
pub struct Training<'a> {
    /// How large it is.
    pub size: Size,
    /// Of its weights.
    pub weight_decay: f64,
    /// Of its layers.
    pub sparsity: &'a sparring_sparse::config::SparsityConfig,
    /// Of its gradient steps.
    pub optimizer: sparring_sparse::OptimizerConfig,
}

/// Windows that are scored at once.
const AT_ONCE: usize = 64;

impl Decoder {
    /// A fresh one over rows of `layout`.
    ///
    /// # Errors
    /// A sparsity that its layers cannot have.
    pub fn new(layout: Layout, of: &Training<'_>, seed: &Seed) -> Result<Self, SparseError> {
        let layers = transformer(
            layout.inputs(),
            of.size,
            (layout.tokens(), true),
            layout.words.size,
            of.weight_decay,
        );
        let trainer =
            Trainer::new("decoder", &layers, of.sparsity, of.optimizer, &seed.child("decoder"))?;
        Ok(Self { layout, trainer, updates: 0 })
    }

    /// How its rows are laid out.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Its network.
    pub fn trainer(&self) -> &Trainer {
        &self.trainer
    }

    /// One gradient step on `windows`; gives `L` before it.
    ///
    /// # Errors
    /// A loss that is no number, and those of the network.
    pub fn update(&mut self, windows: &Windows) -> Result<f32, AgentError> {
        let step = self.trainer.begin_step()?;
        let tokens = Asked { rows: &windows.rows, targets: &windows.targets };
        let value = tokens.teach(&mut self.trainer, step, self.updates)?;
        self.updates += 1;
        Ok(value)
    }

    /// `L` over all of `episodes`, window by window.
    ///
    /// # Errors
    /// Those of the network.
    pub fn loss(&self, episodes: &Episodes) -> Result<f64, AgentError> {
        let (mut windows, mut first) = (Windows::default(), 0);
        let (mut sum, mut count) = (0.0, 0usize);
        loop {
            episodes.in_order(&self.layout, first, AT_ONCE, &mut windows);
            if windows.targets.is_empty() {
                return Ok(sum / count.max(1) as f64);
            }
            let y = self.trainer.network().outputs(&windows.rows)?;
            let found = cross_entropy(&y, self.layout.words.size, &windows.targets);
            sum += found.samples.iter().map(|loss| f64::from(*loss)).sum::<f64>();
            count += windows.targets.iter().flatten().count();
            first += AT_ONCE;
        }
    }
}
