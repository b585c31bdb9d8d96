//! How an engine is set up, and what it is given at each step.

use crate::{Action, EnvError, Space};

/// How many envs, on how many threads, and what a fault does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VectorConfig {
    /// How many envs; at least one.
    pub num_envs: usize,
    /// Threads besides the caller's, which takes its share too: 1 makes two threads of compute. 0
    /// spawns nothing, and no more than `num_envs - 1` are started. The results are the same bits for
    /// any number.
    pub workers: usize,
    /// What happens when an env panics, fails, or gives NaN or infinity.
    pub on_fault: OnFault,
    /// Whether NaN and infinity in observations and rewards are looked for, once a step over all rows. If not,
    /// they are handed on as they are.
    pub check_finite: bool,
    /// Whether each episode begins from a seed of its own, [`super::episode_seed`], so that it can be played again
    /// without those before it. If not, an env goes on with the generator of its first seed.
    pub seed_episodes: bool,
    /// When an env whose episode has ended begins the next one.
    pub autoreset: Autoreset,
}

impl Default for VectorConfig {
    /// One env, inline, stopping at a fault.
    fn default() -> Self {
        Self {
            num_envs: 1,
            workers: 0,
            on_fault: OnFault::Stop,
            check_finite: true,
            seed_episodes: false,
            autoreset: Autoreset::SameStep,
        }
    }
}

/// When an env whose episode has ended begins the next one, by the names of Gymnasium (its
/// `AutoresetMode`). The episodes are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Autoreset {
    /// In the step that ended it: what an agent acts on next is the first observation of the new episode.
    SameStep,
    /// In the step after, in which the env takes no action and its row is void: until then what is shown of it is the
    /// successor that its episode ended in.
    NextStep,
    /// When [`super::VectorEnv::reset`] is called: until then nothing can be stepped.
    Disabled,
}

/// What happens when an env panics, fails, or gives NaN or infinity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFault {
    /// The step returns [`EnvError::Fault`], and so does every later one.
    Stop,
    /// That env is made anew and reset with a new seed, drawn from its own seed and the number of the
    /// restart. The row of the step that failed is void and its episode counts as none: nothing is known of
    /// the state it led to, so nothing can be bootstrapped from it. Whoever looks ahead from an earlier
    /// transition of that episode bootstraps from its successor, as at a truncation, or leaves it out.
    /// The other envs' rows are what they would be. The same env beyond `max` restarts stops the engine.
    Restart {
        /// How often each env may be restarted.
        max: u32,
    },
}

/// One action for every env.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Actions<'a> {
    /// Shape `(n)`.
    Discrete(&'a [u32]),
    /// Shape `(n, act_dim)`, row-major.
    Continuous(&'a [f32]),
}

impl<'a> Actions<'a> {
    /// The first `n` envs' actions and the others'.
    pub(super) fn split_at(self, n: usize, act_dim: usize) -> (Self, Self) {
        match self {
            Self::Discrete(all) => {
                let (left, right) = all.split_at(n);
                (Self::Discrete(left), Self::Discrete(right))
            }
            Self::Continuous(all) => {
                let (left, right) = all.split_at(n * act_dim);
                (Self::Continuous(left), Self::Continuous(right))
            }
        }
    }

    /// Refuses actions that some env would refuse, so that a wrong batch moves nothing.
    pub(super) fn check(self, space: &Space, num_envs: usize) -> Result<(), EnvError> {
        let (found, act_dim) = match self {
            Self::Discrete(all) => (all.len(), 1),
            Self::Continuous(all) => (all.len(), space.dim()),
        };
        let wrong = match (self, space) {
            (Self::Discrete(_), Space::Box { .. }) => Some(0),
            (Self::Continuous(_), Space::Discrete { .. }) => Some(0),
            _ if found != num_envs * act_dim => {
                return Err(EnvError::ActionCount { found, num_envs, allowed: num_envs * act_dim });
            }
            (Self::Discrete(all), Space::Discrete { n }) => {
                // Without an early exit this is a vector loop, and a wrong action is rare.
                let fits = all.iter().fold(true, |fits, action| fits & (action < n));
                if fits { None } else { all.iter().position(|action| action >= n) }
            }
            (Self::Continuous(all), Space::Box { low, high, .. }) => {
                let inside = |row: &[f32]| {
                    row.iter().zip(low).zip(high).all(|((x, low), high)| low <= x && x <= high)
                };
                all.chunks_exact(act_dim.max(1)).position(|row| !inside(row))
            }
        };
        let Some(env) = wrong else { return Ok(()) };
        let action = match self {
            Self::Discrete(all) => Action::Discrete(all.get(env).copied().unwrap_or_default()),
            Self::Continuous(all) => {
                Action::Continuous(all.get(env * act_dim..(env + 1) * act_dim).unwrap_or_default())
            }
        };
        space
            .check_action(action)
            .map_err(|source| EnvError::BatchAction { env, source: Box::new(source) })
    }
}
