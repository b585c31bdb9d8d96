//! Pendulum-v1. The torque-limited swing-up of the control literature, as Gymnasium states it.
//! Oracle: Gymnasium 1.4.0, `tests/traces/Pendulum-v1.bin`.
//!
//! | action | bounds | unit |
//! |---|---|---|
//! | 0 torque u | -2 to 2 | N m |
//!
//! | obs | unit | bounds |
//! |---|---|---|
//! | 0 cos θ | | -1 to 1 |
//! | 1 sin θ | | -1 to 1 |
//! | 2 angular velocity ω | rad/s | -8 to 8 |
//!
//! θ is 0 upright. Dynamics (g = 10 m/s², m = 1 kg, l = 1 m, dt = 0.05 s): ω ← clip(ω + (15 sin θ + 3 u) dt),
//! θ ← θ + ω dt. Reward: -(θ² + 0.1 ω² + 0.001 u²) of the state before the step, θ in [-π, π); from
//! -16.27 to 0. Start: θ uniform in [-π, π], ω uniform in [-1, 1]. End: never terminated; the limit is 200 steps.
//!
//! Options: `g` (10), gravity in m/s²; `x_init` (π) and `y_init` (1), the bounds of angle and velocity of a start in
//! both directions.
//!
//! **Versions.** v1: simpler equations, the same behaviour. v0, the first one, is not here.

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

use super::bounds::number;
use crate::env::{generator, write_obs};
use crate::libm::{floor_mod, square, square_f32};
use crate::picture::{AMBER, INK, Picture};
use crate::{
    Action, Env, EnvError, EnvOption, EnvRng, EnvRow, EnvSpec, Limits, ObsMut, OptionValue,
    Options, Space, Step, maker, state,
};

const ID: &str = "Pendulum-v1";
const SPEED: f64 = 8.0; // rad/s
const TORQUE: f32 = 2.0; // N m
const DT: f64 = 0.05; // s per step
const TORQUE_GAIN: f32 = 3.0; // 3 / (m l²), 1/(kg m²)

const OPTIONS: &[EnvOption] = &[
    number("g", 10.0, "gravity, m/s²"),
    reach("x_init", PI, "largest angle of a start from upright, rad"),
    reach("y_init", 1.0, "largest angular velocity of a start, rad/s"),
];

/// A bound of a start in both directions.
const fn reach(key: &'static str, default: f64, about: &'static str) -> EnvOption {
    EnvOption { key, default: OptionValue::Real(default), limits: Limits::AtLeast(0.0), about }
}

/// The row of Pendulum-v1.
pub const ROW: EnvRow =
    EnvRow::new(ID, "swing a pendulum up with a bounded torque and hold it", spec).options(OPTIONS);

fn spec(options: &Options) -> Result<EnvSpec, EnvError> {
    let high = [1.0, 1.0, SPEED as f32];
    let obs = Space::vector(&high.map(|bound| -bound), &high);
    let settings = Settings {
        gravity_gain: 3.0 * options.f64("g")? / 2.0,
        angle: options.f64("x_init")?,
        velocity: options.f64("y_init")?,
    };
    let make = maker(move || Ok(Pendulum { settings, ..Pendulum::default() }));
    Ok(EnvSpec::new(obs, Space::vector(&[-TORQUE], &[TORQUE]), make).limit(200))
}

/// What the options choose.
#[derive(Debug, Clone, Copy, Default)]
struct Settings {
    /// 3 g / (2 l), 1/s².
    gravity_gain: f64,
    /// The largest angle of a start, rad.
    angle: f64,
    /// The largest angular velocity of a start, rad/s.
    velocity: f64,
}

/// The pendulum; see the [module](self).
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Pendulum {
    #[serde(skip)]
    settings: Settings,
    rng: Option<EnvRng>,
    theta: f64,
    omega: f64,
}

impl Pendulum {
    #[inline]
    fn observe(&self, obs: ObsMut<'_>) -> Result<(), EnvError> {
        let (sin, cos) = self.theta.sin_cos();
        write_obs(obs, [cos as f32, sin as f32, self.omega as f32])
    }
}

impl Env for Pendulum {
    fn reset(&mut self, seed: Option<u64>, obs: ObsMut<'_>) -> Result<(), EnvError> {
        let rng = generator(&mut self.rng, seed)?;
        let Settings { angle, velocity, .. } = self.settings;
        self.theta = rng.uniform(-angle, angle);
        self.omega = rng.uniform(-velocity, velocity);
        self.observe(obs)
    }

    fn step(&mut self, action: Action<'_>, obs: ObsMut<'_>) -> Result<Step, EnvError> {
        if self.rng.is_none() {
            return Err(EnvError::ResetNeeded);
        }
        let &[torque] = action.continuous(-TORQUE, TORQUE)?;
        let angle = floor_mod(self.theta + PI, 2.0 * PI) - PI;
        // The torque is a float32 in Gymnasium and its products with constants stay so.
        let cost = square(angle) + 0.1 * square(self.omega) + f64::from(0.001 * square_f32(torque));
        let pull = self.settings.gravity_gain * self.theta.sin() + f64::from(TORQUE_GAIN * torque);
        self.omega = (self.omega + pull * DT).clamp(-SPEED, SPEED);
        self.theta += self.omega * DT;
        self.observe(obs)?;
        Ok(Step { reward: -cost, end: None })
    }

    fn render(&self) -> Result<Picture, EnvError> {
        if self.rng.is_none() {
            return Err(EnvError::ResetNeeded);
        }
        let mut picture = Picture::new([-1.3, -1.3], [1.3, 1.3], 120.0, 30);
        let (sin, cos) = self.theta.sin_cos();
        picture.line([0.0, 0.0], [-sin, cos], 0.2, AMBER);
        picture.disc([0.0, 0.0], 0.05, INK);
        Ok(picture)
    }

    fn save(&self) -> Result<Vec<u8>, EnvError> {
        state::pack(ID, self)
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), EnvError> {
        *self = Self { settings: self.settings, ..state::unpack(ID, bytes)? };
        Ok(())
    }
}
