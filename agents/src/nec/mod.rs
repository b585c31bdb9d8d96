//! Neural episodic control (Pritzel et al. 2017, 1703.01988): a network that learns what situations are alike, and a memory
//! of what came of each action in them.
//!
//! ```text
//! h = f(s)        the network      M_a = {(h_i, v_i)}        a memory for each action
//! kᵢ = 1 / (|h − hᵢ|² + δ)         over the p nearest        (equation 5)
//! Q(s, a) = Σ wᵢ vᵢ,  wᵢ = kᵢ / Σ kⱼ                         (equations 1 and 2)
//! y = Σ_{j<N} γʲ r_{t+j} + γᴺ max_a' Q(s_{t+N}, a')          (equation 3; γᴺ is 0 after a termination)
//! ```
//!
//! What a transition came to is written into the memory of its action: `v ← v + α (y − v)` where its key is there already
//! (equation 4), else as a new pair, in the place of the one that was a neighbour longest ago where the memory is full.
//! The network learns by `L = mean (Q(s, a) − y)²` over a replay memory, through `h`:
//! `∂Q/∂h = Σ (vᵢ − Q) / Σ kⱼ · (−2 kᵢ²) (h − hᵢ)`, and so do the values of the neighbours, `∂Q/∂vᵢ = wᵢ`.
//!
//! Differs from the paper in:
//! 1. neighbours are exact, where theirs are those of a k-d tree;
//! 2. keys stay as they were written until they are overwritten, where theirs follow their gradient;
//! 3. returns that a time limit cuts bootstrap.

mod config;
mod memory;
mod row;

use sparring_envs::{Actions, Batch, EnvSpec};
use sparring_sparse::{Saved, Section, Seed, Trainer, Wanted};

use crate::agent::{Agent, Capabilities, Clock};
use crate::error::AgentError;
use crate::explore::{at_random, epsilon_greedy, largest};
use crate::input::Input;
use crate::metric::Metric;
use crate::not_finite::{Source, loss_is};
use crate::observations::{Mode, Observations};
use crate::q_state::QState;
use crate::replay::{Replay, Sample};

use config::actions;
use memory::Memories;

pub use config::NecConfig;
pub use memory::{Looked, Memory};
pub use row::ROW;

/// An agent in training.
pub struct Nec {
    config: NecConfig,
    input: Input,
    network: Trainer,
    memories: Memories,
    replay: Replay,
    state: QState,
    scratch: Scratch,
}

/// Memory to be filled again and again.
#[derive(Default)]
struct Scratch {
    sample: Sample,
    actions: Vec<u32>,
    eval_actions: Vec<u32>,
    floats: [Vec<f32>; 2],
}

impl Nec {
    /// What it can do and what it needs.
    pub const CAPABILITIES: Capabilities = Capabilities::DISCRETE;

    /// A fresh agent for `num_envs` of `spec`.
    ///
    /// # Errors
    /// An env that it cannot play, and a sparsity that its layers cannot have.
    pub fn new(
        config: NecConfig,
        spec: &EnvSpec,
        num_envs: usize,
        seed: &Seed,
    ) -> Result<Self, AgentError> {
        let layers = config.layers(spec)?;
        let optimizer = config.optimizer;
        let network = Trainer::new(
            "embedding",
            &layers,
            &config.sparsity,
            optimizer,
            &seed.child("embedding"),
        )?;
        Ok(Self {
            memories: Memories::new(actions(spec)?, config.of_memory()),
            replay: Replay::new(config.replay(spec, num_envs)),
            state: QState::new(seed),
            scratch: Scratch::default(),
            input: Input::of(spec),
            network,
            config,
        })
    }

    /// Writes what the last `count` transitions came to into the memories.
    fn remember(&mut self, count: usize) -> Result<(), AgentError> {
        // Long returns are complete only now and then.
        if count == 0 {
            return Ok(());
        }
        let Self { config, input, network, memories, replay, scratch, .. } = self;
        let Scratch { sample, floats: [obs, next], .. } = scratch;
        replay.newest(count, sample)?;
        let keys = network.network().outputs(input.floats(sample.obs.view(), obs))?;
        let y = targets(network, memories, input.floats(sample.next.view(), next), sample)?;
        for ((key, action), y) in keys.chunks_exact(config.key_size).zip(&sample.action).zip(&y) {
            memories.write(*action as usize, key, *y);
        }
        Ok(())
    }

