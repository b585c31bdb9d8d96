//! SAC (Haarnoja et al. 2018, 1812.05905) as Graesser et al. 2022 train it on MuJoCo (PAPERS 2.3).
//!
//! Critics: `L = ½ Σᵢ mean (Qᵢ(s, a) − y)²`, `y = c R + γᵏ (min_i Qᵢ⁻(s', a') − α log π(a'|s'))`, where
//! `a' ~ π(s')`, `R` sums `k` rewards, `c` is the reward scale, and `γᵏ` is 0 after a termination; a
//! truncated transition bootstraps. Actor: `L = mean (α log π(ã|s) − min_i Qᵢ(s, ã))`, `ã ~ π(s)`.
//! Temperature: `L = −log α · mean (log π(ã|s) + H̄)`, with the target entropy `H̄`.
//!
//! One gradient step (PAPERS 1.10): critics → actor, by the stepped critics → temperature, by the
//! log-probabilities of the actor's draw → targets, if due.
//!
//! Differs from the paper in:
//! 1. a network rewires within its own step, by the gradient of that step, before or after it as the
//!    method's order says; the paper's code rewires all three after the actor's step, by fresh
//!    gradients at the stepped weights;
//! 2. the temperature steps on the actions that the actor's step drew; the paper's code draws again
//!    from the stepped actor, which costs another forward pass;
//! 3. critics and log-probabilities see actions as `[−1, 1]` a dimension, whatever the environment's
//!    bounds; critics of convolutions see each number of an action as a constant plane of the image;
//! 4. a pruned weight cannot come back ([`sparring_sparse::methods::pruning`]);
//! 5. with `n_step` above 1 the rewards within a return carry no entropy.

mod config;
pub mod keys;
mod probe;
mod row;
#[cfg(test)]
mod tests;

use std::iter::repeat_n;

use candle_core::{Device, Tensor};
use rand::RngExt;
use rand_distr::{Distribution as _, StandardNormal};
use sparring_envs::{Actions, Batch, EnvSpec, Obs};
use sparring_sparse::config::SparsityConfig;
use sparring_sparse::seed::Rng;
use sparring_sparse::{LayerSpec, Network, Seed, Target, Trainer};

use crate::action_box::ActionBox;
use crate::agent::{Agent, Capabilities, Clock};
use crate::error::AgentError;
use crate::free::Free;
use crate::input::Input;
use crate::metric::Metric;
use crate::network_on_batch::NetworkOnBatch;
use crate::observations::{Mode, Observations};
use crate::replay::{Replay, Sample};
use crate::tanh_normal::TanhNormal;

pub use config::SacConfig;
pub use keys::Temperature;
pub use row::ROW;

/// A SAC agent in training.
pub struct Sac {
    config: SacConfig,
    input: Input,
    obs_dim: usize,
    /// How often a critic sees each number of an action.
    action_copies: usize,
    policy: TanhNormal,
    bounds: ActionBox,
    actor: Trainer,
    critics: [Trainer; 2],
    targets: [Target; 2],
    log_alpha: Free,
    replay: Replay,
    /// What the last gradient step drew.
    sample: Sample,
    explore: Rng,
    noise: Rng,
    sampler: Rng,
    env_steps: u64,
    /// Gradient steps; a network whose rewiring took the place of its own counts fewer.
    updates: u64,
    /// `(n, act_dim)` in `[−1, 1]`: what was chosen last.
    chosen: Vec<f32>,
    /// The same in the environment's units.
    actions: Vec<f32>,
    eval_actions: Vec<f32>,
    /// Room for observations and their successors as floats.
    floats: [Vec<f32>; 2],
    means: Means,
}

/// Sums over the gradient steps since the last report.
#[derive(Debug, Default)]
struct Means {
    steps: u64,
    critic_loss: f64,
    actor_loss: f64,
    q: f64,
    entropy: f64,
    grad_norms: [f64; 3],
}

impl Sac {
    /// What it can do and what it needs.
    pub const CAPABILITIES: Capabilities = Capabilities {
        discrete: false,
        continuous: true,
        needs_every_env: false,
        learns_offline: false,
    };

