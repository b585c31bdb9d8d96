//! SAC (Haarnoja et al. 2018, 1812.05905) as Graesser et al. 2022 train it on MuJoCo.
//!
//! Critics: `L = ½ Σᵢ mean (Qᵢ(s, a) − y)²`, `y = c R + γᵏ (min_i Qᵢ⁻(s', a') − α log π(a'|s'))`, where
//! `a' ~ π(s')`, `R` sums `k` rewards, `c` is the reward scale, and `γᵏ` is 0 after a termination; a
//! truncated transition bootstraps. Actor: `L = mean (α log π(ã|s) − min_i Qᵢ(s, ã))`, `ã ~ π(s)`.
//! Temperature: `L = −log α · mean (log π(ã|s) + H̄)`, with the target entropy `H̄`.
//!
//! One gradient step: critics → actor, by the stepped critics → temperature, by the
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
//! 5. with `n_step` above 1 the rewards within a return carry no entropy;
//! 6. the temperature follows the Adam that was chosen for the networks, `ε` included, at a rate of its own,
//!    without clipping, and an Adam of its own beside networks under SGD; in the paper's code always that.
//!
//! The stream `noise` serves both acting and learning, and `explore` the warm-up alone. A stream each would
//! be the rule; it would change every run that there is.

mod choice;
mod config;
mod device;
pub mod keys;
mod probe;
mod row;
mod state;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use rand::RngExt;
use sparring_envs::{Actions, Batch, EnvSpec};
use sparring_sparse::config::SparsityConfig;
use sparring_sparse::gpu::{Gpu, Precision};
use sparring_sparse::seed::Rng;
use sparring_sparse::stats::mean;
use sparring_sparse::{LayerSpec, Section, Seed, Target, Trainer, Wanted};

use crate::action_box::ActionBox;
use crate::agent::{Agent, Capabilities, Clock};
use crate::error::AgentError;
use crate::free_params::{self, FreeParams};
use crate::gpu::turns::DEPTH;
use crate::input::Input;
use crate::losses::{LossGrad, soft};
use crate::metric::Metric;
use crate::network_on_batch::NetworkOnBatch;
use crate::not_finite::{Source, check, loss_is};
use crate::observations::{Mode, Observations};
use crate::policy_view::{After, Before, PolicyView};
use crate::replay::{HeldOut, Replay, Sample};
use crate::tanh_normal::TanhNormal;

use choice::{ActorLoss, Choice, Draws};
use device::{Hosts, Results, SacOnDevice};
use state::{Means, SacState};

pub use config::SacConfig;
pub use keys::Temperature;
pub use row::ROW;

/// A SAC agent in training.
pub struct Sac {
    choice: Choice,
    actor: Trainer,
    critics: [Trainer; 2],
    targets: [Target; 2],
    replay: Replay,
    /// What is kept apart, if anything is.
    held_out: Option<HeldOut>,
    state: SacState,
    scratch: Scratch,
    /// Where it trains, if not here.
    device: Option<SacOnDevice>,
}

