//! What the training loop drives: act, observe (store and train), report.

use std::iter::Sum;

use serde::{Deserialize, Serialize};
use sparring_envs::{Actions, Batch, EnvSpec, Obs};
use sparring_sparse::config::Method;
use sparring_sparse::cost::training_flops;
use sparring_sparse::seed::Rng;
use sparring_sparse::{Executed, Layer, LayerCost, Saved, Seed, Trainer};

use crate::diagnostics::Subject;
use crate::dqn::{Dqn, DqnConfig};
use crate::error::AgentError;
use crate::ppo::{Ppo, PpoConfig};
use crate::sac::{Sac, SacConfig};

/// An agent in training. It sees environments only as batches, each of some or all of its environments.
pub trait Agent: Send {
    /// Actions for `obs (n, obs_dim)`, exploring as training does.
    fn act(&mut self, obs: Obs<'_>) -> Result<Actions<'_>, AgentError>;

    /// Actions for `obs (n, obs_dim)` by the evaluation policy; training is not disturbed.
    fn act_eval(&mut self, obs: Obs<'_>) -> Result<Actions<'_>, AgentError>;

    /// Stores one vector step, the answer to the last [`Self::act`], and trains as often as is due.
    fn observe(&mut self, batch: &Batch<'_>) -> Result<(), AgentError>;

    /// Gradient steps so far.
    fn gradient_steps(&self) -> u64;

    /// Moves what has gathered since the last call into `out`: means of losses, counts of rewiring,
    /// present densities.
    fn drain_metrics(&mut self, out: &mut Vec<Metric>);

    /// Operations that all networks have executed so far, targets included: acting, evaluating and
    /// training.
    fn executed(&self) -> Executed;

    /// The trained networks as they are now, an actor before its critics.
    fn trainers(&self) -> Vec<&Trainer>;

    /// The sizes of the networks as they are now.
    fn networks(&self) -> Vec<NetworkSummary> {
        self.trainers().into_iter().map(NetworkSummary::of).collect()
    }

    /// The networks on a batch of `size` samples, or of as many as a gradient step has, with their
    /// losses as training would compute them; nothing where there is no batch yet. It draws from `rng` and
    /// works on copies, so that training is not disturbed.
    fn subjects(&self, size: Option<usize>, rng: &mut Rng) -> Result<Vec<Subject<'_>>, AgentError>;

    /// Puts what [`Self::act_eval`] depends on into `saved`, the critics beside it.
    fn save_policy(&self, saved: &mut Saved) -> Result<(), AgentError>;

    /// Takes back what [`Self::save_policy`] gave, to act with.
    fn load_policy(&mut self, saved: &Saved) -> Result<(), AgentError>;
}

/// The agents and what is chosen about them.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum AgentConfig {
    /// Deep Q-learning.
    Dqn(DqnConfig),
    /// Soft actor-critic.
    Sac(SacConfig),
    /// Proximal policy optimisation.
    Ppo(PpoConfig),
}

impl AgentConfig {
    /// What the agent will take in a run of `total_env_steps` on `num_envs` of `spec`.
    ///
    /// # Errors
    /// An env that the agent cannot play, and a sparsity that the network cannot have.
    pub fn estimate(
        &self,
        spec: &EnvSpec,
        num_envs: usize,
        total_env_steps: u64,
    ) -> Result<Estimate, AgentError> {
        match self {
            Self::Dqn(config) => config.estimate(spec, num_envs, total_env_steps),
            Self::Sac(config) => config.estimate(spec, num_envs, total_env_steps),
            Self::Ppo(config) => config.estimate(spec, num_envs, total_env_steps),
        }
    }

    /// A fresh agent for `num_envs` of `spec`; all its randomness comes from streams below `seed`.
    pub fn build(
        &self,
        spec: &EnvSpec,
        num_envs: usize,
        seed: &Seed,
    ) -> Result<Box<dyn Agent>, AgentError> {
        match self {
            Self::Dqn(config) => Ok(Box::new(Dqn::new(config.clone(), spec, num_envs, seed)?)),
            Self::Sac(config) => Ok(Box::new(Sac::new(config.clone(), spec, num_envs, seed)?)),
            Self::Ppo(config) => Ok(Box::new(Ppo::new(config.clone(), spec, num_envs, seed)?)),
        }
    }
}

/// One scalar of an agent's log, such as `losses/td` or `sparsity/q/hidden.0/density`.
#[derive(Clone, Debug, PartialEq)]
pub struct Metric {
    /// Slash-separated: the first part groups in TensorBoard.
    pub tag: String,
    /// The value.
    pub value: f64,
}

impl Metric {
    /// `tag` with `value`.
    pub fn new(tag: impl Into<String>, value: f64) -> Self {
        Self { tag: tag.into(), value }
    }
}

/// `sparsity/<network>/<layer>/<what>`: the density of each layer of `trainer`, and what was rewired
/// since the last call.
pub fn sparsity_metrics(trainer: &mut Trainer, out: &mut Vec<Metric>) {
    let rewired = trainer.drain_rewired();
    for (layer, counts) in trainer.network().layers().iter().zip(rewired) {
        let tag = |what| format!("sparsity/{}/{}/{what}", trainer.name(), layer.name());
        out.push(Metric::new(tag("density"), layer.topology().density()));
        out.push(Metric::new(tag("dropped"), counts.dropped as f64));
        out.push(Metric::new(tag("grown"), counts.grown as f64));
        out.push(Metric::new(tag("regrown"), counts.regrown as f64));
    }
}

/// What an agent will take, known before it is made.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// The trained networks (targets are copies and not listed) at their final sparsity.
    pub networks: Vec<NetworkSummary>,
    /// Gradient steps in the whole run.
    pub gradient_steps: u64,
    /// Operations of the whole training, by the model.
    pub training: TrainingFlops,
    /// Bytes of weights, structure and moments of all networks, at their largest.
    pub network_bytes: u64,
    /// Bytes of the replay memory or rollout.
    pub memory_bytes: u64,
}

/// Operations of a training by the model of [`sparring_sparse::cost::training_flops`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TrainingFlops {
    /// With the chosen method.
    pub model: f64,
    /// With the same networks dense.
    pub dense: f64,
}

