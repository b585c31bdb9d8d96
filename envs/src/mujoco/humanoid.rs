//! Humanoid-v5: a body on two legs walks. Tassa, Erez and Todorov, "Synthesis and Stabilization of Complex
//! Behaviors through Online Trajectory Optimization" (2012).
//!
//! | action | bounds | meaning |
//! |---|---|---|
//! | 0 to 16 | -0.4 to 0.4 | torques of abdomen, hips, knees, shoulders and elbows, as shares of their gears |
//!
//! The observation, 348 values: see `Body`. Reward: forward_reward_weight · vₓ of the centre of mass +
//! healthy_reward (where healthy) - ctrl_cost_weight · |a|² - contact_cost_weight · |external forces|², the
//! last clipped to contact_cost_range. Healthy: the height inside healthy_z_range, the bounds excluded.
//! Start: uniform noise of reset_noise_scale in positions and velocities. End: terminated where it is not
//! healthy, unless terminate_when_unhealthy is off; the limit is 1,000 steps.

use super::keys::{
    self, ctrl_cost_weight, flag, forward_reward_weight, frame_skip, range, real, reset_noise_scale,
};
use super::numpy::{sum, sum_of_squares};
use super::robot::{Pen, Task, add_uniform, spec as robot};
use super::runner::{Health, between};
use super::sim::{Model, Sim};
use crate::{EnvError, EnvOption, EnvRng, EnvRow, EnvSpec, Feature, Options, Step};

const ID: &str = "Humanoid-v5";
const OPTIONS: &[EnvOption] = &[
    keys::xml_file("humanoid.xml"),
    frame_skip(5),
    forward_reward_weight(1.25),
    ctrl_cost_weight(0.1),
    real("contact_cost_weight", 5e-7, "cost of the sum of squared external forces"),
    range("contact_cost_range", [f64::NEG_INFINITY, 10.0], "bounds of that cost"),
    keys::healthy_reward(5.0),
    keys::TERMINATE,
    range("healthy_z_range", [1.0, 2.0], "healthy heights, m"),
    reset_noise_scale(1e-2),
    keys::EXCLUDE,
    INERTIAS,
    VELOCITIES,
    ACTUATORS,
    FORCES,
];

/// Whether inertias are shown.
pub(super) const INERTIAS: EnvOption =
    flag("include_cinert_in_observation", true, "shows the inertias and masses of the bodies");
/// Whether velocities of bodies are shown.
pub(super) const VELOCITIES: EnvOption =
    flag("include_cvel_in_observation", true, "shows the velocities of the bodies");
/// Whether forces of actuators are shown.
pub(super) const ACTUATORS: EnvOption =
    flag("include_qfrc_actuator_in_observation", true, "shows the forces of the actuators");
/// Whether external forces are shown.
pub(super) const FORCES: EnvOption =
    flag("include_cfrc_ext_in_observation", true, "shows the external forces on the bodies");

/// The row of Humanoid-v5.
pub const ROW: EnvRow =
    EnvRow::new(ID, "walk forward on two legs as a humanoid with seventeen joints", spec)
        .options(OPTIONS)
        .needs(Feature::Mujoco);

fn spec(options: &Options) -> Result<EnvSpec, EnvError> {
    let spec = robot(ID, options, |model| {
        Ok(Humanoid {
            body: Body::new(options)?,
            forward_weight: options.f64("forward_reward_weight")?,
            ctrl_weight: options.f64("ctrl_cost_weight")?,
            contact_weight: options.f64("contact_cost_weight")?,
            contact_costs: options.pair("contact_cost_range")?,
            health: Health::new(options)?,
            heights: options.pair("healthy_z_range")?,
            masses: model.masses().to_vec(),
            total_mass: sum(model.masses()),
        })
    })?;
    Ok(spec.limit(1000))
}

