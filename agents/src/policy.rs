//! PPO's distributions of actions over a network's head.
//!
//! Categorical, over the logits `z`: `log π(a) = z_a − log Σ exp z`. Gaussian, with `μ = tanh z` and a
//! spread `σ = softplus(b)` that no state changes (as TF-Agents has it):
//! `log π(a) = Σ_j (−½ ((a − μ)/σ)² − log σ − ½ log 2π)`, in the units in which the environment's bounds are
//! ±1. A Gaussian action may lie outside them; the environment gets the bound.

use rand_distr::{Distribution as _, StandardNormal};
use sparring_envs::{Actions, EnvSpec, Space};
use sparring_sparse::seed::Rng;

use crate::action_box::ActionBox;
use crate::error::AgentError;
use crate::explore::{by_softmax, log_sum_exp};
use crate::gaussian;

/// A distribution of actions.
#[derive(Clone, Debug, PartialEq)]
pub enum Policy {
    /// One of a few actions.
    Categorical {
        /// How many.
        actions: usize,
    },
    /// A point of a box.
    Gaussian(ActionBox),
}

/// Actions in the environment's own form, kept from step to step.
#[derive(Clone, Debug, Default)]
pub struct EnvActions {
    discrete: Vec<u32>,
    continuous: Vec<f32>,
}

/// What the log-probability of one action is, and how it changes with the head and the spread.
#[derive(Debug, Default)]
pub struct LogProbGrad {
    /// `log π(a)`.
    pub log_prob: f32,
    /// The entropy of the distribution.
    pub entropy: f32,
    /// `∂ log π / ∂ head`, `(width)`.
    pub head: Vec<f32>,
    /// `∂ log π / ∂ b`, `(std_param)`.
    pub std_param: Vec<f32>,
    /// `∂ entropy / ∂ head`, `(width)`.
    pub entropy_head: Vec<f32>,
    /// `∂ entropy / ∂ b`, `(std_param)`.
    pub entropy_std_param: Vec<f32>,
}

impl Policy {
    /// Over the actions of `spec`.
    ///
    /// # Errors
    /// Continuous actions without bounds.
    pub fn of(spec: &EnvSpec, agent: &'static str) -> Result<Self, AgentError> {
        match spec.action {
            Space::Discrete { n } => Ok(Self::Categorical { actions: n as usize }),
            Space::Box { .. } => ActionBox::of(spec, agent).map(Self::Gaussian),
        }
    }

    /// Outputs of a network's head.
    pub fn width(&self) -> usize {
        match self {
            Self::Categorical { actions } => *actions,
            Self::Gaussian(bounds) => bounds.dim(),
        }
    }

    /// Numbers of an action; a discrete one is its index.
    pub fn act_dim(&self) -> usize {
        match self {
            Self::Categorical { .. } => 1,
            Self::Gaussian(bounds) => bounds.dim(),
        }
    }

    /// Numbers of `b`.
    pub fn std_params(&self) -> usize {
        match self {
            Self::Categorical { .. } => 0,
            Self::Gaussian(bounds) => bounds.dim(),
        }
    }

    /// `head (n, width)` and `b (std_param)` → actions `(n, act_dim)` and `log π (n)`, in place of what
    /// the vectors held.
    pub fn draw(
        &self,
        head: &[f32],
        std_param: &[f64],
        rng: &mut Rng,
        actions: &mut Vec<f32>,
        log_probs: &mut Vec<f32>,
    ) {
        actions.clear();
        log_probs.clear();
        for head in head.chunks_exact(self.width()) {
            match self {
                Self::Categorical { .. } => {
                    let log_sum = log_sum_exp(head);
                    let chosen = by_softmax(head, log_sum, rng);
                    actions.push(chosen as f32);
                    log_probs.push(head[chosen] - log_sum);
                }
                Self::Gaussian(_) => {
                    let mut log_prob = 0.0;
                    for (z, b) in head.iter().zip(std_param) {
                        let (noise, std): (f32, f32) = (StandardNormal.sample(rng), softplus(*b));
                        actions.push(z.tanh() + std * noise);
                        log_prob -= gaussian::surprise(noise, std.ln());
                    }
                    log_probs.push(log_prob);
                }
            }
        }
    }

    /// The likeliest actions of `head (n, width)`, in place of what `actions` held; the lower index
    /// wins a tie.
    pub fn modes(&self, head: &[f32], actions: &mut Vec<f32>) {
        actions.clear();
        match self {
            Self::Categorical { actions: width } => {
                actions.extend(head.chunks_exact(*width).map(|head| {
                    let best = |best: usize, a: usize| if head[a] > head[best] { a } else { best };
                    (0..*width).fold(0, best) as f32
                }));
            }
            Self::Gaussian(_) => actions.extend(head.iter().map(|z| z.tanh())),
        }
    }

