//! SAC's losses (Haarnoja et al. 2018, 1812.05905, equations 5 and 7).

use super::LossGrad;

/// Of one critic, `½ mean (Q − y)²`, from `Q (batch)` and `y (batch)`, and `∂L/∂Q (batch)`.
pub fn critic(q: &[f32], y: &[f32]) -> LossGrad {
    let (n, share) = (q.len() as f64, 1.0 / q.len() as f32);
    let errors = || q.iter().zip(y).map(|(q, y)| q - y);
    let sum: f64 = errors().map(|error| f64::from(error * error)).sum();
    LossGrad {
        value: (0.5 * sum / n) as f32,
        grad: errors().map(|e| e * share).collect(),
        samples: errors().map(|e| 0.5 * e * e).collect(),
    }
}

/// The actor's loss and its gradients.
#[derive(Debug)]
pub struct ActorLoss {
    /// `L = mean (α log π(ã|s) − min_i Qᵢ(s, ã))`.
    pub value: f32,
    /// `∂L/∂log π`, the same for each sample.
    pub by_log_prob: f32,
    /// `∂L/∂Qᵢ (batch)` of both critics: where they agree, each has half.
    pub by_q: [Vec<f32>; 2],
    /// Of each sample, what `L` is the mean of.
    pub samples: Vec<f32>,
}

/// Of the actor, from `log π(ã|s) (batch)` and `Qᵢ(s, ã) (batch)`.
pub fn actor(
    alpha: f64,
    log_prob: impl ExactSizeIterator<Item = f32>,
    q: [&[f32]; 2],
) -> ActorLoss {
    let (n, alpha) = (log_prob.len(), alpha as f32);
    let share = 1.0 / n as f32;
    let samples: Vec<f32> = log_prob
        .zip(q[0].iter().zip(q[1]))
        .map(|(log_prob, (first, second))| alpha * log_prob - first.min(*second))
        .collect();
    let sum: f64 = samples.iter().map(|sample| f64::from(*sample)).sum();
    let by = |own: &[f32], other: &[f32]| {
        let part = |(own, other): (&f32, &f32)| match own.partial_cmp(other) {
            Some(std::cmp::Ordering::Less) => -share,
            Some(std::cmp::Ordering::Equal) => -0.5 * share,
            Some(std::cmp::Ordering::Greater) | None => 0.0,
        };
        own.iter().zip(other).map(part).collect()
    };
    ActorLoss {
        value: (sum / n as f64) as f32,
        by_log_prob: share * alpha,
        by_q: [by(q[0], q[1]), by(q[1], q[0])],
        samples,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_critic_by_hand() {
        let LossGrad { value, grad, samples } = critic(&[1.0, -1.0], &[0.0, 1.0]);
        assert_eq!((value, grad, samples), (1.25, vec![0.5, -1.0], vec![0.5, 2.0]));
    }

    #[test]
    fn of_an_actor_by_hand() {
        let (first, second) = ([1.0, 5.0], [2.0, 5.0]);
        let ActorLoss { value, by_log_prob, by_q, samples } =
            actor(0.5, [2.0f32, -2.0].into_iter(), [&first, &second]);
        assert_eq!((value, by_log_prob, samples), (-3.0, 0.25, vec![0.0, -6.0]));
        assert_eq!(by_q, [vec![-0.5, -0.25], vec![0.0, -0.25]]);
    }

    /// A value that is none is seen in the loss.
    #[test]
    fn what_is_no_number_makes_none() {
        let nan = [f32::NAN];
        assert!(critic(&nan, &[0.0]).value.is_nan());
        assert!(actor(0.5, [f32::NAN].into_iter(), [&[0.0], &[1.0]]).value.is_nan());
    }
}
