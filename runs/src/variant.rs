//! One variant of a plan: all that is chosen about it, and what it takes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use sparring_agents::{AgentConfig, AgentError, Diagnostics, Estimate, TrainingFlops};
use sparring_envs::{AsyncVectorEnv, EnvError, EnvSpec, VectorEnv};
use sparring_sparse::ALGEBRAS;
use sparring_sparse::config::SparsityConfig;
use sparring_sparse::gpu::Precision;
use sparring_sparse::methods::Horizon;

use crate::checkpoint::{CheckpointKeys, Kept};
use crate::data::keys::DataKeys;
use crate::envs::EnvSettings;
use crate::evaluate::EvalSettings;
use crate::log::tensorboard::keys::TensorBoardKeys;
use crate::machine::gibibytes;
use crate::robustness::Robustness;
use crate::train::budget::Budget;
use crate::train::settings::TrainSettings;

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
    /// What an agent learns from that learns from a data set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<DataKeys>,
    /// The keys of the section `sparsity`, every value filled in.
    pub sparsity: Json,
    /// When the state is kept.
    #[serde(skip)]
    pub checkpoint: CheckpointKeys,
    /// What TensorBoard shows.
    #[serde(skip)]
    pub tensorboard: TensorBoardKeys,
    /// What is measured beside the training; none measures nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub diagnostics: Option<Diagnostics>,
    /// Under which other options of the env the last policy is scored; none under no others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub robustness: Option<Robustness>,
}

/// Where a variant stands among those that it is compared with. Its folder and its label are views of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Coordinates {
    /// Names its folder, too: `rigl,sparsity=0.9`.
    pub name: String,
    /// The name of the config's variant that a sweep multiplied; empty without variants.
    pub variant: String,
    /// What is played.
    pub env: String,
    /// Who plays.
    pub agent: String,
    /// How its networks are sparse.
    pub method: String,
    /// The values of the sweep that it has, by key.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub axes: BTreeMap<String, Json>,
}

/// One variant of a plan.
#[derive(Clone, Debug)]
pub struct Variant {
    /// What it is among the others.
    pub at: Coordinates,
    /// What is chosen.
    pub settings: Settings,
    /// What is played.
    pub spec: EnvSpec,
    /// What it takes.
    pub estimate: Estimate,
    /// Memory of the environments of training and evaluation.
    env_bytes: u64,
}

/// Why a variant cannot be measured.
#[derive(Debug)]
pub enum Unmade {
    /// Its env cannot be made.
    Env(EnvError),
    /// Its agent cannot be built for the env.
    Agent(AgentError),
}

impl Variant {
    /// Measures `settings`, under the name `name` and the values `axes` of a sweep over `variant`. Envs are made
    /// for it, which takes a simulator its time, so that those of an equal variant among `others` serve.
    ///
    /// # Errors
    /// An env that cannot be made, or an agent that cannot be built for it.
    pub fn new(
        name: String,
        variant: String,
        axes: BTreeMap<String, Json>,
        chosen: (Settings, EnvSpec),
        others: &[Self],
    ) -> Result<Self, Unmade> {
        let (settings, spec) = chosen;
        let run = settings.env.run(&settings.train);
        let estimate = settings.agent.estimate(&spec, &run).map_err(Unmade::Agent)?;
        let envs = |of: &Settings| (of.env.clone(), of.eval.num_envs);
        let known = others.iter().find(|other| envs(&other.settings) == envs(&settings));
        let env_bytes = match known {
            Some(other) => other.env_bytes,
            None => env_bytes(&settings, &spec).map_err(Unmade::Env)?,
        };
        let kind = |section: &Json| section["kind"].as_str().unwrap_or_default().to_owned();
        let at = Coordinates {
            env: settings.env.id.clone(),
            agent: kind(&serde_json::json!(settings.agent)),
            method: kind(&settings.sparsity),
            name,
            variant,
            axes,
        };
        Ok(Self { at, settings, spec, estimate, env_bytes })
    }

