//! What an offline agent learns with.

use std::sync::Arc;

use sparring_sparse::seed::Rng;
use sparring_sparse::{Saved, Trainer};

use crate::data::{ActionBuf, Dataset, Episodes, Scales};
use crate::error::AgentError;
use crate::explore::{by_softmax, largest, log_sum_exp};
use crate::observations::{Mode, Observations};
use crate::policy_view::PolicyView;

/// What one gradient step came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Taught {
    /// The loss before it, in nats an action token (of a Gaussian: a number of an action).
    pub loss: f32,
    /// The norm of its gradient.
    pub norm: f32,
}

/// What is acted on.
#[derive(Clone, Copy, Debug)]
pub struct Acting<'a> {
    /// Whose observations.
    pub seen: Observations<'a>,
    /// The same as floats, `(n, obs_dim)`.
    pub obs: &'a [f32],
    /// The return that an episode which begins shall come to.
    pub target: f32,
    /// Whether actions are drawn, or the likeliest ones.
    pub mode: Mode,
}

/// One row of it.
#[derive(Clone, Copy, Debug)]
pub struct ActingRow<'a> {
    /// The number of its environment.
    pub env: usize,
    /// `(obs_dim)`.
    pub obs: &'a [f32],
    /// Whether an episode begins.
    pub first: bool,
    /// What the step before brought.
    pub reward: f64,
}

impl<'a> Acting<'a> {
    /// Row by row, of observations of `obs_dim` numbers.
    pub fn rows(&self, obs_dim: usize) -> impl Iterator<Item = ActingRow<'a>> + use<'a> {
        let Observations { envs, first, rewards, .. } = self.seen;
        let of = envs.iter().zip(first).zip(rewards).zip(self.obs.chunks_exact(obs_dim.max(1)));
        of.map(|(((env, first), reward), obs)| ActingRow {
            env: *env,
            obs,
            first: *first,
            reward: *reward,
        })
    }

    /// A token by its logits: the likeliest in an evaluation, else one that is drawn.
    pub fn choose(&self, logits: &[f32], rng: &mut Rng) -> u32 {
        match self.mode {
            Mode::Eval => largest(logits) as u32,
            Mode::Train => by_softmax(logits, log_sum_exp(logits), rng) as u32,
        }
    }
}

/// A policy that learns from episodes, over one network.
pub trait Model: Send {
    /// Its network.
    fn trainer(&self) -> &Trainer;

    /// The same, to be changed.
    fn trainer_mut(&mut self) -> &mut Trainer;

    /// What it scales observations and returns by.
    fn scales(&self) -> &Scales;

    /// Takes other scales, to learn or to act by.
    fn set_scales(&mut self, scales: Scales);

    /// Whether it acts by episodes that it looks up, and not by its network alone.
    fn recalls(&self) -> bool {
        false
    }

    /// Takes the episodes that it looks up, by the scales that it has.
    fn recall(&mut self, _data: &Arc<Dataset>) {}

    /// Begins with what `saved` has of another model's network.
    ///
    /// # Errors
    /// One that no other can be the beginning of, and what does not fit.
    fn retrofit(&mut self, _saved: &Saved) -> Result<(), AgentError> {
        Err(AgentError::Retrofit { problem: "the model is no retro".to_owned() })
    }

    /// Takes what it needs of `data` to learn from them, beside the episodes of a batch.
    fn prepare(&mut self, _data: &Arc<Dataset>) {}

    /// One gradient step on `count` sequences that begin at steps of `data` which are drawn alike.
    ///
    /// # Errors
    /// A loss that is no number, and those of the network.
    fn update(&mut self, data: &Dataset, count: usize, rng: &mut Rng)
    -> Result<Taught, AgentError>;

    /// The mean loss over all of `episodes`. What is drawn for it comes from `rng`.
    ///
    /// # Errors
    /// Those of the network.
    fn loss(&mut self, episodes: &Episodes, rng: &mut Rng) -> Result<f64, AgentError>;

    /// Appends an action for each row to `actions`.
    ///
    /// # Errors
    /// Those of the network.
    fn act(
        &mut self,
        acting: &Acting<'_>,
        rng: &mut Rng,
        actions: &mut ActionBuf,
    ) -> Result<(), AgentError>;

    /// The policy laid open, where one network from an observation to an action is all of it.
    ///
    /// # Errors
    /// Those of candle.
    fn policy_view(&self) -> Result<Option<PolicyView>, AgentError> {
        Ok(None)
    }
}
