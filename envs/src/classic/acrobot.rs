//! Acrobot-v1. Sutton, "Generalization in Reinforcement Learning: Successful Examples Using Sparse
//! Coarse Coding" (1996); dynamics of Sutton and Barto's book, with four-step Runge-Kutta.
//! Oracle: Gymnasium 1.4.0, `tests/traces/Acrobot-v1.bin`.
//!
//! Two links hang from a fixed joint; a torque on the joint between them must swing the tip up.
//!
//! | action | torque |
//! |---|---|
//! | 0 | -1 N m |
//! | 1 | 0 |
//! | 2 | 1 N m |
//!
//! | obs | unit | bounds |
//! |---|---|---|
//! | 0, 1 cos and sin of θ1 (0: hanging) | | -1 to 1 |
//! | 2, 3 cos and sin of θ2 (relative to the first link) | | -1 to 1 |
//! | 4 angular velocity of θ1 | rad/s | 4π |
//! | 5 angular velocity of θ2 | rad/s | 9π |
//!
//! Reward: -1 per step, 0 on reaching the goal. Start: each of the four values uniform in [-0.1, 0.1],
//! rounded to float32. End: terminated where -cos θ1 - cos(θ1 + θ2) > 1; the limit is 500 steps.
//!
//! Options: `low` (-0.1) and `high` (0.1), the bounds of each value of a start.
//!
//! **Versions.** v1: the limit is 500 steps instead of 200, and the cosine and sine of each angle are observed
//! instead of the angle. v0, the first one, is not here.

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

use super::bounds::{Bounds, high, low};
use crate::env::{generator, write_obs};
use crate::libm::{sin_cos, sin_cos_f32, square};
use crate::picture::{AMBER, BLUE, GREEN, Picture};
use crate::{
    Action, End, Env, EnvError, EnvOption, EnvRng, EnvRow, EnvSpec, ObsMut, Options, Space, Step,
    maker, state,
};

const ID: &str = "Acrobot-v1";
const DT: f64 = 0.2; // s per step
const GRAVITY: f64 = 9.8; // m/s²
/// Masses (kg), lengths (m) and moments of inertia (kg m²) of both links are 1; this is the distance
/// from a joint to its link's centre of mass, in m.
const CENTRE: f64 = 0.5;
const SPEED_1: f64 = 4.0 * PI; // rad/s
const SPEED_2: f64 = 9.0 * PI; // rad/s

const OPTIONS: &[EnvOption] = &[low(-0.1), high(0.1)];

/// The row of Acrobot-v1.
pub const ROW: EnvRow =
    EnvRow::new(ID, "swing up a two-link arm by a torque on its middle joint", spec)
        .options(OPTIONS);

fn spec(options: &Options) -> Result<EnvSpec, EnvError> {
    let high = [1.0, 1.0, 1.0, 1.0, SPEED_1 as f32, SPEED_2 as f32];
    let start = Bounds::new(ID, options)?;
    let obs = Space::vector(&high.map(|bound| -bound), &high);
    let make = maker(move || Ok(Acrobot { start, ..Acrobot::default() }));
    Ok(EnvSpec::new(obs, Space::Discrete { n: 3 }, make).limit(500).solved_at(-100.0))
}

/// θ1, θ2 and their velocities.
type Motion = [f64; 4];

/// The two links; see the [module](self).
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Acrobot {
    #[serde(skip)]
    start: Bounds,
    rng: Option<EnvRng>,
    motion: Motion,
}

/// The derivative of the motion under a torque (Sutton and Barto's equations, in their order).
#[inline]
fn derivative([theta1, theta2, omega1, omega2]: Motion, torque: f64) -> Motion {
    let (sin2, cos2) = sin_cos(theta2);
    let d1 = CENTRE * CENTRE + (1.0 + CENTRE * CENTRE + cos2) + 1.0 + 1.0;
    let d2 = CENTRE * CENTRE + CENTRE * cos2 + 1.0;
    let phi2 = CENTRE * GRAVITY * (theta1 + theta2 - PI / 2.0).cos();
    let phi1 = -CENTRE * square(omega2) * sin2 - omega2 * omega1 * sin2
        + (CENTRE + 1.0) * GRAVITY * (theta1 - PI / 2.0).cos()
        + phi2;
    let acc2 = (torque + d2 / d1 * phi1 - CENTRE * square(omega1) * sin2 - phi2)
        / (CENTRE * CENTRE + 1.0 - square(d2) / d1);
    let acc1 = -(d2 * acc2 + phi1) / d1;
    [omega1, omega2, acc1, acc2]
}

