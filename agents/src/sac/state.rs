//! What changes in the training of a SAC agent.

use serde::{Deserialize, Serialize};
use sparring_sparse::seed::Rng;

use crate::free_params::FreeParams;
use crate::metric::Metric;

/// What a training that goes on must have back, beside the networks and the memory.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SacState {
    pub log_alpha: FreeParams,
    pub explore: Rng,
    pub noise: Rng,
    pub sampler: Rng,
    pub env_steps: u64,
    /// Gradient steps; a network whose rewiring took the place of its own counts fewer.
    pub updates: u64,
    /// `(n, act_dim)` in `[−1, 1]`: what was chosen last, which the warm-up holds for many steps.
    pub chosen: Vec<f32>,
    pub means: Means,
}

/// Sums over the gradient steps since the last report.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Means {
    steps: u64,
    critic_loss: f64,
    actor_loss: f64,
    q: f64,
    entropy: f64,
    grad_norms: [f64; 3],
}

/// What a gradient step gave.
pub(super) struct Stepped {
    /// Of both critics.
    pub critic_loss: f64,
    pub q: f64,
    pub actor_loss: f64,
    /// The mean of `log π(ã|s)`.
    pub log_prob: f64,
    /// Of the actor and of the critics.
    pub norms: [f32; 3],
}

impl SacState {
    pub fn alpha(&self) -> f64 {
        self.log_alpha.values()[0].exp()
    }
}

impl Means {
    /// Takes a gradient step in.
    pub fn add(&mut self, stepped: &Stepped) {
        let Stepped { critic_loss, q, actor_loss, log_prob, norms } = stepped;
        self.steps += 1;
        self.critic_loss += critic_loss;
        self.actor_loss += actor_loss;
        self.q += q;
        self.entropy -= log_prob;
        for (sum, norm) in self.grad_norms.iter_mut().zip(norms) {
            *sum += f64::from(*norm);
        }
    }

    /// Moves the means into `out`, and begins anew.
    pub fn drain(&mut self, out: &mut Vec<Metric>) {
        let Means { steps, critic_loss, actor_loss, q, entropy, grad_norms } = std::mem::take(self);
        let [actor, first, second] = grad_norms;
        if steps > 0 {
            for (tag, sum) in [
                ("losses/critic", critic_loss),
                ("losses/actor", actor_loss),
                ("losses/q", q),
                ("losses/grad_norm_actor", actor),
                ("losses/grad_norm_critic.1", first),
                ("losses/grad_norm_critic.2", second),
                ("train/entropy", entropy),
            ] {
                out.push(Metric::new(tag, sum / steps as f64));
            }
        }
    }
}
