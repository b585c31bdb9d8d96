//! HalfCheetah-v5: a planar cat runs. Wawrzyński, "A Cat-Like Robot Real-Time Learning to Run" (2009).
//!
//! | action | bounds | meaning |
//! |---|---|---|
//! | 0 to 5 | -1 to 1 | torques of thighs, shins and feet, behind and in front, as shares of their gears |
//!
//! | obs | unit | what |
//! |---|---|---|
//! | 0 to 7 | m, rad | height, pitch and the six joints (with x first, if it is not excluded) |
//! | 8 to 16 | m/s, rad/s | velocities of all nine, that of x first |
//!
//! Reward: forward_reward_weight · vₓ - ctrl_cost_weight · |a|², vₓ the mean velocity of the step. Start:
//! uniform noise in the positions, normal noise in the velocities, both of reset_noise_scale. End: never
//! terminated; the limit is 1,000 steps.

use super::keys::{self, ctrl_cost_weight, forward_reward_weight, frame_skip, reset_noise_scale};
use super::robot::{Pen, Task, add_normal, add_uniform, spec as robot};
use super::runner::Runner;
use super::sim::{Model, Sim};
use crate::{EnvError, EnvOption, EnvRng, EnvRow, EnvSpec, Feature, Options, Step};

const ID: &str = "HalfCheetah-v5";
const OPTIONS: &[EnvOption] = &[
    keys::xml_file("half_cheetah.xml"),
    frame_skip(5),
    forward_reward_weight(1.0),
    ctrl_cost_weight(0.1),
    reset_noise_scale(0.1),
    keys::EXCLUDE,
];

/// The row of HalfCheetah-v5.
pub const ROW: EnvRow =
    EnvRow::new(ID, "run forward on two legs in a plane, with six joints", spec)
        .options(OPTIONS)
        .needs(Feature::Mujoco);

fn spec(options: &Options) -> Result<EnvSpec, EnvError> {
    let spec = robot(ID, options, |_| Ok(HalfCheetah { runner: Runner::new(options, 1)? }))?;
    Ok(spec.limit(1000).solved_at(4800.0))
}

struct HalfCheetah {
    runner: Runner,
}

impl Task for HalfCheetah {
    fn obs_dim(&self, model: &Model) -> usize {
        self.runner.obs_dim(model)
    }

    fn start(&self, sim: &mut Sim, rng: &mut EnvRng) {
        add_uniform(sim.qpos_mut(), self.runner.noise, rng);
        add_normal(sim.qvel_mut(), self.runner.noise, rng);
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
