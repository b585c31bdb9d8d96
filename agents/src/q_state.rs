//! What changes in the training of an agent that learns values and plays by them, beside its networks and memories.

use serde::{Deserialize, Serialize};
use sparring_sparse::Seed;
use sparring_sparse::seed::Rng;

use crate::metric::Metric;

/// What a training that goes on must have back.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct QState {
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
pub(crate) struct Means {
    steps: u64,
    loss: f64,
    q: f64,
    grad_norm: f64,
}

impl QState {
    /// Before the first step; streams below `seed`.
    pub fn new(seed: &Seed) -> Self {
        Self {
            explore: seed.child("explore").rng(),
            sampler: seed.child("replay").rng(),
            eval: seed.child("eval").rng(),
            env_steps: 0,
            updates: 0,
            means: Means::default(),
        }
    }
}

impl Means {
    /// Takes a gradient step in.
    pub fn add(&mut self, loss: f64, q: f64, grad_norm: f64) {
        self.steps += 1;
        self.loss += loss;
        self.q += q;
        self.grad_norm += grad_norm;
    }

    /// Moves the means into `out`, and begins anew.
    pub fn drain(&mut self, out: &mut Vec<Metric>) {
        let Self { steps, loss, q, grad_norm } = std::mem::take(self);
        if steps > 0 {
            let n = steps as f64;
            out.push(Metric::new("losses/td", loss / n));
            out.push(Metric::new("losses/q", q / n));
            out.push(Metric::new("losses/grad_norm", grad_norm / n));
        }
    }
}
