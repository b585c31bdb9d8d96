//! Swimmer-v5: a snake of three links swims in a viscous plane. Coulom, "Reinforcement Learning Using
//! Neural Networks, with Applications to Motor Control" (2002).
//!
//! | action | bounds | meaning |
//! |---|---|---|
//! | 0, 1 | -1 to 1 | torques of the two joints, as shares of their gears |
//!
//! | obs | unit | what |
//! |---|---|---|
//! | 0 to 2 | rad | angle of the first link and the two joints (with x and y first, if they are not excluded) |
//! | 3 to 7 | m/s, rad/s | velocities of all five, those of x and y first |
//!
//! Reward: forward_reward_weight · vₓ - ctrl_cost_weight · |a|². Start: uniform noise of
//! reset_noise_scale in positions and velocities. End: never terminated; the limit is 1,000 steps.

use super::keys::{self, ctrl_cost_weight, forward_reward_weight, frame_skip, reset_noise_scale};
use super::robot::{Pen, Task, spec as robot};
use super::runner::Runner;
use super::sim::{Model, Sim};
use crate::{EnvError, EnvOption, EnvRng, EnvRow, EnvSpec, Feature, Options, Step};

const ID: &str = "Swimmer-v5";
const OPTIONS: &[EnvOption] = &[
    keys::xml_file("swimmer.xml"),
    frame_skip(4),
    forward_reward_weight(1.0),
    ctrl_cost_weight(1e-4),
    reset_noise_scale(0.1),
    keys::EXCLUDE,
];

/// The row of Swimmer-v5.
pub const ROW: EnvRow = EnvRow::new(ID, "swim forward as a snake of three links", spec)
    .options(OPTIONS)
    .needs(Feature::Mujoco);

fn spec(options: &Options) -> Result<EnvSpec, EnvError> {
    let spec = robot(ID, options, |_| Ok(Swimmer { runner: Runner::new(options, 2)? }))?;
    Ok(spec.limit(1000).solved_at(360.0))
}

struct Swimmer {
    runner: Runner,
}

impl Task for Swimmer {
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
        self.runner.observe(sim, obs, |v| v);
    }

    fn judge(&self, _: &Sim, controls: &[f32], velocity: f64) -> Step {
        let reward = self.runner.gain(velocity) - self.runner.ctrl_cost(controls);
        Step { reward, end: None }
    }
}
