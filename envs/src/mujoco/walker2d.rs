//! Walker2d-v5: two planar legs walk. The hopper of Erez, Tassa and Todorov (2011) with a second leg.
//!
//! | action | bounds | meaning |
//! |---|---|---|
//! | 0 to 5 | -1 to 1 | torques of thigh, leg and foot, right then left, as shares of their gears |
//!
//! | obs | unit | what |
//! |---|---|---|
//! | 0 to 7 | m, rad | height, pitch and the six joints (with x first, if it is not excluded) |
//! | 8 to 16 | m/s, rad/s | velocities of all nine, that of x first, each clipped to [-10, 10] |
//!
//! Reward: forward_reward_weight · vₓ + healthy_reward (where healthy) - ctrl_cost_weight · |a|². Healthy:
//! height and pitch inside their ranges, the bounds excluded. Start: uniform noise of reset_noise_scale in
//! positions and velocities. End: terminated where it is not healthy, unless terminate_when_unhealthy is
//! off; the limit is 1,000 steps.

use super::keys::{
    self, ctrl_cost_weight, forward_reward_weight, frame_skip, range, reset_noise_scale,
};
use super::robot::{Pen, Task, spec as robot};
use super::runner::{Health, Runner, between};
use super::sim::{Model, Sim};
use crate::{EnvError, EnvOption, EnvRng, EnvRow, EnvSpec, Feature, Options, Step};

const ID: &str = "Walker2d-v5";
const OPTIONS: &[EnvOption] = &[
    keys::xml_file("walker2d_v5.xml"),
    frame_skip(4),
    forward_reward_weight(1.0),
    ctrl_cost_weight(1e-3),
    keys::healthy_reward(1.0),
    keys::TERMINATE,
    range("healthy_z_range", [0.8, 2.0], "healthy heights, m"),
    range("healthy_angle_range", [-1.0, 1.0], "healthy pitches, rad"),
    reset_noise_scale(5e-3),
    keys::EXCLUDE,
];

/// The row of Walker2d-v5.
pub const ROW: EnvRow =
    EnvRow::new(ID, "walk forward on two legs in a plane, with six joints", spec)
        .options(OPTIONS)
        .needs(Feature::Mujoco);

fn spec(options: &Options) -> Result<EnvSpec, EnvError> {
    let spec = robot(ID, options, |_| {
        Ok(Walker2d {
            runner: Runner::new(options, 1)?,
            health: Health::new(options)?,
            heights: options.pair("healthy_z_range")?,
            pitches: options.pair("healthy_angle_range")?,
        })
    })?;
    Ok(spec.limit(1000))
}

struct Walker2d {
    runner: Runner,
    health: Health,
    heights: [f64; 2],
    pitches: [f64; 2],
}

impl Task for Walker2d {
    fn obs_dim(&self, model: &Model) -> usize {
        self.runner.obs_dim(model)
    }

    fn start(&self, sim: &mut Sim, rng: &mut EnvRng) {
        self.runner.start(sim, rng);
    }

    fn place(&self, sim: &Sim) -> f64 {
        sim.qpos()[0]
    }

    fn observe(&self, sim: &Sim, obs: &mut Pen<'_>) {
        self.runner.observe(sim, obs, |v| v.clamp(-10.0, 10.0));
    }

    fn judge(&self, sim: &Sim, controls: &[f32], velocity: f64) -> Step {
        let qpos = sim.qpos();
        let healthy = between(qpos[1], self.heights) && between(qpos[2], self.pitches);
        let gain = self.runner.gain(velocity) + self.health.gain(healthy);
        let reward = gain - self.runner.ctrl_cost(controls);
        Step { reward, end: self.health.end(healthy) }
    }
}
