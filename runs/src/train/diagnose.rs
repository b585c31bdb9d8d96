//! Measures what training looks like from inside.

use std::time::Instant;

use sparring_agents::diagnostics::Findings;
use sparring_agents::{Clock, Metric};

use super::every::Every;
use super::observer::{Observer, Seen};
use super::run::Run;
use crate::error::TrainError;

/// Writes what a diagnosis finds, and what each measure took.
pub struct Diagnose {
    every: Every,
}

impl Diagnose {
    /// One that is due every so many environment steps.
    pub fn new(every_env_steps: u64) -> Self {
        Self { every: Every::EnvSteps(every_env_steps) }
    }
}

impl Observer for Diagnose {
    fn name(&self) -> &'static str {
        "diagnose"
    }

    fn is_due(&self, before: Clock, now: Clock) -> bool {
        self.every.is_due(before, now)
    }

    /// Stays due where the agent has no batch to be measured on yet.
    fn look(&mut self, run: &mut Run<'_>) -> Result<Seen, TrainError> {
        let (at, begun) = (run.stamp(), Instant::now());
        let Some(diagnosis) = &mut run.state.diagnosis else { return Ok(Seen::All) };
        let found = diagnosis.measure(&*run.state.agent, at.own())?;
        let Some(Findings { metrics, took }) = found else { return Ok(Seen::Nothing) };
        for Metric { tag, value } in metrics {
            run.records.scalar(at, &tag, value)?;
        }
        for (name, took) in took {
            let seconds = took.as_secs_f64();
            run.records.clock_scalar(at, &format!("train/diagnostics/{name}/ms"), 1e3 * seconds);
            *run.state.reached.diagnostics_s.entry(name.to_owned()).or_default() += seconds;
        }
        run.records.flush(at)?;
        // As evaluations are, diagnostics are left out of the rate of training steps.
        run.steps_since += begun.elapsed();
        Ok(Seen::All)
    }
}
