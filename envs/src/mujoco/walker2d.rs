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

use super::hopper::between;
use super::keys::{
    self, ctrl_cost_weight, forward_reward_weight, frame_skip, range, reset_noise_scale,
};
use super::numpy::sum_of_squares;
use super::robot::{Pen, Task, add_uniform, spec as robot};
use super::sim::{Model, Sim};
use crate::{End, EnvError, EnvOption, EnvRng, EnvRow, EnvSpec, Feature, Options, Step};

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
pub const ROW: EnvRow = EnvRow {
    id: ID,
    about: "walk forward on two legs in a plane, with six joints",
    options: OPTIONS,
    needs: Some(Feature::Mujoco),
    spec,
};

fn spec(options: &Options) -> Result<EnvSpec, EnvError> {
    robot(ID, options, 1000, None, |_| {
        Ok(Walker2d {
            forward_weight: options.f64("forward_reward_weight")?,
            ctrl_weight: options.f64("ctrl_cost_weight")? as f32,
            healthy_reward: options.f64("healthy_reward")?,
            terminates: options.bool("terminate_when_unhealthy")?,
            heights: options.pair("healthy_z_range")?,
            pitches: options.pair("healthy_angle_range")?,
            noise: options.f64("reset_noise_scale")?,
            skipped: usize::from(options.bool("exclude_current_positions_from_observation")?),
        })
    })
}

struct Walker2d {
    forward_weight: f64,
    /// Of float32 controls, so numpy keeps the cost in float32.
    ctrl_weight: f32,
    healthy_reward: f64,
    terminates: bool,
    heights: [f64; 2],
    pitches: [f64; 2],
    noise: f64,
    skipped: usize,
}

impl Task for Walker2d {
    fn obs_dim(&self, model: &Model) -> usize {
        model.nq() + model.nv() - self.skipped
    }

    fn start(&self, sim: &mut Sim, rng: &mut EnvRng) {
        add_uniform(sim.qpos_mut(), self.noise, rng);
        add_uniform(sim.qvel_mut(), self.noise, rng);
    }

    fn place(&self, sim: &Sim) -> f64 {
        sim.qpos()[0]
    }

    fn observe(&self, sim: &Sim, obs: &mut Pen<'_>) {
        obs.write(&sim.qpos()[self.skipped..]);
        obs.write_as(sim.qvel(), |v| v.clamp(-10.0, 10.0));
    }

    fn judge(&self, sim: &Sim, controls: &[f32], velocity: f64) -> Step {
        let qpos = sim.qpos();
        let healthy = between(qpos[1], self.heights) && between(qpos[2], self.pitches);
        let cost = self.ctrl_weight * sum_of_squares(controls);
        let gain = self.forward_weight * velocity + f64::from(healthy) * self.healthy_reward;
        let end = (!healthy && self.terminates).then_some(End::Terminated);
        Step { reward: gain - f64::from(cost), end }
    }
}
