//! PPO (Schulman et al. 2017, 1707.06347) as Graesser et al. 2022 train it on MuJoCo, for
//! continuous and discrete actions.
//!
//! A rollout of `rollout_steps` steps of every environment gives advantages `A` ([`crate::gae`]) and
//! returns `R = A + V`. Then, `epochs` times over, minibatches of its rows in random order bring one
//! gradient step each on the losses of [`surrogate`](mod@crate::losses::surrogate), in which `A` has mean 0 and
//! deviation 1 within the minibatch; a last minibatch of one row keeps its `A` as it is.
//!
//! One gradient step: both losses and their gradients → the actor rewires, clips and
//! steps → the critic likewise → the spread of continuous actions.
//!
//! Differs from the paper in:
//! 1. each network's gradient is clipped by its own norm, and the spread, which is no part of a
//!    network, is not clipped: it follows their Adam at their rate, without weight decay, and an Adam of its
//!    own beside networks under SGD; the paper's code clips all by their common norm;
//! 2. rewards are scaled by the deviation of discounted returns, as OpenAI's baselines do;
//!    TF-Agents takes that of the rewards themselves;
//! 3. moments take in every step as it comes and rows keep the scale they were seen in; TF-Agents
//!    takes a whole rollout in at once;
//! 4. a truncated episode bootstraps from the state that it stopped in, if `bootstrap_truncated` says no other; TF-Agents
//!    takes the time limit for a termination;
//! 5. actions and spread are in units in which the environment's bounds are ±1;
//! 6. a pruned weight cannot come back ([`sparring_sparse::methods::pruning`]);
//! 7. `max_grad_norm` sees the gradient of active weights only, unless `clip_norm` says `dense`, as in the paper's code.

mod choice;
mod config;
mod device;
mod probe;
mod row;
mod state;
mod step;
#[cfg(test)]
mod tests;
mod weights;

use std::sync::Arc;

use rand::seq::SliceRandom;
use sparring_envs::{Actions, Batch, EnvSpec};
use sparring_sparse::config::SparsityConfig;
use sparring_sparse::gpu::{Gpu, Precision};
use sparring_sparse::seed::Rng;
use sparring_sparse::stats::mean;
use sparring_sparse::{LayerSpec, OptimizerConfig, Saved, Section, Seed, Trainer};

use crate::agent::{Agent, Capabilities, Clock};
use crate::error::AgentError;
use crate::free_params::{self, FreeParams};
use crate::input::Input;
use crate::metric::Metric;
use crate::network_on_batch::NetworkOnBatch;
use crate::normalize::{ObservationScale, RewardScale, load, save};
use crate::not_finite::check;
use crate::observations::{Mode, Observations};
use crate::policy::{EnvActions, Policy, inverse_softplus, softplus};
use crate::policy_view::{After, Before, PolicyView};
use crate::rollout::{Rollout, Seen};

use choice::Choice;
use device::{Part, PpoOnDevice};
use state::{Advantages, Means, PpoState};
use step::step;

pub use config::PpoConfig;
pub use row::ROW;
pub use weights::FirstWeights;

/// A PPO agent in training.
pub struct Ppo {
    choice: Choice,
    actor: Trainer,
    critic: Trainer,
    state: PpoState,
    scratch: Scratch,
    /// Where it trains, if not here.
    device: Option<PpoOnDevice>,
}

