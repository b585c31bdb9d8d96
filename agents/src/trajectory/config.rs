//! What is chosen about a policy over sequences, and what it will take.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sparring_envs::EnvSpec;
use sparring_sparse::config::SparsityConfig;
use sparring_sparse::{KeyError, LayerSpec};

use super::decoder::Training;
use super::denoiser::Sampling;
use super::layout::Layout;
use super::plans::PlanLayout;
use super::retro::{Chunks, RetroLayout};
use crate::data::{Scales, Vocabulary};
use crate::error::AgentError;
use crate::networks::ExpertKeys;
use crate::networks::algebra::AlgebraName;
use crate::networks::transformer::Size;
use crate::offline::{Condition, OfflineKeys};
use crate::retrieval::IndexName;
use crate::summary::Estimate;

/// Which of them it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ModelName {
    /// A causal transformer that continues episodes (Chen et al. 2021).
    #[default]
    Decoder,
    /// A decoder that reads what others did in like situations (after Borgeaud et al. 2022).
    Retro,
    /// A transformer without a mask that repairs plans of actions (Savinov et al. 2022).
    Denoise,
}

/// What is chosen about an agent over sequences.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TrajectoryConfig {
    /// What it is.
    pub model: ModelName,
    /// How large its transformer is: `xs` (1 block of 32 numbers, 12,000 weights) to `xxl` (9 of 288, 9 million).
    pub size: Size,
    /// An algebra that the layers `mlp` of its blocks are over; none are real.
    pub algebra: Option<AlgebraName>,
    /// Experts in place of the MLP of its last block (`at: penultimate`), the middle one or all, which every token of a
    /// sequence goes to by itself.
    pub experts: Option<ExpertKeys>,
    /// Sparsity of every projection.
    #[serde(skip, default = "SparsityConfig::dense")]
    pub sparsity: SparsityConfig,
    /// Bins of each number of an action within bounds.
    #[schemars(range(min = 2, max = 65_536))]
    pub bins: usize,
    /// Steps of an episode that it sees at once.
    #[schemars(range(min = 1, max = 4096), extend("x-when" = {"model": ["decoder", "retro"]}))]
    pub context_steps: usize,
    /// Steps of a chunk, `m`, whose neighbours the next chunk reads; below `context_steps`.
    #[schemars(range(min = 1, max = 1024), extend("x-when" = {"model": ["retro"]}))]
    pub chunk_steps: usize,
    /// Neighbours of a chunk, `k`. An evaluation may have others than training.
    #[schemars(range(min = 1, max = 64), extend("x-when" = {"model": ["retro"]}))]
    pub neighbours: usize,
    /// Chunks that are looked up, at most: the first ones of the data; null takes all.
    #[schemars(range(min = 1), extend("x-when" = {"model": ["retro"]}))]
    pub database_chunks: Option<usize>,
    /// How neighbours are found: `exact` looks at every chunk, `hnsw` nearly finds them by a graph, in a build with the
    /// feature `hnsw`.
    #[schemars(extend("x-when" = {"model": ["retro"]}))]
    pub index: IndexName,
    /// A folder of a job whose decoder it begins with, dense and as large as itself; none begins anew.
    #[schemars(extend("x-when" = {"model": ["retro"]}))]
    pub retrofit: Option<String>,
    /// Actions of a plan.
    #[schemars(range(min = 1, max = 1024), extend("x-when" = {"model": ["denoise"]}))]
    pub horizon: usize,
    /// Times that a loss repairs a plan: 1 is a denoising autoencoder, the paper has 2.
    #[schemars(range(min = 1, max = 3), extend("x-when" = {"model": ["denoise"]}))]
    pub unrolls: usize,
    /// Steps in which a plan is made, at most; it ends where nothing changes.
    #[schemars(range(min = 1, max = 1_000), extend("x-when" = {"model": ["denoise"]}))]
    pub denoise_steps: usize,
    /// `τ` of the draws of all steps but the last, which takes the likeliest.
    #[schemars(extend("exclusiveMinimum" = 0.0, "x-when" = {"model": ["denoise"]}))]
    pub temperature: f64,
    /// The share of the tokens that a step puts in their places.
    #[schemars(
        range(max = 1.0),
        extend("exclusiveMinimum" = 0.0, "x-when" = {"model": ["denoise"]})
    )]
    pub share: f64,
    /// Those of every offline agent.
    #[serde(flatten)]
    pub training: OfflineKeys,
}