impl TrainingFlops {
    /// Training the network of `layers`, given at their final sparsity, by `method`.
    pub fn of(method: &Method, layers: &[LayerCost], gradient_steps: u64, batch: usize) -> Self {
        let samples = |method| batch as f64 * training_flops(method, layers, gradient_steps);
        Self { model: samples(method), dense: samples(&Method::Dense) }
    }
}

impl Sum for TrainingFlops {
    fn sum<I: Iterator<Item = Self>>(networks: I) -> Self {
        networks.fold(Self::default(), |sum, one| Self {
            model: sum.model + one.model,
            dense: sum.dense + one.dense,
        })
    }
}

/// The size of one network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NetworkSummary {
    /// `q`, `actor`, `critic.1`, …
    pub name: String,
    /// From input to output.
    pub layers: Vec<LayerSummary>,
}

impl NetworkSummary {
    /// The network of `trainer` as it is now.
    pub fn of(trainer: &Trainer) -> Self {
        let moments = trainer.optimizer().config().rule.moments() as u64;
        let layer = |(at, layer): (usize, &Layer)| {
            let cost = LayerCost::new(layer.shape(), layer.topology().nnz(), at == 0);
            let (trained, method) = (trainer.trained(at) as u64, trainer.method_bytes(at) as u64);
            let cost = LayerCost { trained, moments, method, ..cost };
            let computed_dense = layer.is_computed_dense();
            LayerSummary { name: layer.name().into(), cost, computed_dense }
        };
        let layers = trainer.network().layers().iter().enumerate().map(layer).collect();
        Self { name: trainer.name().into(), layers }
    }

    /// The costs of the layers.
    pub fn costs(&self) -> Vec<LayerCost> {
        self.layers.iter().map(|layer| layer.cost).collect()
    }

    /// `cost/<network>/<layer>/<what>` for each layer, and `cost/<network>/<what>` for their sums.
    pub fn metrics(&self, out: &mut Vec<Metric>) {
        for (what, of) in COSTS {
            for LayerSummary { name, cost, .. } in &self.layers {
                out.push(Metric::new(
                    format!("cost/{}/{name}/{what}", self.name),
                    of(*cost) as f64,
                ));
            }
            let sum: u64 = self.layers.iter().map(|layer| of(layer.cost)).sum();
            out.push(Metric::new(format!("cost/{}/{what}", self.name), sum as f64));
        }
        for layer in &self.layers {
            let tag = format!("cost/{}/{}/computed_dense", self.name, layer.name);
            out.push(Metric::new(tag, f64::from(u8::from(layer.computed_dense))));
        }
    }
}

type Cost = fn(LayerCost) -> u64;

/// What is logged of a layer's cost.
const COSTS: [(&str, Cost); 7] = [
    ("active_parameters", LayerCost::active_parameters),
    ("forward_flops", LayerCost::forward_flops),
    ("backward_flops", LayerCost::backward_flops),
    ("value_bytes", LayerCost::value_bytes),
    ("structure_bytes", |cost| cost.structure),
    ("moment_bytes", LayerCost::moment_bytes),
    ("method_bytes", |cost| cost.method),
];

/// The size of one layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerSummary {
    /// `hidden.0`, `hidden.1`, …, `head`.
    pub name: String,
    /// Its size now or, in a plan, at the end.
    #[serde(flatten)]
    pub cost: LayerCost,
    /// Whether its products go over all weights, the inactive ones as zeros.
    pub computed_dense: bool,
}
