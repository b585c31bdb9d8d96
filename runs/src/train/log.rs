//! Logs how training goes.
//!
//! Sizes of networks stand in the first rows, in the last, and where they have changed since the rows before; the last
//! may be any before an evaluation that can end the run. The state of a run tells all of this, so that a resumed one
//! goes on with the same rows.

use std::time::Instant;

use sparring_agents::{Clock, Extent, Metric};
use sparring_sparse::Executed;

use super::budget::Budget;
use super::evaluate::EVALUATE;
use super::every::Every;
use super::observer::{Observer, Seen};
use super::run::Run;
use crate::error::TrainError;

/// Writes the episodes, losses, rewirings and operations since the last time.
pub struct Log {
    every: Every,
    metrics: Vec<Metric>,
}

impl Log {
    /// One that is due so often.
    pub fn new(every: Every) -> Self {
        Self { every, metrics: Vec::new() }
    }
}

impl Observer for Log {
    fn name(&self) -> &'static str {
        "log"
    }

    fn is_due(&self, before: Clock, now: Clock) -> bool {
        self.every.is_due(before, now)
    }

    fn look(&mut self, run: &mut Run<'_>) -> Result<Seen, TrainError> {
        let at = run.stamp();
        let since = std::mem::take(&mut run.state.reached.since_log);
        if since.episodes > 0 {
            let mean = |sum: f64| sum / since.episodes as f64;
            run.records.scalar(at, "train/episode_return", mean(since.returns))?;
            run.records.scalar(at, "train/episode_length", mean(since.lengths as f64))?;
        }
        let rate = since.steps as f64 / run.steps_since.elapsed().as_secs_f64();
        let tag = match at.env_step {
            0 => "train/gradient_steps_per_s",
            _ => "train/env_steps_per_s",
        };
        run.records.clock_scalar(at, tag, rate);
        run.steps_since = Instant::now();
        let agent = &mut run.state.agent;
        let reached = &*run.state.reached;
        let may_end = run.job.variant.settings.train.budget == Budget::Plateau
            && reached.waiting.contains(EVALUATE);
        let is_first = at.own() == since.steps;
        let extent = match is_first || may_end || reached.ended_by.is_some() {
            true => Extent::Whole,
            false => Extent::Changes,
        };
        agent.drain_metrics(extent, &mut self.metrics);
        let Executed { forward, backward } = agent.executed();
        self.metrics.push(Metric::new("train/executed_forward_flops", forward as f64));
        self.metrics.push(Metric::new("train/executed_backward_flops", backward as f64));
        for Metric { tag, value } in self.metrics.drain(..) {
            run.records.scalar(at, &tag, value)?;
        }
        run.records.flush(at)?;
        Ok(Seen::All)
    }
}