/// One step of the classical fourth-order Runge-Kutta method.
#[inline]
fn integrate(start: Motion, torque: f64) -> Motion {
    let ahead = |slope: Motion, time: f64| -> Motion {
        std::array::from_fn(|i| start[i] + time * slope[i])
    };
    let k1 = derivative(start, torque);
    let k2 = derivative(ahead(k1, DT / 2.0), torque);
    let k3 = derivative(ahead(k2, DT / 2.0), torque);
    let k4 = derivative(ahead(k3, DT), torque);
    std::array::from_fn(|i| start[i] + DT / 6.0 * (k1[i] + 2.0 * k2[i] + 2.0 * k3[i] + k4[i]))
}

/// The angle in [-π, π], by whole turns.
#[inline]
fn wrap(mut angle: f64) -> f64 {
    while angle > PI {
        angle -= 2.0 * PI;
    }
    while angle < -PI {
        angle += 2.0 * PI;
    }
    angle
}

impl Env for Acrobot {
    fn reset(&mut self, seed: Option<u64>, obs: ObsMut<'_>) -> Result<(), EnvError> {
        let rng = generator(&mut self.rng, seed)?;
        let start: [f32; 4] = std::array::from_fn(|_| self.start.draw(rng) as f32);
        self.motion = start.map(f64::from);
        let (sin1, cos1) = sin_cos_f32(start[0]);
        let (sin2, cos2) = sin_cos_f32(start[1]);
        write_obs(obs, [cos1, sin1, cos2, sin2, start[2], start[3]])
    }

    fn step(&mut self, action: Action<'_>, obs: ObsMut<'_>) -> Result<Step, EnvError> {
        if self.rng.is_none() {
            return Err(EnvError::ResetNeeded);
        }
        let torque = f64::from(action.discrete(3)?) - 1.0;
        let [theta1, theta2, omega1, omega2] = integrate(self.motion, torque);
        let (theta1, theta2) = (wrap(theta1), wrap(theta2));
        let (omega1, omega2) = (omega1.clamp(-SPEED_1, SPEED_1), omega2.clamp(-SPEED_2, SPEED_2));
        self.motion = [theta1, theta2, omega1, omega2];
        let (sin1, cos1) = theta1.sin_cos();
        let (sin2, cos2) = theta2.sin_cos();
        write_obs(obs, [cos1, sin1, cos2, sin2, omega1, omega2].map(|v| v as f32))?;
        let up = -cos1 - (theta2 + theta1).cos() > 1.0;
        Ok(Step { reward: if up { 0.0 } else { -1.0 }, end: up.then_some(End::Terminated) })
    }

    fn render(&self) -> Result<Picture, EnvError> {
        if self.rng.is_none() {
            return Err(EnvError::ResetNeeded);
        }
        let mut picture = Picture::new([-2.2, -2.2], [2.2, 2.2], 80.0, 15);
        picture.line([-2.2, 1.0], [2.2, 1.0], 0.03, GREEN);
        let [theta1, theta2, ..] = self.motion;
        let hang = |[x, y]: [f64; 2], angle: f64| [x + angle.sin(), y - angle.cos()];
        let middle = hang([0.0, 0.0], theta1);
        let tip = hang(middle, theta1 + theta2);
        for (from, to) in [([0.0, 0.0], middle), (middle, tip)] {
            picture.line(from, to, 0.2, AMBER);
            picture.disc(from, 0.1, BLUE);
        }
        Ok(picture)
    }

    fn save(&self) -> Result<Vec<u8>, EnvError> {
        state::pack(ID, self)
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), EnvError> {
        *self = Self { start: self.start, ..state::unpack(ID, bytes)? };
        Ok(())
    }
}