/// Memory to be filled again and again: between two steps of the environments, nothing that it holds counts.
#[derive(Default)]
struct Scratch {
    /// What was seen and chosen last: `(n, obs_dim)`, `(n, act_dim)`, `(n)`, and the rewards of it.
    obs: Vec<f32>,
    chosen: Vec<f32>,
    log_probs: Vec<f32>,
    scaled_rewards: Vec<f32>,
    actions: EnvActions,
    eval_actions: EnvActions,
    /// Observations as floats, where they were bytes.
    floats: Vec<f32>,
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
        let OptimizerConfig { rule, learning_rate, .. } = config.optimizer;
        let rule = free_params::rule(rule);
        let std_param = vec![inverse_softplus(config.initial_std); policy.std_params()];
        Ok(Self {
            actor: trainer("actor", &actor, &config.actor_sparsity)?,
            critic: trainer("critic", &critic, &config.critic_sparsity)?,
            state: PpoState {
                std_param: FreeParams::new(std_param, learning_rate, rule),
                observations: ObservationScale::new(obs_dim, config.normalize_observations),
                rewards: RewardScale::new(config.discount, num_envs, config.normalize_rewards),
                rollout: Rollout::new(config.rollout_steps, num_envs, obs_dim, policy.act_dim()),
                advantages: None,
                explore: seed.child("explore").rng(),
                order: seed.child("order").rng(),
                env_steps: 0,
                updates: 0,
                means: Means::default(),
            },
            scratch: Scratch::default(),
            device: None,
            choice: Choice { config, input: Input::of(spec), obs_dim, num_envs, policy },
        })
    }

    /// Learns from a full rollout.
    fn train(&mut self) -> Result<(), AgentError> {
        self.set_learning_rate();
        let Self { choice, actor, critic, state, device, .. } = self;
        let networks = [&*actor, &*critic];
        let values = |obs: &[f32]| Self::outputs(device, Part::Critic, networks, obs);
        let taught = choice.advantages(values, &state.rollout)?;
        let mut rows = self.state.rollout.transitions();
        for _ in 0..self.choice.config.epochs {
            rows.shuffle(&mut self.state.order);
            for minibatch in rows.chunks(self.choice.config.minibatch_size) {
                self.update(&taught, minibatch)?;
            }
        }
        self.state.advantages = Some(taught);
        Ok(())
    }

    /// As it was when the rollout began.
    fn set_learning_rate(&mut self) {
        let Self { choice: Choice { config, .. }, actor, critic, state, .. } = self;
        let Some(until) = config.decay_env_steps else { return };
        let begun = state.env_steps - state.rollout.rows() as u64;
        let left = 1.0 - begun as f64 / until as f64;
        let rate = config.optimizer.learning_rate * left.max(0.0);
        actor.set_learning_rate(rate);
        critic.set_learning_rate(rate);
        state.std_param.learning_rate = rate;
    }

    /// One gradient step on `rows` of the rollout.
    fn update(&mut self, taught: &Advantages, rows: &[usize]) -> Result<(), AgentError> {
        let on_device = self.device.is_some() && self.actor.rests() && self.critic.rests();
        if !on_device {
            self.settle()?;
            self.device.iter_mut().for_each(PpoOnDevice::leave_to_host);
        }
        let Self { choice, actor, critic, state, device, .. } = self;
        let minibatch = choice.minibatch(&state.rollout, taught, rows);
        let (trainers, std_param, updates) =
            ([actor, critic], state.std_param.values(), state.updates);
        let stepped = match device.as_mut().filter(|_| on_device) {
            Some(device) => device.step(choice, trainers, std_param, &minibatch, updates)?,
            None => step(choice, trainers, std_param, &minibatch, updates)?,
        };
        state.std_param.step(&stepped.std_param, free_params::rule(choice.config.optimizer.rule));
        check("the spread of actions", state.std_param.values(), updates)?;
        state.updates += 1;
        state.means.add(&stepped);
        Ok(())
    }

    /// What this `part` of `actor` and `critic` gives for `x (n, obs_dim)`.
    fn outputs(
        device: &mut Option<PpoOnDevice>,
        part: Part,
        [actor, critic]: [&Trainer; 2],
        x: &[f32],
    ) -> Result<Vec<f32>, AgentError> {
        match (device, part) {
            (Some(device), part) => device.outputs(part, [actor, critic], x),
            (None, Part::Actor) => Ok(actor.network().outputs(x)?),
            (None, Part::Critic) => Ok(critic.network().outputs(x)?),
        }
    }
}

