//! Envs around envs. Each is an env itself and takes the inner one with it when saved.

pub mod frame_stack;
pub mod observation_noise;
pub mod time_limit;
