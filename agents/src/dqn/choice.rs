//! What never changes about a DQN agent, and the formulas that follow from it.

use sparring_sparse::{Network, Trainer};

use super::config::{DqnConfig, Prioritized};
use crate::error::AgentError;
use crate::explore::largest;
use crate::input::Input;
use crate::replay::{Replay, Sample};

/// What never changes.
pub(super) struct Choice {
    pub config: DqnConfig,
    pub input: Input,
    pub num_actions: u32,
}

impl Choice {
    /// Outputs for one observation.
    pub fn width(&self) -> usize {
        self.num_actions as usize + usize::from(self.config.dueling)
    }

    /// `Q (actions)` of one observation from `outputs (width)`: `V + A − mean A` of a head that duels.
    fn q<'a>(&self, outputs: &'a [f32]) -> impl Iterator<Item = f32> + use<'a> {
        let (advantages, base) = match (self.config.dueling, outputs) {
            (true, [value, advantages @ ..]) => (advantages, value - mean(advantages)),
            _ => (outputs, 0.0),
        };
        advantages.iter().map(move |advantage| advantage + base)
    }

    /// `outputs (n · width) → Q (n · actions)`.
    pub fn q_of(&self, outputs: &[f32]) -> Vec<f32> {
        outputs.chunks_exact(self.width()).flat_map(|outputs| self.q(outputs)).collect()
    }

    /// `Q(s, a) (n)` of the `actions` taken, from `outputs (n · width)`.
    pub fn taken(&self, outputs: &[f32], actions: &[f32]) -> Vec<f32> {
        let rows = outputs.chunks_exact(self.width()).zip(actions);
        rows.filter_map(|(outputs, action)| self.q(outputs).nth(*action as usize)).collect()
    }

    /// `∂L/∂outputs (n · width)` from `∂L/∂Q(s, a) (n)` of the `actions` taken.
    pub fn taken_grad(&self, by_q: &[f32], actions: &[f32]) -> Vec<f32> {
        let mut grad = vec![0.0; by_q.len() * self.width()];
        for (grad, (by_q, action)) in
            grad.chunks_exact_mut(self.width()).zip(by_q.iter().zip(actions))
        {
            match self.config.dueling {
                false => grad[*action as usize] = *by_q,
                true => {
                    grad[0] = *by_q;
                    grad[1..].fill(-by_q / self.num_actions as f32);
                    grad[1 + *action as usize] += by_q;
                }
            }
        }
        grad
    }

    /// Lets the learning rate of `q` fall, where it does.
    pub fn decay(&self, q: &mut Trainer, updates: u64) {
        if let Some(until) = self.config.decay_gradient_steps {
            let left = 1.0 - updates as f64 / until as f64;
            q.set_learning_rate(self.config.optimizer.learning_rate * left.max(0.0));
        }
    }

    /// `y (batch)` of `sample`, whose successors are `next (batch · obs_dim)`, by the online and the target network.
    pub fn target_values(
        &self,
        [online, target]: [&Network; 2],
        next: &[f32],
        sample: &Sample,
    ) -> Result<Vec<f32>, AgentError> {
        let actions = self.num_actions as usize;
        let next_q = self.q_of(&target.outputs(next)?);
        let chooses = match self.config.double_q {
            true => Some(self.q_of(&online.outputs(next)?)),
            false => None,
        };
        let by = chooses.as_ref().unwrap_or(&next_q).chunks_exact(actions);
        let steps = sample.reward.iter().zip(&sample.discount);
        let y = next_q.chunks_exact(actions).zip(by).zip(steps);
        Ok(y.map(|((q, by), (reward, discount))| reward + discount * q[largest(by)]).collect())
    }

    /// ε after `env_steps`.
    pub fn epsilon(&self, env_steps: u64) -> f64 {
        match env_steps.checked_sub(self.config.warmup_env_steps) {
            Some(steps) => self.config.epsilon.at(steps),
            None => 1.0,
        }
    }

    /// `w (batch)` of the transitions at `place`: 1 each where they are drawn uniformly.
    pub fn weights(&self, replay: &Replay, place: &[usize]) -> Vec<f32> {
        let held = replay.len() as f64;
        let (Some(prioritized), Some(priorities)) = (self.config.prioritized, replay.priorities())
        else {
            return vec![1.0; place.len()];
        };
        let total = priorities.total();
        let weight =
            |place: &usize| (held * priorities.get(*place) / total).powf(-prioritized.importance);
        let weights: Vec<f64> = place.iter().map(weight).collect();
        let largest = weights.iter().fold(f64::MIN_POSITIVE, |largest, w| largest.max(*w));
        weights.iter().map(|w| (w / largest) as f32).collect()
    }

    /// Priorities by the errors `delta (batch)`.
    pub fn prioritize(&self, replay: &mut Replay, place: &[usize], delta: &[f32]) {
        if let (Some(Prioritized { exponent, .. }), Some(priorities)) =
            (self.config.prioritized, replay.priorities_mut())
        {
            for (place, delta) in place.iter().zip(delta) {
                priorities.set(*place, (f64::from(delta.abs()) + 1e-6).powf(exponent));
            }
        }
    }
}

fn mean(values: &[f32]) -> f32 {
    values.iter().sum::<f32>() / values.len() as f32
}
