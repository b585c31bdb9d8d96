//! Pusher-v5: an arm of seven joints pushes a cylinder to a goal.
//!
//! | action | bounds | meaning |
//! |---|---|---|
//! | 0 to 6 | -2 to 2 | torques of shoulder, arm, elbow, forearm and wrist, N m, over their gears |
//!
//! | obs | unit | what |
//! |---|---|---|
//! | 0 to 6 | rad | the seven joints |
//! | 7 to 13 | rad/s | their velocities |
//! | 14 to 22 | m | places of the tip of the arm, the cylinder and the goal |
//!
//! Reward: -reward_dist_weight · |cylinder - goal| - reward_control_weight · |a|² - reward_near_weight ·
//! |cylinder - tip|. Start: the model's own pose, velocities uniform in [-0.005, 0.005], the cylinder uniform in
//! [-0.3, 0] x [-0.2, 0.2], more than 0.17 m from the goal. End: never terminated; the limit is 100 steps.

use super::keys::{self, frame_skip, real};
use super::numpy::{minus, norm, sum_of_squares};
use super::robot::{Pen, Task, add_uniform, spec as robot};
use super::sim::{Model, Sim};
use crate::{EnvError, EnvOption, EnvRng, EnvRow, EnvSpec, Feature, Options, Step};

const ID: &str = "Pusher-v5";
const OPTIONS: &[EnvOption] = &[
    keys::xml_file("pusher_v5.xml"),
    frame_skip(5),
    real("reward_near_weight", 0.5, "cost per m between cylinder and tip"),
    real("reward_dist_weight", 1.0, "cost per m between cylinder and goal"),
    real("reward_control_weight", 0.1, "cost of the sum of squared controls"),
];
/// Values of an observation.
const OBS: usize = 23;
/// Joints of the arm.
const JOINTS: usize = 7;
/// The least distance between cylinder and goal at the start, m.
const APART: f64 = 0.17;

/// The row of Pusher-v5.
pub const ROW: EnvRow =
    EnvRow::new(ID, "push a cylinder to a goal with an arm of seven joints", spec)
        .options(OPTIONS)
        .needs(Feature::Mujoco);

fn spec(options: &Options) -> Result<EnvSpec, EnvError> {
    let spec = robot(ID, options, |model| {
        Ok(Pusher {
            near_weight: options.f64("reward_near_weight")?,
            dist_weight: options.f64("reward_dist_weight")?,
            ctrl_weight: options.f64("reward_control_weight")? as f32,
            tip: model.body("tips_arm")?,
            object: model.body("object")?,
            goal: model.body("goal")?,
        })
    })?;
    Ok(spec.limit(100).solved_at(0.0))
}

struct Pusher {
    near_weight: f64,
    dist_weight: f64,
    /// Of float32 controls, so numpy keeps the cost in float32.
    ctrl_weight: f32,
    tip: usize,
    object: usize,
    goal: usize,
}

impl Task for Pusher {
    fn obs_dim(&self, _: &Model) -> usize {
        OBS
    }

    fn start(&self, sim: &mut Sim, rng: &mut EnvRng) {
        let [x, y] = loop {
            let place = [rng.uniform(-0.3, 0.0), rng.uniform(-0.2, 0.2)];
            if norm(place) > APART {
                break place;
            }
        };
        if let Some(places) = sim.qpos_mut().last_chunk_mut() {
            *places = [x, y, 0.0, 0.0];
        }
        add_uniform(sim.qvel_mut(), 0.005, rng);
        if let Some(velocities) = sim.qvel_mut().last_chunk_mut::<4>() {
            *velocities = [0.0; 4];
        }
    }

    fn observe(&self, sim: &Sim, obs: &mut Pen<'_>) {
        obs.write(&sim.qpos()[..JOINTS]);
        obs.write(&sim.qvel()[..JOINTS]);
        for body in [self.tip, self.object, self.goal] {
            obs.write(&sim.body(body));
        }
    }

    fn judge(&self, sim: &Sim, controls: &[f32], _: f64) -> Step {
        let object = sim.body(self.object);
        let near = -norm(minus(object, sim.body(self.tip))) * self.near_weight;
        let distance = -norm(minus(object, sim.body(self.goal))) * self.dist_weight;
        let ctrl_cost = -sum_of_squares(controls) * self.ctrl_weight;
        Step { reward: distance + f64::from(ctrl_cost) + near, end: None }
    }
}
