//! What changes in the training of a PPO agent.

use serde::{Deserialize, Serialize};
use sparring_sparse::seed::Rng;

use crate::free_params::FreeParams;
use crate::metric::Metric;
use crate::normalize::{ObservationScale, RewardScale};
use crate::rollout::Rollout;

/// What a training that goes on must have back, beside the networks.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct PpoState {
    pub std_param: FreeParams,
    pub observations: ObservationScale,
    pub rewards: RewardScale,
    /// Apart, as arrays.
    #[serde(skip)]
    pub rollout: Rollout,
    /// What the full rollout taught; none until it is full.
    #[serde(skip)]
    pub advantages: Option<Advantages>,
    pub explore: Rng,
    pub order: Rng,
    pub env_steps: u64,
    /// Gradient steps; a network whose rewiring took the place of its own counts fewer.
    pub updates: u64,
    pub means: Means,
}

/// Sums over the gradient steps since the last report.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Means {
    steps: u64,
    actor_loss: f64,
    critic_loss: f64,
    pub kl: f64,
    pub clip_fraction: f64,
    entropy: f64,
    grad_norms: [f64; 2],
}

/// What a rollout teaches, row by row.
#[derive(Debug)]
pub(super) struct Advantages {
    pub value: Vec<f32>,
    pub advantage: Vec<f32>,
    pub ret: Vec<f32>,
}

/// What a gradient step gave.
pub(super) struct Stepped {
    pub loss: f64,
    pub kl: f64,
    pub clip_fraction: f64,
    pub entropy: f64,
    pub critic_loss: f64,
    /// `∂L/∂b`.
    pub std_param: Vec<f64>,
    /// Of the actor and of the critic.
    pub norms: [f32; 2],
}

impl Means {
    /// Takes a gradient step in.
    pub fn add(&mut self, stepped: &Stepped) {
        let Stepped { loss, kl, clip_fraction, entropy, critic_loss, norms, .. } = stepped;
        self.steps += 1;
        self.actor_loss += loss;
        self.critic_loss += critic_loss;
        self.kl += kl;
        self.clip_fraction += clip_fraction;
        self.entropy += entropy;
        for (sum, norm) in self.grad_norms.iter_mut().zip(norms) {
            *sum += f64::from(*norm);
        }
    }

    /// Moves the means into `out`, and begins anew.
    pub fn drain(&mut self, out: &mut Vec<Metric>) {
        let Means { steps, actor_loss, critic_loss, kl, clip_fraction, entropy, grad_norms } =
            std::mem::take(self);
        if steps > 0 {
            for (tag, sum) in [
                ("losses/actor", actor_loss),
                ("losses/critic", critic_loss),
                ("losses/kl", kl),
                ("losses/clip_fraction", clip_fraction),
                ("losses/grad_norm_actor", grad_norms[0]),
                ("losses/grad_norm_critic", grad_norms[1]),
                ("train/entropy", entropy),
            ] {
                out.push(Metric::new(tag, sum / steps as f64));
            }
        }
    }
}
