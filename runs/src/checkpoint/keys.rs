//! The section `checkpoint`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sparring_sparse::KeyError;

/// When the state of a job is kept, and how much of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CheckpointKeys {
    /// Environment steps from one checkpoint to the next; null is at every evaluation.
    #[schemars(range(min = 1))]
    pub every_env_steps: Option<u64>,
    /// Minutes from one checkpoint to the next, in place of steps.
    #[schemars(range(max = 1e6), extend("exclusiveMinimum" = 0.0), example = 10.0)]
    pub every_minutes: Option<f64>,
    /// The newest so many are kept; 0 writes none.
    #[schemars(range(max = 1_000))]
    pub keep: usize,
    /// Whether the rows of a replay memory are kept, without which a resumed run differs; null keeps them
    /// up to max_replay_mib, and writes no checkpoint above it.
    pub replay: Option<bool>,
    /// The largest replay memory that `replay: null` keeps.
    #[schemars(range(max = 1_000_000_000))]
    pub max_replay_mib: u64,
}

impl Default for CheckpointKeys {
    fn default() -> Self {
        Self {
            every_env_steps: None,
            every_minutes: None,
            keep: 2,
            replay: None,
            max_replay_mib: 1_024,
        }
    }
}

/// What is kept of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// Everything that the rest of the run depends on.
    All,
    /// All but the rows of the replay memory.
    AllButReplay,
    /// Nothing.
    Nothing,
}

impl CheckpointKeys {
    /// Whether the keys fit each other.
    pub fn check(&self) -> Result<(), KeyError> {
        match (self.every_env_steps, self.every_minutes) {
            (Some(steps), Some(minutes)) => Err(KeyError::new(
                "every_minutes",
                format!("{minutes} beside every_env_steps: {steps}"),
                "one of the two",
                "remove one",
            )),
            (_, None) | (None, Some(_)) => Ok(()),
        }
    }

    /// What is kept of a job whose replay memory takes `replay_bytes`.
    pub fn kept(&self, replay_bytes: u64) -> Kept {
        match self.replay {
            Some(_) | None if self.keep == 0 => Kept::Nothing,
            Some(false) => Kept::AllButReplay,
            Some(true) => Kept::All,
            None if replay_bytes > self.max_replay_mib << 20 => Kept::Nothing,
            None => Kept::All,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_replay_is_kept_where_it_is_asked_for() {
        let keys = CheckpointKeys { max_replay_mib: 1, ..CheckpointKeys::default() };
        assert_eq!((keys.kept(1 << 20), keys.kept((1 << 20) + 1)), (Kept::All, Kept::Nothing));
        let asked = |replay| CheckpointKeys { replay: Some(replay), ..keys.clone() };
        assert_eq!(asked(true).kept(1 << 30), Kept::All);
        assert_eq!(asked(false).kept(1 << 30), Kept::AllButReplay);
        assert_eq!(CheckpointKeys { keep: 0, ..asked(true) }.kept(0), Kept::Nothing);
    }
}
