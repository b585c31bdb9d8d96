//! PPO (Schulman et al. 2017, 1707.06347) as Graesser et al. 2022 train it on MuJoCo (PAPERS 2.4), for
//! continuous and discrete actions.
//!
//! A rollout of `rollout_steps` steps of every environment gives advantages `A` ([`crate::gae`]) and
//! returns `R = A + V`. Then, `epochs` times over, minibatches of its rows in random order bring one
//! gradient step each on the losses of [`surrogate`](mod@surrogate), in which `A` has mean 0 and
//! deviation 1 within the minibatch; a last minibatch of one row keeps its `A` as it is.
//!
//! One gradient step (PAPERS 1.10): both losses and their gradients → the actor rewires, clips and
//! steps → the critic likewise → the spread of continuous actions.
//!
//! Differs from the paper in:
//! 1. each network's gradient is clipped by its own norm, and the spread, which is no part of a
//!    network, is not clipped; the paper's code clips all by their common norm;
//! 2. rewards are scaled by the deviation of discounted returns, as OpenAI's baselines do;
//!    TF-Agents takes that of the rewards themselves;
//! 3. moments take in every step as it comes and rows keep the scale they were seen in; TF-Agents
//!    takes a whole rollout in at once;
//! 4. actions and spread are in units in which the environment's bounds are ±1;
//! 5. a pruned weight cannot come back ([`sparring_sparse::methods::pruning`]).

mod config;
mod probe;
mod row;
pub mod surrogate;
#[cfg(test)]
mod tests;

use candle_core::{Device, Tensor};
use rand::seq::SliceRandom;
use sparring_envs::{Actions, Batch, EnvSpec};
use sparring_sparse::config::SparsityConfig;
use sparring_sparse::seed::Rng;
use sparring_sparse::{LayerSpec, Network, Rule, Saved, Seed, Target, Trainer};

use crate::agent::{Agent, Capabilities, Clock};
use crate::error::AgentError;
use crate::free::Free;
use crate::gae::{Gae, Steps};
use crate::graft::graft;
use crate::input::Input;
use crate::metric::Metric;
use crate::network_on_batch::NetworkOnBatch;
use crate::normalize::{ObservationScale, RewardScale};
use crate::observations::{Mode, Observations};
use crate::policy::{Outward, Policy, inverse_softplus, softplus};
use crate::rollout::{Rollout, Seen};

pub use config::PpoConfig;
pub use row::ROW;
use surrogate::{Decisions, Surrogate, surrogate, value_loss};

/// A PPO agent in training.
pub struct Ppo {
    config: PpoConfig,
    input: Input,
    obs_dim: usize,
    num_envs: usize,
    policy: Policy,
    actor: Trainer,
    critic: Trainer,
    spread: Free,
    observations: ObservationScale,
    rewards: RewardScale,
    rollout: Rollout,
    /// What the full rollout taught; none until it is full.
    lesson: Option<Lesson>,
    explore: Rng,
    order: Rng,
    env_steps: u64,
    /// Gradient steps; a network whose rewiring took the place of its own counts fewer.
    updates: u64,
    /// What was seen and chosen last: `(n, obs_dim)`, `(n, act_dim)`, `(n)`, and the rewards of it.
    obs: Vec<f32>,
    chosen: Vec<f32>,
    log_probs: Vec<f32>,
    scaled_rewards: Vec<f32>,
    actions: Outward,
    eval_actions: Outward,
    /// Observations as floats, where they were bytes.
    floats: Vec<f32>,
    means: Means,
}

/// Sums over the gradient steps since the last report.
#[derive(Debug, Default)]
struct Means {
    steps: u64,
    actor_loss: f64,
    critic_loss: f64,
    kl: f64,
    clip_fraction: f64,
    entropy: f64,
    grad_norms: [f64; 2],
}

/// What a rollout teaches, row by row.
struct Lesson {
    value: Vec<f32>,
    advantage: Vec<f32>,
    ret: Vec<f32>,
}

/// Some rows of a rollout: actions `(m, act_dim)`, all else `(m)`.
struct Minibatch {
    action: Vec<f32>,
    log_prob: Vec<f32>,
    advantage: Vec<f32>,
    value: Vec<f32>,
    ret: Vec<f32>,
}

