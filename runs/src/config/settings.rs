//! The sections `env`, `train` and `eval`, and what all sections of one variant say together.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use sparring_agents::{AgentConfig, Diagnostics};
use sparring_envs::{EnvSpec, OnFault, Options, VectorConfig};

use super::agent::Around;
use super::diagnostics;
use super::env;
use super::problem::Checked;
use super::section::Otherwise::{Default, Required};
use super::section::Section;
use crate::yaml::Node;

/// Everything that is chosen about one variant, defaults filled in.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Settings {
    /// What is played.
    pub env: EnvSettings,
    /// How long.
    pub train: TrainSettings,
    /// How often the score is taken.
    pub eval: EvalSettings,
    /// Who plays.
    pub agent: AgentConfig,
    /// What is measured beside the training; none measures nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub diagnostics: Option<Diagnostics>,
}

/// The section `env`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EnvSettings {
    /// A row of the registry.
    pub id: String,
    /// What can be chosen about it, defaults filled in.
    #[serde(skip_serializing_if = "Options::is_empty")]
    pub options: Options,
    /// Environments that are stepped together; a step of all is `num_envs` environment steps.
    pub num_envs: usize,
    /// With `mode: async`, how many of them make a batch: the first that are ready. None: `mode: sync`,
    /// all of them.
    #[serde(flatten, serialize_with = "mode")]
    pub batch: Option<usize>,
    /// Threads that step them; 0 steps on the job's own.
    pub workers: usize,
    /// What an environment that fails does to the run.
    pub on_fault: FaultPolicy,
    /// Restarts of one environment before `on_fault: restart` gives up.
    pub max_restarts: u32,
}

/// What an environment that fails does to the run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultPolicy {
    /// It ends the job.
    Stop,
    /// It starts anew.
    Restart,
}

impl EnvSettings {
    /// Environment steps that the agent sees at once.
    pub fn rows(&self) -> usize {
        self.batch.unwrap_or(self.num_envs)
    }

    /// The vector engine's part.
    pub fn vector(&self) -> VectorConfig {
        let on_fault = match self.on_fault {
            FaultPolicy::Stop => OnFault::Stop,
            FaultPolicy::Restart => OnFault::Restart { max: self.max_restarts },
        };
        VectorConfig { num_envs: self.num_envs, workers: self.workers, on_fault }
    }
}

/// The section `train`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TrainSettings {
    /// The run ends with the first step of all environments that reaches it.
    pub total_env_steps: u64,
    /// Environment steps from one row of each metric to the next.
    pub log_every_env_steps: u64,
}

/// The section `eval`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EvalSettings {
    /// Environment steps from one evaluation to the next; step 0 and the end have one, too.
    pub every_env_steps: u64,
    /// Episodes in one evaluation.
    pub episodes: usize,
    /// Environments that play them; each plays its share to the end, so that short episodes are
    /// not favoured.
    pub num_envs: usize,
    /// An episode is cut after so many steps, where the environment's own limit does not come first: a game
    /// without one, such as MinAtar's Breakout, may never end for a policy that does not explore.
    pub max_episode_steps: u32,
}

impl Settings {
    /// Reads all sections of `tree`.
    pub fn read(tree: &Node) -> Checked<(Self, EnvSpec)> {
        let mut top = Section::new("", Some(tree))?;
        let mut env_section = top.section("env")?;
        let (env, spec) = read_env(&mut env_section)?;
        let train = read_train(&mut top.section("train")?)?;
        let eval = read_eval(&mut top.section("eval")?)?;
        let (mut agent, sparsity) = (top.section("agent")?, top.section("sparsity")?);
        let diagnostics = match top.peek("diagnostics") {
            Some(_) => Some(diagnostics::read(&mut top.section("diagnostics")?)?),
            None => None,
        };
        top.finish()?;
        let around = Around { env_section: &env_section, spec: &spec, env: &env, train: &train };
        let agent = super::agent::read(&mut agent, &sparsity, &around)?;
        check_mode(&env_section, &env, &agent)?;
        Ok((Self { env, train, eval, agent, diagnostics }, spec))
    }
}

/// Refuses an agent that needs all environments in step.
fn check_mode(s: &Section<'_>, env: &EnvSettings, agent: &AgentConfig) -> Checked<()> {
    let needs = match agent {
        _ if env.batch.is_none() => return Ok(()),
        AgentConfig::Dqn(_) => return Ok(()),
        AgentConfig::Sac(sac) if sac.warmup_hold_steps == 1 => return Ok(()),
        AgentConfig::Sac(_) => "agent.warmup_hold_steps above 1",
        AgentConfig::Ppo(_) => "agent.kind: ppo",
    };
    let found = format!("async, with {needs}");
    let allowed = format!("sync with {needs}, which needs every environment in every step");
    Err(s.problem("mode", &found, &allowed, "mode: sync, without batch"))
}

