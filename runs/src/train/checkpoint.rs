//! Keeps the state of a run from time to time.

use std::time::{Duration, Instant};

use sparring_agents::Clock;

use super::every::Every;
use super::observer::{Observer, Seen};
use super::run::Run;
use crate::checkpoint::CheckpointKeys;
use crate::error::TrainError;

/// Hands the state over to be written.
pub struct Checkpoint {
    cadence: Cadence,
}

enum Cadence {
    Steps(Every),
    Time { every: Duration, last: Instant },
}

impl Checkpoint {
    /// One as `keys` say, of a run that is evaluated so often.
    pub fn new(keys: &CheckpointKeys, evaluated: Every) -> Self {
        let cadence = match keys.every_minutes {
            Some(minutes) => {
                let every = Duration::from_secs_f64(60.0 * minutes);
                Cadence::Time { every, last: Instant::now() }
            }
            None => Cadence::Steps(keys.every_env_steps.map_or(evaluated, Every::EnvSteps)),
        };
        Self { cadence }
    }
}

impl Observer for Checkpoint {
    fn name(&self) -> &'static str {
        "checkpoint"
    }

    fn is_due(&self, before: Clock, now: Clock) -> bool {
        match &self.cadence {
            Cadence::Steps(every) => every.is_due(before, now),
            Cadence::Time { every, last } => last.elapsed() >= *every,
        }
    }

    fn look(&mut self, run: &mut Run<'_>) -> Result<Seen, TrainError> {
        if let Cadence::Time { last, .. } = &mut self.cadence {
            *last = Instant::now();
        }
        // What is kept knows that it is.
        run.state.reached.waiting.remove(self.name());
        run.state.reached.seen.insert(self.name().to_owned());
        run.checkpoint(None)?;
        Ok(Seen::All)
    }
}
