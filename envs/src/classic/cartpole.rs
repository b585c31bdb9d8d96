//! CartPole-v0 and -v1. Barto, Sutton and Anderson, "Neuronlike Adaptive Elements That Can Solve
//! Difficult Learning Control Problems" (1983); equations: Florian, "Correct equations for the
//! dynamics of the cart-pole system" (2007). Oracle: Gymnasium 1.4.0, `tests/traces/CartPole-v1.bin`.
//!
//! A pole stands on a cart that is pushed with a fixed force; it must not fall.
//!
//! | action | force on the cart |
//! |---|---|
//! | 0 | 10 N to the left |
//! | 1 | 10 N to the right |
//!
//! | obs | unit | bound of the space | ends the episode beyond |
//! |---|---|---|---|
//! | 0 cart position x | m | 4.8 | 2.4 |
//! | 1 cart velocity | m/s | none | |
//! | 2 pole angle θ from upright | rad | 24° | 12° |
//! | 3 pole angular velocity | rad/s | none | |
//!
//! Reward: 1 per step, the last included; 0 for steps after the end. Start: each value uniform in
//! [-0.05, 0.05]. End: terminated where |x| > 2.4 m or |θ| > 12°; the limit is 200 steps (v0) or 500 (v1).
//!
//! | option | default | what it does |
//! |---|---|---|
//! | `sutton_barto_reward` | false | 0 per step and -1 for a fall, as in the paper |
//! | `low`, `high` | -0.05, 0.05 | bounds of each value of a start |
//!
//! **Versions.** v1: the limit is 500 steps instead of 200, the threshold 475 instead of 195; since Gymnasium
//! 1.0.0a2 with `sutton_barto_reward`. v0: the first one.

use serde::{Deserialize, Serialize};

use super::bounds::{Bounds, high, low};
use crate::env::{generator, write_obs};
use crate::picture::{AMBER, BLUE, GREY, INK, Picture};
use crate::{
    Action, End, Env, EnvError, EnvOption, EnvRng, EnvRow, EnvSpec, Limits, ObsMut, OptionValue,
    Options, Space, Step, maker, state,
};

const ID: &str = "CartPole";
const GRAVITY: f64 = 9.8; // m/s²
const POLE_MASS: f64 = 0.1; // kg
const TOTAL_MASS: f64 = POLE_MASS + 1.0; // kg, cart and pole
const HALF_LENGTH: f64 = 0.5; // m, half the pole
const POLE_MOMENT: f64 = POLE_MASS * HALF_LENGTH; // kg m
const FORCE: f64 = 10.0; // N
const TAU: f64 = 0.02; // s per step
const X_LIMIT: f64 = 2.4; // m
const THETA_LIMIT: f64 = 12.0 * 2.0 * std::f64::consts::PI / 360.0; // rad

const OPTIONS: &[EnvOption] = &[
    EnvOption {
        key: "sutton_barto_reward",
        default: OptionValue::Flag(false),
        limits: Limits::Any,
        about: "0 per step and -1 for a fall instead of 1 per step",
    },
    low(-0.05),
    high(0.05),
];

/// The row of CartPole-v0: 200 steps.
pub const ROW_V0: EnvRow =
    EnvRow::new("CartPole-v0", "balance a pole on a cart that is pushed left or right", spec_v0)
        .options(OPTIONS);

/// The row of CartPole-v1: 500 steps.
pub const ROW_V1: EnvRow = EnvRow { id: "CartPole-v1", spec: spec_v1, ..ROW_V0 };

fn spec_v0(options: &Options) -> Result<EnvSpec, EnvError> {
    Ok(spec_v1(options)?.limit(200).solved_at(195.0))
}

