//! The games of the Atari 2600 as `ALE/<Game>-v5`, in the Arcade Learning Environment: Bellemare, Naddaf,
//! Veness and Bowling, "The Arcade Learning Environment" (2013); sticky actions: Machado et al.,
//! "Revisiting the Arcade Learning Environment" (2018). They need the feature `atari`.
//!
//! **Licence.** ALE, which this feature compiles and links, is under the GNU General Public License,
//! version 2: who passes on a program built with the feature passes it on under that licence.
//!
//! By default a game is seen as Dopamine shows it (Castro et al., 2018); each part is an option:
//!
//! | option | default | what it does |
//! |---|---|---|
//! | `repeat_action_probability` | 0.25 | sticky actions: the chance, in each frame, that the last one stays |
//! | `frame_skip` | 4 | frames for each step; rewards add up |
//! | `max_pool` | true | a pixel is the brighter one of the last two frames: sprites flicker |
//! | `grayscale_obs` | true | brightness; else red, green and blue, each a plane |
//! | `screen_size` | 84 | rows and columns, shrunk by area; 0: as the console draws it |
//! | `stack_size` | 4 | screens in an observation, the newest last; before the episode they are black |
//! | `reward_clipping` | true | the agent sees rewards in [-1, 1]; returns of episodes stay those of the game |
//! | `terminal_on_life_loss` | false | the loss of a life ends the episode |
//! | `noop_max` | 0 | so many frames without an action at most, at least one, begin an episode; 0: none |
//! | `full_action_space` | false | all of the joystick's actions instead of those that do something |
//! | `noise_sigma` | 0 | noise on every screen: see [`crate::wrappers::observation_noise`] |
//! | `noise_mode` | wrap | what becomes of noise beyond black and white |
//!
//! Observation: bytes of shape `(stack_size × planes, screen_size, screen_size)`. Action: one of the
//! game's, in ALE's order, the first without effect. End: terminated where the game is over; the limit is
//! 108,000 frames, 27,000 steps.
//!
//! Chance: with `repeat_action_probability: 0` and `noop_max: 0` a game plays alike under every seed, as in
//! ale-py. The seed is that of sticky actions and of `noop_max`, drawn from [`crate::EnvRng`]. ale-py draws
//! sticky actions from a Mersenne Twister, so there a seed gives another episode of the same distribution.
//!
//! Stepping allocates nothing of its own; a reset does, by way of the emulator's saved states.
//!
//! **Versions.** The crate ale-sys holds ALE 0.6, whose console is started here as ALE 0.12 starts it; the
//! module `power` says how and why. `tests/atari.rs` compares every frame's reward, lives, memory and
//! colours with ale-py 0.12.1's, resets included: they are equal in all 15 games of Graesser et al. (2022)
//! over 2,000 frames, and in 49 more over 600. In 12 games they are not, each reward and, but for
//! Trondead's, all lives being equal nonetheless:
//!
//! | games | what differs within 600 frames | why |
//! |---|---|---|
//! | Koolaid, Tetris | the picture | not looked into |
//! | Turmoil | memory | not looked into |
//! | ElevatorAction | memory and picture | the cartridge's memory: noise at every reset in ALE 0.12, once in ALE 0.6 |
//! | Berzerk, Frogger, KingKong, LostLuggage, MrDo, WizardOfWor, YarsRevenge | memory and picture | not looked into |
//! | Trondead | memory, picture and lives | not looked into |
//!
//! Of ale-py's 104 games ALE 0.6 lacks 28: Atlantis2, Backgammon, BasicMath, Blackjack, Casino, Crossbow,
//! Darkchambers, Earthworld, Entombed, Et, FlagCapture, Hangman, HauntedHouse, HumanCannonball, Klax,
//! MarioBros, MiniatureGolf, Othello, Pacman, Pitfall2, SpaceWar, Superman, Surround, TicTacToe3D,
//! VideoCheckers, VideoChess, VideoCube and WordZapper. Modes and difficulties are the games' defaults.

mod games;

#[cfg(feature = "atari")]
mod emulator;
#[cfg(feature = "atari")]
mod env;
#[cfg(feature = "atari")]
mod power;
#[cfg(feature = "atari")]
mod resize;
#[cfg(feature = "atari")]
mod rom;

#[cfg(feature = "atari")]
pub use env::Atari;
#[cfg(feature = "atari")]
use env::spec;
pub use games::{GAMES, Game, ROWS};

use crate::{EnvOption, Limits, OptionValue};

/// What can be chosen for a game.
const OPTIONS: &[EnvOption] = &[
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
        about: "whether the loss of a life ends the episode",
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
    EnvOption {
        key: "noise_sigma",
        default: OptionValue::Real(0.0),
        limits: Limits::Within(0.0, 255.0),
        about: "standard deviation of noise on every pixel, in grey levels",
    },
    EnvOption {
        key: "noise_mode",
        default: OptionValue::Text(std::borrow::Cow::Borrowed("wrap")),
        limits: Limits::OneOf(&["wrap", "clip"]),
        about: "what becomes of noise beyond 0 and 255",
    },
];

/// The spec of a game in a build that cannot play it.
#[cfg(not(feature = "atari"))]
fn spec(id: &'static str, _: &crate::Options) -> Result<crate::EnvSpec, crate::EnvError> {
    Err(crate::EnvError::Feature { id, feature: crate::Feature::Atari })
}