    /// One gradient step.
    fn update(&mut self) -> Result<(), AgentError> {
        let Self { config, input, network, memories, replay, state, scratch } = self;
        let Scratch { sample, floats: [obs, next], .. } = scratch;
        replay.sample(config.batch_size, &mut state.sampler, sample)?;
        let obs = input.floats(sample.obs.view(), obs);
        let y = targets(network, memories, input.floats(sample.next.view(), next), sample)?;
        let step = network.begin_step()?;
        let mut pass = network.vjp(obs, &step)?;
        let n = y.len() as f32;
        let (mut loss, mut q_sum, mut samples) = (0.0f64, 0.0f64, Vec::new());
        let mut grad = vec![0.0; pass.output().len()];
        let size = config.key_size;
        let keys = pass.output().to_vec();
        for (row, (y, action)) in y.iter().zip(&sample.action).enumerate() {
            let (key, action) = (&keys[row * size..][..size], *action as usize);
            let looked = memories.look(action, key);
            let delta = looked.q - y;
            loss += f64::from(delta * delta);
            q_sum += f64::from(looked.q);
            samples.push(delta * delta);
            let to = &mut grad[row * size..][..size];
            memories.slope(action, &looked, key, 2.0 * delta / n, to);
            memories.learn(action, &looked, 2.0 * delta * config.value_rate as f32);
        }
        let value = (loss / f64::from(n)) as f32;
        if !value.is_finite() {
            let source = [Source::Network("the network", network.network(), obs)];
            return Err(loss_is("the loss of `embedding`", value, state.updates, &source));
        }
        pass.tell_losses(&samples);
        let gradients = pass.backward(&grad, Wanted::PARAMS)?;
        drop(pass);
        let norm = network.finish_step(step, gradients)?;
        state.updates += 1;
        state.means.add(f64::from(value), q_sum / f64::from(n), f64::from(norm));
        Ok(())
    }
}

/// `y (batch)` of `sample`, whose successors are `next (batch · obs_dim)`.
fn targets(
    network: &Trainer,
    memories: &Memories,
    next: &[f32],
    sample: &Sample,
) -> Result<Vec<f32>, AgentError> {
    let keys = network.network().outputs(next)?;
    let best = memories.values(&keys).into_iter().map(|q| q[largest(&q)]);
    let steps = sample.reward.iter().zip(&sample.discount);
    // A termination has nothing behind it, whatever the memory says.
    let y = best.zip(steps).map(|(q, (reward, discount))| match *discount {
        0.0 => *reward,
        discount => reward + discount * q,
    });
    Ok(y.collect())
}

impl Agent for Nec {
    fn act(&mut self, seen: Observations<'_>, mode: Mode) -> Result<Actions<'_>, AgentError> {
        let Self { config, input, network, memories, state, scratch, .. } = self;
        let (epsilon, actions, rng) = match mode {
            Mode::Train => {
                (config.epsilon_at(state.env_steps), &mut scratch.actions, &mut state.explore)
            }
            Mode::Eval => (config.epsilon.eval, &mut scratch.eval_actions, &mut state.eval),
        };
        actions.clear();
        if epsilon >= 1.0 {
            let count = memories.actions() as u32;
            actions.extend(seen.envs.iter().map(|_| at_random(count, rng)));
        } else {
            let x = input.floats(seen.obs, &mut scratch.floats[0]);
            let keys = network.network().outputs(x)?;
            let values = memories.values(&keys);
            actions.extend(values.iter().map(|q| epsilon_greedy(q, epsilon, rng)));
        }
        Ok(Actions::Discrete(actions))
    }

    fn learn(&mut self, batch: &Batch<'_>) -> Result<(), AgentError> {
        let (expected, found) = (batch.envs.len(), self.scratch.actions.len());
        if expected != found {
            return Err(AgentError::Length { what: "actions before a batch", expected, found });
        }
        let cadence = self.config.cadence();
        let (due, stored) = (cadence.due(self.state.env_steps), self.replay.rows().end);
        self.replay.store(batch, Actions::Discrete(&self.scratch.actions))?;
        let new = (self.replay.rows().end - stored) as usize;
        self.remember(new.min(self.replay.len()))?;
        self.state.env_steps += batch.envs.len() as u64;
        if self.replay.is_empty() {
            return Ok(());
        }
        for _ in due..cadence.due(self.state.env_steps) {
            self.update()?;
        }
        Ok(())
    }

    fn clock(&self) -> Clock {
        Clock { env_steps: self.state.env_steps, gradient_steps: self.state.updates }
    }

    fn networks(&self) -> Vec<&Trainer> {
        vec![&self.network]
    }

    fn networks_mut(&mut self) -> Vec<&mut Trainer> {
        vec![&mut self.network]
    }

    fn replay(&self) -> Option<&Replay> {
        Some(&self.replay)
    }

    fn replay_mut(&mut self) -> Option<&mut Replay> {
        Some(&mut self.replay)
    }

    fn save_own(&self, to: &mut Section) -> Result<(), AgentError> {
        to.put("state", &self.state)?;
        to.nest("memories", self.memories.save());
        Ok(())
    }

    fn load_own(&mut self, from: &Section) -> Result<(), AgentError> {
        self.state = from.get("state")?;
        self.memories.load(&from.part("memories"))
    }

    fn drain_losses(&mut self, out: &mut Vec<Metric>) {
        self.state.means.drain(out);
        out.push(Metric::new("train/epsilon", self.config.epsilon_at(self.state.env_steps)));
        out.push(Metric::new("train/replay_size", self.replay.len() as f64));
        out.push(Metric::new("train/memory_size", self.memories.len() as f64));
    }

    fn save_extra(&self, saved: &mut Saved) -> Result<(), AgentError> {
        self.memories.put(saved)
    }

    fn load_extra(&mut self, saved: &Saved) -> Result<(), AgentError> {
        self.memories.take(saved)
    }
}
