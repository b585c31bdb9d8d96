//! A bounded box of continuous actions, which agents see as `[−1, 1]` a dimension.

use sparring_envs::{EnvSpec, Space};

use crate::error::AgentError;

/// The bounds of an environment's actions.
#[derive(Clone, Debug, PartialEq)]
pub struct ActionBox {
    low: Vec<f32>,
    high: Vec<f32>,
}

impl ActionBox {
    /// The actions of `spec`, for `agent`.
    ///
    /// # Errors
    /// Discrete actions, and a box without bounds.
    pub fn of(spec: &EnvSpec, agent: &'static str) -> Result<Self, AgentError> {
        match &spec.action {
            Space::Box { low, high, .. }
                if low.iter().chain(high).all(|bound| bound.is_finite()) =>
            {
                Ok(Self { low: low.clone(), high: high.clone() })
            }
            other => Err(AgentError::Space {
                agent,
                env: spec.id,
                found: format!("actions {other}"),
                allowed: "continuous actions within finite bounds",
            }),
        }
    }

    /// Numbers of an action.
    pub fn dim(&self) -> usize {
        self.low.len()
    }

    /// The lower bound of each number.
    pub fn low(&self) -> &[f32] {
        &self.low
    }

    /// The upper bound of each number.
    pub fn high(&self) -> &[f32] {
        &self.high
    }

    /// `inner (n, dim)` in `[−1, 1]` → the environment's own units, into `outer`. What lies outside
    /// `[−1, 1]` comes out on the bound.
    pub fn scale(&self, inner: &[f32], outer: &mut Vec<f32>) {
        outer.clear();
        for row in inner.chunks_exact(self.dim()) {
            let bounds = self.low.iter().zip(&self.high);
            outer.extend(row.iter().zip(bounds).map(|(a, (low, high))| {
                let a = a.clamp(-1.0, 1.0);
                // Exact at both ends, and safe where the width of a box overflows.
                let mixed = low * (0.5 - 0.5 * a) + high * (0.5 + 0.5 * a);
                mixed.clamp(*low, *high)
            }));
        }
    }

    /// The other way round: `outer (n, dim)` in the environment's units, appended to `inner` in `[−1, 1]`. What has no
    /// room, since both bounds are the same, is 0.
    pub fn unscale(&self, outer: &[f32], inner: &mut Vec<f32>) {
        for row in outer.chunks_exact(self.dim()) {
            let bounds = self.low.iter().zip(&self.high);
            inner.extend(row.iter().zip(bounds).map(|(x, (low, high))| {
                let [x, low, high] = [x, low, high].map(|x| f64::from(*x));
                match high > low {
                    true => (2.0 * (x - low) / (high - low) - 1.0).clamp(-1.0, 1.0) as f32,
                    false => 0.0,
                }
            }));
        }
    }
}

#[cfg(test)]
mod tests {
    use sparring_envs::spec;

    use super::*;

    #[test]
    fn ends_and_middle_of_each_dimension() {
        let of = ActionBox { low: vec![-2.0, 0.0], high: vec![2.0, 10.0] };
        let mut outer = Vec::new();
        of.scale(&[-1.0, -1.0, 0.0, 0.5, 1.0, 1.0, 3.0, -3.0], &mut outer);
        assert_eq!(outer, [-2.0, 0.0, 0.0, 7.5, 2.0, 10.0, 2.0, 0.0]);
        let mut inner = Vec::new();
        of.unscale(&outer, &mut inner);
        assert_eq!(inner, [-1.0, -1.0, 0.0, 0.5, 1.0, 1.0, 1.0, -1.0]);
        let narrow = ActionBox { low: vec![1.0], high: vec![1.0] };
        inner.clear();
        narrow.unscale(&[1.0], &mut inner);
        assert_eq!(inner, [0.0]);
    }

    #[test]
    fn never_leaves_the_bounds_by_rounding() {
        let of = ActionBox { low: vec![-0.1, -f32::MAX], high: vec![0.3, f32::MAX] };
        let mut outer = Vec::new();
        of.scale(&[1.0, 1.0, -1.0, -1.0], &mut outer);
        assert_eq!(outer, [0.3, f32::MAX, -0.1, -f32::MAX]);
    }

    #[test]
    fn discrete_actions_are_refused() {
        let error = ActionBox::of(&spec("CartPole-v1").unwrap(), "sac").unwrap_err().to_string();
        assert!(error.contains("sac") && error.contains("finite bounds"), "{error}");
        assert_eq!(ActionBox::of(&spec("Pendulum-v1").unwrap(), "sac").unwrap().dim(), 1);
    }
}
