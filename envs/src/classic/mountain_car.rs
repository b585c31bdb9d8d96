//! MountainCar-v0. Moore, "Efficient Memory-based Learning for Robot Control" (1990); constants as in
//! Sutton and Barto, example 10.1. Oracle: Gymnasium 1.4.0, `tests/traces/MountainCar-v0.bin`.
//!
//! A car in a valley is too weak to climb the right hill at once and must swing up.
//!
//! | action | acceleration per step |
//! |---|---|
//! | 0 | 0.001 to the left |
//! | 1 | none |
//! | 2 | 0.001 to the right |
//!
//! | obs | unit | bounds |
//! |---|---|---|
//! | 0 position p | m | -1.2 to 0.6 |
//! | 1 velocity v | m per step | -0.07 to 0.07 |
//!
//! Dynamics: v ← v + 0.001 (a - 1) - 0.0025 cos 3p, then p ← p + v, both clipped; the left wall stops
//! the car. Reward: -1 per step. Start: p uniform in [-0.6, -0.4], v = 0. End: terminated where
//! p >= 0.5 and v >= 0; the limit is 200 steps.
//!
//! Options: `low` (-0.6) and `high` (-0.4), the bounds of the position of a start, and `goal_velocity` (0), the least
//! velocity at the goal that ends the episode.
//!
//! **Versions.** v0: the first one.

use serde::{Deserialize, Serialize};

use super::bounds::{Bounds, high, low, number};
use super::hill;
use crate::env::{generator, write_obs};
use crate::{
    Action, End, Env, EnvError, EnvOption, EnvRng, EnvRow, EnvSpec, ObsMut, Options, Picture,
    Space, Step, maker, state,
};

const ID: &str = "MountainCar-v0";
const LEFT: f64 = -1.2; // m
const RIGHT: f64 = 0.6; // m
const GOAL: f64 = 0.5; // m
const SPEED: f64 = 0.07; // m per step
const FORCE: f64 = 0.001; // m per step²
const GRAVITY: f64 = 0.0025; // m per step²

const OPTIONS: &[EnvOption] = &[
    low(-0.6),
    high(-0.4),
    number("goal_velocity", 0.0, "least velocity at the goal that ends the episode, m per step"),
];

/// The row of MountainCar-v0.
pub const ROW: EnvRow =
    EnvRow::new(ID, "swing a weak car out of a valley with three thrusts", spec).options(OPTIONS);

fn spec(options: &Options) -> Result<EnvSpec, EnvError> {
    let (start, goal_velocity) = (Bounds::new(ID, options)?, options.f64("goal_velocity")?);
    let obs = Space::vector(&[LEFT as f32, -SPEED as f32], &[RIGHT as f32, SPEED as f32]);
    let make = maker(move || Ok(MountainCar { start, goal_velocity, ..MountainCar::default() }));
    Ok(EnvSpec::new(obs, Space::Discrete { n: 3 }, make).limit(200).solved_at(-110.0))
}

/// The car; see the [module](self).
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct MountainCar {
    #[serde(skip)]
    start: Bounds,
    /// The least velocity at the goal that counts, m per step.
    #[serde(skip)]
    goal_velocity: f64,
    rng: Option<EnvRng>,
    position: f64,
    velocity: f64,
}

impl MountainCar {
    #[inline]
    fn observe(&self, obs: ObsMut<'_>) -> Result<(), EnvError> {
        write_obs(obs, [self.position as f32, self.velocity as f32])
    }
}

impl Env for MountainCar {
    fn reset(&mut self, seed: Option<u64>, obs: ObsMut<'_>) -> Result<(), EnvError> {
        self.position = self.start.draw(generator(&mut self.rng, seed)?);
        self.velocity = 0.0;
        self.observe(obs)
    }

    fn step(&mut self, action: Action<'_>, obs: ObsMut<'_>) -> Result<Step, EnvError> {
        if self.rng.is_none() {
            return Err(EnvError::ResetNeeded);
        }
        let thrust = (f64::from(action.discrete(3)?) - 1.0) * FORCE;
        let slope = (3.0 * self.position).cos() * -GRAVITY;
        self.velocity = (self.velocity + (thrust + slope)).clamp(-SPEED, SPEED);
        self.position = (self.position + self.velocity).clamp(LEFT, RIGHT);
        if self.position == LEFT && self.velocity < 0.0 {
            self.velocity = 0.0;
        }
        self.observe(obs)?;
        let there = self.position >= GOAL && self.velocity >= self.goal_velocity;
        Ok(Step { reward: -1.0, end: there.then_some(End::Terminated) })
    }

    fn render(&self) -> Result<Picture, EnvError> {
        if self.rng.is_none() {
            return Err(EnvError::ResetNeeded);
        }
        Ok(hill::draw(self.position, GOAL))
    }

    fn save(&self) -> Result<Vec<u8>, EnvError> {
        state::pack(ID, self)
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), EnvError> {
        let Self { start, goal_velocity, .. } = *self;
        *self = Self { start, goal_velocity, ..state::unpack(ID, bytes)? };
        Ok(())
    }
}
