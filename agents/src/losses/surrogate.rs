//! PPO's losses over a minibatch, with their gradients (Schulman et al. 2017, 1707.06347).
//!
//! Actor: `L = −mean (min(ρ A, clip(ρ, 1 − ε, 1 + ε) A) + c H)`, `ρ = π(a|s) / π_old(a|s)`, `H` the entropy.
//! Critic: `L = c_v · mean (V − R)²`; where values are clipped, `c_v · mean max((V − R)², (V_ε − R)²)` with
//! `V_ε = V_old + clip(V − V_old, −ε_v, ε_v)`.

use super::LossGrad;
use crate::policy::{LogProbGrad, Policy};

/// What the actor learns from, row by row.
#[derive(Clone, Copy, Debug)]
pub struct Decisions<'a> {
    /// `(n, act_dim)`.
    pub action: &'a [f32],
    /// `log π_old (n)`.
    pub log_prob: &'a [f32],
    /// `A (n)`.
    pub advantage: &'a [f32],
}

/// What the actor's policy is made of.
#[derive(Clone, Copy, Debug)]
pub struct ActorOutput<'a> {
    /// What its network gives, `(n, width)`.
    pub head: &'a [f32],
    /// `b`, from which the deviation of continuous actions comes.
    pub std_param: &'a [f64],
}

/// The actor's loss, how it changes with the head and `b`, and what is logged of it.
#[derive(Debug, Default)]
pub struct Surrogate {
    /// `L`.
    pub loss: f32,
    /// Of each row, what `L` is the mean of.
    pub samples: Vec<f32>,
    /// `∂L/∂head (n, width)`.
    pub head: Vec<f32>,
    /// `∂L/∂b (std_param)`.
    pub std_param: Vec<f64>,
    /// `mean (ρ − 1 − log ρ)`, an estimate of the divergence from the old policy that is never
    /// negative (Schulman, "Approximating KL divergence").
    pub kl: f64,
    /// Rows whose `ρ` lies outside the clip.
    pub clip_fraction: f64,
    /// `mean H`.
    pub entropy: f64,
}

/// The actor's loss at `head (n, width)`.
pub fn surrogate(
    policy: &Policy,
    output: ActorOutput<'_>,
    decisions: Decisions<'_>,
    clip: f32,
    entropy_coef: f32,
) -> Surrogate {
    let ActorOutput { head, std_param } = output;
    let n = decisions.advantage.len();
    let share = 1.0 / n as f32;
    let mut out = Surrogate {
        head: Vec::with_capacity(head.len()),
        std_param: vec![0.0; std_param.len()],
        ..Surrogate::default()
    };
    let (mut grad, mut loss) = (LogProbGrad::default(), 0.0);
    let rows =
        head.chunks_exact(policy.width()).zip(decisions.action.chunks_exact(policy.act_dim()));
    for (i, (head, action)) in rows.enumerate() {
        policy.grad(head, std_param, action, &mut grad);
        let (log_ratio, advantage) =
            (grad.log_prob - decisions.log_prob[i], decisions.advantage[i]);
        let ratio = log_ratio.exp();
        let (free, clipped) = (ratio * advantage, ratio.clamp(1.0 - clip, 1.0 + clip) * advantage);
        let gain = free.min(clipped) + entropy_coef * grad.entropy;
        loss -= f64::from(gain);
        out.samples.push(-gain);
        // Beyond the clip a better advantage brings nothing more.
        let by_log_prob = if free <= clipped { -free * share } else { 0.0 };
        let by_entropy = -entropy_coef * share;
        let chain = |(d, e): (&f32, &f32)| by_log_prob * d + by_entropy * e;
        out.head.extend(grad.head.iter().zip(&grad.entropy_head).map(chain));
        let std_params = grad.std_param.iter().zip(&grad.entropy_std_param).map(chain);
        out.std_param.iter_mut().zip(std_params).for_each(|(sum, d)| *sum += f64::from(d));
        out.kl += f64::from(ratio - 1.0 - log_ratio);
        out.clip_fraction += if (ratio - 1.0).abs() > clip { 1.0 } else { 0.0 };
        out.entropy += f64::from(grad.entropy);
    }
    let mean = |sum: f64| sum / n as f64;
    out.loss = mean(loss) as f32;
    Surrogate {
        kl: mean(out.kl),
        clip_fraction: mean(out.clip_fraction),
        entropy: mean(out.entropy),
        ..out
    }
}

