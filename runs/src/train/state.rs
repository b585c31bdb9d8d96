//! The state of a run: environments, an agent, and what they have reached.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sparring_agents::{Agent, AgentError, Clock, Diagnosis, NetworkSummary};
use sparring_envs::{Actions, Batch, Episode};
use sparring_sparse::{Executed, Section, Seed};

use super::budget::Budget;
use super::experience::Experience;
use crate::checkpoint::Pauses;
use crate::envs::Faults;
use crate::error::{Error, TrainError};
use crate::phases::Phases;
use crate::plan::Job;

/// The layout of a saved state.
const VERSION: u32 = 5;

/// What a run has reached, in numbers. With the environments, their rows and the agent it is all that the rest of
/// the run depends on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Reached {
    /// Environment steps so far, void rows included.
    pub env_steps: u64,
    /// Gradient steps so far.
    pub gradient_steps: u64,
    /// Mean returns of the evaluations so far; the next one's seed is named by their number.
    pub curve: Vec<f64>,
    /// What has gathered since the last log.
    pub since_log: SinceLog,
    /// Observers that are due and could not do their work yet.
    pub waiting: BTreeSet<String>,
    /// Observers that have seen all there is to see after this step.
    pub seen: BTreeSet<String>,
    /// What has ended the run, once something has.
    pub ended_by: Option<Budget>,
    /// Seconds so far.
    pub wall_s: f64,
    /// The networks at the last evaluation. (What the agent says of itself is not written down twice.)
    #[serde(skip)]
    pub networks: Vec<NetworkSummary>,
    /// Operations that all networks have executed so far.
    pub executed: Executed,
    /// Seconds that each diagnostic has taken so far.
    pub diagnostics_s: BTreeMap<String, f64>,
    /// Where the time has gone so far.
    pub phases: Phases,
    /// What checkpoints have kept the training waiting.
    pub checkpoint_pauses: Pauses,
    /// What environments did that no environment should.
    pub faults: Faults,
    /// What went wrong without ending the run.
    pub warnings: Vec<String>,
    /// Whether some of what was to be written is lost; a warning says what.
    #[serde(skip)]
    pub lost: bool,
}

impl Reached {
    /// The clock by which observers are due.
    pub fn clock(&self) -> Clock {
        Clock { env_steps: self.env_steps, gradient_steps: self.gradient_steps }
    }
}

/// The episodes of training that ended since the last log.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SinceLog {
    /// The sum of their returns.
    pub returns: f64,
    /// The sum of their lengths.
    pub lengths: u64,
    /// How many.
    pub episodes: u64,
    /// Steps of the run's own clock.
    pub steps: u64,
}

impl SinceLog {
    fn add(&mut self, episodes: &[Episode], steps: u64) {
        self.returns += episodes.iter().map(|episode| episode.ret).sum::<f64>();
        self.lengths += episodes.iter().map(|episode| u64::from(episode.len)).sum::<u64>();
        self.episodes += episodes.len() as u64;
        self.steps += steps;
    }
}

/// The state of a run.
pub struct RunState<'a> {
    /// What it learns from.
    pub experience: Experience,
    /// Who learns.
    pub agent: Box<dyn Agent>,
    /// What its measurements remember of the fresh agent; none where nothing is measured.
    pub diagnosis: Option<Diagnosis>,
    /// How far all of this is.
    pub reached: &'a mut Reached,
}

impl<'a> RunState<'a> {
    /// The state of `job` before its first step.
    pub fn new(job: Job<'_>, seed: &Seed, reached: &'a mut Reached) -> Result<Self, TrainError> {
        let (settings, spec) = (&job.variant.settings, &job.variant.spec);
        let num_envs = settings.env.num_envs;
        let mut agent = settings.agent.build(spec, num_envs, &seed.child("agent"))?;
        let experience = Experience::new(job, seed, &mut *agent, &mut reached.warnings)?;
        if let Some(gpu) = settings.train.device().open().map_err(AgentError::from)? {
            agent.move_to(gpu, settings.train.precision)?;
        }
        let measured = |what| Diagnosis::new(what, &*agent, seed.child("diagnostics"));
        let diagnosis = settings.diagnostics.clone().map(measured);
        Ok(Self { experience, diagnosis, agent, reached })
    }

    /// All that the rest of the run depends on, but for the rows of the agent's replay memory. With
    /// `env.mode: async` there is no such thing.
    pub fn save(&self) -> Result<Section, TrainError> {
        let written = |error| TrainError::from(AgentError::from(error));
        let mut to = Section::new(VERSION);
        to.put("reached", &*self.reached).map_err(written)?;
        self.experience.save(&mut to)?;
        let mut agent = Section::new(VERSION);
        self.agent.save(&mut agent)?;
        to.nest("agent", agent);
        if let Some(diagnosis) = &self.diagnosis {
            let mut section = Section::new(VERSION);
            diagnosis.save(&mut section)?;
            to.nest("diagnosis", section);
        }
        Ok(to)
    }

    /// Takes back what [`Self::save`] of a run of the same job gave.
    pub fn load(&mut self, from: &Section) -> Result<(), TrainError> {
        let read = |error| TrainError::from(AgentError::from(error));
        from.require_version(VERSION).map_err(read)?;
        *self.reached = from.get("reached").map_err(read)?;
        self.experience.load(from)?;
        self.agent.load(&from.part("agent"))?;
        self.reached.networks = self.agent.summaries();
        if let Some(diagnosis) = &mut self.diagnosis {
            diagnosis.load(&from.part("diagnosis"))?;
        }
        Ok(())
    }

    /// One step: act, play, learn. Each row of its batch is one environment step. Before it is learnt from, the step
    /// is shown to `seen`. Of an agent that learns from a data set it is one gradient step.
    pub fn step(
        &mut self,
        seen: impl FnOnce(Actions<'_>, &Batch<'_>) -> Result<(), Error>,
    ) -> Result<(), TrainError> {
        let Reached { phases, faults, .. } = &mut *self.reached;
        let brought = self.experience.step(&mut *self.agent, phases, faults, seen)?;
        let before = self.reached.clock().own();
        self.reached.seen.clear();
        self.reached.env_steps += brought.env_steps;
        self.reached.gradient_steps = self.agent.clock().gradient_steps;
        let steps = self.reached.clock().own() - before;
        self.reached.since_log.add(&brought.finished, steps);
        Ok(())
    }
}
