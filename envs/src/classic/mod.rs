//! The classic control tasks, equal to Gymnasium 1.4.0 in every bit where libm is glibc's (the
//! library that numpy calls on Linux); elsewhere sin, cos and pow may differ in the last place.

pub mod acrobot;
pub mod cartpole;
mod hill;
pub mod mountain_car;
pub mod mountain_car_continuous;
pub mod pendulum;