/// Memory to be filled again and again: between two steps of an environment, nothing that it holds counts.
#[derive(Default)]
struct Scratch {
    /// What a gradient step drew, by its turn on a device.
    samples: [Sample; DEPTH],
    /// What was chosen last, in the environment's units.
    actions: Vec<f32>,
    eval_actions: Vec<f32>,
    /// Observations and their successors as floats.
    floats: [Vec<f32>; 2],
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
            targets: [Target::new(critics[0].network())?, Target::new(critics[1].network())?],
            actor,
            critics,
            held_out: HeldOut::new(config.held_out_episodes, config.replay(spec, num_envs), seed),
            replay: Replay::new(config.replay(spec, num_envs)),
            state: SacState {
                log_alpha: FreeParams::new(
                    vec![alpha.ln()],
                    rate,
                    free_params::rule(config.optimizer.rule),
                ),
                explore: seed.child("explore").rng(),
                noise: seed.child("noise").rng(),
                sampler: seed.child("replay").rng(),
                env_steps: 0,
                updates: 0,
                chosen: Vec::new(),
                means: Means::default(),
            },
            scratch: Scratch::default(),
            device: None,
            choice: Choice {
                input: Input::of(spec),
                obs_dim: spec.obs.dim(),
                action_copies: config.action_copies(spec)?,
                policy: TanhNormal { act_dim: bounds.dim(), log_std_min, log_std_max },
                bounds,
                config,
            },
        })
    }

    /// One gradient step.
    fn update(&mut self) -> Result<(), AgentError> {
        if self.steps_on_device() {
            return self.update_on_device();
        }
        self.settle()?;
        let Self { choice, actor, critics, targets, replay, state, scratch, device, .. } = self;
        if let Some(device) = device {
            device.leave_to_host();
        }
        let Scratch { samples: [sample, ..], floats: [obs, next], .. } = scratch;
        replay.sample(choice.config.batch_size, &mut state.sampler, sample)?;
        let obs = choice.input.floats(sample.obs.view(), obs);
        let next = choice.input.floats(sample.next.view(), next);
        let head = actor.network().outputs(next)?;
        let noise = choice.noise(sample.reward.len(), &mut state.noise);
        let draws = Draws { head: &head, noise: &noise };
        let networks = [targets[0].network(), targets[1].network()];
        let y = choice.target_values(state.alpha(), sample, next, draws, networks)?;
        let taken = choice.critic_input(obs, &sample.action, choice.policy.act_dim);
        step_critics(critics, state, &taken, &y)?;
        let log_prob = step_actor(choice, actor, critics, state, obs)?;
        step_temperature(choice, state, log_prob)?;
        state.updates += 1;
        if state.updates.is_multiple_of(choice.config.target_every_gradient_steps) {
            for (target, critic) in targets.iter_mut().zip(critics) {
                target.update(critic.network(), choice.config.target_tau)?;
            }
        }
        state.means.steps += 1;
        Ok(())
    }

    /// Whether a device takes the next gradient step.
    fn steps_on_device(&mut self) -> bool {
        let Self { choice, actor, critics, targets, state, device, .. } = self;
        let hosts = Hosts { actor, critics, targets };
        device.as_ref().is_some_and(|device| device.can_step(choice, &hosts, state.updates))
    }

    /// One gradient step by the device, whose results are read after the next one was asked for.
    fn update_on_device(&mut self) -> Result<(), AgentError> {
        self.collect(DEPTH - 1)?;
        let Self { choice, actor, critics, targets, replay, state, scratch, device, .. } = self;
        let Some(device) = device else { return Ok(()) };
        let Scratch { samples, floats: [obs, next], .. } = scratch;
        let sample = &mut samples[device.turns().next()];
        replay.sample(choice.config.batch_size, &mut state.sampler, sample)?;
        let obs = choice.input.floats(sample.obs.view(), obs);
        let next = choice.input.floats(sample.next.view(), next);
        let mut hosts = Hosts { actor, critics, targets };
        device.gather(choice, &hosts, state, sample, [obs, next])?;
        device.step(choice, &mut hosts, state)
    }

    /// Reads what gradient steps on a device gave, until `left` are under way.
    fn collect(&mut self, left: usize) -> Result<(), AgentError> {
        while let Some(device) = &mut self.device
            && device.turns().under_way() > left
        {
            let at = self.state.updates - device.turns().under_way() as u64;
            match device.collect()? {
                Some(results) => self.count(&results, at)?,
                None => return Ok(()),
            }
        }
        Ok(())
    }

    /// Counts what gradient step `done` on a device gave.
    fn count(&mut self, results: &Results, done: u64) -> Result<(), AgentError> {
        let Self { actor, critics, state, scratch, .. } = self;
        let sample = &scratch.samples[results.turn];
        let [of_actor, of_critics] =
            [results.actor_loss, results.critic_loss].map(|loss| loss as f32);
        let losses = [("the loss of the critics", of_critics), ("the loss of the actor", of_actor)];
        for (what, value) in losses {
            if !value.is_finite() {
                let sources = [
                    Source::Numbers("a reward", &sample.reward),
                    Source::Numbers("an action", &sample.action),
                ];
                return Err(loss_is(what, value, done, &sources));
            }
        }
        let [first, second] = &*critics;
        for (trainer, norm) in [&*actor, first, second].into_iter().zip(results.norms) {
            trainer.check_norm(norm)?;
        }
        if matches!(self.choice.config.temperature, Temperature::Learned { .. }) {
            state.log_alpha.take_step(&results.log_alpha);
        }
        check("the temperature", &[state.alpha()], done)?;
        let means = &mut state.means;
        means.steps += 1;
        means.critic_loss += results.critic_loss;
        means.actor_loss += results.actor_loss;
        means.q += results.q;
        means.entropy -= results.log_prob;
        for (sum, norm) in means.grad_norms.iter_mut().zip(results.norms) {
            *sum += f64::from(norm);
        }
        Ok(())
    }

    /// The actor's head for what is `seen`.
    fn head(&mut self, seen: Observations<'_>) -> Result<Vec<f32>, AgentError> {
        let Self { choice, actor, critics, targets, state, scratch, device, .. } = self;
        let x = choice.input.floats(seen.obs, &mut scratch.floats[0]);
        match device {
            Some(device) => device.head(&Hosts { actor, critics, targets }, state, x),
            None => Ok(actor.network().outputs(x)?),
        }
    }
}