    /// A fresh agent for `num_envs` of `spec`.
    pub fn new(
        config: SacConfig,
        spec: &EnvSpec,
        num_envs: usize,
        seed: &Seed,
    ) -> Result<Self, AgentError> {
        let bounds = ActionBox::of(spec, "sac")?;
        let (obs_dim, act_dim) = (spec.obs.dim(), bounds.dim());
        let [actor, critic] = config.layers(spec)?;
        let trainer = |name: &str, layers: &[LayerSpec], sparsity: &SparsityConfig| {
            Trainer::new(name, layers, sparsity, config.optimizer, &seed.child(name))
        };
        let actor = trainer("actor", &actor, &config.actor_sparsity)?;
        let critics = [
            trainer("critic.1", &critic, &config.critic_sparsity)?,
            trainer("critic.2", &critic, &config.critic_sparsity)?,
        ];
        let (alpha, rate) = match config.temperature {
            Temperature::Learned { initial, learning_rate, .. } => (initial, learning_rate),
            Temperature::Fixed { alpha } => (alpha, 0.0),
        };
        let [log_std_min, log_std_max] = config.log_std;
        Ok(Self {
            policy: TanhNormal { act_dim, log_std_min, log_std_max },
            bounds,
            targets: [Target::new(critics[0].network())?, Target::new(critics[1].network())?],
            actor,
            critics,
            log_alpha: Free::new(vec![alpha.ln()], rate, 1e-7),
            replay: Replay::new(config.replay(spec, num_envs)),
            sample: Sample::default(),
            explore: seed.child("explore").rng(),
            noise: seed.child("noise").rng(),
            sampler: seed.child("replay").rng(),
            env_steps: 0,
            updates: 0,
            chosen: Vec::new(),
            actions: Vec::new(),
            eval_actions: Vec::new(),
            floats: Default::default(),
            means: Means::default(),
            input: Input::of(spec),
            obs_dim,
            action_copies: config.action_copies(spec)?,
            config,
        })
    }

    fn alpha(&self) -> f64 {
        self.log_alpha.values()[0].exp()
    }

    /// `(n · obs_dim) → (n, 2 · act_dim)`, leaving no graph.
    fn head(&self, obs: &[f32]) -> Result<Vec<f32>, AgentError> {
        let obs = rows(obs.to_vec(), self.obs_dim)?;
        Ok(self.actor.network().forward_detached(&obs)?.flatten_all()?.to_vec1()?)
    }

    /// The same of what environments show.
    fn head_of(&mut self, obs: Obs<'_>) -> Result<Vec<f32>, AgentError> {
        let mut scratch = std::mem::take(&mut self.floats[0]);
        let head = self.head(self.input.floats(obs, &mut scratch));
        self.floats[0] = scratch;
        head
    }

    /// `ε` of `n` actions.
    fn noise(&mut self, n: usize) -> Vec<f32> {
        noise(n * self.policy.act_dim, &mut self.noise)
    }

    /// One gradient step.
    fn update(&mut self) -> Result<(), AgentError> {
        let mut sample = std::mem::take(&mut self.sample);
        self.replay.sample(self.config.batch_size, &mut self.sampler, &mut sample);
        let (input, mut floats) = (self.input, std::mem::take(&mut self.floats));
        let [obs, next] = &mut floats;
        let obs = input.floats(sample.obs.view(), obs);
        let next = input.floats(sample.next.view(), next);
        let (head, noise) = (self.head(next)?, self.noise(sample.reward.len()));
        let targets = [self.targets[0].network(), self.targets[1].network()];
        let y = self.target_values((&sample, next), &head, &noise, targets)?;
        let taken = self.critic_input(obs, &sample.action, self.policy.act_dim)?;
        self.step_critics(&taken, &y)?;
        let log_prob = self.step_actor(&rows(obs.to_vec(), self.obs_dim)?)?;
        self.step_temperature(log_prob);
        (self.sample, self.floats) = (sample, floats);
        self.updates += 1;
        if self.updates.is_multiple_of(self.config.target_every_gradient_steps) {
            for (target, critic) in self.targets.iter_mut().zip(&self.critics) {
                target.update(critic.network(), self.config.target_tau)?;
            }
        }
        self.means.steps += 1;
        Ok(())
    }

    /// What a critic reads, `(n, obs_dim + act_dim · copies)`, of `obs (n, obs_dim)` and of `actions`, one at
    /// the beginning of each `stride` numbers.
    fn critic_input(
        &self,
        obs: &[f32],
        actions: &[f32],
        stride: usize,
    ) -> Result<Tensor, AgentError> {
        let (act_dim, copies) = (self.policy.act_dim, self.action_copies);
        let width = self.obs_dim + act_dim * copies;
        let mut both = Vec::with_capacity(obs.len() / self.obs_dim * width);
        for (obs, action) in obs.chunks_exact(self.obs_dim).zip(actions.chunks_exact(stride)) {
            both.extend_from_slice(obs);
            both.extend(action[..act_dim].iter().flat_map(|a| repeat_n(*a, copies)));
        }
        rows(both, width)
    }

