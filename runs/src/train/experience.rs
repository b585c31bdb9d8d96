//! What an agent learns from: environments that it plays, or a data set.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use sparring_agents::{Agent, AgentError, Dataset, EnvRows, Mode};
use sparring_envs::{Actions, Batch, Episode};
use sparring_sparse::{Section, Seed};

use crate::data;
use crate::envs::{Envs, Faults, NOT_DETERMINISTIC};
use crate::error::{Error, TrainError};
use crate::phases::Phases;
use crate::plan::Job;
use crate::policy;

/// Where a run's experience comes from.
pub enum Experience {
    /// From play.
    Play(Box<Play>),
    /// From a data set, of which this is the checksum.
    Data(String),
}

/// The environments of training.
pub struct Play {
    envs: Envs,
    /// Whose observations they show.
    rows: EnvRows,
    /// Rows of a batch: the environment steps of one step.
    batch: u64,
}

/// What a step of a run brought.
#[derive(Default)]
pub struct Brought {
    /// Episodes of training that it ended.
    pub finished: Vec<Episode>,
    /// Environment steps.
    pub env_steps: u64,
}

/// The seed of each environment of a training whose run has this `seed`.
pub fn env_seeds(seed: &Seed, num_envs: usize) -> Vec<u64> {
    (0..num_envs).map(|env| seed.child("env").child(&env.to_string()).value()).collect()
}

impl Experience {
    /// That of `job` before its first step, of which `agent` has all it needs.
    pub fn new(
        job: Job<'_>,
        seed: &Seed,
        agent: &mut dyn Agent,
        warnings: &mut Vec<String>,
    ) -> Result<Self, TrainError> {
        let (settings, spec) = (&job.variant.settings, &job.variant.spec);
        if let (Some(keys), Some(offline)) = (&settings.data, agent.offline()) {
            let (data, content): (Dataset, String) = data::load(keys, spec)?;
            if let Some(folder) = settings.agent.keys().begins_with() {
                offline.retrofit(&policy::kept(Path::new(folder))?)?;
            }
            offline.take(Arc::new(data));
            return Ok(Self::Data(content));
        }
        if settings.env.batch.is_some() {
            warnings.push(NOT_DETERMINISTIC.to_owned());
        }
        let num_envs = settings.env.num_envs;
        let seeds = env_seeds(seed, num_envs);
        let envs = match settings.env.seed_episodes {
            true => Envs::new(&spec.for_evaluation(), &seeds, &settings.env)?,
            false => Envs::new(spec, &seeds, &settings.env)?,
        };
        let (rows, batch) = (envs.rows(num_envs), settings.env.rows() as u64);
        Ok(Self::Play(Box::new(Play { envs, rows, batch })))
    }

    /// Lets `agent` take one step: act, play and learn; or learn from data. What it played is shown to `seen` before it is
    /// learnt from.
    pub fn step(
        &mut self,
        agent: &mut dyn Agent,
        phases: &mut Phases,
        faults: &mut Faults,
        seen: impl FnOnce(Actions<'_>, &Batch<'_>) -> Result<(), Error>,
    ) -> Result<Brought, TrainError> {
        let begun = Instant::now();
        let Self::Play(play) = self else {
            agent.offline().map_or(Ok(()), |offline| offline.study())?;
            phases.add("learn", begun);
            return Ok(Brought::default());
        };
        let Play { envs, rows, batch: env_steps } = &mut **play;
        let actions = agent.act(rows.observations(envs.obs()), Mode::Train)?;
        let begun = phases.add("act", begun);
        let batch = match envs.step(actions) {
            Ok(batch) => batch,
            Err(error) => {
                faults.add(envs.faults());
                return Err(error.into());
            }
        };
        let begun = phases.add("envs", begun);
        seen(actions, &batch)?;
        agent.learn(&batch)?;
        phases.add("learn", begun);
        rows.follow(&batch);
        let brought = Brought { finished: batch.finished.to_vec(), env_steps: *env_steps };
        faults.add(envs.faults());
        Ok(brought)
    }

    /// How often each environment was started again.
    pub fn restarts(&self) -> Vec<u32> {
        match self {
            Self::Play(play) => play.envs.restarts(),
            Self::Data(_) => Vec::new(),
        }
    }

    /// All that the rest of the run depends on.
    pub fn save(&self, to: &mut Section) -> Result<(), TrainError> {
        let written = |error| TrainError::from(AgentError::from(error));
        match self {
            Self::Play(play) => {
                to.put("rows", &play.rows).map_err(written)?;
                to.put("envs", &play.envs.save()?).map_err(written)
            }
            Self::Data(content) => to.put("data", content).map_err(written),
        }
    }

    /// Takes back what [`Self::save`] of a run of the same job gave.
    ///
    /// # Errors
    /// A data set that has changed since.
    pub fn load(&mut self, from: &Section) -> Result<(), TrainError> {
        let read = |error| TrainError::from(AgentError::from(error));
        match self {
            Self::Play(play) => {
                play.rows = from.get("rows").map_err(read)?;
                Ok(play.envs.restore(&from.get::<Vec<u8>>("envs").map_err(read)?)?)
            }
            Self::Data(content) => {
                let before: String = from.get("data").map_err(read)?;
                match before == *content {
                    true => Ok(()),
                    false => Err(read(from.misfit("data", before, content.clone()))),
                }
            }
        }
    }
}
