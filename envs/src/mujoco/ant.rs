//! Ant-v5: a body on four legs walks. Schulman, Moritz, Levine, Jordan and Abbeel, "High-Dimensional
//! Continuous Control Using Generalized Advantage Estimation" (2015).
//!
//! | action | bounds | meaning |
//! |---|---|---|
//! | 0 to 7 | -1 to 1 | torques of hip and ankle of the four legs, as shares of their gears |
//!
//! | obs | unit | what |
//! |---|---|---|
//! | 0 to 12 | m, rad | height, orientation (quaternion) and the eight joints (with x and y first, if they are not excluded) |
//! | 13 to 26 | m/s, rad/s | velocities of all fourteen, those of x, y and z first |
//! | 27 to 104 | N m, N | external torques and forces on the thirteen bodies, clipped to contact_force_range, if included |
//!
//! Reward: forward_reward_weight · vₓ of main_body + healthy_reward (where healthy) - ctrl_cost_weight ·
//! |a|² - contact_cost_weight · |clipped forces|². Healthy: the state is finite and the height inside
//! healthy_z_range, the bounds included. Start: uniform noise in the positions, normal noise in the
//! velocities, both of reset_noise_scale. End: terminated where it is not healthy, unless
//! terminate_when_unhealthy is off; the limit is 1,000 steps.

use super::keys::{
    self, ctrl_cost_weight, flag, forward_reward_weight, frame_skip, range, real, reset_noise_scale,
};
use super::numpy::map_sum;
use super::robot::{Pen, Task, add_normal, add_uniform, spec as robot};
use super::runner::{Health, Runner};
use super::sim::{Model, Sim};
use crate::{
    EnvError, EnvOption, EnvRng, EnvRow, EnvSpec, Feature, Limits, OptionValue, Options, Step,
};

const ID: &str = "Ant-v5";
const OPTIONS: &[EnvOption] = &[
    keys::xml_file("ant.xml"),
    frame_skip(5),
    forward_reward_weight(1.0),
    ctrl_cost_weight(0.5),
    real("contact_cost_weight", 5e-4, "cost of the sum of squared contact forces"),
    keys::healthy_reward(1.0),
    EnvOption {
        key: "main_body",
        default: OptionValue::Whole(1),
        limits: Limits::Any,
        about: "index of the body whose velocity is rewarded",
    },
    keys::TERMINATE,
    range("healthy_z_range", [0.2, 1.0], "healthy heights, m"),
    range("contact_force_range", [-1.0, 1.0], "bounds to which contact forces are clipped"),
    reset_noise_scale(0.1),
    keys::EXCLUDE,
    flag("include_cfrc_ext_in_observation", true, "shows the contact forces"),
];

/// The row of Ant-v5.
pub const ROW: EnvRow = EnvRow::new(ID, "walk forward on four legs, with eight joints", spec)
    .options(OPTIONS)
    .needs(Feature::Mujoco);

fn spec(options: &Options) -> Result<EnvSpec, EnvError> {
    let spec = robot(ID, options, |model| {
        let main_body = options.u32("main_body")? as usize;
        if main_body >= model.masses().len() {
            return Err(model.lacks(&format!("has no body {main_body} for the option main_body")));
        }
        Ok(Ant {
            runner: Runner::new(options, 2)?,
            contact_weight: options.f64("contact_cost_weight")?,
            health: Health::new(options)?,
            main_body,
            heights: options.pair("healthy_z_range")?,
            forces: options.pair("contact_force_range")?,
            shows_forces: options.bool("include_cfrc_ext_in_observation")?,
        })
    })?;
    Ok(spec.limit(1000).solved_at(6000.0))
}

struct Ant {
    runner: Runner,
    contact_weight: f64,
    health: Health,
    main_body: usize,
    heights: [f64; 2],
    forces: [f64; 2],
    shows_forces: bool,
}

impl Ant {
    fn clipped(&self, force: f64) -> f64 {
        force.clamp(self.forces[0], self.forces[1])
    }

    fn is_healthy(&self, sim: &Sim) -> bool {
        let (qpos, qvel) = (sim.qpos(), sim.qvel());
        let [low, high] = self.heights;
        qpos.iter().chain(qvel).all(|x| x.is_finite()) && (low..=high).contains(&qpos[2])
    }
}

impl Task for Ant {
    fn obs_dim(&self, model: &Model) -> usize {
        let forces = if self.shows_forces { 6 * (model.masses().len() - 1) } else { 0 };
        self.runner.obs_dim(model) + forces
    }

    fn start(&self, sim: &mut Sim, rng: &mut EnvRng) {
        add_uniform(sim.qpos_mut(), self.runner.noise, rng);
        add_normal(sim.qvel_mut(), self.runner.noise, rng);
    }

    fn reads_forces(&self) -> bool {
        true
    }

    fn place(&self, sim: &Sim) -> f64 {
        sim.body(self.main_body)[0]
    }

    fn observe(&self, sim: &Sim, obs: &mut Pen<'_>) {
        self.runner.observe(sim, obs, |v| v);
        if self.shows_forces {
            obs.write_as(sim.contact_forces()[1..].as_flattened(), |force| self.clipped(force));
        }
    }

    fn judge(&self, sim: &Sim, controls: &[f32], velocity: f64) -> Step {
        let healthy = self.is_healthy(sim);
        let gain = self.runner.gain(velocity) + self.health.gain(healthy);
        let squares = map_sum(sim.contact_forces().as_flattened(), |force| {
            let force = self.clipped(force);
            force * force
        });
        let cost = self.runner.ctrl_cost(controls) + self.contact_weight * squares;
        Step { reward: gain - cost, end: self.health.end(healthy) }
    }
}