    /// What a reader of the plan should know: what never happens in the run, and what its score means.
    pub fn notes(&self) -> Vec<String> {
        let Settings { env, train, agent, .. } = &self.settings;
        let mut notes = agent.keys().notes(&env.run(train));
        for sparsity in agent.keys().sparsities() {
            let SparsityConfig { gradient_steps, sparsity: of, .. } = *sparsity;
            let run = Horizon { gradient_steps, sparsity: of };
            notes.extend(sparsity.method.keys().notes(&run));
        }
        notes.dedup();
        notes.extend(self.of_budget());
        notes.extend(self.unmeasured());
        notes.extend(self.unkept());
        notes.extend(self.of_columns());
        if train.precision == Precision::Bf16 {
            let device = &train.device;
            notes.push(format!("on {device} activations and their gradients are stored as bf16"));
        }
        notes
    }

    /// What a network of several columns has to be compared with.
    fn of_columns(&self) -> Option<String> {
        let keys = self.settings.agent.keys().to_value();
        let row = ALGEBRAS.iter().find(|row| keys["algebra"]["kind"] == row.name)?;
        let columns = row.columns;
        (columns > 1).then(|| {
            format!(
                "the {columns} columns of {} never mix: the hidden layers are a real network of 1/{columns} of their width that is \
                 run {columns} times with the same weights, and such a real network belongs beside it",
                row.name
            )
        })
    }

    /// What is kept apart for nothing.
    fn unmeasured(&self) -> Option<String> {
        let share = self.settings.agent.keys().to_value()["held_out_episodes"].as_f64()?;
        let is_measured = self.settings.diagnostics.as_ref().is_some_and(|what| what.td_error);
        (share > 0.0 && !is_measured).then(|| {
            format!(
                "agent.held_out_episodes: {share} keeps episodes apart that nothing measures: \
                 diagnostics: {{td_error: true}} does"
            )
        })
    }

    /// What a budget other than environment steps means in steps.
    fn of_budget(&self) -> Vec<String> {
        let Settings { env, train, eval, agent, .. } = &self.settings;
        let keys = agent.keys();
        let (total, run) = (train.total_env_steps, env.run(train));
        let (patience, every) = (train.patience_evaluations, eval.every_env_steps);
        match train.budget {
            Budget::EnvSteps => Vec::new(),
            Budget::GradientSteps if total == 0 => Vec::new(),
            Budget::GradientSteps => vec![format!(
                "train.total_gradient_steps: {} is reached after {total} env steps",
                train.total_gradient_steps.unwrap_or_default(),
            )],
            Budget::Samples => vec![format!(
                "train.total_samples: {} is reached after {} gradient steps, which consume {} samples, in {total} env \
                 steps",
                train.total_samples.unwrap_or_default(),
                keys.gradient_steps(&run),
                keys.samples(&run),
            )],
            Budget::Plateau if patience.saturating_mul(every) >= total => vec![format!(
                "train.budget: plateau ends nothing before train.total_env_steps: patience_evaluations: {patience}, one \
                 in {every} env steps, are as long as the run"
            )],
            Budget::Plateau => {
                let earliest = patience * every;
                let ends = format!(
                    "train.budget: plateau may end the run from env step {earliest} on, after {} gradient steps; steps \
                     and FLOPs of this plan are those of a run to train.total_env_steps",
                    keys.gradient_steps(&env.run_of(earliest)),
                );
                [ends].into_iter().chain(self.cut_short()).collect()
            }
        }
    }

    /// What goes by the length of a run that may be cut short of it.
    fn cut_short(&self) -> impl Iterator<Item = String> {
        let keys = self.settings.agent.keys();
        let decays = keys.to_value()["learning_rate_decay"] == "linear";
        let decay = decays.then(|| {
            "agent.learning_rate_decay: linear falls to 0 at train.total_env_steps: a run that a plateau ends has not \
             come so far"
                .to_owned()
        });
        let mut all: Vec<_> = decay.into_iter().collect();
        for sparsity in keys.sparsities() {
            let SparsityConfig { gradient_steps, sparsity: of, .. } = *sparsity;
            let run = Horizon { gradient_steps, sparsity: of };
            all.extend(sparsity.method.keys().changes_until(&run).map(|until| {
                format!(
                    "sparsity.kind: {} changes the topology until gradient step {until}: a run that a plateau ends before \
                     keeps what it has by then",
                    sparsity.method.row().name
                )
            }));
        }
        all.dedup();
        all.into_iter()
    }