impl Ppo {
    /// What it can do and what it needs.
    pub const CAPABILITIES: Capabilities = Capabilities {
        discrete: true,
        continuous: true,
        needs_every_env: true,
        learns_offline: false,
    };

    /// A fresh agent for `num_envs` of `spec`.
    pub fn new(
        config: PpoConfig,
        spec: &EnvSpec,
        num_envs: usize,
        seed: &Seed,
    ) -> Result<Self, AgentError> {
        let policy = Policy::of(spec, "ppo")?;
        let obs_dim = spec.obs.dim();
        let [actor, critic] = config.layers(spec)?;
        let trainer = |name: &str, layers: &[LayerSpec], sparsity: &SparsityConfig| {
            Trainer::new(name, layers, sparsity, config.optimizer, &seed.child(name))
        };
        let eps = match config.optimizer.rule {
            Rule::Adam { eps, .. } => eps,
            Rule::Sgd { .. } => 1e-5,
        };
        let spread = vec![inverse_softplus(config.initial_std); policy.spread()];
        Ok(Self {
            actor: trainer("actor", &actor, &config.actor_sparsity)?,
            critic: trainer("critic", &critic, &config.critic_sparsity)?,
            spread: Free::new(spread, config.optimizer.learning_rate, eps),
            observations: ObservationScale::new(obs_dim, config.normalize_observations),
            rewards: RewardScale::new(config.discount, num_envs, config.normalize_rewards),
            rollout: Rollout::new(config.rollout_steps, num_envs, obs_dim, policy.act_dim()),
            lesson: None,
            explore: seed.child("explore").rng(),
            order: seed.child("order").rng(),
            env_steps: 0,
            updates: 0,
            obs: Vec::new(),
            chosen: Vec::new(),
            log_probs: Vec::new(),
            scaled_rewards: Vec::new(),
            actions: Outward::default(),
            eval_actions: Outward::default(),
            means: Means::default(),
            policy,
            input: Input::of(spec),
            floats: Vec::new(),
            obs_dim,
            num_envs,
            config,
        })
    }

    /// `v (n · obs_dim) → (n, obs_dim)`.
    fn rows(&self, v: Vec<f32>) -> Result<Tensor, AgentError> {
        let n = v.len() / self.obs_dim;
        Ok(Tensor::from_vec(v, (n, self.obs_dim), &Device::Cpu)?)
    }

    /// `obs (n · obs_dim) → (n · outputs)`, leaving no graph.
    fn outputs(&self, network: &Network, obs: &[f32]) -> Result<Vec<f32>, AgentError> {
        let obs = self.rows(obs.to_vec())?;
        Ok(network.forward_detached(&obs)?.flatten_all()?.to_vec1()?)
    }

    /// Learns from a full rollout.
    fn train(&mut self) -> Result<(), AgentError> {
        self.set_learning_rate();
        let lesson = self.lesson()?;
        let mut rows = self.transitions();
        for _ in 0..self.config.epochs {
            rows.shuffle(&mut self.order);
            for minibatch in rows.chunks(self.config.minibatch_size) {
                self.update(&lesson, minibatch)?;
            }
        }
        self.lesson = Some(lesson);
        Ok(())
    }

    /// The rows of the rollout that are transitions.
    fn transitions(&self) -> Vec<usize> {
        (0..self.rollout.rows()).filter(|row| !self.rollout.void[*row]).collect()
    }

    /// As it was when the rollout began.
    fn set_learning_rate(&mut self) {
        let Some(until) = self.config.decay_env_steps else { return };
        let begun = self.env_steps - self.rollout.rows() as u64;
        let left = 1.0 - begun as f64 / until as f64;
        let rate = self.config.optimizer.learning_rate * left.max(0.0);
        self.actor.set_learning_rate(rate);
        self.critic.set_learning_rate(rate);
        self.spread.learning_rate = rate;
    }

    fn lesson(&self) -> Result<Lesson, AgentError> {
        let Rollout { obs, kept, reward, end, void, .. } = &self.rollout;
        let value = self.outputs(self.critic.network(), obs)?;
        let kept = match kept.is_empty() {
            true => Vec::new(),
            false => self.outputs(self.critic.network(), kept)?,
        };
        let next_value = &self.rollout.next_values(&value, &kept);
        let gae = Gae { discount: self.config.discount, lambda: self.config.gae_lambda };
        let num_envs = self.num_envs;
        let advantage =
            gae.advantages(Steps { num_envs, reward, end, void, value: &value, next_value });
        let ret = advantage.iter().zip(&value).map(|(a, v)| a + v).collect();
        Ok(Lesson { value, advantage, ret })
    }

