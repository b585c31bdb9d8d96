//! The size of an agent's networks, in the numbers that variants are compared by.

use serde::{Deserialize, Serialize};
use sparring_agents::{LayerSummary, NetworkSummary};

/// All trained networks of an agent together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sizes {
    /// Weights and biases of the dense networks.
    pub parameters: u64,
    /// Active weights and biases.
    pub active_parameters: u64,
    /// Multiplications and additions of one sample's forward pass.
    pub flops_per_sample: u64,
    /// Active weights as a part of all weights; biases do not count.
    pub density: f64,
}

impl Sizes {
    /// The sum over all layers of `networks`.
    pub fn of(networks: &[NetworkSummary]) -> Self {
        let sum = |of: fn(&LayerSummary) -> u64| -> u64 {
            networks.iter().flat_map(|network| &network.layers).map(of).sum()
        };
        let (weights, active) = (sum(|l| l.weights), sum(|l| l.active_weights));
        let biases = sum(|l| l.biases);
        Self {
            parameters: weights + biases,
            active_parameters: active + biases,
            flops_per_sample: sum(LayerSummary::flops),
            density: active as f64 / weights.max(1) as f64,
        }
    }
}