    /// `actions (n, act_dim)` in the environment's own form.
    pub fn env_actions<'a>(&self, actions: &[f32], out: &'a mut EnvActions) -> Actions<'a> {
        match self {
            Self::Categorical { .. } => {
                out.discrete.clear();
                out.discrete.extend(actions.iter().map(|index| *index as u32));
                Actions::Discrete(&out.discrete)
            }
            Self::Gaussian(bounds) => {
                bounds.scale(actions, &mut out.continuous);
                Actions::Continuous(&out.continuous)
            }
        }
    }

    /// What `action (act_dim)` makes of `head (width)` and `b (std_param)`, into `grad`.
    pub fn grad(&self, head: &[f32], std_param: &[f64], action: &[f32], grad: &mut LogProbGrad) {
        let LogProbGrad { log_prob, entropy, head: by_head, std_param: by_std_param, .. } = grad;
        let (entropy_head, entropy_std_param) =
            (&mut grad.entropy_head, &mut grad.entropy_std_param);
        [&mut *by_head, &mut *by_std_param, &mut *entropy_head, &mut *entropy_std_param]
            .into_iter()
            .for_each(Vec::clear);
        (*log_prob, *entropy) = (0.0, 0.0);
        match self {
            Self::Categorical { .. } => {
                let (log_sum, chosen) = (log_sum_exp(head), action[0] as usize);
                *log_prob = head[chosen] - log_sum;
                by_head.extend(head.iter().map(|z| (z - log_sum).exp()));
                *entropy = head.iter().zip(&*by_head).map(|(z, p)| p * (log_sum - z)).sum();
                let of = |(z, p): (&f32, &f32)| -p * (z - log_sum + *entropy);
                entropy_head.extend(head.iter().zip(&*by_head).map(of));
                by_head.iter_mut().for_each(|p| *p = -*p);
                by_head[chosen] += 1.0;
            }
            Self::Gaussian(_) => {
                for ((z, b), a) in head.iter().zip(std_param).zip(action) {
                    let (mean, std) = (z.tanh(), softplus(*b));
                    let distance = (a - mean) / std;
                    *log_prob -= gaussian::surprise(distance, std.ln());
                    *entropy += gaussian::entropy(std.ln());
                    by_head.push(distance / std * (1.0 - mean * mean));
                    // ∂σ/∂b of softplus is the logistic function.
                    let slope = (1.0 / (1.0 + (-b).exp())) as f32;
                    by_std_param.push((distance * distance - 1.0) / std * slope);
                    entropy_head.push(0.0);
                    entropy_std_param.push(slope / std);
                }
            }
        }
    }
}

/// `σ = log(1 + e^b)`.
pub fn softplus(b: f64) -> f32 {
    (b.max(0.0) + (-b.abs()).exp().ln_1p()) as f32
}