    /// The `rows` of rollout and `lesson`, as a gradient step sees them.
    fn minibatch(&self, lesson: &Lesson, rows: &[usize]) -> Minibatch {
        let mut advantage = pick(&lesson.advantage, 1, rows);
        // One row has no spread: it would be normalised to 0 and teach nothing.
        if self.config.normalize_advantages && rows.len() > 1 {
            normalize(&mut advantage);
        }
        Minibatch {
            action: pick(&self.rollout.action, self.policy.act_dim(), rows),
            log_prob: pick(&self.rollout.log_prob, 1, rows),
            advantage,
            value: pick(&lesson.value, 1, rows),
            ret: pick(&lesson.ret, 1, rows),
        }
    }

    /// The actor's loss at `head (n, width)`.
    fn surrogate(&self, head: &[f32], decisions: Decisions<'_>) -> Surrogate {
        let (clip, entropy_coef) = (self.config.clip as f32, self.config.entropy_coef as f32);
        surrogate(&self.policy, (head, self.spread.values()), decisions, clip, entropy_coef)
    }

    /// The critic's loss and its gradient at `value (n)`.
    fn value_loss(&self, value: &[f32], old: &[f32], ret: &[f32]) -> (f32, Vec<f32>) {
        let (clip, coef) = (self.config.value_clip, self.config.value_coef);
        value_loss(value, old, ret, clip.map(|clip| clip as f32), coef as f32)
    }

    /// One gradient step on the rows of `minibatch`.
    fn update(&mut self, lesson: &Lesson, minibatch: &[usize]) -> Result<(), AgentError> {
        let obs = self.rows(pick(&self.rollout.obs, self.obs_dim, minibatch))?;
        let Minibatch { action, log_prob, advantage, value: old, ret } =
            self.minibatch(lesson, minibatch);

        let step = self.actor.begin_step()?;
        let head = self.actor.forward(&obs, &step)?;
        let Surrogate { loss, head: d_head, spread, kl, clip_fraction, entropy } = self.surrogate(
            &head.flatten_all()?.to_vec1()?,
            Decisions { action: &action, log_prob: &log_prob, advantage: &advantage },
        );
        let critic_step = self.critic.begin_step()?;
        let value = self.critic.forward(&obs, &critic_step)?;
        let (critic_loss, d_value) = self.value_loss(&value.flatten_all()?.to_vec1()?, &old, &ret);
        for (what, value) in [("the loss of `actor`", loss), ("the loss of `critic`", critic_loss)]
        {
            if !value.is_finite() {
                let step = self.updates;
                return Err(AgentError::NotFinite { what: what.into(), value, step });
            }
        }
        let grads = graft(&head, loss, d_head)?.backward()?;
        let actor_norm = self.actor.end_step(step, &grads)?;
        let grads = graft(&value, critic_loss, d_value)?.backward()?;
        let critic_norm = self.critic.end_step(critic_step, &grads)?;
        self.spread.step(&spread);
        self.updates += 1;

        self.means.steps += 1;
        self.means.actor_loss += f64::from(loss);
        self.means.critic_loss += f64::from(critic_loss);
        self.means.kl += kl;
        self.means.clip_fraction += clip_fraction;
        self.means.entropy += entropy;
        self.means.grad_norms[0] += f64::from(actor_norm);
        self.means.grad_norms[1] += f64::from(critic_norm);
        Ok(())
    }
}

/// The `rows` of `from (n, width)`.
fn pick(from: &[f32], width: usize, rows: &[usize]) -> Vec<f32> {
    rows.iter().flat_map(|row| &from[row * width..][..width]).copied().collect()
}

/// Mean 0 and deviation 1.
fn normalize(values: &mut [f32]) {
    let n = values.len() as f64;
    let mean = values.iter().map(|x| f64::from(*x)).sum::<f64>() / n;
    let squares: f64 = values.iter().map(|x| (f64::from(*x) - mean).powi(2)).sum();
    let deviation = (squares / n).sqrt() + 1e-8;
    values.iter_mut().for_each(|x| *x = ((f64::from(*x) - mean) / deviation) as f32);
}

