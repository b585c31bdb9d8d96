//! How one budget of parameters is split between an actor and its critics (Graesser et al. 2022).
//!
//! With `P` weights and biases in all networks, the actor keeps `total · share · P` of them and the
//! critics together `total · (1 − share) · P`. Biases are always there, so the sparsity of a network
//! of `w` weights and `b` biases that may keep `k` is `1 − (k − b) / w`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sparring_sparse::LayerSpec;

use super::parameters::parameters;
use crate::error::AgentError;

/// A budget for an actor and its critics: the keys of `sparsity.budget`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// Active weights and biases of all networks, over those of the dense ones. (`sparsity` does not count
    /// biases.)
    #[schemars(range(max = 1.0), extend("exclusiveMinimum" = 0.0), example = 0.2)]
    pub total: f64,
    /// The actor's part of them.
    #[schemars(range(min = 0.0, max = 1.0), example = 0.34)]
    pub actor_share: f64,
}

impl Budget {
    /// The sparsities of the actor and of each of `critics` equal critics.
    ///
    /// # Errors
    /// A share that would leave a network more than its dense parameters, or nothing but biases.
    pub fn solve(
        &self,
        actor: &[LayerSpec],
        critic: &[LayerSpec],
        critics: usize,
    ) -> Result<[f64; 2], AgentError> {
        let Self { total, actor_share } = *self;
        let actor = parameters(actor);
        let critics = parameters(critic).map(|size| size * critics as f64);
        let kept = total * (actor.iter().sum::<f64>() + critics.iter().sum::<f64>());
        // The shares at which one of the two is dense, or has but its biases.
        let share = |[weights, biases]: [f64; 2]| [biases / kept, (biases + weights) / kept];
        let ([a_least, a_most], [c_least, c_most]) = (share(actor), share(critics));
        let (least, most) = (a_least.max(1.0 - c_most), a_most.min(1.0 - c_least));
        let slack = 1e-9;
        if !(least - slack..=most + slack).contains(&actor_share) || least >= most + slack {
            let shares = (least < most).then_some(least..=most);
            return Err(AgentError::Budget { total, actor_share, shares });
        }
        let sparsity = |[weights, biases]: [f64; 2], share: f64| {
            (1.0 - (kept * share - biases) / weights).clamp(0.0, 1.0)
        };
        Ok([sparsity(actor, actor_share), sparsity(critics, 1.0 - actor_share)])
    }
}

#[cfg(test)]
mod tests {
    use sparring_envs::spec;
    use sparring_sparse::config::SparsityConfig;
    use sparring_sparse::methods::static_sparse::Static;
    use sparring_sparse::shares::shares;

    use super::*;
    use crate::SacConfig;

    fn layers() -> [Vec<LayerSpec>; 2] {
        SacConfig { actor_hidden: vec![64, 64], critic_hidden: vec![64, 64], ..SacConfig::paper() }
            .layers(&spec("Pendulum-v1").unwrap())
            .unwrap()
    }

    /// The networks that the sparsities make have the parameters of the budget.
    #[test]
    fn the_budget_is_spent_as_it_was_split() {
        let [actor, critic] = layers();
        let dense = |layers: &[LayerSpec]| parameters(layers).iter().sum::<f64>();
        let all = dense(&actor) + 2.0 * dense(&critic);
        for (total, actor_share) in [(0.2, 0.34), (0.1, 0.5), (0.2, 0.8), (0.5, 0.1), (1.0, 0.33)] {
            let budget = Budget { total, actor_share };
            // At a total of 1 the only share is that of the dense networks.
            let actor_share = if total == 1.0 { dense(&actor) / all } else { actor_share };
            let budget = Budget { actor_share, ..budget };
            let sparsities = budget.solve(&actor, &critic, 2).unwrap();
            let kept = |layers: &[LayerSpec], sparsity: f64| {
                let config = SacConfig::paper().actor_sparsity;
                let method = Static {}.into();
                let config = SparsityConfig { method, sparsity, ..config };
                let active: usize = shares(layers, &config).unwrap().iter().map(|s| s.nnz).sum();
                active as f64 + parameters(layers)[1]
            };
            let (a, c) = (kept(&actor, sparsities[0]), 2.0 * kept(&critic, sparsities[1]));
            // Zeros are rounded down in each layer.
            assert!((a + c - total * all).abs() <= 20.0, "{total} {actor_share}: {a} {c} {all}");
            assert!((a / (a + c) - actor_share).abs() < 5e-3, "{total} {actor_share}: {a} {c}");
        }
    }

    #[test]
    fn what_cannot_be_spent_is_refused_with_its_bounds() {
        let [actor, critic] = layers();
        let shares =
            |total, actor_share| match (Budget { total, actor_share }).solve(&actor, &critic, 2) {
                Err(AgentError::Budget { shares, .. }) => shares,
                other => panic!("{other:?}"),
            };
        // All of the parameters, and more than the actor has.
        let bounds = shares(0.9, 0.8).unwrap();
        assert!(*bounds.end() < 0.8 && bounds.start() < bounds.end(), "{bounds:?}");
        assert!(shares(0.1, 0.001).is_some_and(|bounds| *bounds.start() > 0.001));
        assert_eq!(shares(0.01, 0.5), None);
    }
}
