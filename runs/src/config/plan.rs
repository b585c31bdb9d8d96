//! What will be run: every job, resolved and measured.

use std::collections::BTreeMap;
use std::path::PathBuf;

use sparring_agents::{AgentError, Estimate, RunLength};
use sparring_envs::{AsyncVectorEnv, EnvError, EnvSpec, VectorEnv};
use sparring_sparse::KeyError;
use sparring_sparse::config::SparsityConfig;
use sparring_sparse::methods::Horizon;

use super::agent;
use super::expand::Expanded;
use super::problem::{Checked, Problem, nearest};
use super::reader::within;
use super::settings::Settings;
use crate::error::{Error, Refusal};
use crate::machine::gibibytes;
use crate::names::stands_for;
use crate::yaml::Node;

/// A checked config.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The run's name.
    pub name: String,
    /// The config's path.
    pub file: PathBuf,
    /// The config, as typed.
    pub text: String,
    /// The `--set` arguments, as typed.
    pub set: Vec<String>,
    /// Every variant is run with each.
    pub seeds: Vec<u64>,
    /// What is compared.
    pub variants: Vec<Variant>,
}

/// One variant of a plan.
#[derive(Clone, Debug)]
pub struct Variant {
    /// Names its folder, too.
    pub name: String,
    /// The name of the config's variant that a sweep multiplied; empty without variants.
    pub of: String,
    /// The values of the sweep that it has, by key.
    pub axes: BTreeMap<String, serde_json::Value>,
    /// What is chosen.
    pub settings: Settings,
    /// What is played.
    pub spec: EnvSpec,
    /// What it takes.
    pub estimate: Estimate,
    /// Memory of the environments of training and evaluation.
    env_bytes: u64,
}

/// One training: a variant and a seed.
#[derive(Clone, Copy, Debug)]
pub struct Job<'a> {
    /// What is trained.
    pub variant: &'a Variant,
    /// The run seed.
    pub seed: u64,
}

impl Job<'_> {
    /// The job's folder below the run's, with forward slashes, which is also its name.
    pub fn path(&self) -> String {
        format!("{}/seed-{}", self.variant.name, self.seed)
    }
}

impl Plan {
    /// The plan of the named variants alone, or of all where none is named. The name of a variant stands
    /// for it under every value of a sweep, too.
    pub fn only(mut self, named: &[String]) -> Result<Self, Error> {
        let is = |variant: &Variant, name: &str| stands_for(name, &variant.name);
        if let Some(name) = named.iter().find(|name| !self.variants.iter().any(|v| is(v, name))) {
            let names = || self.variants.iter().map(|variant| variant.name.as_str());
            let nearest = nearest(name, names()).unwrap_or("a variant of the config");
            return Err(Refusal::argument(
                format!("--variant {name}"),
                "no variant of this name",
                format!("one of {}", names().collect::<Vec<_>>().join("; ")),
                nearest,
            ));
        }
        if !named.is_empty() {
            self.variants.retain(|variant| named.iter().any(|name| is(variant, name)));
        }
        Ok(self)
    }

    /// Every job, seed by seed, so that a run that is cut short has compared all variants.
    pub fn jobs(&self) -> Vec<Job<'_>> {
        let of_seed = |seed: &u64| {
            let seed = *seed;
            self.variants.iter().map(move |variant| Job { variant, seed })
        };
        self.seeds.iter().flat_map(of_seed).collect()
    }

    /// The most memory that `at_once` jobs of this plan can take together.
    pub fn bytes(&self, at_once: usize) -> u64 {
        let mut sizes: Vec<_> = self.jobs().iter().map(|job| job.variant.bytes()).collect();
        sizes.sort_unstable_by(|a, b| b.cmp(a));
        sizes.iter().take(at_once).fold(0, |sum, bytes| sum.saturating_add(*bytes))
    }

    /// Refuses a plan that does not fit into `available` bytes, where that is known.
    pub fn check_memory(&self, at_once: usize, available: Option<u64>) -> Result<(), Error> {
        let Some(available) = available else { return Ok(()) };
        let needed = self.bytes(at_once);
        if needed <= available {
            return Ok(());
        }
        let fitting = (1..at_once).rev().find(|fewer| self.bytes(*fewer) <= available);
        let hint = match fitting {
            Some(fewer) => format!("--jobs {fewer}"),
            None => "a smaller agent.replay_capacity, network or env.num_envs".to_owned(),
        };
        Err(Refusal::argument(
            format!("{}: memory", self.file.display()),
            format!("{} GiB for {at_once} jobs at once", gibibytes(needed)),
            format!("at most {} GiB, which this machine has free", gibibytes(available)),
            hint,
        ))
    }
}

