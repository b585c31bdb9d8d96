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
mod networks;
mod probe;
mod row;
mod state;
mod step;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use rand::RngExt;
use sparring_envs::{Actions, Batch, EnvSpec};
use sparring_sparse::gpu::{Gpu, Precision};
use sparring_sparse::seed::Rng;
use sparring_sparse::{Section, Seed, Target, Trainer};

use crate::action_box::ActionBox;
use crate::agent::{Agent, Capabilities, Clock};
use crate::error::AgentError;
use crate::free_params::{self, FreeParams};
use crate::gpu::turns::DEPTH;
use crate::input::Input;
use crate::metric::Metric;
use crate::network_on_batch::NetworkOnBatch;
use crate::not_finite::check;
use crate::observations::{Mode, Observations};
use crate::policy_view::{After, Before, PolicyView};
use crate::replay::{Experience, Replay, Sample};
use crate::tanh_normal::TanhNormal;

use choice::Choice;
use device::SacOnDevice;
use networks::Networks;
use state::{Means, SacState};
use step::step;

pub use config::SacConfig;
pub use keys::Temperature;
pub use row::ROW;

/// A SAC agent in training.
pub struct Sac {
    choice: Choice,
    networks: Networks,
    experience: Experience,
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
        let (alpha, rate) = match config.temperature {
            Temperature::Learned { initial, learning_rate, .. } => (initial, learning_rate),
            Temperature::Fixed { alpha } => (alpha, 0.0),
        };
        let [log_std_min, log_std_max] = config.log_std;
        Ok(Self {
            networks: Networks::new(&config, spec, seed)?,
            experience: Experience::new(
                config.replay(spec, num_envs),
                config.held_out_episodes,
                seed,
            ),
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
        let Self { choice, networks, state, device, .. } = &*self;
        if device.as_ref().is_some_and(|device| device.can_step(choice, networks, state.updates)) {
            return self.update_on_device();
        }
        self.settle()?;
        let Self { choice, networks, experience, state, scratch, device } = self;
        if let Some(device) = device {
            device.leave_to_host();
        }
        let Scratch { samples: [sample, ..], floats: [obs, next], .. } = scratch;
        experience.training.sample(choice.config.batch_size, &mut state.sampler, sample)?;
        let obs = choice.input.floats(sample.obs.view(), obs);
        let next = choice.input.floats(sample.next.view(), next);
        let stepped = step(choice, networks, state, sample, [obs, next])?;
        state.means.add(&stepped);
        Ok(())
    }

    /// One gradient step by the device, whose results are read after the next one was asked for.
    fn update_on_device(&mut self) -> Result<(), AgentError> {
        self.collect(DEPTH - 1)?;
        let Self { choice, networks, experience, state, scratch, device } = self;
        let Some(device) = device else { return Ok(()) };
        let Scratch { samples, floats: [obs, next], .. } = scratch;
        let sample = &mut samples[device.turns().next()];
        experience.training.sample(choice.config.batch_size, &mut state.sampler, sample)?;
        let obs = choice.input.floats(sample.obs.view(), obs);
        let next = choice.input.floats(sample.next.view(), next);
        device.gather(choice, networks, state, sample, [obs, next])?;
        device.step(choice, networks, state)
    }

    /// Reads what gradient steps on a device gave, until `left` are under way.
    fn collect(&mut self, left: usize) -> Result<(), AgentError> {
        let Self { choice, networks, state, scratch, device, .. } = self;
        let Some(device) = device else { return Ok(()) };
        while device.turns().under_way() > left {
            let done = state.updates - device.turns().under_way() as u64;
            let Some(results) = device.collect()? else { break };
            results.check(&scratch.samples, networks, done)?;
            if matches!(choice.config.temperature, Temperature::Learned { .. }) {
                state.log_alpha.take_step(&results.log_alpha);
            }
            check("the temperature", &[state.alpha()], done)?;
            state.means.add(&results.stepped);
        }
        Ok(())
    }

    /// The actor's head for what is `seen`.
    fn head(&mut self, seen: Observations<'_>) -> Result<Vec<f32>, AgentError> {
        let Self { choice, networks, state, scratch, device, .. } = self;
        let x = choice.input.floats(seen.obs, &mut scratch.floats[0]);
        match device {
            Some(device) => device.head(networks, state, x),
            None => Ok(networks.actor.network().outputs(x)?),
        }
    }
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
        self.experience.store(batch, actions)?;
        self.state.env_steps += batch.envs.len() as u64;
        // Void steps and long returns can leave the memory empty after a short warm-up.
        if self.experience.training.is_empty() {
            return Ok(());
        }
        for _ in before..cadence.due(self.state.env_steps) {
            self.update()?;
        }
        Ok(())
    }

    fn move_to(&mut self, gpu: Arc<dyn Gpu>, precision: Precision) -> Result<(), AgentError> {
        self.settle()?;
        self.device = Some(SacOnDevice::new((gpu, precision), &self.choice, &self.networks)?);
        Ok(())
    }

    fn settle(&mut self) -> Result<(), AgentError> {
        self.collect(0)?;
        let Self { networks, device, .. } = self;
        device.as_mut().map_or(Ok(()), |device| device.give(networks))
    }

    fn clock(&self) -> Clock {
        Clock { env_steps: self.state.env_steps, gradient_steps: self.state.updates }
    }

    fn networks(&self) -> Vec<&Trainer> {
        self.networks.trainers().to_vec()
    }

    fn networks_mut(&mut self) -> Vec<&mut Trainer> {
        let Networks { actor, critics: [first, second], .. } = &mut self.networks;
        vec![actor, first, second]
    }

    fn targets(&self) -> Vec<&Target> {
        self.networks.targets.iter().collect()
    }

    fn targets_mut(&mut self) -> Vec<&mut Target> {
        self.networks.targets.iter_mut().collect()
    }

    fn replay(&self) -> Option<&Replay> {
        Some(&self.experience.training)
    }

    fn replay_mut(&mut self) -> Option<&mut Replay> {
        Some(&mut self.experience.training)
    }

    fn policy_view(&self) -> Result<Option<PolicyView>, AgentError> {
        let Choice { input, bounds, .. } = &self.choice;
        let (before, after) = (Before::new(input, None), After::tanh(bounds));
        PolicyView::of(before, &self.networks.actor, after).map(Some)
    }

    fn save_own(&self, to: &mut Section) -> Result<(), AgentError> {
        self.experience.save_held_out(to)?;
        Ok(to.put("state", &self.state)?)
    }

    fn load_own(&mut self, from: &Section) -> Result<(), AgentError> {
        let state: SacState = from.get("state")?;
        let whole_actions = state.chosen.len().is_multiple_of(self.choice.policy.act_dim);
        if !whole_actions || !self.state.log_alpha.is_like(&state.log_alpha) {
            let expected = format!("actions of {} numbers, and one α", self.choice.policy.act_dim);
            return Err(from.misfit("state", expected, "others").into());
        }
        self.experience.load_held_out(from)?;
        self.state = state;
        let Networks { critics, targets, .. } = &mut self.networks;
        for (target, critic) in targets.iter_mut().zip(&*critics) {
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
        out.push(Metric::new("train/replay_size", self.experience.training.len() as f64));
    }

    fn probes(
        &self,
        size: Option<usize>,
        rng: &mut Rng,
    ) -> Result<Vec<NetworkOnBatch<'_>>, AgentError> {
        self.of_batch(size, rng)
    }
}