/// The critic's loss and its gradient at `value (n)`, from the values `old (n)` of the rollout and the
/// returns `ret (n)`.
pub fn value_loss(
    value: &[f32],
    old: &[f32],
    ret: &[f32],
    clip: Option<f32>,
    coef: f32,
) -> LossGrad {
    let n = value.len() as f32;
    let (mut loss, mut grad) = (0.0f64, Vec::with_capacity(value.len()));
    let mut samples = Vec::with_capacity(value.len());
    for ((v, old), ret) in value.iter().zip(old).zip(ret) {
        let error = v - ret;
        // Within the clip both are V, and what rounding makes of the second is no reason to stop.
        let beyond = clip.filter(|clip| (v - old).abs() > *clip);
        let clipped = beyond.map_or(error, |clip| old + (v - old).clamp(-clip, clip) - ret);
        let farther = clipped * clipped > error * error;
        let square = if farther { clipped * clipped } else { error * error };
        loss += f64::from(square);
        samples.push(coef * square);
        // Where the clipped value is the worse one, V itself moves nothing.
        grad.push(if farther { 0.0 } else { coef * 2.0 * error / n });
    }
    LossGrad { value: coef * (loss / f64::from(n)) as f32, grad, samples }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: Policy = Policy::Categorical { actions: 2 };

    fn of(head: &[f32], old: f32, advantage: f32) -> Surrogate {
        let (log_prob, advantage) = ([old], [advantage]);
        let decisions = Decisions { action: &[0.0], log_prob: &log_prob, advantage: &advantage };
        surrogate(&TWO, ActorOutput { head, std_param: &[] }, decisions, 0.2, 0.0)
    }

    /// Both actions have probability ½; the old one of the chosen is set by hand.
    #[test]
    fn the_four_corners_of_the_clip() {
        let half = 0.5f32.ln();
        // ρ = 1: inside. ∂L/∂z₀ = −A (1 − ½), ∂L/∂z₁ = A ½.
        let inside = of(&[0.0, 0.0], half, 2.0);
        assert_eq!((inside.loss, inside.clip_fraction, inside.kl), (-2.0, 0.0, 0.0));
        assert_eq!(inside.head, [-1.0, 1.0]);
        // ρ = 2 and A > 0: clipped at 1.2, nothing more to win.
        let above = of(&[0.0, 0.0], 0.25f32.ln(), 1.0);
        assert!((above.loss + 1.2).abs() < 1e-6 && above.head == [0.0, 0.0]);
        assert_eq!(above.clip_fraction, 1.0);
        assert!((above.kl - (1.0 - 2f64.ln())).abs() < 1e-6);
        // ρ = 2 and A < 0: the worse of the two counts, and pulls.
        let worse = of(&[0.0, 0.0], 0.25f32.ln(), -1.0);
        assert!((worse.loss - 2.0).abs() < 1e-6 && worse.head[0] > 0.9);
        // ρ = ½ and A < 0: clipped at 0.8.
        let below = of(&[0.0, 0.0], 0.0, -1.0);
        assert!((below.loss - 0.8).abs() < 1e-6 && below.head == [0.0, 0.0]);
    }

    /// Central differences of the whole loss, entropy included, for both kinds of policy.
    #[test]
    fn gradients_agree_with_central_differences() {
        let box_ = Policy::of(&sparring_envs::spec("Pendulum-v1").unwrap(), "ppo").unwrap();
        let log_prob = [-0.9, -0.6, -1.0];
        let advantage = [1.0, -0.7, 0.3];
        let none: Vec<f64> = vec![];
        let cases = [
            (&TWO, vec![0.3, -0.2, 0.8, 0.1, -0.4, 0.2], none, [0.0f32, 1.0, 1.0]),
            (&box_, vec![0.3, -0.2, 0.8], vec![-0.5], [0.1, -0.4, 0.9]),
        ];
        for (policy, head, std_param, action) in cases {
            let decisions =
                Decisions { action: &action, log_prob: &log_prob, advantage: &advantage };
            let at = |head: &[f32], std_param: &[f64]| {
                surrogate(policy, ActorOutput { head, std_param }, decisions, 10.0, 0.1)
            };
            let found = at(&head, &std_param);
            for i in 0..head.len() {
                let shifted = |delta: f32| {
                    let mut head = head.clone();
                    head[i] += delta;
                    at(&head, &std_param).loss
                };
                let difference = (shifted(5e-3) - shifted(-5e-3)) / 1e-2;
                assert!((found.head[i] - difference).abs() < 1e-3, "{i}: {difference} {found:?}");
            }
            for i in 0..std_param.len() {
                let shifted = |delta: f64| {
                    let mut std_param = std_param.clone();
                    std_param[i] += delta;
                    at(&head, &std_param).loss
                };
                let difference = f64::from((shifted(5e-3) - shifted(-5e-3)) / 1e-2);
                assert!((found.std_param[i] - difference).abs() < 2e-3, "{difference} {found:?}");
            }
        }
    }

    #[test]
    fn values_with_and_without_their_clip() {
        // Errors 1 and −2.
        let LossGrad { value, grad, .. } =
            value_loss(&[2.0, 1.0], &[2.0, 1.0], &[1.0, 3.0], None, 0.5);
        assert_eq!((value, grad), (0.5 * 2.5, vec![0.5, -1.0]));
        // V moved from 0 to 2 towards R = 3: the clip leaves 0.2, whose error 2.8 is the larger.
        let LossGrad { value, grad, .. } = value_loss(&[2.0], &[0.0], &[3.0], Some(0.2), 1.0);
        assert!((value - 2.8 * 2.8).abs() < 1e-5 && grad == [0.0]);
        // V moved away from R: its own error is the larger, and pulls.
        let LossGrad { value, grad, .. } = value_loss(&[-2.0], &[0.0], &[3.0], Some(0.2), 1.0);
        assert_eq!((value, grad), (25.0, vec![-10.0]));
    }
}
