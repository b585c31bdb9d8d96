//! Scores the last policy under other options of its env.

use std::time::Instant;

use sparring_agents::Clock;
use sparring_envs::EnvError;
use sparring_sparse::Saved;

use super::observer::{Observer, Seen};
use super::run::Run;
use crate::error::TrainError;
use crate::evaluate::evaluate;
use crate::policy::recall;
use crate::registry::rows;
use crate::robustness::{Robustness, Trial};

/// Plays the episodes of all combinations, once the run is at its end.
pub struct ScoreRobustness {
    of: Robustness,
}

impl ScoreRobustness {
    /// One that scores `of`.
    pub fn new(of: Robustness) -> Self {
        Self { of }
    }
}

impl Observer for ScoreRobustness {
    fn name(&self) -> &'static str {
        "robustness"
    }

    fn is_due(&self, _: Clock, _: Clock) -> bool {
        false
    }

    fn look(&mut self, run: &mut Run<'_>) -> Result<Seen, TrainError> {
        let begun = Instant::now();
        let settings = &run.job.variant.settings;
        let id = &settings.env.id;
        let row = rows().find_env(id).ok_or_else(|| EnvError::UnknownEnv {
            id: id.clone(),
            nearest: "those of `sparring list envs`".to_owned(),
        })?;
        let (seed, eval) = (run.seed.child("robustness"), self.of.settings(&settings.eval));
        let mut policy = Saved::new();
        run.state.agent.save_policy(&mut policy)?;
        let mut all = Vec::new();
        for under in self.of.perturbations() {
            let spec = under.spec(row, &settings.env)?;
            // One of its own each time, so that what it draws is the same as well, and the training's is left as it is.
            let mut agent = settings.agent.acting().build(&spec, 1, &seed)?;
            agent.load_policy(&policy)?;
            recall(&mut *agent, run.job.variant)?;
            let played = evaluate(&mut *agent, &spec, &eval, &settings.env, &seed, run.stop)?;
            let Some(episodes) = played else { return Ok(Seen::Stopped) };
            all.push(Trial { under, episodes });
        }
        run.records.robustness(&all)?;
        run.steps_since += begun.elapsed();
        Ok(Seen::All)
    }
}