impl Agent for Ppo {
    fn act(&mut self, seen: Observations<'_>, mode: Mode) -> Result<Actions<'_>, AgentError> {
        let Self { choice, actor, critic, state, scratch, device } = self;
        let networks = [&*actor, &*critic];
        let floats = choice.input.floats(seen.obs, &mut scratch.floats);
        if mode == Mode::Eval {
            let (mut scaled, mut modes) = (Vec::new(), Vec::new());
            state.observations.scale(floats, &mut scaled);
            let head = Self::outputs(device, Part::Actor, networks, &scaled)?;
            choice.policy.modes(&head, &mut modes);
            return Ok(choice.policy.env_actions(&modes, &mut scratch.eval_actions));
        }
        let Scratch { obs, chosen, log_probs, actions, .. } = scratch;
        state.observations.see(floats);
        obs.clear();
        state.observations.scale(floats, obs);
        let head = Self::outputs(device, Part::Actor, networks, obs)?;
        let std_param = state.std_param.values();
        choice.policy.draw(&head, std_param, &mut state.explore, chosen, log_probs);
        Ok(choice.policy.env_actions(chosen, actions))
    }

    fn learn(&mut self, batch: &Batch<'_>) -> Result<(), AgentError> {
        let Self { choice, state, scratch, .. } = self;
        let (expected, found) = (choice.num_envs, scratch.log_probs.len());
        if expected != found || batch.reward.len() != found {
            return Err(AgentError::Length { what: "actions before a batch", expected, found });
        }
        if state.advantages.take().is_some() {
            state.rollout.clear();
        }
        let Scratch { obs, chosen, log_probs, scaled_rewards, floats, .. } = scratch;
        state.rewards.scale(batch, scaled_rewards);
        let seen = Seen { obs, action: chosen, log_prob: log_probs, reward: scaled_rewards };
        let (observations, input) = (&state.observations, &choice.input);
        state.rollout.push(seen, batch, |next, kept| {
            observations.scale(input.floats(next, floats), kept);
        });
        state.env_steps += choice.num_envs as u64;
        if state.rollout.is_full() { self.train() } else { Ok(()) }
    }

    fn move_to(&mut self, gpu: Arc<dyn Gpu>, precision: Precision) -> Result<(), AgentError> {
        self.settle()?;
        self.device = Some(PpoOnDevice::new((gpu, precision), &self.actor, &self.critic)?);
        Ok(())
    }

    fn settle(&mut self) -> Result<(), AgentError> {
        let Self { actor, critic, device, .. } = self;
        device.as_mut().map_or(Ok(()), |device| device.give(actor, critic))
    }

    fn clock(&self) -> Clock {
        Clock { env_steps: self.state.env_steps, gradient_steps: self.state.updates }
    }

    fn networks(&self) -> Vec<&Trainer> {
        vec![&self.actor, &self.critic]
    }

    fn networks_mut(&mut self) -> Vec<&mut Trainer> {
        vec![&mut self.actor, &mut self.critic]
    }

    fn policy_view(&self) -> Result<Option<PolicyView>, AgentError> {
        let before = Before::new(&self.choice.input, self.state.observations.frozen());
        let after = match &self.choice.policy {
            Policy::Categorical { .. } => After::Largest { first: 0 },
            Policy::Gaussian(bounds) => After::tanh(bounds),
        };
        PolicyView::of(before, &self.actor, after).map(Some)
    }

    fn save_own(&self, to: &mut Section) -> Result<(), AgentError> {
        let PpoState { rollout, advantages, .. } = &self.state;
        to.put("state", &self.state)?;
        rollout.save(to)?;
        if let Some(Advantages { value, advantage, ret }) = advantages {
            to.put_f32("value", value);
            to.put_f32("advantage", advantage);
            to.put_f32("return", ret);
        }
        Ok(())
    }

    fn load_own(&mut self, from: &Section) -> Result<(), AgentError> {
        let mut state: PpoState = from.get("state")?;
        let own = &self.state;
        let fits = own.std_param.is_like(&state.std_param)
            && own.observations.is_like(&state.observations)
            && own.rewards.is_like(&state.rewards);
        if !fits {
            let expected = "the spread and the scales of this agent's spaces and keys";
            return Err(from.misfit("state", expected, "others").into());
        }
        std::mem::swap(&mut state.rollout, &mut self.state.rollout);
        state.rollout.load(from)?;
        let rows = state.rollout.rows();
        if state.rollout.is_full() {
            state.advantages = Some(Advantages {
                value: from.f32_of("value", rows)?,
                advantage: from.f32_of("advantage", rows)?,
                ret: from.f32_of("return", rows)?,
            });
        }
        self.state = state;
        if let Some(device) = &mut self.device {
            device.leave_to_host();
        }
        Ok(())
    }

    fn drain_losses(&mut self, out: &mut Vec<Metric>) {
        self.state.means.drain(out);
        let rate = self.actor.optimizer().learning_rate();
        out.push(Metric::new("train/learning_rate", rate));
        if let params @ [_, ..] = self.state.std_param.values() {
            let std = mean(params.iter().map(|b| f64::from(softplus(*b))));
            out.push(Metric::new("train/action_std", std));
        }
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
        let PpoState { observations, rewards, .. } = &self.state;
        observations.moments().map_or(Ok(()), |m| save(m, "observations", saved))?;
        rewards.moments().map_or(Ok(()), |m| save(m, "rewards", saved))
    }

    fn load_extra(&mut self, saved: &Saved) -> Result<(), AgentError> {
        let PpoState { observations, rewards, .. } = &mut self.state;
        observations.moments_mut().map_or(Ok(()), |m| load(m, "observations", saved))?;
        rewards.moments_mut().map_or(Ok(()), |m| load(m, "rewards", saved))
    }
}
