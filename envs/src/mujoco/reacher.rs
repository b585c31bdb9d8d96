//! Reacher-v5: an arm of two links in a plane reaches for a target.
//!
//! | action | bounds | meaning |
//! |---|---|---|
//! | 0, 1 | -1 to 1 | torques of the two joints, N m, over their gears |
//!
//! | obs | unit | what |
//! |---|---|---|
//! | 0 to 3 | | cosines of the two angles, then their sines |
//! | 4, 5 | m | place of the target |
//! | 6, 7 | rad/s | velocities of the joints |
//! | 8, 9 | m | fingertip minus target |
//!
//! Reward: -reward_dist_weight · |fingertip - target| - reward_control_weight · |a|². Start: angles uniform in
//! [-0.1, 0.1], velocities in [-0.005, 0.005], the target uniform in a disc of radius 0.2. End: never
//! terminated; the limit is 50 steps.

use super::keys::{self, frame_skip, real};
use super::numpy::{minus, norm, sum_of_squares};
use super::robot::{Pen, Task, add_uniform, spec as robot};
use super::sim::{Model, Sim};
use crate::{EnvError, EnvOption, EnvRng, EnvRow, EnvSpec, Feature, Options, Step};

const ID: &str = "Reacher-v5";
const OPTIONS: &[EnvOption] = &[
    keys::xml_file("reacher.xml"),
    frame_skip(2),
    real("reward_dist_weight", 1.0, "cost per m between fingertip and target"),
    real("reward_control_weight", 1.0, "cost of the sum of squared controls"),
];
/// Values of an observation.
const OBS: usize = 10;
/// Radius of the disc of targets, m.
const RADIUS: f64 = 0.2;

/// The row of Reacher-v5.
pub const ROW: EnvRow = EnvRow::new(ID, "reach for a target with an arm of two links", spec)
    .options(OPTIONS)
    .needs(Feature::Mujoco);

fn spec(options: &Options) -> Result<EnvSpec, EnvError> {
    let spec = robot(ID, options, |model| {
        Ok(Reacher {
            dist_weight: options.f64("reward_dist_weight")?,
            ctrl_weight: options.f64("reward_control_weight")? as f32,
            fingertip: model.body("fingertip")?,
            target: model.body("target")?,
        })
    })?;
    Ok(spec.limit(50).solved_at(-3.75))
}

struct Reacher {
    dist_weight: f64,
    /// Of float32 controls, so numpy keeps the cost in float32.
    ctrl_weight: f32,
    fingertip: usize,
    target: usize,
}

impl Reacher {
    fn miss(&self, sim: &Sim) -> [f64; 3] {
        minus(sim.body(self.fingertip), sim.body(self.target))
    }
}

impl Task for Reacher {
    fn obs_dim(&self, _: &Model) -> usize {
        OBS
    }

    fn start(&self, sim: &mut Sim, rng: &mut EnvRng) {
        add_uniform(sim.qpos_mut(), 0.1, rng);
        let target = loop {
            let target: [f64; 2] = std::array::from_fn(|_| rng.uniform(-RADIUS, RADIUS));
            if norm(target) < RADIUS {
                break target;
            }
        };
        if let Some(place) = sim.qpos_mut().last_chunk_mut() {
            *place = target;
        }
        add_uniform(sim.qvel_mut(), 0.005, rng);
        if let Some(velocity) = sim.qvel_mut().last_chunk_mut::<2>() {
            *velocity = [0.0; 2];
        }
    }

    fn observe(&self, sim: &Sim, obs: &mut Pen<'_>) {
        let (angles, target) = sim.qpos().split_at(2);
        obs.write_as(angles, f64::cos);
        obs.write_as(angles, f64::sin);
        obs.write(target);
        obs.write(&sim.qvel()[..2]);
        obs.write(&self.miss(sim)[..2]);
    }

    fn judge(&self, sim: &Sim, controls: &[f32], _: f64) -> Step {
        let distance = -norm(self.miss(sim)) * self.dist_weight;
        let ctrl_cost = -sum_of_squares(controls) * self.ctrl_weight;
        Step { reward: distance + f64::from(ctrl_cost), end: None }
    }
}
