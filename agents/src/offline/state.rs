//! What changes in the training of an offline agent.

use serde::{Deserialize, Serialize};
use sparring_sparse::Seed;
use sparring_sparse::seed::Rng;

use super::model::Taught;
use crate::metric::Metric;

/// What a training that goes on must have back, beside the network.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct OfflineState {
    pub sampler: Rng,
    pub eval: Rng,
    pub updates: u64,
    pub means: Means,
}

/// Sums over the gradient steps since the last report.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Means {
    steps: u64,
    loss: f64,
    norm: f64,
}

impl OfflineState {
    /// Before the first step; streams below `seed`.
    pub fn new(seed: &Seed) -> Self {
        Self {
            sampler: seed.child("sample").rng(),
            eval: seed.child("eval").rng(),
            updates: 0,
            means: Means::default(),
        }
    }
}

impl Means {
    /// Takes a step in.
    pub fn add(&mut self, taught: Taught) {
        self.steps += 1;
        self.loss += f64::from(taught.loss);
        self.norm += f64::from(taught.norm);
    }

    /// Moves the means into `out`, and begins anew.
    pub fn drain(&mut self, out: &mut Vec<Metric>) {
        let Self { steps, loss, norm } = std::mem::take(self);
        if steps > 0 {
            out.push(Metric::new("losses/nats", loss / steps as f64));
            out.push(Metric::new("losses/grad_norm", norm / steps as f64));
        }
    }
}
