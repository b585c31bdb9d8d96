//! What the robots share that are to run: a reward for speed at a cost of their controls, and for being healthy.

use super::keys;
use super::numpy::sum_of_squares;
use super::robot::{Pen, add_uniform};
use super::sim::{Model, Sim};
use crate::{End, EnvError, EnvRng, Options};

/// A robot that runs along x.
pub(super) struct Runner {
    forward_weight: f64,
    /// Of float32 controls, so numpy keeps the cost in float32.
    ctrl_weight: f32,
    /// Size of the noise of a start.
    pub noise: f64,
    /// Positions that the observation leaves out.
    skipped: usize,
}

impl Runner {
    /// By the options that all of them have; the first `places` positions say where it is.
    pub fn new(options: &Options, places: usize) -> Result<Self, EnvError> {
        let excluded = options.bool(keys::EXCLUDE.key)?;
        Ok(Self {
            forward_weight: options.f64("forward_reward_weight")?,
            ctrl_weight: options.f64("ctrl_cost_weight")? as f32,
            noise: options.f64("reset_noise_scale")?,
            skipped: if excluded { places } else { 0 },
        })
    }

    /// Positions and velocities that are shown.
    pub fn obs_dim(&self, model: &Model) -> usize {
        model.nq() + model.nv() - self.skipped
    }

    /// Adds uniform noise to positions and velocities.
    pub fn start(&self, sim: &mut Sim, rng: &mut EnvRng) {
        add_uniform(sim.qpos_mut(), self.noise, rng);
        add_uniform(sim.qvel_mut(), self.noise, rng);
    }

    /// Writes the positions and, each changed by `f`, the velocities.
    pub fn observe(&self, sim: &Sim, obs: &mut Pen<'_>, f: impl Fn(f64) -> f64) {
        obs.write(&sim.qpos()[self.skipped..]);
        obs.write_as(sim.qvel(), f);
    }

    /// The reward for this velocity, m/s.
    pub fn gain(&self, velocity: f64) -> f64 {
        self.forward_weight * velocity
    }

    /// The cost of these controls.
    pub fn ctrl_cost(&self, controls: &[f32]) -> f64 {
        f64::from(self.ctrl_weight * sum_of_squares(controls))
    }
}

/// What a healthy state brings.
pub(super) struct Health {
    reward: f64,
    terminates: bool,
}

impl Health {
    /// By the options that all robots with a health have.
    pub fn new(options: &Options) -> Result<Self, EnvError> {
        Ok(Self {
            reward: options.f64("healthy_reward")?,
            terminates: options.bool(keys::TERMINATE.key)?,
        })
    }

    /// The reward of a step into a state that is healthy or not.
    pub fn gain(&self, healthy: bool) -> f64 {
        f64::from(healthy) * self.reward
    }

    /// Whether the state ends the episode.
    pub fn end(&self, healthy: bool) -> Option<End> {
        (!healthy && self.terminates).then_some(End::Terminated)
    }
}

/// Whether x lies between the bounds, these excluded.
pub(super) fn between(x: f64, [low, high]: [f64; 2]) -> bool {
    low < x && x < high
}