impl Default for TrajectoryConfig {
    /// Temperature and share are those of the paper's translations (Savinov et al. 2022, section 3.2).
    fn default() -> Self {
        Self {
            model: ModelName::default(),
            size: Size::S,
            algebra: None,
            experts: None,
            sparsity: SparsityConfig::dense(),
            bins: 32,
            context_steps: 20,
            chunk_steps: 5,
            neighbours: 2,
            database_chunks: None,
            index: IndexName::default(),
            retrofit: None,
            horizon: 4,
            unrolls: 2,
            denoise_steps: 8,
            temperature: 0.8,
            share: 0.3,
            training: OfflineKeys { condition: Condition::Return, ..OfflineKeys::default() },
        }
    }
}

impl TrajectoryConfig {
    /// The name of its network.
    pub fn role(&self) -> &'static str {
        match self.model {
            ModelName::Decoder => "decoder",
            ModelName::Retro => "retro",
            ModelName::Denoise => "denoiser",
        }
    }

    /// Rows of the decoder.
    ///
    /// # Errors
    /// A box of actions without bounds.
    pub fn layout(&self, spec: &EnvSpec) -> Result<Layout, AgentError> {
        Ok(Layout {
            words: Vocabulary::of(spec, self.bins)?,
            conditioned: self.training.is_conditioned(),
            steps: self.context_steps,
            scales: Scales::none(spec.obs.dim()),
        })
    }

    /// Rows of a decoder with neighbours.
    ///
    /// # Errors
    /// A box of actions without bounds.
    pub fn retro_layout(&self, spec: &EnvSpec) -> Result<RetroLayout, AgentError> {
        let Self { chunk_steps: steps, neighbours, database_chunks: most, index, .. } = *self;
        let chunks = Chunks { steps, neighbours, most, index };
        Ok(RetroLayout { own: self.layout(spec)?, chunks })
    }

    /// Rows of the denoiser.
    ///
    /// # Errors
    /// A box of actions without bounds.
    pub fn plan_layout(&self, spec: &EnvSpec) -> Result<PlanLayout, AgentError> {
        Ok(PlanLayout {
            words: Vocabulary::of(spec, self.bins)?,
            conditioned: self.training.is_conditioned(),
            horizon: self.horizon,
            scales: Scales::none(spec.obs.dim()),
        })
    }

    /// How a plan is made.
    pub fn sampling(&self) -> Sampling {
        Sampling {
            steps: self.denoise_steps,
            temperature: self.temperature as f32,
            share: self.share as f32,
        }
    }

    /// What is chosen about its network.
    pub fn of_network(&self) -> Training<'_> {
        Training {
            size: self.size,
            algebra: self.algebra,
            experts: self.experts,
            weight_decay: self.training.weight_decay,
            sparsity: &self.sparsity,
            optimizer: self.training.optimizer,
        }
    }

    /// Its layers, and the rows of one sequence in a gradient step.
    ///
    /// # Errors
    /// A box of actions without bounds, and an algebra whose elements do not fit the widths.
    pub fn layers(&self, spec: &EnvSpec) -> Result<(Vec<LayerSpec>, usize), AgentError> {
        let of = self.of_network();
        match self.model {
            ModelName::Decoder => {
                let layout = self.layout(spec)?;
                Ok((of.layers(layout.tokens_of())?, layout.tokens()))
            }
            ModelName::Retro => {
                let layout = self.retro_layout(spec)?;
                Ok((of.layers(layout.tokens_of())?, layout.tokens()))
            }
            ModelName::Denoise => {
                let layout = self.plan_layout(spec)?;
                Ok((of.layers(layout.tokens_of())?, layout.rows() * self.unrolls))
            }
        }
    }

    /// Whether the keys fit each other.
    ///
    /// # Errors
    /// The first key that does not.
    pub fn check(&self) -> Result<(), KeyError> {
        if self.model == ModelName::Retro && self.chunk_steps >= self.context_steps {
            let allowed = format!("below context_steps = {}", self.context_steps);
            let hint = (self.context_steps / 4).max(1).to_string();
            return Err(KeyError::new("chunk_steps", self.chunk_steps, allowed, hint));
        }
        if !self.index.is_built() {
            let (allowed, hint) = ("exact; this build has no feature `hnsw`", "exact");
            return Err(KeyError::new("index", "hnsw", allowed, hint));
        }
        self.training.check()
    }

    /// See [`crate::AgentConfig::estimate`].
    ///
    /// # Errors
    /// Those of [`Self::layers`], and a sparsity that they cannot have.
    pub fn estimate(
        &self,
        spec: &EnvSpec,
        num_envs: usize,
        gradient_steps: u64,
    ) -> Result<Estimate, AgentError> {
        let (layers, each) = self.layers(spec)?;
        let of = (&layers[..], &self.sparsity);
        self.training.estimate(self.role(), of, [num_envs * each, each], gradient_steps)
    }
}