/// `taken (batch, obs_dim + act_dim)`, `y (batch)`.
fn step_critics(
    critics: &mut [Trainer; 2],
    state: &mut SacState,
    taken: &[f32],
    y: &[f32],
) -> Result<(), AgentError> {
    let [first, second] = &mut *critics;
    let steps = [first.begin_step()?, second.begin_step()?];
    let mut passes = [first.vjp(taken, &steps[0])?, second.vjp(taken, &steps[1])?];
    let losses = passes.each_ref().map(|pass| soft::critic(pass.output(), y));
    let value = losses[0].value + losses[1].value;
    if !value.is_finite() {
        let sources = [
            Source::Numbers("a target value", y),
            Source::Network("`critic.1`", first.network(), taken),
            Source::Network("`critic.2`", second.network(), taken),
        ];
        return Err(loss_is("the loss of the critics", value, state.updates, &sources));
    }
    state.means.critic_loss += f64::from(value);
    state.means.q += mean(passes[0].output().iter().map(|q| f64::from(*q)));
    let each = critics.iter_mut().zip(steps).zip(passes.iter_mut().zip(&losses));
    for (i, ((critic, step), (pass, LossGrad { grad, samples, .. }))) in each.enumerate() {
        pass.tell_losses(samples);
        let gradients = pass.backward(grad, Wanted::PARAMS)?;
        state.means.grad_norms[1 + i] += f64::from(critic.finish_step(step, gradients)?);
    }
    Ok(())
}

/// `obs (batch, obs_dim)`; gives `mean log π(ã|s)`.
fn step_actor(
    choice: &Choice,
    actor: &mut Trainer,
    critics: &[Trainer; 2],
    state: &mut SacState,
    obs: &[f32],
) -> Result<f64, AgentError> {
    let noise = choice.noise(obs.len() / choice.obs_dim, &mut state.noise);
    let step = actor.begin_step()?;
    let mut pass = actor.vjp(obs, &step)?;
    let draws = Draws { head: pass.output(), noise: &noise };
    let networks = [critics[0].network(), critics[1].network()];
    let ActorLoss { value, log_prob, head, samples } =
        choice.actor_loss(state.alpha(), obs, draws, networks)?;
    if !value.is_finite() {
        let source = Source::Network("`actor`", actor.network(), obs);
        return Err(loss_is("the loss of the actor", value, state.updates, &[source]));
    }
    pass.tell_losses(&samples);
    let gradients = pass.backward(&head, Wanted::PARAMS)?;
    state.means.grad_norms[0] += f64::from(actor.finish_step(step, gradients)?);
    state.means.actor_loss += f64::from(value);
    state.means.entropy -= log_prob;
    Ok(log_prob)
}

fn step_temperature(
    choice: &Choice,
    state: &mut SacState,
    log_prob: f64,
) -> Result<(), AgentError> {
    let Choice { config, policy, .. } = choice;
    if let Temperature::Learned { target_entropy_per_dim, .. } = config.temperature {
        let grad = -(log_prob + target_entropy_per_dim * policy.act_dim as f64);
        state.log_alpha.step(&[grad], free_params::rule(config.optimizer.rule));
    }
    check("the temperature", &[state.alpha()], state.updates)
}

