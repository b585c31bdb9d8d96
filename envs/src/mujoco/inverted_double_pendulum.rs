//! InvertedDoublePendulum-v5: a cart balances one pole on another.
//!
//! | action | bounds | meaning |
//! |---|---|---|
//! | 0 | -1 to 1 | force on the cart, as a share of its gear |
//!
//! | obs | unit | what |
//! |---|---|---|
//! | 0 | m | place of the cart |
//! | 1 to 4 | | sines of the two angles, then their cosines |
//! | 5 to 7 | m/s, rad/s | velocities, clipped to [-10, 10] |
//! | 8 | N | force of the constraints on the cart, clipped to [-10, 10] |
//!
//! Reward: healthy_reward (unless the step ends the episode) - 0.01 x² - (y - 2)² - 0.001 ω₁² - 0.005 ω₂², x and
//! y the place of the tip. Start: uniform noise in the positions, normal noise in the velocities, both of
//! reset_noise_scale. End: terminated where y <= 1; the limit is 1,000 steps.

use super::keys::{self, frame_skip, reset_noise_scale};
use super::robot::{Pen, Task, add_normal, add_uniform, spec as robot};
use super::sim::{Model, Sim};
use crate::libm::square;
use crate::{End, EnvError, EnvOption, EnvRng, EnvRow, EnvSpec, Feature, Options, Step};

const ID: &str = "InvertedDoublePendulum-v5";
const OPTIONS: &[EnvOption] = &[
    keys::xml_file("inverted_double_pendulum.xml"),
    frame_skip(5),
    keys::healthy_reward(10.0),
    reset_noise_scale(0.1),
];
/// Values of an observation.
const OBS: usize = 9;
/// Where the tip has fallen, m.
const FALLEN: f64 = 1.0;

/// The row of InvertedDoublePendulum-v5.
pub const ROW: EnvRow = EnvRow::new(ID, "balance two poles, one on the other, on a cart", spec)
    .options(OPTIONS)
    .needs(Feature::Mujoco);

fn spec(options: &Options) -> Result<EnvSpec, EnvError> {
    let spec = robot(ID, options, |_| {
        Ok(InvertedDoublePendulum {
            healthy_reward: options.f64("healthy_reward")?,
            noise: options.f64("reset_noise_scale")?,
        })
    })?;
    Ok(spec.limit(1000).solved_at(9100.0))
}

struct InvertedDoublePendulum {
    healthy_reward: f64,
    noise: f64,
}

impl Task for InvertedDoublePendulum {
    fn obs_dim(&self, _: &Model) -> usize {
        OBS
    }

    fn start(&self, sim: &mut Sim, rng: &mut EnvRng) {
        add_uniform(sim.qpos_mut(), self.noise, rng);
        add_normal(sim.qvel_mut(), self.noise, rng);
    }

    fn observe(&self, sim: &Sim, obs: &mut Pen<'_>) {
        let (place, angles) = sim.qpos().split_at(1);
        obs.write(place);
        obs.write_as(angles, f64::sin);
        obs.write_as(angles, f64::cos);
        obs.write_as(sim.qvel(), |v| v.clamp(-10.0, 10.0));
        obs.write_as(&sim.constraint_forces()[..1], |force| force.clamp(-10.0, 10.0));
    }

    fn judge(&self, sim: &Sim, _: &[f32], _: f64) -> Step {
        let [x, _, y] = sim.sites()[0];
        let fallen = y <= FALLEN;
        let (first, second) = (sim.qvel()[1], sim.qvel()[2]);
        let distance = 0.01 * square(x) + square(y - 2.0);
        let speed = 1e-3 * square(first) + 5e-3 * square(second);
        let alive = self.healthy_reward * f64::from(!fallen);
        Step { reward: alive - distance - speed, end: fallen.then_some(End::Terminated) }
    }
}
