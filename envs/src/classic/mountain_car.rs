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

use serde::{Deserialize, Serialize};

use super::hill;
use crate::env::{generator, write_obs};
use crate::{
    Action, End, Env, EnvError, EnvRng, EnvRow, EnvSpec, ObsMut, Options, Picture, Space, Step,
    maker, state,
};

const ID: &str = "MountainCar-v0";
const LEFT: f64 = -1.2; // m
const RIGHT: f64 = 0.6; // m
const GOAL: f64 = 0.5; // m
const SPEED: f64 = 0.07; // m per step
const FORCE: f64 = 0.001; // m per step²
const GRAVITY: f64 = 0.0025; // m per step²

/// The row of MountainCar-v0.
pub const ROW: EnvRow =
    EnvRow::new(ID, "swing a weak car out of a valley with three thrusts", spec);

fn spec(_: &Options) -> Result<EnvSpec, EnvError> {
    let obs = Space::vector(&[LEFT as f32, -SPEED as f32], &[RIGHT as f32, SPEED as f32]);
    let make = maker(|| Ok(MountainCar::default()));
    Ok(EnvSpec::new(obs, Space::Discrete { n: 3 }, make).limit(200).solved_at(-110.0))
}

/// The car; see the [module](self).
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct MountainCar {
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
        self.position = generator(&mut self.rng, seed)?.uniform(-0.6, -0.4);
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
        let there = self.position >= GOAL && self.velocity >= 0.0;
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
        *self = state::unpack(ID, bytes)?;
        Ok(())
    }
}
