//! Measures what training looks like from inside.

use std::time::Instant;

use sparring_agents::diagnostics::{Diagnostics, Findings};
use sparring_agents::{Agent, Diagnosis, Metric};
use sparring_sparse::Seed;

use super::observer::{Every, Observer, Seen};
use super::run::Run;
use crate::error::TrainError;

/// Writes what a diagnosis finds, and what each measure took.
pub struct Diagnose {
    diagnosis: Diagnosis,
}

impl Diagnose {
    /// One of `what`, of an agent as it is before its first step.
    pub fn new(what: Diagnostics, agent: &dyn Agent, seed: Seed) -> Self {
        Self { diagnosis: Diagnosis::new(what, agent, seed) }
    }
}

impl Observer for Diagnose {
    fn name(&self) -> &'static str {
        "diagnose"
    }

    fn every(&self) -> Every {
        Every::EnvSteps(self.diagnosis.what().every_env_steps)
    }

    /// Stays due where the agent has no batch to be measured on yet.
    fn look(&mut self, run: &mut Run<'_>) -> Result<Seen, TrainError> {
        let (at, begun) = (run.stamp(), Instant::now());
        let found = self.diagnosis.measure(&*run.state.agent, at.env_step)?;
        let Some(Findings { metrics, took }) = found else { return Ok(Seen::Nothing) };
        for Metric { tag, value } in metrics {
            run.records.scalar(at, &tag, value)?;
        }
        for (name, took) in took {
            let seconds = took.as_secs_f64();
            run.records.clock_scalar(at, &format!("diagnostics/{name}/ms"), 1e3 * seconds);
            *run.state.reached.diagnostics_s.entry(name.to_owned()).or_default() += seconds;
        }
        run.records.flush(at)?;
        // As evaluations are, diagnostics are left out of the rate of training steps.
        run.steps_since += begun.elapsed();
        Ok(Seen::All)
    }
}