    /// `y (batch, 1)` from the actor's `head (batch, 2 · act_dim)` for the successors `next (batch, obs_dim)`
    /// of the sample.
    fn target_values(
        &self,
        (sample, next): (&Sample, &[f32]),
        head: &[f32],
        noise: &[f32],
        targets: [&Network; 2],
    ) -> Result<Tensor, AgentError> {
        let (batch, act_dim) = (sample.reward.len(), self.policy.act_dim);
        let mut drawn = vec![0.0; batch * (act_dim + 1)];
        self.policy.draw(head, noise, &mut drawn);
        let next = self.critic_input(next, &drawn, act_dim + 1)?;
        let value = |target: &Network| -> Result<Vec<f32>, AgentError> {
            Ok(target.forward_detached(&next)?.flatten_all()?.to_vec1()?)
        };
        let values = [value(targets[0])?, value(targets[1])?];
        let (scale, alpha) = (self.config.reward_scale as f32, self.alpha() as f32);
        let y = (0..batch).map(|i| {
            let soft = values[0][i].min(values[1][i]) - alpha * drawn[i * (act_dim + 1) + act_dim];
            scale * sample.reward[i] + sample.discount[i] * soft
        });
        rows(y.collect(), 1)
    }

    /// `taken (batch, obs_dim + act_dim)`, `y (batch, 1)`.
    fn step_critics(&mut self, taken: &Tensor, y: &Tensor) -> Result<(), AgentError> {
        let [first, second] = &mut self.critics;
        let steps = [first.begin_step()?, second.begin_step()?];
        let q = [first.forward(taken, &steps[0])?, second.forward(taken, &steps[1])?];
        let error = |q: &Tensor| (q - y)?.sqr()?.mean_all();
        let loss = ((error(&q[0])? + error(&q[1])?)? * 0.5)?;
        let value = finite(&loss, "the loss of the critics", self.updates)?;
        let grads = loss.backward()?;
        for (i, (critic, step)) in self.critics.iter_mut().zip(steps).enumerate() {
            self.means.grad_norms[1 + i] += f64::from(critic.end_step(step, &grads)?);
        }
        self.means.critic_loss += value;
        self.means.q += f64::from(q[0].mean_all()?.to_scalar::<f32>()?);
        Ok(())
    }

    /// `obs (batch, obs_dim)`; gives `mean log π(ã|s)`.
    fn step_actor(&mut self, obs: &Tensor) -> Result<f64, AgentError> {
        let noise = self.noise(obs.dim(0)?);
        let step = self.actor.begin_step()?;
        let head = self.actor.forward(obs, &step)?;
        let [first, second] = &self.critics;
        let critics = [first.network(), second.network()];
        let (losses, log_prob) = self.actor_losses(obs, &head, noise, critics)?;
        let loss = losses.mean_all()?;
        let value = finite(&loss, "the loss of the actor", self.updates)?;
        let norm = self.actor.end_step(step, &loss.backward()?)?;
        let log_prob = f64::from(log_prob.mean_all()?.to_scalar::<f32>()?);
        self.means.grad_norms[0] += f64::from(norm);
        self.means.actor_loss += value;
        self.means.entropy -= log_prob;
        Ok(log_prob)
    }

    /// `α log π(ã|s) − min_i Qᵢ(s, ã)` and `log π(ã|s)`, `(batch, 1)` each, of the actor's
    /// `head (batch, 2 · act_dim)`.
    fn actor_losses(
        &self,
        obs: &Tensor,
        head: &Tensor,
        noise: Vec<f32>,
        critics: [&Network; 2],
    ) -> Result<(Tensor, Tensor), AgentError> {
        let act_dim = self.policy.act_dim;
        let drawn = self.policy.draw_tensor(head, noise)?;
        let log_prob = drawn.narrow(1, act_dim, 1)?;
        let mut action = drawn.narrow(1, 0, act_dim)?;
        if self.action_copies > 1 {
            let (n, copies) = (obs.dim(0)?, self.action_copies);
            let planes = action.unsqueeze(2)?.broadcast_as((n, act_dim, copies))?;
            action = planes.reshape((n, act_dim * copies))?;
        }
        let drawn = Tensor::cat(&[obs, &action], 1)?;
        let q = critics[0].forward_frozen(&drawn)?;
        let q = q.minimum(&critics[1].forward_frozen(&drawn)?)?;
        Ok((((&log_prob * self.alpha())? - q)?, log_prob))
    }

    fn step_temperature(&mut self, log_prob: f64) {
        if let Temperature::Learned { target_entropy_per_dim, .. } = self.config.temperature {
            let target = target_entropy_per_dim * self.policy.act_dim as f64;
            self.log_alpha.step(&[-(log_prob + target)]);
        }
    }
}

