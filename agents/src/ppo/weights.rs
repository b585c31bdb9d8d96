//! What PPO's perceptrons start from: a choice, because results of PPO are often said to hang on it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sparring_sparse::{Activation, Init};

use crate::networks::style::MlpStyle;

/// The first weights of actor and critic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FirstWeights {
    /// Hidden layers orthogonal with gain 1, the actor's head normal of variance `0.1 / n_in`, the critic's
    /// `U(−0.03, 0.03)` (Graesser et al. 2022, released code, which is TF-Agents').
    TfAgents,
    /// Orthogonal with gain √2, the actor's head 0.01, the critic's 1 (Huang et al. 2022, "The 37 implementation
    /// details of proximal policy optimization", detail 2).
    Orthogonal,
}

impl FirstWeights {
    /// The style of actor and critic, with these functions after their hidden layers.
    pub(super) fn styles(self, [actor, critic]: [Activation; 2]) -> [MlpStyle; 2] {
        let of = |activation, hidden, head| MlpStyle {
            activation,
            hidden: Init::Orthogonal { gain: hidden },
            head,
            head_bias: 0.0,
            head_decays: true,
        };
        match self {
            Self::TfAgents => [
                of(actor, 1.0, Init::TruncatedNormal { scale: 0.1 }),
                of(critic, 1.0, Init::Uniform { limit: 0.03 }),
            ],
            Self::Orthogonal => [
                of(actor, std::f64::consts::SQRT_2, Init::Orthogonal { gain: 0.01 }),
                of(critic, std::f64::consts::SQRT_2, Init::Orthogonal { gain: 1.0 }),
            ],
        }
    }
}
