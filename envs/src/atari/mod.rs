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
//! | `terminal_on_life_loss` | false | the loss of a life ends the agent's episode in training |
//! | `noop_max` | 0 | so many frames without an action at most, at least one, begin an episode; 0: none |
//! | `full_action_space` | false | all of the joystick's actions instead of those that do something |
//! | `noise_sigma` | 0 | noise on every screen: see [`crate::wrappers::observation_noise`] |
//! | `noise_mode` | wrap | what becomes of noise beyond black and white |
//!
//! Observation: bytes of shape `(stack_size × planes, screen_size, screen_size)`. Action: one of the
//! game's, in ALE's order, the first without effect. End: terminated where the game is over; the limit is
//! 108,000 frames, 27,000 steps.
//!
//! `terminal_on_life_loss` ends the *agent's* episode, in training alone: no value is carried over a lost life, the
//! next episode begins on the screen after the loss, the console is not reset while lives are left (as in
//! Dopamine's `AtariPreprocessing`; the `EpisodicLifeEnv` of Stable-Baselines3 plays one step without an action
//! more), and the time limit counts from there. Evaluations play whole games ([`EnvSpec::for_evaluation`]).
//!
//! [`EnvSpec::for_evaluation`]: crate::EnvSpec::for_evaluation
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

#[cfg(not(feature = "atari"))]
#[path = "absent.rs"]
mod env;
mod games;
mod options;
mod rows;

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
pub use games::{GAMES, Game};
pub use rows::ROWS;
