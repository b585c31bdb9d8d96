//! The classic control tasks, equal to Gymnasium 1.4.0 in every bit where libm is glibc's (the
//! library that numpy calls on Linux); elsewhere sin, cos and pow may differ in the last place.
//!
//! Their options are those of Gymnasium's constructors and of its `reset`, under its names and with its defaults, but
//! for drawing. Bounds of a start may reach beyond the space of observations, as in Gymnasium.

pub mod acrobot;
mod bounds;
pub mod cartpole;
mod hill;
pub mod mountain_car;
pub mod mountain_car_continuous;
pub mod pendulum;