impl Agent for Sac {
    fn act(&mut self, seen: Observations<'_>, mode: Mode) -> Result<Actions<'_>, AgentError> {
        let (n, act_dim) = (seen.envs.len(), self.choice.policy.act_dim);
        let is_warm = self.state.env_steps >= self.choice.config.warmup_env_steps;
        let head = match mode == Mode::Eval || is_warm {
            true => self.head(seen)?,
            false => Vec::new(),
        };
        let Self { choice, state, scratch: Scratch { actions, eval_actions, .. }, .. } = self;
        if mode == Mode::Eval {
            let mut modes = Vec::new();
            choice.policy.modes(&head, &mut modes);
            choice.bounds.scale(&modes, eval_actions);
            return Ok(Actions::Continuous(eval_actions));
        }
        let SacState { chosen, explore, .. } = state;
        if is_warm {
            let noise = choice.noise(n, &mut state.noise);
            let mut drawn = vec![0.0; n * (act_dim + 1)];
            choice.policy.draw(&head, &noise, &mut drawn);
            chosen.clear();
            for drawn in drawn.chunks_exact(act_dim + 1) {
                chosen.extend_from_slice(&drawn[..act_dim]);
            }
        } else {
            let step = state.env_steps / n as u64;
            if step.is_multiple_of(choice.config.warmup_hold_steps) {
                chosen.clear();
                let random = |_| explore.random_range(-1.0..=1.0);
                chosen.extend((0..n * act_dim).map(random));
            }
        }
        choice.bounds.scale(chosen, actions);
        Ok(Actions::Continuous(actions))
    }

    fn learn(&mut self, batch: &Batch<'_>) -> Result<(), AgentError> {
        let (expected, found) =
            (batch.envs.len(), self.state.chosen.len() / self.choice.policy.act_dim);
        if expected != found {
            return Err(AgentError::Length { what: "actions before a batch", expected, found });
        }
        let cadence = self.choice.config.cadence();
        let before = cadence.due(self.state.env_steps);
        let actions = Actions::Continuous(&self.state.chosen);
        match &mut self.held_out {
            Some(held_out) => held_out.store(batch, actions, &mut self.replay)?,
            None => self.replay.store(batch, actions)?,
        }
        self.state.env_steps += batch.envs.len() as u64;
        // Void steps and long returns can leave the memory empty after a short warm-up.
        if self.replay.is_empty() {
            return Ok(());
        }
        for _ in before..cadence.due(self.state.env_steps) {
            self.update()?;
        }
        Ok(())
    }

    fn move_to(&mut self, gpu: Arc<dyn Gpu>, precision: Precision) -> Result<(), AgentError> {
        self.settle()?;
        let Self { choice, actor, critics, targets, .. } = self;
        let hosts = Hosts { actor, critics, targets };
        self.device = Some(SacOnDevice::new((gpu, precision), choice, &hosts)?);
        Ok(())
    }

    fn settle(&mut self) -> Result<(), AgentError> {
        self.collect(0)?;
        let Self { actor, critics, targets, device, .. } = self;
        match device {
            Some(device) => device.give(&mut Hosts { actor, critics, targets }),
            None => Ok(()),
        }
    }

    fn clock(&self) -> Clock {
        Clock { env_steps: self.state.env_steps, gradient_steps: self.state.updates }
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

    fn targets_mut(&mut self) -> Vec<&mut Target> {
        self.targets.iter_mut().collect()
    }

    fn replay(&self) -> Option<&Replay> {
        Some(&self.replay)
    }

    fn replay_mut(&mut self) -> Option<&mut Replay> {
        Some(&mut self.replay)
    }

    fn policy_view(&self) -> Result<Option<PolicyView>, AgentError> {
        let Choice { input, bounds, .. } = &self.choice;
        let (before, after) = (Before::new(input, None), After::tanh(bounds));
        PolicyView::of(before, &self.actor, after).map(Some)
    }

    fn save_own(&self, to: &mut Section) -> Result<(), AgentError> {
        if let Some(held_out) = &self.held_out {
            to.nest("held_out", held_out.save()?);
        }
        Ok(to.put("state", &self.state)?)
    }

    fn load_own(&mut self, from: &Section) -> Result<(), AgentError> {
        let state: SacState = from.get("state")?;
        let whole_actions = state.chosen.len().is_multiple_of(self.choice.policy.act_dim);
        if !whole_actions || !self.state.log_alpha.is_like(&state.log_alpha) {
            let expected = format!("actions of {} numbers, and one α", self.choice.policy.act_dim);
            return Err(from.misfit("state", expected, "others").into());
        }
        if let Some(held_out) = &mut self.held_out {
            held_out.load(&from.part("held_out"))?;
        }
        self.state = state;
        for (target, critic) in self.targets.iter_mut().zip(&self.critics) {
            target.share(critic.network())?;
        }
        if let Some(device) = &mut self.device {
            device.leave_to_host();
        }
        Ok(())
    }

    fn drain_losses(&mut self, out: &mut Vec<Metric>) {
        self.state.means.drain(out);
        out.push(Metric::new("train/temperature", self.state.alpha()));
        out.push(Metric::new("train/replay_size", self.replay.len() as f64));
    }

    fn probes(
        &self,
        size: Option<usize>,
        rng: &mut Rng,
    ) -> Result<Vec<NetworkOnBatch<'_>>, AgentError> {
        self.of_batch(size, rng)
    }
}
