//! Scores the agent as it is, and keeps it.

use std::time::Instant;

use sparring_agents::{Agent, AgentError, Clock, Metric};
use sparring_sparse::{Saved, Seed};

use super::every::Every;
use super::observer::{Observer, Seen};
use super::records::Stamp;
use super::run::Run;
use crate::error::TrainError;
use crate::evaluate::{Means, Played, evaluate};
use crate::job_folder::POLICY;
use crate::policy_text::Description;
use crate::variant::Variant;

/// Its name among the observers.
pub const EVALUATE: &str = "evaluate";

/// Plays the episodes of an evaluation, before the first step as well.
pub struct Evaluate {
    every: Every,
}

impl Evaluate {
    /// One that is due so often.
    pub fn new(every: Every) -> Self {
        Self { every }
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
        let begun = Instant::now();
        // What an evaluation draws and counts changes the agent; one that is cut off is played again.
        if variant.is_kept() {
            run.before_evaluation = Some(run.state_now()?);
        }
        let seed = run.seed.child("eval").child(&run.state.reached.curve.len().to_string());
        let played = play(run, &seed)?;
        let Some(played) = played else { return Ok(Seen::Stopped) };
        let at = run.stamp();
        if !offline(run, &seed, at)? {
            return Ok(Seen::Stopped);
        }
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
        let about = about(agent, variant, at)?;
        let reached = &mut *run.state.reached;
        reached.curve.push(mean);
        reached.wall_s = at.wall_s;
        reached.networks = agent.summaries();
        reached.executed = agent.executed();
        run.records.evaluated(reached, &policy, about)?;
        run.before_evaluation = None;
        // The rate of training steps leaves the time of evaluations out.
        run.steps_since += begun.elapsed();
        Ok(Seen::All)
    }
}

/// What the policy of `agent` is beside its weights; none of one that is no chain of layers.
fn about(agent: &dyn Agent, of: &Variant, at: Stamp) -> Result<Option<String>, TrainError> {
    let view = match agent.policy_view() {
        Err(AgentError::Routed { .. }) => None,
        view => view?,
    };
    let text = |view| {
        let row = of.settings.agent.row();
        Description::of(&view, row.name, &of.spec, POLICY, Some(at.env_step)).to_text()
    };
    Ok(view.map(text))
}

/// What an agent that learns from a data set gives beside its score: the loss of what is held out and, at the end, the
/// scores of the returns that it is asked for. Whether nothing stopped it.
fn offline(run: &mut Run<'_>, seed: &Seed, at: Stamp) -> Result<bool, TrainError> {
    let Some(offline) = run.state.agent.offline() else { return Ok(true) };
    let targets = match run.state.reached.ended_by {
        Some(_) => offline.targets(),
        None => Vec::new(),
    };
    for Metric { tag, value } in offline.held_out()? {
        run.records.scalar(at, &tag, value)?;
    }
    for share in targets {
        ask(run, Some(share));
        let played = play(run, &seed.child(&format!("for {share}")));
        ask(run, None);
        let Some(played) = played? else { return Ok(false) };
        let tag = format!("eval/return_for/{share}");
        run.records.scalar(at, &tag, Means::of(&played).ret)?;
    }
    Ok(true)
}

fn ask(run: &mut Run<'_>, share: Option<f64>) {
    if let Some(offline) = run.state.agent.offline() {
        offline.ask(share);
    }
}

/// The episodes of an evaluation; none where it was stopped.
fn play(run: &mut Run<'_>, seed: &Seed) -> Result<Option<Vec<Played>>, TrainError> {
    let variant = run.job.variant;
    let (settings, agent) = (&variant.settings, &mut *run.state.agent);
    evaluate(agent, &variant.spec, &settings.eval, &settings.env, seed, run.stop)
}
