//! What can be chosen for a game; the [module](super) has the table.

use crate::wrappers::observation_noise;
use crate::{EnvOption, Limits, OptionValue};

/// What can be chosen for a game.
pub(super) const OPTIONS: &[EnvOption] = &[
    EnvOption {
        key: "repeat_action_probability",
        default: OptionValue::Real(0.25),
        limits: Limits::Within(0.0, 1.0),
        about: "probability that the last action stays, in each frame",
    },
    EnvOption {
        key: "frame_skip",
        default: OptionValue::Whole(4),
        limits: Limits::Within(1.0, 60.0),
        about: "frames for each step",
    },
    EnvOption {
        key: "max_pool",
        default: OptionValue::Flag(true),
        limits: Limits::Any,
        about: "whether a pixel is the brighter one of the step's last two frames",
    },
    EnvOption {
        key: "grayscale_obs",
        default: OptionValue::Flag(true),
        limits: Limits::Any,
        about: "brightness instead of red, green and blue",
    },
    EnvOption {
        key: "screen_size",
        default: OptionValue::Whole(84),
        limits: Limits::Within(0.0, 160.0),
        about: "rows and columns of a screen; 0: as the console draws it",
    },
    EnvOption {
        key: "stack_size",
        default: OptionValue::Whole(4),
        limits: Limits::Within(1.0, 16.0),
        about: "screens in an observation",
    },
    EnvOption {
        key: "reward_clipping",
        default: OptionValue::Flag(true),
        limits: Limits::Any,
        about: "whether the agent sees rewards in [-1, 1]; returns stay the game's",
    },
    EnvOption {
        key: "terminal_on_life_loss",
        default: OptionValue::Flag(false),
        limits: Limits::Any,
        about: "whether the loss of a life ends the agent's episode in training; the game goes on",
    },
    EnvOption {
        key: "noop_max",
        default: OptionValue::Whole(0),
        limits: Limits::Within(0.0, 200.0),
        about: "most frames without an action at an episode's start; 0: none",
    },
    EnvOption {
        key: "full_action_space",
        default: OptionValue::Flag(false),
        limits: Limits::Any,
        about: "all actions of the joystick instead of those that do something",
    },
    observation_noise::SIGMA,
    observation_noise::MODE,
];
