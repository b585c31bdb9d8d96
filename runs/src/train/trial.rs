//! A job for a moment, to see how long its steps take.

use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use super::every::Every;
use super::records::Unrecorded;
use super::run::Run;
use super::state::Reached;
use crate::error::TrainError;
use crate::evaluate::{EvalSettings, evaluate};
use crate::plan::Job;
use crate::variant::{Settings, Variant};

/// A job that learns late is given this many times as long.
const PATIENCE: u32 = 10;

/// What parts of a job take on this machine, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Trial {
    /// An environment step without learning; 0 of an agent that learns from a data set.
    env_step: f64,
    /// Learning, over gradient steps; none where the agent had not begun to learn.
    gradient_step: Option<f64>,
    /// An evaluation's episode by the policy as it was then.
    episode: f64,
}

impl Trial {
    /// Seconds of a whole training with its evaluations, whose episodes are taken to stay as long as that of the trial;
    /// none where the agent learns later than was tried.
    pub fn whole(self, of: &Variant) -> Option<f64> {
        let Settings { train, eval, .. } = &of.settings;
        let gradient_steps = of.estimate.gradient_steps;
        let learning = match (self.gradient_step, gradient_steps) {
            (_, 0) => 0.0,
            (Some(one), all) => one * all as f64,
            (None, _) => return None,
        };
        let (env_steps, evaluations) = match eval.every() {
            Every::EnvSteps(every) => (train.length(), train.length() / every + 1),
            Every::GradientSteps(every) => (train.total_env_steps, gradient_steps / every + 1),
        };
        let episodes = evaluations * eval.episodes as u64;
        Some(self.env_step * env_steps as f64 + learning + self.episode * episodes as f64)
    }

    /// Trains `job` for about so long, longer where it has not learnt by then, and plays one episode.
    ///
    /// # Errors
    /// Those of a training.
    pub fn of(job: Job<'_>, moment: Duration) -> Result<Self, TrainError> {
        let (mut records, mut reached, stop) =
            (Unrecorded, Reached::default(), AtomicBool::new(false));
        let mut run = Run::new(job, None, &mut records, &mut reached, &stop)?;
        let train = &job.variant.settings.train;
        let begun = Instant::now();
        while !train.is_over(run.state.reached.clock()) {
            let enough = match run.state.reached.gradient_steps {
                0 => moment * PATIENCE,
                _ => moment,
            };
            if begun.elapsed() >= enough {
                break;
            }
            run.state.step(|_, _| Ok(()))?;
        }
        run.state.agent.settle()?;
        let settings = &job.variant.settings;
        let eval = EvalSettings { episodes: 1, num_envs: 1, ..settings.eval.clone() };
        let begun = Instant::now();
        let (agent, seed) = (&mut *run.state.agent, run.seed.child("eval"));
        evaluate(agent, &job.variant.spec, &eval, &settings.env, &seed, &stop)?;
        let episode = begun.elapsed().as_secs_f64();
        let phase = |name| reached.phases.seconds().find(|(phase, _)| *phase == name);
        let spent = |name| phase(name).map_or(0.0, |(_, seconds)| seconds);
        let gradient_steps = reached.gradient_steps;
        Ok(Self {
            env_step: (spent("act") + spent("envs")) / reached.env_steps.max(1) as f64,
            gradient_step: (gradient_steps > 0).then(|| spent("learn") / gradient_steps as f64),
            episode,
        })
    }
}
