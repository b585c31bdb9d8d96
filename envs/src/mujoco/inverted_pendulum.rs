//! InvertedPendulum-v5: a cart balances a pole. Barto, Sutton and Anderson (1983), in MuJoCo.
//!
//! | action | bounds | meaning |
//! |---|---|---|
//! | 0 | -3 to 3 | force on the cart, N, over its gear |
//!
//! | obs | unit | what |
//! |---|---|---|
//! | 0, 1 | m, rad | place of the cart, angle of the pole |
//! | 2, 3 | m/s, rad/s | their velocities |
//!
//! Reward: 1 for each step that does not end the episode. Start: uniform noise of reset_noise_scale in
//! positions and velocities. End: terminated where the angle is beyond 0.2 or a value is not finite; the
//! limit is 1,000 steps.

use super::keys::{self, frame_skip, reset_noise_scale};
use super::robot::{Pen, Task, add_uniform, spec as robot};
use super::sim::{Model, Sim};
use crate::{End, EnvError, EnvOption, EnvRng, EnvRow, EnvSpec, Feature, Options, Step};

const ID: &str = "InvertedPendulum-v5";
const OPTIONS: &[EnvOption] =
    &[keys::xml_file("inverted_pendulum.xml"), frame_skip(2), reset_noise_scale(0.01)];
/// The angle beyond which the pole has fallen, rad.
const FALLEN: f64 = 0.2;

/// The row of InvertedPendulum-v5.
pub const ROW: EnvRow =
    EnvRow::new(ID, "balance a pole on a cart that is pushed with a chosen force", spec)
        .options(OPTIONS)
        .needs(Feature::Mujoco);

fn spec(options: &Options) -> Result<EnvSpec, EnvError> {
    let spec =
        robot(ID, options, |_| Ok(InvertedPendulum { noise: options.f64("reset_noise_scale")? }))?;
    Ok(spec.limit(1000).solved_at(950.0))
}

struct InvertedPendulum {
    noise: f64,
}

impl Task for InvertedPendulum {
    fn obs_dim(&self, model: &Model) -> usize {
        model.nq() + model.nv()
    }

    fn start(&self, sim: &mut Sim, rng: &mut EnvRng) {
        add_uniform(sim.qpos_mut(), self.noise, rng);
        add_uniform(sim.qvel_mut(), self.noise, rng);
    }

    fn observe(&self, sim: &Sim, obs: &mut Pen<'_>) {
        obs.write(sim.qpos());
        obs.write(sim.qvel());
    }

    fn judge(&self, sim: &Sim, _: &[f32], _: f64) -> Step {
        let (qpos, qvel) = (sim.qpos(), sim.qvel());
        let finite = qpos.iter().chain(qvel).all(|x| x.is_finite());
        let fallen = !finite || qpos[1].abs() > FALLEN;
        let reward = if fallen { 0.0 } else { 1.0 };
        Step { reward, end: fallen.then_some(End::Terminated) }
    }
}