/// What the two tasks of the humanoid share: its start and its observation.
///
/// | obs | unit | what |
/// |---|---|---|
/// | 0 to 21 | m, rad | height, orientation (quaternion), seventeen joints (with x and y first, if they are not excluded) |
/// | 22 to 44 | m/s, rad/s | velocities of all, those of x, y and z first |
/// | 45 to 174 | kg m², kg m, kg | inertias and masses of the thirteen bodies, ten values each |
/// | 175 to 252 | rad/s, m/s | velocities of the bodies, six values each |
/// | 253 to 269 | N m | forces of the actuators on the seventeen joints |
/// | 270 to 347 | N m, N | external torques and forces on the bodies, six values each |
pub(super) struct Body {
    noise: f64,
    skipped: usize,
    inertias: bool,
    velocities: bool,
    actuators: bool,
    forces: bool,
}

/// Velocities of the free joint, which no actuator moves.
const FREE: usize = 6;

impl Body {
    /// By the options that both tasks have.
    pub fn new(options: &Options) -> Result<Self, EnvError> {
        let exclude = options.bool(keys::EXCLUDE.key)?;
        Ok(Self {
            noise: options.f64("reset_noise_scale")?,
            skipped: if exclude { 2 } else { 0 },
            inertias: options.bool(INERTIAS.key)?,
            velocities: options.bool(VELOCITIES.key)?,
            actuators: options.bool(ACTUATORS.key)?,
            forces: options.bool(FORCES.key)?,
        })
    }

    /// Values of the observation.
    pub fn obs_dim(&self, model: &Model) -> usize {
        let (nv, bodies) = (model.nv(), model.masses().len() - 1);
        let parts = [
            (self.inertias, 10 * bodies),
            (self.velocities, 6 * bodies),
            (self.actuators, nv.saturating_sub(FREE)),
            (self.forces, 6 * bodies),
        ];
        let shown: usize = parts.into_iter().filter(|(shown, _)| *shown).map(|(_, n)| n).sum();
        model.nq() + nv - self.skipped + shown
    }

    /// Adds the noise of a start.
    pub fn start(&self, sim: &mut Sim, rng: &mut EnvRng) {
        add_uniform(sim.qpos_mut(), self.noise, rng);
        add_uniform(sim.qvel_mut(), self.noise, rng);
    }

    /// Writes the observation.
    pub fn observe(&self, sim: &Sim, obs: &mut Pen<'_>) {
        obs.write(&sim.qpos()[self.skipped..]);
        obs.write(sim.qvel());
        if self.inertias {
            obs.write(sim.inertias()[1..].as_flattened());
        }
        if self.velocities {
            obs.write(sim.body_velocities()[1..].as_flattened());
        }
        if self.actuators {
            obs.write(&sim.actuator_forces()[FREE..]);
        }
        if self.forces {
            obs.write(sim.contact_forces()[1..].as_flattened());
        }
    }
}

struct Humanoid {
    body: Body,
    forward_weight: f64,
    ctrl_weight: f64,
    contact_weight: f64,
    contact_costs: [f64; 2],
    health: Health,
    heights: [f64; 2],
    masses: Vec<f64>,
    total_mass: f64,
}

impl Task for Humanoid {
    fn obs_dim(&self, model: &Model) -> usize {
        self.body.obs_dim(model)
    }

    fn start(&self, sim: &mut Sim, rng: &mut EnvRng) {
        self.body.start(sim, rng);
    }

    fn reads_forces(&self) -> bool {
        true
    }

    fn place(&self, sim: &Sim) -> f64 {
        let parts = self.masses.iter().zip(sim.centres());
        parts.fold(0.0, |sum, (mass, centre)| sum + mass * centre[0]) / self.total_mass
    }

    fn observe(&self, sim: &Sim, obs: &mut Pen<'_>) {
        self.body.observe(sim, obs);
    }

    fn judge(&self, sim: &Sim, _: &[f32], velocity: f64) -> Step {
        let healthy = between(sim.qpos()[2], self.heights);
        let gain = self.forward_weight * velocity + self.health.gain(healthy);
        let [low, high] = self.contact_costs;
        let forces = sum_of_squares(sim.contact_forces().as_flattened());
        // Of the simulation's controls, which are float64.
        let ctrl_cost = self.ctrl_weight * sum_of_squares(sim.controls());
        let cost = ctrl_cost + (self.contact_weight * forces).clamp(low, high);
        Step { reward: gain - cost, end: self.health.end(healthy) }
    }
}
