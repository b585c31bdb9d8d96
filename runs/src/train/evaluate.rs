//! Scores the agent as it is, and keeps it.

use std::time::Instant;

use sparring_agents::Clock;
use sparring_sparse::Saved;

use super::observer::{Every, Observer, Seen};
use super::run::Run;
use crate::error::TrainError;
use crate::evaluate::{Means, evaluate};

/// Its name among the observers.
pub const EVALUATE: &str = "evaluate";

/// Plays the episodes of an evaluation, before the first step as well.
pub struct Evaluate {
    every: Every,
}

impl Evaluate {
    /// One that is due every so many environment steps.
    pub fn new(every_env_steps: u64) -> Self {
        Self { every: Every::EnvSteps(every_env_steps) }
    }
}

impl Observer for Evaluate {
    fn name(&self) -> &'static str {
        EVALUATE
    }

    fn is_due(&self, before: Clock, now: Clock) -> bool {
        self.every.is_due(before, now)
    }

    fn at_the_start(&self) -> bool {
        true
    }

    fn look(&mut self, run: &mut Run<'_>) -> Result<Seen, TrainError> {
        let variant = run.job.variant;
        let settings = &variant.settings;
        let begun = Instant::now();
        // What an evaluation draws and counts changes the agent; one that is cut off is played again.
        if variant.is_kept() {
            run.before_evaluation = Some(run.state_now()?);
        }
        let seed = run.seed.child("eval").child(&run.state.reached.curve.len().to_string());
        let agent = &mut *run.state.agent;
        let played =
            evaluate(agent, &variant.spec, &settings.eval, &settings.env, &seed, run.stop)?;
        let Some(played) = played else { return Ok(Seen::Stopped) };
        let at = run.stamp();
        let Means { ret: mean, deviation, length } = Means::of(&played);
        run.records.evaluation(at, &played)?;
        run.records.scalar(at, "eval/return", mean)?;
        run.records.scalar(at, "eval/return_std", deviation)?;
        run.records.scalar(at, "eval/length", length)?;
        run.records.flush(at)?;
        let agent = &*run.state.agent;
        run.records.agent(at, agent);
        let mut policy = Saved::new();
        agent.save_policy(&mut policy)?;
        let reached = &mut *run.state.reached;
        reached.curve.push(mean);
        reached.wall_s = at.wall_s;
        reached.networks = agent.summaries();
        reached.executed = agent.executed();
        run.records.evaluated(reached, &policy)?;
        run.before_evaluation = None;
        // The rate of training steps leaves the time of evaluations out.
        run.steps_since += begun.elapsed();
        Ok(Seen::All)
    }
}