fn read_env(s: &mut Section<'_>) -> Checked<(EnvSettings, EnvSpec)> {
    let id = s.text("id", Required("CartPole-v1".to_owned()))?;
    let (options, spec) = env::read(s, &id)?;
    let num_envs = s.count("num_envs", 1, 1)?;
    let workers = s.count("workers", 0, 0)?;
    let batch = read_mode(s, num_envs, workers)?;
    let policies = [("stop", FaultPolicy::Stop), ("restart", FaultPolicy::Restart)];
    let on_fault = s.choice("on_fault", Default("stop"), &policies)?;
    let max_restarts = s.whole("max_restarts", Default(10), 1)?;
    let max_restarts = narrow(s, "max_restarts", max_restarts, 10)?;
    s.finish()?;
    Ok((EnvSettings { id, options, num_envs, batch, workers, on_fault, max_restarts }, spec))
}

/// `value` of `key` in 32 bits.
fn narrow(s: &Section<'_>, key: &'static str, value: u64, example: u64) -> Checked<u32> {
    u32::try_from(value)
        .map_err(|_| s.problem(key, &value.to_string(), "at most 4294967295", &example.to_string()))
}

/// The keys `mode` and `batch`.
fn read_mode(s: &mut Section<'_>, num_envs: usize, workers: usize) -> Checked<Option<usize>> {
    let is_async = s.choice("mode", Default("sync"), &[("sync", false), ("async", true)])?;
    if !is_async {
        return match s.node("batch") {
            None => Ok(None),
            Some(node) => {
                let (found, allowed) = (node.value.to_string(), "no batch with mode: sync");
                Err(s.problem("batch", &found, allowed, "mode: async, or remove batch"))
            }
        };
    }
    if workers == 0 {
        let allowed = "at least 1 with mode: async, in which the job's own thread steps none";
        return Err(s.problem("workers", "0", allowed, "workers: 1"));
    }
    let half = num_envs.div_ceil(2) as u64;
    let batch = s.whole("batch", Required(half), 1)?;
    match usize::try_from(batch) {
        Ok(batch) if batch <= num_envs => Ok(Some(batch)),
        _ => {
            let allowed = format!("at most num_envs = {num_envs}");
            Err(s.problem("batch", &batch.to_string(), &allowed, &half.to_string()))
        }
    }
}

/// As the config has it, and what it means for the numbers.
fn mode<S: Serializer>(batch: &Option<usize>, serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(None)?;
    map.serialize_entry("mode", if batch.is_some() { "async" } else { "sync" })?;
    if let Some(batch) = batch {
        map.serialize_entry("batch", batch)?;
        map.serialize_entry("deterministic", &false)?;
    }
    map.end()
}

fn read_train(s: &mut Section<'_>) -> Checked<TrainSettings> {
    let train = TrainSettings {
        total_env_steps: s.whole("total_env_steps", Default(101_000), 1)?,
        log_every_env_steps: s.whole("log_every_env_steps", Default(1_000), 1)?,
    };
    s.finish()?;
    Ok(train)
}

/// More parallel episodes than this make the batch no cheaper per episode.
const MOST_EVAL_ENVS: usize = 32;
/// Where Atari's episodes end (PAPERS 2.2).
const MOST_EVAL_STEPS: u64 = 27_000;

fn read_eval(s: &mut Section<'_>) -> Checked<EvalSettings> {
    let every_env_steps = s.whole("every_env_steps", Default(2_000), 1)?;
    let episodes = s.count("episodes", 20, 1)?;
    let num_envs = s.count("num_envs", episodes.min(MOST_EVAL_ENVS), 1)?;
    if num_envs > episodes {
        let (found, allowed) = (num_envs.to_string(), format!("at most episodes = {episodes}"));
        return Err(s.problem("num_envs", &found, &allowed, &episodes.to_string()));
    }
    let max_episode_steps = s.whole("max_episode_steps", Default(MOST_EVAL_STEPS), 1)?;
    let max_episode_steps = narrow(s, "max_episode_steps", max_episode_steps, MOST_EVAL_STEPS)?;
    s.finish()?;
    Ok(EvalSettings { every_env_steps, episodes, num_envs, max_episode_steps })
}
