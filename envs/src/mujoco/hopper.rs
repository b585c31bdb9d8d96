//! Hopper-v5: a planar leg hops. Erez, Tassa and Todorov, "Infinite-Horizon Model Predictive Control for
//! Periodic Tasks with Contacts" (2011).
//!
//! | action | bounds | meaning |
//! |---|---|---|
//! | 0 to 2 | -1 to 1 | torques of thigh, leg and foot, as shares of their gears |
//!
//! | obs | unit | what |
//! |---|---|---|
//! | 0 to 4 | m, rad | height, pitch and the three joints (with x first, if it is not excluded) |
//! | 5 to 10 | m/s, rad/s | velocities of all six, that of x first, each clipped to [-10, 10] |
//!
//! Reward: forward_reward_weight · vₓ + healthy_reward (where healthy) - ctrl_cost_weight · |a|². Healthy:
//! height and pitch inside their ranges, and every other state inside healthy_state_range, the bounds
//! excluded. Start: uniform noise of reset_noise_scale in positions and velocities. End: terminated where
//! it is not healthy, unless terminate_when_unhealthy is off; the limit is 1,000 steps.

use super::keys::{
    self, ctrl_cost_weight, forward_reward_weight, frame_skip, range, reset_noise_scale,
};
use super::robot::{Pen, Task, spec as robot};
use super::runner::{Health, Runner, between};
use super::sim::{Model, Sim};
use crate::{EnvError, EnvOption, EnvRng, EnvRow, EnvSpec, Feature, Options, Step};

const ID: &str = "Hopper-v5";
const OPTIONS: &[EnvOption] = &[
    keys::xml_file("hopper.xml"),
    frame_skip(4),
    forward_reward_weight(1.0),
    ctrl_cost_weight(1e-3),
    keys::healthy_reward(1.0),
    keys::TERMINATE,
    range("healthy_state_range", [-100.0, 100.0], "healthy states but x and height, m and rad"),
    range("healthy_z_range", [0.7, f64::INFINITY], "healthy heights, m"),
    range("healthy_angle_range", [-0.2, 0.2], "healthy pitches, rad"),
    reset_noise_scale(5e-3),
    keys::EXCLUDE,
];

/// The row of Hopper-v5.
pub const ROW: EnvRow =
    EnvRow::new(ID, "hop forward on one leg in a plane, with three joints", spec)
        .options(OPTIONS)
        .needs(Feature::Mujoco);

fn spec(options: &Options) -> Result<EnvSpec, EnvError> {
    let spec = robot(ID, options, |_| {
        Ok(Hopper {
            runner: Runner::new(options, 1)?,
            health: Health::new(options)?,
            states: options.pair("healthy_state_range")?,
            heights: options.pair("healthy_z_range")?,
            pitches: options.pair("healthy_angle_range")?,
        })
    })?;
    Ok(spec.limit(1000).solved_at(3800.0))
}

struct Hopper {
    runner: Runner,
    health: Health,
    states: [f64; 2],
    heights: [f64; 2],
    pitches: [f64; 2],
}

impl Hopper {
    fn is_healthy(&self, sim: &Sim) -> bool {
        let (qpos, qvel) = (sim.qpos(), sim.qvel());
        between(qpos[1], self.heights)
            && between(qpos[2], self.pitches)
            && qpos[2..].iter().chain(qvel).all(|&x| between(x, self.states))
    }
}

impl Task for Hopper {
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
        let healthy = self.is_healthy(sim);
        let gain = self.runner.gain(velocity) + self.health.gain(healthy);
        let reward = gain - self.runner.ctrl_cost(controls);
        Step { reward, end: self.health.end(healthy) }
    }
}
