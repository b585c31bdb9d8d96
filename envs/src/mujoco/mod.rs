//! The robots of Gymnasium v5 on MuJoCo 3.17.0, by the feature `mujoco`.
//!
//! Every bit of observation, reward and flags is that of Gymnasium 1.4.0 on mujoco 3.17.0 on the same
//! machine, its float64 observations rounded to f32: the same library steps the same models, the noise of a
//! start comes from numpy's generator, and `numpy` adds up as numpy does. Elsewhere the C library and
//! the processor may change the last place of a sine or a norm, and chaos does the rest. Oracle:
//! `tests/mujoco.rs`.
//!
//! The options are those of Gymnasium's constructors, drawing aside. One model is shared by all envs of a
//! spec, each env has its own simulation, and a step allocates nothing. A simulation that diverges is reset by
//! MuJoCo itself and goes on, as in Gymnasium.
//!
//! | file | what it holds |
//! |---|---|
//! | `robot.rs` | the env that all share, and what a task adds to it |
//! | `runner.rs` | what the tasks share in which the robot is to run |
//! | `sim.rs` | models and simulations; `absent.rs` stands in where the feature is off |
//! | `stage.rs` | their pictures |
//! | the others | one task each |

pub mod ant;
pub mod half_cheetah;
pub mod hopper;
pub mod humanoid;
pub mod humanoid_standup;
pub mod inverted_double_pendulum;
pub mod inverted_pendulum;
mod keys;
mod numpy;
pub mod pusher;
pub mod reacher;
mod robot;
mod runner;
#[cfg(feature = "mujoco")]
mod sim;
#[cfg(feature = "mujoco")]
mod stage;
pub mod swimmer;
pub mod walker2d;

#[cfg(not(feature = "mujoco"))]
#[path = "absent.rs"]
mod sim;
