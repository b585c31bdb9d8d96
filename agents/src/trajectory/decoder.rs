//! A causal transformer over episodes: Decision Transformer (Chen et al. 2021, 2106.01345) with the tokens of Trajectory
//! Transformer's actions (Janner et al. 2021, 2106.02039).
//!
//! `L = −mean log p(action token | all tokens before it)`, in nats a token, over windows of episodes. It differs from the
//! former in that actions are tokens, drawn or the likeliest, where theirs are regressed; that it tells the time by sines
//! in place of a table; that ReLU takes the place of GELU, and nothing is dropped out.

use sparring_sparse::seed::Rng;
use sparring_sparse::{KeyError, LayerSpec, Seed, Trainer};

use super::acting::Under;
use super::layout::{Layout, TokenRows};
use super::windows::Windows;
use crate::data::{ActionBuf, Dataset, Episodes, Scales};
use crate::error::AgentError;
use crate::networks::algebra::AlgebraName;
use crate::networks::transformer::{Size, transformer};
use crate::networks::{ExpertKeys, refused};
use crate::offline::asked::{Asked, Nats};
use crate::offline::{Acting, Model, Taught};

/// A transformer that learns to continue episodes.
#[derive(Debug)]
pub struct Decoder {
    layout: Layout,
    trainer: Trainer,
    windows: Windows,
    /// The episode of each environment.
    under: Vec<Under>,
}

/// What is chosen about its training.
#[derive(Clone, Debug)]
pub struct Training<'a> {
    /// How large it is.
    pub size: Size,
    /// What the layers `mlp` are over.
    pub algebra: Option<AlgebraName>,
    /// Experts in place of the MLPs of its blocks.
    pub experts: Option<ExpertKeys>,
    /// Of its weights.
    pub weight_decay: f64,
    /// Of its layers.
    pub sparsity: &'a sparring_sparse::config::SparsityConfig,
    /// Of its gradient steps.
    pub optimizer: sparring_sparse::OptimizerConfig,
}

impl Training<'_> {
    /// The layers of its transformer over such rows, `(rows, inputs) → (rows, words)`.
    ///
    /// # Errors
    /// An algebra whose elements do not fit the widths.
    pub fn layers(&self, of: TokenRows) -> Result<Vec<LayerSpec>, AgentError> {
        let TokenRows { inputs, tokens, sees, words } = of;
        let mut layers = transformer(inputs, self.size, (tokens, sees), words, self.weight_decay);
        if let Some(experts) = self.experts {
            layers = experts.in_place_of_mlps(layers)?;
        }
        let Some(AlgebraName(algebra)) = self.algebra else { return Ok(layers) };
        if !self.size.width().is_multiple_of(algebra.order()) {
            let found = format!("{algebra:?}, with blocks of {} numbers", self.size.width());
            let allowed = "an algebra of whose elements a block is made";
            let error = KeyError::new("algebra", found, allowed, "c, h, m2r, m2c or m4r");
            return Err(AgentError::Algebra(Box::new(error)));
        }
        if let Some(ExpertKeys { hidden, .. }) =
            self.experts.filter(|experts| !experts.hidden.is_multiple_of(algebra.order()))
        {
            let allowed = format!("a multiple of {}, with algebra: {algebra:?}", algebra.order());
            return Err(refused("hidden", hidden.to_string(), &allowed, "64"));
        }
        let is_over = |layer: &&mut LayerSpec| {
            layer.name.contains(".mlp.") && !layer.name.ends_with(".router")
        };
        for layer in layers.iter_mut().filter(is_over) {
            layer.algebra = algebra;
        }
        Ok(layers)
    }
}

/// Windows that are scored at once.
const AT_ONCE: usize = 64;

impl Decoder {
    /// A fresh one over rows of `layout`.
    ///
    /// # Errors
    /// A sparsity that its layers cannot have.
    pub fn new(layout: Layout, of: &Training<'_>, seed: &Seed) -> Result<Self, AgentError> {
        let layers = of.layers(layout.tokens_of())?;
        let seed = seed.child("decoder");
        let trainer = Trainer::new("decoder", &layers, of.sparsity, of.optimizer, &seed)?;
        Ok(Self { layout, trainer, windows: Windows::default(), under: Vec::new() })
    }

    /// How its rows are laid out.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// One gradient step on `windows`.
    ///
    /// # Errors
    /// A loss that is no number, and those of the network.
    pub fn teach(&mut self, windows: &Windows) -> Result<Taught, AgentError> {
        let step = self.trainer.begin_step()?;
        let tokens = Asked { rows: &windows.rows, targets: &windows.targets };
        tokens.teach(&mut self.trainer, step)
    }
}

impl Model for Decoder {
    fn trainer(&self) -> &Trainer {
        &self.trainer
    }

    fn trainer_mut(&mut self) -> &mut Trainer {
        &mut self.trainer
    }

    fn scales(&self) -> &Scales {
        &self.layout.scales
    }

    fn set_scales(&mut self, scales: Scales) {
        self.layout.scales = scales;
    }

    fn update(
        &mut self,
        data: &Dataset,
        count: usize,
        rng: &mut Rng,
    ) -> Result<Taught, AgentError> {
        let mut windows = std::mem::take(&mut self.windows);
        windows.sample(&self.layout, &data.train, count, rng);
        let taught = self.teach(&windows);
        self.windows = windows;
        taught
    }

    fn loss(&mut self, episodes: &Episodes, _rng: &mut Rng) -> Result<f64, AgentError> {
        let (mut windows, mut first, mut nats) = (Windows::default(), 0, Nats::default());
        loop {
            windows.in_order(&self.layout, episodes, first, AT_ONCE);
            if windows.targets.is_empty() {
                return Ok(nats.mean());
            }
            let asked = Asked { rows: &windows.rows, targets: &windows.targets };
            nats.add(&self.trainer, self.layout.words.size, asked)?;
            first += AT_ONCE;
        }
    }

    fn act(
        &mut self,
        acting: &Acting<'_>,
        rng: &mut Rng,
        actions: &mut ActionBuf,
    ) -> Result<(), AgentError> {
        let Self { layout, trainer, under, .. } = self;
        for row in acting.rows(layout.scales.obs_dim()) {
            if under.len() <= row.env {
                under.resize(row.env + 1, Under::new(acting.target));
            }
            let episode = &mut under[row.env];
            match row.first {
                true => *episode = Under::new(acting.target),
                false => episode.reward(row.reward as f32),
            }
            let choose = |logits: &[f32]| acting.choose(logits, rng);
            let tokens = episode.act(layout, trainer.network(), row.obs, choose)?;
            layout.words.act(&tokens, actions);
        }
        Ok(())
    }
}