impl Variant {
    /// Measures `settings`; what the agent cannot build is answered with the key in `tree`. Envs are made
    /// for it, which takes a simulator its time, so that those of an equal variant among `others` serve.
    pub fn new(
        one: &Expanded,
        settings: Settings,
        spec: EnvSpec,
        others: &[Self],
    ) -> Checked<Self> {
        let tree = &one.tree;
        let total = settings.train.total_env_steps;
        let estimate = settings
            .agent
            .estimate(&spec, settings.env.num_envs, total)
            .map_err(|error| unbuildable(tree, &spec, error))?;
        let envs = |of: &Settings| (of.env.clone(), of.eval.num_envs);
        let known = others.iter().find(|other| envs(&other.settings) == envs(&settings));
        let env_bytes = match known {
            Some(other) => other.env_bytes,
            None => env_bytes(&settings, &spec).map_err(|error| unmade(tree, &error))?,
        };
        let (name, of, axes) = (one.name.clone(), one.of.clone(), one.axes.clone());
        Ok(Self { name, of, axes, settings, spec, estimate, env_bytes })
    }

    /// What a reader of the plan should know: what never happens in the run, and what its score means.
    pub fn notes(&self) -> Vec<String> {
        let Settings { env, train, agent, .. } = &self.settings;
        let (total_env_steps, num_envs) = (train.total_env_steps, env.num_envs);
        let mut notes =
            agent.keys().notes(&RunLength { total_env_steps, num_envs, rows: env.rows() });
        for sparsity in agent.keys().sparsities() {
            let SparsityConfig { gradient_steps, sparsity: of, .. } = *sparsity;
            let run = Horizon { gradient_steps, sparsity: of };
            notes.extend(sparsity.method.keys().notes(&run));
        }
        notes.dedup();
        notes
    }

    /// Memory of one job: networks, replay memory, the environments of training and evaluation, and what
    /// diagnostics take.
    pub fn bytes(&self) -> u64 {
        let networks = &self.estimate.networks;
        let diagnostics = self.settings.diagnostics.as_ref().map_or(0, |what| what.bytes(networks));
        [self.estimate.network_bytes, self.estimate.memory_bytes, self.env_bytes, diagnostics]
            .into_iter()
            .fold(0, u64::saturating_add)
    }
}

/// Memory of the environments of training and evaluation. One is made, so that what it lacks is told now.
fn env_bytes(settings: &Settings, spec: &EnvSpec) -> Result<u64, EnvError> {
    spec.make.one()?;
    let Settings { env, eval, .. } = settings;
    let of_training = match env.batch {
        Some(batch) => AsyncVectorEnv::bytes(spec, env.num_envs, batch),
        None => VectorEnv::bytes(spec, env.num_envs),
    };
    Ok(of_training.saturating_add(VectorEnv::bytes(spec, eval.num_envs)))
}

fn unmade(tree: &Node, error: &EnvError) -> Box<Problem> {
    let absent = Node::absent();
    let node = tree.get("env").unwrap_or(&absent);
    Problem::at(node, "env", error.to_string(), "an env that can be made", "what it says")
}

fn unbuildable(tree: &Node, spec: &EnvSpec, error: AgentError) -> Box<Problem> {
    let outer = |section: &str| tree.get(section).cloned().unwrap_or_else(Node::absent);
    let AgentError::Sparsity { network, key, found, allowed, hint } = error else {
        let (section, error) = agent::unbuildable(spec, error);
        let KeyError { key, found, allowed, hint } = error;
        let key = if key.is_empty() { section.to_owned() } else { format!("{section}.{key}") };
        return Problem::at(&outer(section), key, found, allowed, hint);
    };
    let of = network.as_ref().map(|name| format!(", in network {name}"));
    let found = found + &of.unwrap_or_default();
    let outer = outer("sparsity");
    // What is laid over the section for a network comes before what all have.
    let group = network.as_deref().and_then(|name| name.split('.').next());
    let own = group.and_then(|group| Some((group, within(outer.get(group)?, &key)?)));
    let (section, written) = match own {
        Some((group, written)) => (format!("sparsity.{group}"), Some(written)),
        None => ("sparsity".to_owned(), within(&outer, &key)),
    };
    let layer = key.strip_prefix("layers.").and_then(|name| nearest(name, allowed.split(", ")));
    let hint = layer.map_or(hint, str::to_owned);
    let node = written.or_else(|| outer.get("budget")).unwrap_or(&outer);
    Problem::at(node, format!("{section}.{key}"), found, allowed, hint)
}
