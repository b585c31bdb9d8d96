//! What training does to the networks, measured at intervals beside it.
//!
//! | measure | tags `network/<network>/…` | what it is |
//! |---|---|---|
//! | [`snr`] | `snr_<form>`, `snr_<form>_std` | signal to noise of the gradient, by parameter |
//! | [`noise`] | `noise_scale_<form>`, `…_trace`, `…_signal`, `…_two_batches` | the batch size up to which a larger one pays |
//! | `q` | `q_mean`, `q_variance`; `v_…` of PPO's critic | the values of the batch's states and actions |
//! | `td_error` | `td_error_training`, `td_error_held_out` | a critic's mean `(Q(s, a) − y)²`, where episodes are kept apart |
//! | `norms` | `parameter_norm`, `<layer>/weight_norm` | `√Σ θ²` of the active parameters |
//! | [`rank`] | `effective_rank` | rank of the features that the head reads |
//! | [`dormant`] | `dormant`, `<layer>/dormant` | share of the hidden units that hardly respond |
//! | `entropy` | `entropy` | mean entropy of an actor's policy |
//! | [`drift`] | `drift`, `jaccard`, `<layer>/…` | how far the topology is from where it began |
//!
//! A measurement reads the agent and never touches it: it draws from a stream of its own, and every
//! product that it needs runs on copies of the networks. Training goes on with the very bits, and the
//! very count of operations, that it would have without. DQN has no entropy: that of an ε-greedy policy
//! is known from ε.

pub mod dormant;
pub mod drift;
pub mod gradients;
mod measure;
pub mod noise;
pub mod rank;
pub mod snr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use sparring_sparse::LayerCost;

use crate::summary::NetworkSummary;

pub use gradients::Form;
pub use measure::{Diagnosis, Findings};

/// What is measured, how often, and on how much.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Diagnostics {
    /// Environment steps from one measurement to the next; the end has one, too.
    #[schemars(range(min = 1))]
    pub every_env_steps: u64,
    /// Samples that are measured on; none is as many as the agent trains on in one gradient step.
    #[schemars(range(min = 2))]
    pub batch: Option<usize>,
    /// Forms of the gradient's signal to noise. It costs a backward pass a sample, far more than all
    /// the rest.
    #[schemars(extend("uniqueItems" = true))]
    pub snr: Vec<Form>,
    /// Forms of the gradient's noise scale `tr Σ / |G|²`, in samples. It takes the same passes as `snr`.
    #[schemars(extend("uniqueItems" = true))]
    pub noise_scale: Vec<Form>,
    /// Mean and variance of the values.
    pub q: bool,
    /// Squares of the temporal-difference errors, of training and of episodes that are kept apart from it
    /// (`agent.held_out_episodes`); nothing where none are.
    pub td_error: bool,
    /// Norms of the parameters.
    pub norms: bool,
    /// Effective rank of the features.
    pub effective_rank: bool,
    /// Share of dormant units.
    pub dormant: bool,
    /// `τ`: a unit with a score of at most this is dormant.
    #[schemars(range(min = 0.0))]
    pub dormant_tau: f64,
    /// Entropy of the policy.
    pub entropy: bool,
    /// Drift of the topology.
    pub drift: bool,
}

impl Default for Diagnostics {
    fn default() -> Self {
        Self::all()
    }
}

impl Diagnostics {
    /// Everything, every 5,000 steps as Graesser et al. 2022 log theirs.
    pub fn all() -> Self {
        Self {
            every_env_steps: 5_000,
            batch: None,
            snr: vec![Form::Active, Form::Dense],
            noise_scale: vec![Form::Active, Form::Dense],
            q: true,
            td_error: true,
            norms: true,
            effective_rank: true,
            dormant: true,
            dormant_tau: dormant::TAU,
            entropy: true,
            drift: true,
        }
    }

    /// Whether gradients of single samples are taken.
    pub fn takes_gradients(&self) -> bool {
        !self.snr.is_empty() || !self.noise_scale.is_empty()
    }

    /// Whether they are, of masked weights as well.
    pub fn takes_dense(&self) -> bool {
        [&self.snr, &self.noise_scale].iter().any(|forms| forms.contains(&Form::Dense))
    }

    /// Bytes that a measurement takes beside the agent, whose trained networks are `networks`, at most:
    /// copies of them all, and for one at a time its gradient with its moments.
    pub fn bytes(&self, networks: &[NetworkSummary]) -> u64 {
        // Pruning begins with all of them active.
        let parameters = |network: &NetworkSummary| -> u64 {
            network.layers.iter().map(|layer| layer.cost.parameters()).sum()
        };
        // Each may have a target, which is copied too.
        let copies = 2 * size_of::<f32>();
        let moments = match self.takes_gradients() {
            false => 0,
            true => {
                let probed = 1 + usize::from(self.takes_dense());
                probed * (4 * size_of::<f32>() + 3 * size_of::<f64>())
            }
        };
        // Inputs, outputs and gradients of every layer.
        let units = |network: &NetworkSummary| -> u64 {
            let of = |cost: LayerCost| cost.outputs + cost.weights() / cost.outputs.max(1);
            network.layers.iter().map(|layer| of(layer.cost)).sum()
        };
        let widest = networks.iter().map(units).max().unwrap_or(0);
        let samples = self.batch.unwrap_or(0) as u64;
        let batch = samples.saturating_mul(widest).saturating_mul(4 * size_of::<f32>() as u64);
        let sum: u64 = networks.iter().map(parameters).sum();
        let most = networks.iter().map(parameters).max().unwrap_or(0);
        (copies as u64 * sum + moments as u64 * most).saturating_add(batch)
    }
}
