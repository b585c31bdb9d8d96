//! The state of a run: environments, an agent, and what they have reached.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use serde::{Deserialize, Serialize};
use sparring_agents::{Agent, AgentError, Clock, Diagnosis, EnvRows, Mode, NetworkSummary};
use sparring_envs::{Actions, Batch, Episode};
use sparring_sparse::{Executed, Section, Seed};

use super::budget::Budget;
use crate::checkpoint::Pauses;
use crate::envs::{Envs, Faults, NOT_DETERMINISTIC};
use crate::error::{Error, TrainError};
use crate::phases::Phases;
use crate::plan::Job;

/// The layout of a saved state.
const VERSION: u32 = 4;

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
    /// Environment steps.
    pub env_steps: u64,
}

impl SinceLog {
    fn add(&mut self, episodes: &[Episode], env_steps: u64) {
        self.returns += episodes.iter().map(|episode| episode.ret).sum::<f64>();
        self.lengths += episodes.iter().map(|episode| u64::from(episode.len)).sum::<u64>();
        self.episodes += episodes.len() as u64;
        self.env_steps += env_steps;
    }
}

/// The state of a run.
pub struct RunState<'a> {
    /// The environments of training.
    pub envs: Envs,
    /// Whose observations they show.
    pub rows: EnvRows,
    /// Who learns.
    pub agent: Box<dyn Agent>,
    /// What its measurements remember of the fresh agent; none where nothing is measured.
    pub diagnosis: Option<Diagnosis>,
    /// How far all of this is.
    pub reached: &'a mut Reached,
    /// Rows of a batch: the environment steps of one step.
    batch: u64,
}

/// The seed of each environment of a training whose run has this `seed`.
pub fn env_seeds(seed: &Seed, num_envs: usize) -> Vec<u64> {
    (0..num_envs).map(|env| seed.child("env").child(&env.to_string()).value()).collect()
}

impl<'a> RunState<'a> {
    /// The state of `job` before its first step.
    pub fn new(job: Job<'_>, seed: &Seed, reached: &'a mut Reached) -> Result<Self, TrainError> {
        let (settings, spec) = (&job.variant.settings, &job.variant.spec);
        if settings.env.batch.is_some() {
            reached.warnings.push(NOT_DETERMINISTIC.to_owned());
        }
        let num_envs = settings.env.num_envs;
        let seeds = env_seeds(seed, num_envs);
        let envs = match settings.env.seed_episodes {
            true => Envs::new(&spec.for_evaluation(), &seeds, &settings.env)?,
            false => Envs::new(spec, &seeds, &settings.env)?,
        };
        let mut agent = settings.agent.build(spec, num_envs, &seed.child("agent"))?;
        if let Some(gpu) = settings.train.device().open().map_err(AgentError::from)? {
            agent.move_to(gpu, settings.train.precision)?;
        }
        let measured = |what| Diagnosis::new(what, &*agent, seed.child("diagnostics"));
        Ok(Self {
            rows: envs.rows(num_envs),
            envs,
            diagnosis: settings.diagnostics.clone().map(measured),
            agent,
            reached,
            batch: settings.env.rows() as u64,
        })
    }

    /// All that the rest of the run depends on, but for the rows of the agent's replay memory. With
    /// `env.mode: async` there is no such thing.
    pub fn save(&self) -> Result<Section, TrainError> {
        let written = |error| TrainError::from(AgentError::from(error));
        let mut to = Section::new(VERSION);
        to.put("reached", &*self.reached).map_err(written)?;
        to.put("rows", &self.rows).map_err(written)?;
        to.put("envs", &self.envs.save()?).map_err(written)?;
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
        self.rows = from.get("rows").map_err(read)?;
        self.envs.restore(&from.get::<Vec<u8>>("envs").map_err(read)?)?;
        self.agent.load(&from.part("agent"))?;
        self.reached.networks = self.agent.summaries();
        if let Some(diagnosis) = &mut self.diagnosis {
            diagnosis.load(&from.part("diagnosis"))?;
        }
        Ok(())
    }

    /// One step: act, play, learn. Each row of its batch is one environment step. Before it is learnt from, the step
    /// is shown to `seen`.
    pub fn step(
        &mut self,
        seen: impl FnOnce(Actions<'_>, &Batch<'_>) -> Result<(), Error>,
    ) -> Result<(), TrainError> {
        let begun = Instant::now();
        let actions = self.agent.act(self.rows.observations(self.envs.obs()), Mode::Train)?;
        let begun = self.reached.phases.add("act", begun);
        let batch = match self.envs.step(actions) {
            Ok(batch) => batch,
            Err(error) => {
                self.reached.faults.add(self.envs.faults());
                return Err(error.into());
            }
        };
        let begun = self.reached.phases.add("envs", begun);
        seen(actions, &batch)?;
        self.agent.learn(&batch)?;
        self.reached.phases.add("learn", begun);
        self.rows.follow(&batch);
        self.reached.since_log.add(batch.finished, self.batch);
        self.reached.faults.add(self.envs.faults());
        self.reached.seen.clear();
        self.reached.env_steps += self.batch;
        self.reached.gradient_steps = self.agent.clock().gradient_steps;
        Ok(())
    }
}