fn spec_v1(options: &Options) -> Result<EnvSpec, EnvError> {
    let high = [X_LIMIT as f32 * 2.0, f32::INFINITY, (THETA_LIMIT * 2.0) as f32, f32::INFINITY];
    let obs = Space::vector(&high.map(|bound| -bound), &high);
    let start = Bounds::new(ID, options)?;
    let sutton_barto = options.bool("sutton_barto_reward")?;
    let make = maker(move || Ok(CartPole { start, sutton_barto, ..CartPole::default() }));
    Ok(EnvSpec::new(obs, Space::Discrete { n: 2 }, make).limit(500).solved_at(475.0))
}

/// The cart and the pole; see the [module](self).
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct CartPole {
    #[serde(skip)]
    start: Bounds,
    /// Whether the reward is the paper's.
    #[serde(skip)]
    sutton_barto: bool,
    rng: Option<EnvRng>,
    fallen: bool,
    x: f64,
    x_dot: f64,
    theta: f64,
    theta_dot: f64,
}

impl CartPole {
    #[inline]
    fn observe(&self, obs: ObsMut<'_>) -> Result<(), EnvError> {
        write_obs(obs, [self.x, self.x_dot, self.theta, self.theta_dot].map(|v| v as f32))
    }
}

impl Env for CartPole {
    fn reset(&mut self, seed: Option<u64>, obs: ObsMut<'_>) -> Result<(), EnvError> {
        let rng = generator(&mut self.rng, seed)?;
        [self.x, self.x_dot, self.theta, self.theta_dot] =
            std::array::from_fn(|_| self.start.draw(rng));
        self.fallen = false;
        self.observe(obs)
    }

    fn step(&mut self, action: Action<'_>, obs: ObsMut<'_>) -> Result<Step, EnvError> {
        if self.rng.is_none() {
            return Err(EnvError::ResetNeeded);
        }
        // Without a branch, which random actions would mispredict every other step.
        let force = f64::from(action.discrete(2)?) * (2.0 * FORCE) - FORCE;
        let (sin, cos) = self.theta.sin_cos();
        let push = (force + POLE_MOMENT * (self.theta_dot * self.theta_dot) * sin) / TOTAL_MASS;
        let theta_acc = (GRAVITY * sin - cos * push)
            / (HALF_LENGTH * (4.0 / 3.0 - POLE_MASS * (cos * cos) / TOTAL_MASS));
        let x_acc = push - POLE_MOMENT * theta_acc * cos / TOTAL_MASS;

        self.x += TAU * self.x_dot;
        self.x_dot += TAU * x_acc;
        self.theta += TAU * self.theta_dot;
        self.theta_dot += TAU * theta_acc;
        self.observe(obs)?;

        let fell = self.x.abs() > X_LIMIT || self.theta.abs() > THETA_LIMIT;
        let reward = match (self.sutton_barto, fell) {
            (false, true) if self.fallen => 0.0,
            (false, _) => 1.0,
            (true, false) => 0.0,
            (true, true) => -1.0,
        };
        self.fallen |= fell;
        Ok(Step { reward, end: fell.then_some(End::Terminated) })
    }

    fn render(&self) -> Result<Picture, EnvError> {
        if self.rng.is_none() {
            return Err(EnvError::ResetNeeded);
        }
        let mut picture = Picture::new([-3.0, -0.4], [3.0, 1.5], 80.0, 50);
        picture.line([-X_LIMIT, 0.0], [X_LIMIT, 0.0], 0.03, GREY);
        picture.rectangle([self.x - 0.25, -0.15], [self.x + 0.25, 0.15], INK);
        let (sin, cos) = self.theta.sin_cos();
        let (joint, length) = ([self.x, 0.1], 2.0 * HALF_LENGTH);
        picture.line(joint, [joint[0] + length * sin, joint[1] + length * cos], 0.1, AMBER);
        picture.disc(joint, 0.06, BLUE);
        Ok(picture)
    }

    fn save(&self) -> Result<Vec<u8>, EnvError> {
        state::pack(ID, self)
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), EnvError> {
        let Self { start, sutton_barto, .. } = *self;
        *self = Self { start, sutton_barto, ..state::unpack(ID, bytes)? };
        Ok(())
    }
}
