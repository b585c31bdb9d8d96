//! The training loop: one job from its first step to its last.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use sparring_agents::diagnostics::Findings;
use sparring_agents::{Agent, Diagnosis, EnvRows, Metric, Mode};
use sparring_envs::Episode;
use sparring_sparse::{Executed, Saved, Seed};

use crate::config::Job;
use crate::console::JobView;
use crate::engine::{Engine, NOT_DETERMINISTIC};
use crate::error::TrainError;
use crate::evaluate::evaluate;
use crate::folder::JobFolder;
use crate::log::{JobLog, Stamp};
use crate::score::score;
use crate::status::{JobStatus, State};

/// Trains `job` to its end or to `stop`. What it reaches is kept in `status`, also where it fails.
pub fn train(
    job: Job<'_>,
    folder: &JobFolder,
    mut log: JobLog,
    status: &mut JobStatus,
    stop: &AtomicBool,
    view: &JobView,
) -> Result<State, TrainError> {
    if job.variant.settings.env.batch.is_some() {
        status.warnings.push(NOT_DETERMINISTIC.to_owned());
    }
    let mut loop_ = Loop::new(job, folder, status, stop, view)?;
    let ended = loop_.run(&mut log);
    loop_.status.wall_s = loop_.started.elapsed().as_secs_f64();
    loop_.status.executed = loop_.agent.executed();
    // A job that fails keeps what it has measured; its own error is the one to tell.
    let flushed = log.finish();
    let restarts = loop_.envs.restarts();
    for (env, times) in restarts.iter().enumerate().filter(|(_, times)| **times > 0) {
        status.warnings.push(format!("environment {env} failed and was restarted {times} times"));
    }
    let state = ended?;
    status.warnings.extend(flushed?);
    Ok(state)
}

struct Loop<'a> {
    job: Job<'a>,
    seed: Seed,
    envs: Engine,
    /// Whose observations they show.
    rows: EnvRows,
    agent: Box<dyn Agent>,
    folder: &'a JobFolder,
    status: &'a mut JobStatus,
    stop: &'a AtomicBool,
    view: &'a JobView,
    started: Instant,
    /// Mean returns of the evaluations so far.
    curve: Vec<f64>,
    since: SinceLog,
    metrics: Vec<Metric>,
    diagnosis: Option<Diagnosis>,
    /// Whether a diagnosis waits for the agent to have a batch.
    diagnosis_due: bool,
}

/// What has gathered since the last log.
struct SinceLog {
    returns: f64,
    lengths: u64,
    episodes: u64,
    env_steps: u64,
    begun: Instant,
}

impl SinceLog {
    fn new() -> Self {
        Self { returns: 0.0, lengths: 0, episodes: 0, env_steps: 0, begun: Instant::now() }
    }

    fn add(&mut self, episodes: &[Episode], env_steps: u64) {
        self.returns += episodes.iter().map(|episode| episode.ret).sum::<f64>();
        self.lengths += episodes.iter().map(|episode| u64::from(episode.len)).sum::<u64>();
        self.episodes += episodes.len() as u64;
        self.env_steps += env_steps;
    }
}

impl<'a> Loop<'a> {
    fn new(
        job: Job<'a>,
        folder: &'a JobFolder,
        status: &'a mut JobStatus,
        stop: &'a AtomicBool,
        view: &'a JobView,
    ) -> Result<Self, TrainError> {
        let (settings, spec) = (&job.variant.settings, &job.variant.spec);
        let seed = Seed::new(job.seed);
        let num_envs = settings.env.num_envs;
        let of_env = |env: usize| seed.child("env").child(&env.to_string()).value();
        let seeds: Vec<_> = (0..num_envs).map(of_env).collect();
        let envs = Engine::new(spec, &seeds, &settings.env)?;
        let agent = settings.agent.build(spec, num_envs, &seed.child("agent"))?;
        let diagnosis = settings.diagnostics.clone();
        let diagnosis =
            diagnosis.map(|what| Diagnosis::new(what, &*agent, seed.child("diagnostics")));
        Ok(Self {
            job,
            seed,
            envs,
            rows: EnvRows::new(num_envs),
            agent,
            folder,
            status,
            stop,
            view,
            started: Instant::now(),
            curve: Vec::new(),
            since: SinceLog::new(),
            metrics: Vec::new(),
            diagnosis,
            diagnosis_due: false,
        })
    }