/// `n` draws of `ε`.
fn noise(n: usize, rng: &mut Rng) -> Vec<f32> {
    (0..n).map(|_| StandardNormal.sample(rng)).collect()
}

/// `v (n · width) → (n, width)`.
fn rows(v: Vec<f32>, width: usize) -> Result<Tensor, AgentError> {
    let n = v.len() / width;
    Ok(Tensor::from_vec(v, (n, width), &Device::Cpu)?)
}

/// The value of a loss, which must be a number before it reaches the weights.
fn finite(loss: &Tensor, what: &str, step: u64) -> Result<f64, AgentError> {
    let value = loss.to_scalar::<f32>()?;
    if value.is_finite() {
        return Ok(f64::from(value));
    }
    Err(AgentError::NotFinite { what: what.into(), value, step })
}

impl Agent for Sac {
    fn act(&mut self, seen: Observations<'_>, mode: Mode) -> Result<Actions<'_>, AgentError> {
        let Observations { obs, envs, .. } = seen;
        if mode == Mode::Eval {
            let mut modes = Vec::new();
            let head = self.head_of(obs)?;
            self.policy.modes(&head, &mut modes);
            self.bounds.scale(&modes, &mut self.eval_actions);
            return Ok(Actions::Continuous(&self.eval_actions));
        }
        let (n, act_dim) = (envs.len(), self.policy.act_dim);
        if self.env_steps < self.config.warmup_env_steps {
            let step = self.env_steps / n as u64;
            if step.is_multiple_of(self.config.warmup_hold_steps) {
                self.chosen.clear();
                let random = |_| self.explore.random_range(-1.0..=1.0);
                self.chosen.extend((0..n * act_dim).map(random));
            }
        } else {
            self.chosen.clear();
            let (head, noise) = (self.head_of(obs)?, self.noise(n));
            let mut drawn = vec![0.0; n * (act_dim + 1)];
            self.policy.draw(&head, &noise, &mut drawn);
            for drawn in drawn.chunks_exact(act_dim + 1) {
                self.chosen.extend_from_slice(&drawn[..act_dim]);
            }
        }
        self.bounds.scale(&self.chosen, &mut self.actions);
        Ok(Actions::Continuous(&self.actions))
    }

    fn learn(&mut self, batch: &Batch<'_>) -> Result<(), AgentError> {
        let (expected, found) = (batch.envs.len(), self.chosen.len() / self.policy.act_dim);
        if expected != found {
            return Err(AgentError::Length { what: "actions before a batch", expected, found });
        }
        let before = self.config.cadence().due(self.env_steps);
        let actions = Actions::Continuous(&self.chosen);
        self.replay.store(batch, actions)?;
        self.env_steps += batch.envs.len() as u64;
        // Void steps and long returns can leave the memory empty after a short warm-up.
        if self.replay.is_empty() {
            return Ok(());
        }
        for _ in before..self.config.cadence().due(self.env_steps) {
            self.update()?;
        }
        Ok(())
    }

    fn clock(&self) -> Clock {
        Clock { env_steps: self.env_steps, gradient_steps: self.updates }
    }

    fn drain_losses(&mut self, out: &mut Vec<Metric>) {
        let Means { steps, critic_loss, actor_loss, q, entropy, grad_norms } =
            std::mem::take(&mut self.means);
        let [actor, first, second] = grad_norms;
        if steps > 0 {
            for (tag, sum) in [
                ("losses/critic", critic_loss),
                ("losses/actor", actor_loss),
                ("losses/q", q),
                ("losses/grad_norm_actor", actor),
                ("losses/grad_norm_critic.1", first),
                ("losses/grad_norm_critic.2", second),
                ("charts/entropy", entropy),
            ] {
                out.push(Metric::new(tag, sum / steps as f64));
            }
        }
        out.push(Metric::new("charts/temperature", self.alpha()));
        out.push(Metric::new("charts/replay_size", self.replay.len() as f64));
    }

    fn networks(&self) -> Vec<&Trainer> {
        vec![&self.actor, &self.critics[0], &self.critics[1]]
    }

    fn networks_mut(&mut self) -> Vec<&mut Trainer> {
        let [first, second] = &mut self.critics;
        vec![&mut self.actor, first, second]
    }

    fn targets(&self) -> Vec<&Target> {
        self.targets.iter().collect()
    }

    fn probes(
        &self,
        size: Option<usize>,
        rng: &mut Rng,
    ) -> Result<Vec<NetworkOnBatch<'_>>, AgentError> {
        self.of_batch(size, rng)
    }
}
