//! MountainCarContinuous-v0. Moore, "Efficient Memory-based Learning for Robot Control" (1990), with a
//! continuous thrust. Oracle: Gymnasium 1.4.0, `tests/traces/MountainCarContinuous-v0.bin`.
//!
//! | action | bounds | meaning |
//! |---|---|---|
//! | 0 thrust a | -1 to 1 | times 0.0015 m per step² |
//!
//! | obs | unit | bounds |
//! |---|---|---|
//! | 0 position p | m | -1.2 to 0.6 |
//! | 1 velocity v | m per step | -0.07 to 0.07 |
//!
//! Dynamics: v ← v + 0.0015 a - 0.0025 cos 3p, then p ← p + v, both clipped; the left wall stops the
//! car. Reward: -0.1 a² per step, and 100 on reaching the goal. Start: p uniform in [-0.6, -0.4], v = 0.
//! End: terminated where p >= 0.45 and v >= 0; the limit is 999 steps.
//!
//! Gymnasium holds the state in float64 after a reset and in float32 after each step; by numpy's
//! promotion rules (NEP 50) all but the first step of an episode therefore round to float32.
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

const ID: &str = "MountainCarContinuous-v0";
const LEFT: f64 = -1.2; // m
const RIGHT: f64 = 0.6; // m
const GOAL: f64 = 0.45; // m
const SPEED: f64 = 0.07; // m per step
const POWER: f32 = 0.0015; // m per step²
const GRAVITY: f64 = 0.0025; // m per step²
const GOAL_REWARD: f64 = 100.0;

const OPTIONS: &[EnvOption] = &[
    low(-0.6),
    high(-0.4),
    number("goal_velocity", 0.0, "least velocity at the goal that ends the episode, m per step"),
];

/// The row of MountainCarContinuous-v0.
pub const ROW: EnvRow =
    EnvRow::new(ID, "swing a weak car out of a valley with a continuous thrust", spec)
        .options(OPTIONS);

fn spec(options: &Options) -> Result<EnvSpec, EnvError> {
    let (start, goal_velocity) = (Bounds::new(ID, options)?, options.f64("goal_velocity")?);
    let obs = Space::vector(&[LEFT as f32, -SPEED as f32], &[RIGHT as f32, SPEED as f32]);
    let make = maker(move || {
        Ok(MountainCarContinuous { start, goal_velocity, ..MountainCarContinuous::default() })
    });
    Ok(EnvSpec::new(obs, Space::vector(&[-1.0], &[1.0]), make).limit(999).solved_at(90.0))
}

/// Position and velocity, in the precision that Gymnasium holds them in.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
enum Motion {
    #[default]
    None,
    AfterReset(f64, f64),
    AfterStep(f32, f32),
}

/// The car; see the [module](self).
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct MountainCarContinuous {
    #[serde(skip)]
    start: Bounds,
    /// The least velocity at the goal that counts, m per step.
    #[serde(skip)]
    goal_velocity: f64,
    rng: Option<EnvRng>,
    motion: Motion,
}

/// What the thrust and the slope add to the velocity; numpy adds the two in float32.
#[inline]
fn acceleration(thrust: f32, triple_position: f64) -> f32 {
    thrust * POWER - (GRAVITY * triple_position.cos()) as f32
}

/// One step in float64: position, velocity and whether the goal is reached.
fn move_wide(position: f64, velocity: f64, thrust: f32, goal_velocity: f64) -> (f64, f64, bool) {
    let gain = f64::from(acceleration(thrust, 3.0 * position));
    let velocity = (velocity + gain).clamp(-SPEED, SPEED);
    let position = (position + velocity).clamp(LEFT, RIGHT);
    let velocity = if position == LEFT && velocity < 0.0 { 0.0 } else { velocity };
    (position, velocity, position >= GOAL && velocity >= goal_velocity)
}

/// One step in float32, to which numpy also rounds every bound that it compares with.
fn move_narrow(position: f32, velocity: f32, thrust: f32, goal_velocity: f32) -> (f32, f32, bool) {
    let gain = acceleration(thrust, f64::from(3.0 * position));
    let velocity = (velocity + gain).clamp(-SPEED as f32, SPEED as f32);
    let position = (position + velocity).clamp(LEFT as f32, RIGHT as f32);
    let velocity = if position == LEFT as f32 && velocity < 0.0 { 0.0 } else { velocity };
    (position, velocity, position >= GOAL as f32 && velocity >= goal_velocity)
}

impl Env for MountainCarContinuous {
    fn reset(&mut self, seed: Option<u64>, obs: ObsMut<'_>) -> Result<(), EnvError> {
        let position = self.start.draw(generator(&mut self.rng, seed)?);
        self.motion = Motion::AfterReset(position, 0.0);
        write_obs(obs, [position as f32, 0.0])
    }

    fn step(&mut self, action: Action<'_>, obs: ObsMut<'_>) -> Result<Step, EnvError> {
        let &[thrust] = action.continuous(-1.0, 1.0)?;
        let (position, velocity, there) = match self.motion {
            Motion::None => return Err(EnvError::ResetNeeded),
            Motion::AfterReset(position, velocity) => {
                let (position, velocity, there) =
                    move_wide(position, velocity, thrust, self.goal_velocity);
                (position as f32, velocity as f32, there)
            }
            Motion::AfterStep(position, velocity) => {
                move_narrow(position, velocity, thrust, self.goal_velocity as f32)
            }
        };
        self.motion = Motion::AfterStep(position, velocity);
        write_obs(obs, [position, velocity])?;
        let thrust = f64::from(thrust);
        let reward = if there { GOAL_REWARD } else { 0.0 } - thrust * thrust * 0.1;
        Ok(Step { reward, end: there.then_some(End::Terminated) })
    }

    fn render(&self) -> Result<Picture, EnvError> {
        let position = match self.motion {
            Motion::None => return Err(EnvError::ResetNeeded),
            Motion::AfterReset(position, _) => position,
            Motion::AfterStep(position, _) => f64::from(position),
        };
        Ok(hill::draw(position, GOAL))
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