/// `b` of a `σ` above 0.
pub fn inverse_softplus(std: f64) -> f64 {
    std + (-(-std).exp()).ln_1p()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sparring_envs::spec;
    use sparring_sparse::Seed;

    use super::*;

    fn gaussian() -> Policy {
        Policy::of(&spec("Pendulum-v1").unwrap(), "ppo").unwrap()
    }

    /// `(log π(a), entropy)` in f64, as the header has them.
    fn plain(policy: &Policy, head: &[f64], std_param: &[f64], action: &[f64]) -> (f64, f64) {
        match policy {
            Policy::Categorical { .. } => {
                let sum: f64 = head.iter().map(|z| z.exp()).sum();
                let p: Vec<f64> = head.iter().map(|z| z.exp() / sum).collect();
                (p[action[0] as usize].ln(), -p.iter().map(|p| p * p.ln()).sum::<f64>())
            }
            Policy::Gaussian(_) => {
                let std = std_param[0].exp().ln_1p();
                let distance = (action[0] - head[0].tanh()) / std;
                let tau = std::f64::consts::TAU;
                let entropy = 0.5 * (tau * std::f64::consts::E * std * std).ln();
                (-0.5 * distance * distance - std.ln() - 0.5 * tau.ln(), entropy)
            }
        }
    }

    fn check(
        policy: &Policy,
        head: &[f64],
        std_param: &[f64],
        action: &[f64],
    ) -> Result<(), TestCaseError> {
        let as_f32 = |v: &[f64]| v.iter().map(|x| *x as f32).collect::<Vec<_>>();
        let mut grad = LogProbGrad::default();
        policy.grad(&as_f32(head), std_param, &as_f32(action), &mut grad);
        let (log_prob, entropy) = plain(policy, head, std_param, action);
        prop_assert!((f64::from(grad.log_prob) - log_prob).abs() < 1e-4 * (1.0 + log_prob.abs()));
        prop_assert!((f64::from(grad.entropy) - entropy).abs() < 1e-4);
        let shifted = |at: usize, of_head: bool, delta: f64| {
            let (mut head, mut std_param) = (head.to_vec(), std_param.to_vec());
            if of_head {
                head[at] += delta
            } else {
                std_param[at] += delta
            }
            plain(policy, &head, &std_param, action)
        };
        let expect = |at: usize, of_head: bool, found: [f32; 2]| {
            let (up, down) = (shifted(at, of_head, 1e-5), shifted(at, of_head, -1e-5));
            for (found, difference) in
                found.into_iter().zip([(up.0 - down.0) / 2e-5, (up.1 - down.1) / 2e-5])
            {
                let near = 2e-3 * (1.0 + difference.abs());
                prop_assert!((f64::from(found) - difference).abs() < near, "{found} {difference}");
            }
            Ok(())
        };
        for i in 0..head.len() {
            expect(i, true, [grad.head[i], grad.entropy_head[i]])?;
        }
        for i in 0..std_param.len() {
            expect(i, false, [grad.std_param[i], grad.entropy_std_param[i]])?;
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn categorical_slopes_agree_with_central_differences(
            head in prop::collection::vec(-3.0f64..3.0, 4), action in 0usize..4
        ) {
            check(&Policy::Categorical { actions: 4 }, &head, &[], &[action as f64])?;
        }

        #[test]
        fn gaussian_slopes_agree_with_central_differences(
            z in -1.5f64..1.5, b in -1.5f64..1.5, action in -1.5f64..1.5
        ) {
            check(&gaussian(), &[z], &[b], &[action])?;
        }
    }

    #[test]
    fn draws_have_the_probabilities_that_they_report() {
        let (head, mut rng) = ([0.0f32, 1.0, -1.0], Seed::new(1).rng());
        let policy = Policy::Categorical { actions: 3 };
        let (mut actions, mut log_probs) = (Vec::new(), Vec::new());
        let n = 30_000;
        policy.draw(&head.repeat(n), &[], &mut rng, &mut actions, &mut log_probs);
        for a in 0..3 {
            let count = actions.iter().filter(|x| **x == a as f32).count();
            let at = actions.iter().position(|x| *x == a as f32).unwrap();
            // Four standard deviations of a frequency are at most 0.012.
            let frequency = count as f32 / n as f32;
            assert!((frequency - log_probs[at].exp()).abs() < 0.012, "{a}: {frequency}");
        }
        // A probability of 1 in f32 leaves no other choice.
        policy.draw(&[-200.0, -200.0, 0.0], &[], &mut rng, &mut actions, &mut log_probs);
        assert_eq!((actions[0], log_probs[0]), (2.0, 0.0));
    }

    #[test]
    fn gaussian_draws_have_mean_and_spread() {
        let (mut actions, mut log_probs) = (Vec::new(), Vec::new());
        let (b, n) = (inverse_softplus(0.35), 20_000);
        assert!((softplus(b) - 0.35).abs() < 1e-6);
        let head = vec![0.5f32; n];
        gaussian().draw(&head, &[b], &mut Seed::new(1).rng(), &mut actions, &mut log_probs);
        let mean = actions.iter().sum::<f32>() / n as f32;
        let variance = actions.iter().map(|a| (a - mean).powi(2)).sum::<f32>() / n as f32;
        assert!((mean - 0.5f32.tanh()).abs() < 0.01 && (variance.sqrt() - 0.35).abs() < 0.01);
        let mut grad = LogProbGrad::default();
        gaussian().grad(&[0.5], &[b], &actions[7..8], &mut grad);
        assert!((grad.log_prob - log_probs[7]).abs() < 1e-5);
    }

    #[test]
    fn modes_and_their_outward_form() {
        let (mut actions, mut out) = (Vec::new(), EnvActions::default());
        let policy = Policy::Categorical { actions: 3 };
        policy.modes(&[0.0, 2.0, 2.0, 5.0, 1.0, 0.0], &mut actions);
        assert!(matches!(policy.env_actions(&actions, &mut out), Actions::Discrete([1, 0])));
        // Pendulum's torques reach from −2 to 2; an action beyond ±1 gets the bound.
        gaussian().modes(&[0.0], &mut actions);
        actions.push(3.0);
        let env_actions = gaussian();
        assert!(matches!(
            env_actions.env_actions(&actions, &mut out),
            Actions::Continuous([0.0, 2.0])
        ));
    }
}