    /// Operations of its training by the model, where a plateau ended it after `env_steps`.
    pub fn training_until(&self, env_steps: u64) -> TrainingFlops {
        let Settings { env, agent, .. } = &self.settings;
        let until = agent.estimate(&self.spec, &env.run_of(env_steps));
        until.map_or(self.estimate.training, |estimate| estimate.training)
    }

    /// What of a job is kept while it runs.
    pub fn kept(&self) -> Kept {
        match self.settings.env.batch {
            // Which environments are under way depends on time: there is no state to take.
            Some(_) => Kept::Nothing,
            None => self.settings.checkpoint.kept(self.estimate.memory_bytes),
        }
    }

    /// Whether anything is.
    pub fn is_kept(&self) -> bool {
        self.kept() != Kept::Nothing
    }

    /// Why nothing is, where nobody asked for that.
    fn unkept(&self) -> Option<String> {
        let Settings { env, checkpoint, .. } = &self.settings;
        match (self.kept(), env.batch) {
            (Kept::Nothing, _) if checkpoint.keep == 0 => None,
            (Kept::Nothing, Some(_)) => {
                Some("no checkpoints with env.mode: async: a job that is cut off begins again".into())
            }
            (Kept::Nothing, None) => Some(format!(
                "no checkpoints: the replay memory of {} GiB is above checkpoint.max_replay_mib: {}; \
                 checkpoint.replay: true keeps it, false keeps all else",
                gibibytes(self.estimate.memory_bytes),
                checkpoint.max_replay_mib
            )),
            (Kept::AllButReplay, _) => Some(
                "checkpoint.replay is false: a job that is resumed begins with an empty replay memory, and \
                 its numbers differ from those of one that was never cut off"
                    .into(),
            ),
            (Kept::All, _) => None,
        }
    }

    /// Memory of one job.
    pub fn bytes(&self) -> u64 {
        self.taken().into_iter().fold(0, u64::saturating_add)
    }

    /// What would make the memory of a job less: what each large part of it goes by, the largest first.
    pub fn goes_by(&self) -> Vec<&'static str> {
        let keys = serde_json::json!(self.settings.agent);
        let (computes, collects) = match keys.get("replay_capacity") {
            Some(_) => ("network or agent.batch_size", "agent.replay_capacity or n_step"),
            None => ("network or agent.rollout_steps", "agent.rollout_steps"),
        };
        let by = [computes, collects, "env.num_envs or eval.num_envs", "diagnostics.batch"];
        let (mut parts, all) = (self.taken().into_iter().zip(by).collect::<Vec<_>>(), self.bytes());
        parts.sort_by_key(|(bytes, _)| std::cmp::Reverse(*bytes));
        parts.into_iter().filter(|(bytes, _)| *bytes > all / 10).map(|(_, by)| by).collect()
    }

    /// Memory of one job: networks, what its agent collects, the environments of training and evaluation, and
    /// what diagnostics take.
    fn taken(&self) -> [u64; 4] {
        let Estimate { networks, network_bytes, memory_bytes, .. } = &self.estimate;
        let diagnostics = self.settings.diagnostics.as_ref();
        let of_diagnostics = diagnostics.map_or(0, |what| what.bytes(networks));
        [*network_bytes, *memory_bytes, self.env_bytes, of_diagnostics]
    }
}

/// Memory of the environments of training and evaluation. What they lack is told now.
fn env_bytes(settings: &Settings, spec: &EnvSpec) -> Result<u64, EnvError> {
    spec.make.ready()?;
    let Settings { env, eval, .. } = settings;
    let of_training = match env.batch {
        Some(batch) => AsyncVectorEnv::bytes(spec, env.num_envs, batch),
        None => VectorEnv::bytes(spec, env.num_envs),
    };
    Ok(of_training.saturating_add(VectorEnv::bytes(spec, eval.num_envs)))
}
