//! What can go wrong in an agent.

use std::ops::RangeInclusive;

use sparring_envs::Dtype;
use sparring_sparse::error::of_network;
use sparring_sparse::{KeyError, Misfit, SparseError};

/// An error of an agent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AgentError {
    /// A sparsity that the layers of a network cannot have.
    #[error("{misfit}{}", network.as_ref().map(|name| format!(", in network {name}")).unwrap_or_default())]
    Sparsity {
        /// The network, of an agent that has several.
        network: Option<Box<str>>,
        /// What its layers cannot have.
        misfit: Box<Misfit>,
    },
    /// A budget that the networks of an agent cannot spend.
    #[error("a budget of {total} of which the actor has {actor_share} cannot be spent")]
    Budget {
        /// What was chosen, over the dense parameters of all networks.
        total: f64,
        /// The actor's part of it.
        actor_share: f64,
        /// From where to where this total could be shared, if at all.
        shares: Option<RangeInclusive<f64>>,
    },
    /// An environment whose spaces the agent cannot play.
    #[error("{agent} plays environments with {allowed}, and {env} has {found}")]
    Space {
        /// The agent.
        agent: &'static str,
        /// The environment's id.
        env: &'static str,
        /// What it has.
        found: String,
        /// What the agent needs.
        allowed: &'static str,
    },
    /// An agent that does not show all its networks.
    #[error(
        "agent {agent} declares {declared} networks (AgentKeys::networks), shows {shown} (Agent::networks) and lets \
         {shown_to_change} be changed (Agent::networks_mut): all three must be the same, or checkpoints would lack some"
    )]
    Networks {
        /// The agent.
        agent: &'static str,
        /// What its keys declare.
        declared: usize,
        /// What it shows.
        shown: usize,
        /// What it lets others change.
        shown_to_change: usize,
    },
    /// Observations that a network cannot read.
    #[error("network {network} reads {allowed}, and there are {found}")]
    Network {
        /// The key that names it.
        key: &'static str,
        /// Its kind.
        network: &'static str,
        /// What there is.
        found: String,
        /// What it needs.
        allowed: &'static str,
    },
    /// An algebra that the layers of a network cannot be over.
    #[error(transparent)]
    Algebra(Box<KeyError>),
    /// Experts that a network cannot have; the key is below the agent's section.
    #[error(transparent)]
    Experts(Box<KeyError>),
    /// A policy that nothing can begin from.
    #[error("agent.retrofit: the policy cannot be begun from: {problem}")]
    Retrofit {
        /// Why not.
        problem: String,
    },
    /// A network with experts that was to be laid open.
    #[error(
        "the network has a block of experts behind layer `{behind}`, which cannot be written down: `sparring eval` and `play` let the agent act itself"
    )]
    Routed {
        /// The layer's name.
        behind: String,
    },
    /// A loss, gradient or weight that is no number.
    #[error(
        "{what} is {value} at gradient step {step}{}. Try a smaller learning rate, or a max_grad_norm",
        cause.as_ref().map(|cause| format!(", since {cause}")).unwrap_or_default()
    )]
    NotFinite {
        /// Which number, with its network and layer: `the weights of layer `hidden.0` of `q``.
        what: String,
        /// What it comes from, where that is known: `layer `head` of `q` gives inf`.
        cause: Option<String>,
        /// NaN or infinite.
        value: f32,
        /// Gradient steps done.
        step: u64,
    },
    /// Observations or rewards of another size than the agent was made for.
    #[error("{what}: expected {expected} values, found {found}")]
    Length {
        /// Which argument.
        what: &'static str,
        /// The size it must have.
        expected: usize,
        /// The size it has.
        found: usize,
    },
    /// Observations of another kind than the agent was made for.
    #[error("observations: expected {expected}, found {found}")]
    Dtype {
        /// The kind that they must have.
        expected: Dtype,
        /// The kind that they have.
        found: Dtype,
    },
    /// An error of a network.
    #[error(transparent)]
    Sparse(SparseError),
    /// An error of candle.
    #[error(transparent)]
    Candle(#[from] candle_core::Error),
}

impl AgentError {
    /// The same of a network that `key` names.
    pub(crate) fn named_by(self, key: &'static str) -> Self {
        match self {
            Self::Network { network, found, allowed, .. } => {
                Self::Network { key, network, found, allowed }
            }
            Self::Experts(error) => {
                let below = error.key.strip_prefix("network").unwrap_or(&error.key);
                Self::Experts(Box::new(KeyError { key: format!("{key}{below}"), ..*error }))
            }
            other => other,
        }
    }

    /// The same of one network among several.
    pub fn within(self, network: &str) -> Self {
        match self {
            Self::Sparsity { misfit, .. } => {
                Self::Sparsity { network: Some(network.into()), misfit }
            }
            other => other,
        }
    }

    /// The same where the keys of experts stand below `section` of the agent's.
    pub(crate) fn below(mut self, section: &str) -> Self {
        if let Self::Experts(error) = &mut self {
            error.key = format!("{section}.{}", error.key);
        }
        self
    }
}

impl From<SparseError> for AgentError {
    fn from(error: SparseError) -> Self {
        match error {
            SparseError::Misfit(misfit) => {
                Self::Sparsity { network: None, misfit: Box::new(misfit) }
            }
            SparseError::NotFinite { quantity, network, layer, step, found } => Self::NotFinite {
                what: of_network(quantity, layer.as_deref(), &network),
                cause: None,
                value: found,
                step,
            },
            other => Self::Sparse(other),
        }
    }
}
