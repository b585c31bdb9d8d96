//! HumanoidStandup-v5: the humanoid of [`super::humanoid`] stands up from lying on its back.
//!
//! | action | bounds | meaning |
//! |---|---|---|
//! | 0 to 16 | -0.4 to 0.4 | torques of abdomen, hips, knees, shoulders and elbows, as shares of their gears |
//!
//! The observation is that of Humanoid-v5, 348 values. Reward: height / timestep of the simulation -
//! ctrl_cost_weight · |a|² - impact_cost_weight · |external forces|² + 1, the forces' term clipped to
//! impact_cost_range. Start: uniform noise of reset_noise_scale in positions and velocities. End: never
//! terminated; the limit is 1,000 steps. Gymnasium's option uph_cost_weight has no effect there and is left out.

use super::humanoid::{ACTUATORS, Body, FORCES, INERTIAS, VELOCITIES};
use super::keys::{self, ctrl_cost_weight, frame_skip, range, real, reset_noise_scale};
use super::numpy::sum_of_squares;
use super::robot::{Pen, Task, spec as robot};
use super::sim::{Model, Sim};
use crate::{EnvError, EnvOption, EnvRng, EnvRow, EnvSpec, Feature, Options, Step};

const ID: &str = "HumanoidStandup-v5";
const OPTIONS: &[EnvOption] = &[
    keys::xml_file("humanoidstandup.xml"),
    frame_skip(5),
    ctrl_cost_weight(0.1),
    real("impact_cost_weight", 5e-7, "cost of the sum of squared external forces"),
    range("impact_cost_range", [f64::NEG_INFINITY, 10.0], "bounds of that cost"),
    reset_noise_scale(1e-2),
    keys::EXCLUDE,
    INERTIAS,
    VELOCITIES,
    ACTUATORS,
    FORCES,
];

/// The row of HumanoidStandup-v5.
pub const ROW: EnvRow = EnvRow::new(ID, "stand up as a humanoid with seventeen joints", spec)
    .options(OPTIONS)
    .needs(Feature::Mujoco);

fn spec(options: &Options) -> Result<EnvSpec, EnvError> {
    let spec = robot(ID, options, |model| {
        Ok(Standup {
            body: Body::new(options)?,
            ctrl_weight: options.f64("ctrl_cost_weight")?,
            impact_weight: options.f64("impact_cost_weight")?,
            impact_costs: options.pair("impact_cost_range")?,
            timestep: model.timestep(),
        })
    })?;
    Ok(spec.limit(1000))
}

struct Standup {
    body: Body,
    ctrl_weight: f64,
    impact_weight: f64,
    impact_costs: [f64; 2],
    timestep: f64,
}

impl Task for Standup {
    fn obs_dim(&self, model: &Model) -> usize {
        self.body.obs_dim(model)
    }

    fn start(&self, sim: &mut Sim, rng: &mut EnvRng) {
        self.body.start(sim, rng);
    }

    fn reads_forces(&self) -> bool {
        true
    }

    fn observe(&self, sim: &Sim, obs: &mut Pen<'_>) {
        self.body.observe(sim, obs);
    }

    fn judge(&self, sim: &Sim, _: &[f32], _: f64) -> Step {
        let height = sim.qpos()[2] / self.timestep;
        let ctrl_cost = self.ctrl_weight * sum_of_squares(sim.controls());
        let forces = sum_of_squares(sim.contact_forces().as_flattened());
        let [low, high] = self.impact_costs;
        let impact_cost = (self.impact_weight * forces).clamp(low, high);
        Step { reward: height - ctrl_cost - impact_cost + 1.0, end: None }
    }
}
