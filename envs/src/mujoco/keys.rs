//! Options that several tasks have, under Gymnasium's names.

use std::borrow::Cow;

use crate::{EnvOption, Limits, OptionValue};

/// The model.
pub(super) const fn xml_file(default: &'static str) -> EnvOption {
    EnvOption {
        key: "xml_file",
        default: OptionValue::Text(Cow::Borrowed(default)),
        limits: Limits::Any,
        about: "MJCF model: one of Gymnasium's by name, or a path with a slash",
    }
}

/// Steps of the simulation per step.
pub(super) const fn frame_skip(default: u32) -> EnvOption {
    EnvOption {
        key: "frame_skip",
        default: OptionValue::Whole(default),
        limits: Limits::AtLeast(1.0),
        about: "steps of the simulation per step, under the same action",
    }
}

/// A number.
pub(super) const fn real(key: &'static str, default: f64, about: &'static str) -> EnvOption {
    EnvOption { key, default: OptionValue::Real(default), limits: Limits::Any, about }
}

/// Two bounds.
pub(super) const fn range(key: &'static str, default: [f64; 2], about: &'static str) -> EnvOption {
    EnvOption { key, default: OptionValue::Pair(default), limits: Limits::Any, about }
}

/// A switch.
pub(super) const fn flag(key: &'static str, default: bool, about: &'static str) -> EnvOption {
    EnvOption { key, default: OptionValue::Flag(default), limits: Limits::Any, about }
}

/// The weight of the velocity.
pub(super) const fn forward_reward_weight(default: f64) -> EnvOption {
    real("forward_reward_weight", default, "reward per m/s forward")
}

/// The weight of the controls.
pub(super) const fn ctrl_cost_weight(default: f64) -> EnvOption {
    real("ctrl_cost_weight", default, "cost of the sum of squared controls")
}

/// The reward of being healthy.
pub(super) const fn healthy_reward(default: f64) -> EnvOption {
    real("healthy_reward", default, "reward of each step in a healthy state")
}

/// The noise of a start.
pub(super) const fn reset_noise_scale(default: f64) -> EnvOption {
    EnvOption {
        key: "reset_noise_scale",
        default: OptionValue::Real(default),
        limits: Limits::AtLeast(0.0),
        about: "size of the noise in the positions and velocities of a start",
    }
}

/// Whether an unhealthy state ends the episode.
pub(super) const TERMINATE: EnvOption =
    flag("terminate_when_unhealthy", true, "an unhealthy state ends the episode");

/// Whether the position on the plane is hidden.
pub(super) const EXCLUDE: EnvOption = flag(
    "exclude_current_positions_from_observation",
    true,
    "leaves the position on the plane out of the observation",
);
