//! What changes in the training of a DQN agent.

use serde::{Deserialize, Serialize};
use sparring_sparse::seed::Rng;

use crate::metric::Metric;

/// What a training that goes on must have back, beside the networks and the memory.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct DqnState {
    pub explore: Rng,
    pub sampler: Rng,
    pub eval: Rng,
    pub env_steps: u64,
    /// Gradient steps, those among them that a rewiring took the place of.
    pub updates: u64,
    pub means: Means,
}

/// Sums over the gradient steps since the last report.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Means {
    pub steps: u64,
    pub loss: f64,
    pub q: f64,
    pub grad_norm: f64,
}

impl Means {
    /// Moves the means into `out`, and begins anew.
    pub fn drain(&mut self, out: &mut Vec<Metric>) {
        let Means { steps, loss, q, grad_norm } = std::mem::take(self);
        if steps > 0 {
            let n = steps as f64;
            out.push(Metric::new("losses/td", loss / n));
            out.push(Metric::new("losses/q", q / n));
            out.push(Metric::new("losses/grad_norm", grad_norm / n));
        }
    }
}