    /// A step is one environment step of each row of its batch. The run ends with the first
    /// that reaches the total; logs and evaluations come with the first that reaches their time.
    fn run(&mut self, log: &mut JobLog) -> Result<State, TrainError> {
        let settings = &self.job.variant.settings;
        let rows = settings.env.rows() as u64;
        let total = settings.train.total_env_steps;
        let (log_every, eval_every) =
            (settings.train.log_every_env_steps, settings.eval.every_env_steps);
        if !self.evaluate(log)? {
            return Ok(State::Interrupted);
        }
        while self.status.env_steps < total {
            if self.stop.load(Ordering::Relaxed) {
                return Ok(State::Interrupted);
            }
            let actions = self.agent.act(self.rows.observations(self.envs.obs()), Mode::Train)?;
            let batch = self.envs.step(actions)?;
            self.agent.learn(&batch)?;
            self.rows.follow(&batch);
            self.since.add(batch.finished, rows);
            let before = self.status.env_steps;
            let now = before + rows;
            self.status.env_steps = now;
            self.status.gradient_steps = self.agent.clock().gradient_steps;
            let due = |every: u64| now / every > before / every || now >= total;
            if due(log_every) {
                self.log(log)?;
            }
            if let Some(diagnosis) = &self.diagnosis {
                self.diagnosis_due |= due(diagnosis.what().every_env_steps);
            }
            if self.diagnosis_due {
                self.diagnose(log)?;
            }
            if due(eval_every) && !self.evaluate(log)? {
                return Ok(State::Interrupted);
            }
        }
        Ok(State::Finished)
    }

    fn stamp(&self) -> Stamp {
        let JobStatus { env_steps, gradient_steps, .. } = *self.status;
        let wall_s = self.started.elapsed().as_secs_f64();
        Stamp { env_step: env_steps, gradient_step: gradient_steps, wall_s }
    }

    fn log(&mut self, log: &mut JobLog) -> Result<(), TrainError> {
        let at = self.stamp();
        let since = std::mem::replace(&mut self.since, SinceLog::new());
        if since.episodes > 0 {
            let mean = |sum: f64| sum / since.episodes as f64;
            log.scalar(at, "charts/episode_return", mean(since.returns))?;
            log.scalar(at, "charts/episode_length", mean(since.lengths as f64))?;
        }
        let rate = since.env_steps as f64 / since.begun.elapsed().as_secs_f64();
        log.clock_scalar(at, "charts/env_steps_per_s", rate);
        self.agent.drain_metrics(&mut self.metrics);
        for network in self.agent.summaries() {
            network.metrics(&mut self.metrics);
        }
        let Executed { forward, backward } = self.agent.executed();
        self.metrics.push(Metric::new("cost/executed_forward_flops", forward as f64));
        self.metrics.push(Metric::new("cost/executed_backward_flops", backward as f64));
        for Metric { tag, value } in self.metrics.drain(..) {
            log.scalar(at, &tag, value)?;
        }
        log.flush()?;
        self.view.steps(at.env_step);
        Ok(())
    }

    /// Measures the agent, or leaves that due where it has no batch to be measured on yet.
    fn diagnose(&mut self, log: &mut JobLog) -> Result<(), TrainError> {
        let (at, begun) = (self.stamp(), Instant::now());
        let Some(diagnosis) = &self.diagnosis else { return Ok(()) };
        let found = diagnosis.measure(&*self.agent, at.env_step)?;
        let Some(Findings { metrics, took }) = found else { return Ok(()) };
        self.diagnosis_due = false;
        for Metric { tag, value } in metrics {
            log.scalar(at, &tag, value)?;
        }
        for (name, took) in took {
            let seconds = took.as_secs_f64();
            log.clock_scalar(at, &format!("diagnostics/{name}/ms"), 1e3 * seconds);
            *self.status.diagnostics_s.entry(name.to_owned()).or_default() += seconds;
        }
        log.flush()?;
        // As evaluations are, diagnostics are left out of the rate of training steps.
        self.since.begun += begun.elapsed();
        Ok(())
    }

    /// False where `stop` came first.
    fn evaluate(&mut self, log: &mut JobLog) -> Result<bool, TrainError> {
        let variant = self.job.variant;
        let begun = Instant::now();
        let seed = self.seed.child("eval").child(&self.curve.len().to_string());
        let played =
            evaluate(&mut *self.agent, &variant.spec, &variant.settings, &seed, self.stop)?;
        let Some(played) = played else { return Ok(false) };
        // The rate of training steps leaves the time of evaluations out.
        self.since.begun += begun.elapsed();
        let at = self.stamp();
        let n = played.len() as f64;
        let mean = played.iter().map(|p| p.ret).sum::<f64>() / n;
        let variance = played.iter().map(|p| (p.ret - mean).powi(2)).sum::<f64>() / n;
        let length = played.iter().map(|p| f64::from(p.len)).sum::<f64>() / n;
        log.evaluation(at, &played)?;
        log.scalar(at, "eval/return", mean)?;
        log.scalar(at, "eval/return_std", variance.sqrt())?;
        log.scalar(at, "eval/length", length)?;
        log.flush()?;
        self.curve.push(mean);
        self.status.evaluations += 1;
        self.status.wall_s = at.wall_s;
        self.status.score = score(&self.curve);
        self.status.networks = self.agent.summaries();
        self.status.executed = self.agent.executed();
        self.folder.write_status(self.status)?;
        let mut policy = Saved::new();
        self.agent.save_policy(&mut policy)?;
        self.folder.write_policy(&policy)?;
        self.view.evaluated(at.env_step, mean);
        Ok(true)
    }
}