impl Agent for Ppo {
    fn act(&mut self, seen: Observations<'_>, mode: Mode) -> Result<Actions<'_>, AgentError> {
        let obs = self.input.floats(seen.obs, &mut self.floats);
        if mode == Mode::Eval {
            let (mut scaled, mut modes) = (Vec::new(), Vec::new());
            self.observations.scale(obs, &mut scaled);
            self.policy.modes(&self.outputs(self.actor.network(), &scaled)?, &mut modes);
            return Ok(self.policy.outward(&modes, &mut self.eval_actions));
        }
        self.observations.see(obs);
        self.obs.clear();
        self.observations.scale(obs, &mut self.obs);
        let head = self.outputs(self.actor.network(), &self.obs)?;
        let Self { policy, spread, explore, chosen, log_probs, actions, .. } = self;
        policy.draw(&head, spread.values(), explore, chosen, log_probs);
        Ok(policy.outward(chosen, actions))
    }

    fn learn(&mut self, batch: &Batch<'_>) -> Result<(), AgentError> {
        let (expected, found) = (self.num_envs, self.log_probs.len());
        if expected != found || batch.reward.len() != found {
            return Err(AgentError::Length { what: "actions before a batch", expected, found });
        }
        if self.lesson.take().is_some() {
            self.rollout.clear();
        }
        self.rewards.scale(batch, &mut self.scaled_rewards);
        let seen = Seen {
            obs: &self.obs,
            action: &self.chosen,
            log_prob: &self.log_probs,
            reward: &self.scaled_rewards,
        };
        let Self { observations, input, floats, .. } = self;
        self.rollout
            .push(seen, batch, |next, kept| observations.scale(input.floats(next, floats), kept));
        self.env_steps += self.num_envs as u64;
        if self.rollout.is_full() { self.train() } else { Ok(()) }
    }

    fn clock(&self) -> Clock {
        Clock { env_steps: self.env_steps, gradient_steps: self.updates }
    }

    fn drain_losses(&mut self, out: &mut Vec<Metric>) {
        let Means { steps, actor_loss, critic_loss, kl, clip_fraction, entropy, grad_norms } =
            std::mem::take(&mut self.means);
        if steps > 0 {
            for (tag, sum) in [
                ("losses/actor", actor_loss),
                ("losses/critic", critic_loss),
                ("losses/kl", kl),
                ("losses/clip_fraction", clip_fraction),
                ("losses/grad_norm_actor", grad_norms[0]),
                ("losses/grad_norm_critic", grad_norms[1]),
                ("charts/entropy", entropy),
            ] {
                out.push(Metric::new(tag, sum / steps as f64));
            }
        }
        let rate = self.actor.optimizer().config().learning_rate;
        out.push(Metric::new("charts/learning_rate", rate));
        if let spread @ [_, ..] = self.spread.values() {
            let sum: f64 = spread.iter().map(|b| f64::from(softplus(*b))).sum();
            out.push(Metric::new("charts/action_std", sum / spread.len() as f64));
        }
    }

    fn networks(&self) -> Vec<&Trainer> {
        vec![&self.actor, &self.critic]
    }

    fn networks_mut(&mut self) -> Vec<&mut Trainer> {
        vec![&mut self.actor, &mut self.critic]
    }

    fn targets(&self) -> Vec<&Target> {
        Vec::new()
    }

    fn probes(
        &self,
        size: Option<usize>,
        rng: &mut Rng,
    ) -> Result<Vec<NetworkOnBatch<'_>>, AgentError> {
        self.of_batch(size, rng)
    }

    /// The scales of observations and rewards; evaluation reads them frozen.
    fn save_extra(&self, saved: &mut Saved) -> Result<(), AgentError> {
        self.observations.moments().map_or(Ok(()), |m| m.save("observations", saved))?;
        self.rewards.moments().map_or(Ok(()), |m| m.save("rewards", saved))
    }

    fn load_extra(&mut self, saved: &Saved) -> Result<(), AgentError> {
        self.observations.moments_mut().map_or(Ok(()), |m| m.load("observations", saved))?;
        self.rewards.moments_mut().map_or(Ok(()), |m| m.load("rewards", saved))
    }
}
