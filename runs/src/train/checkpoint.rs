//! Keeps the state of a run from time to time.

use std::time::{Duration, Instant};

use sparring_agents::Clock;

use super::observer::{Every, Observer, Seen};
use super::run::Run;
use crate::checkpoint::CheckpointKeys;
use crate::error::TrainError;

/// Takes the state, before an evaluation where one is due: what an evaluation draws changes it, and one that is
/// cut off is played again.
pub struct Checkpoint {
    evaluation: Every,
    cadence: Cadence,
}

enum Cadence {
    Steps(Every),
    Time { every: Duration, last: Instant },
}

impl Checkpoint {
    /// One as `keys` say, of a run that is evaluated every so many environment steps.
    pub fn new(keys: &CheckpointKeys, eval_every_env_steps: u64) -> Self {
        let evaluation = Every::EnvSteps(eval_every_env_steps);
        let cadence = match (keys.every_minutes, keys.every_env_steps) {
            (Some(minutes), _) => {
                let every = Duration::from_secs_f64(60.0 * minutes);
                Cadence::Time { every, last: Instant::now() }
            }
            (None, Some(steps)) => Cadence::Steps(Every::EnvSteps(steps)),
            (None, None) => Cadence::Steps(evaluation),
        };
        Self { evaluation, cadence }
    }

    /// Whether a checkpoint is due that is more than a look before an evaluation.
    fn is_own(&self, before: Clock, now: Clock) -> bool {
        match &self.cadence {
            Cadence::Steps(every) => every.is_due(before, now),
            Cadence::Time { every, last } => last.elapsed() >= *every,
        }
    }
}

impl Observer for Checkpoint {
    fn name(&self) -> &'static str {
        "checkpoint"
    }

    fn is_due(&self, before: Clock, now: Clock) -> bool {
        self.evaluation.is_due(before, now) || self.is_own(before, now)
    }

    fn look(&mut self, run: &mut Run<'_>, before: Clock) -> Result<Seen, TrainError> {
        let now = run.state.reached.clock();
        let own = self.is_own(before, now);
        run.state.reached.waiting.remove(self.name());
        run.state.reached.wall_s = run.wall_s();
        let state = run.state.save()?;
        if self.evaluation.is_due(before, now) {
            run.before_evaluation = Some(state.clone());
        }
        if own {
            if let Cadence::Time { last, .. } = &mut self.cadence {
                *last = Instant::now();
            }
            run.checkpoint(state)?;
        }
        Ok(Seen::All)
    }
}
