//! Dense networks of as many parameters as a sparse one has active.

use sparring_envs::Space;
use sparring_sparse::config::SparsityConfig;
use sparring_sparse::{KeyError, LayerSpec, SparseError};

use super::algebra::AlgebraKeys;
use super::config::NetworkConfig;
use super::experts::refused;
use super::parameters::parameters;
use super::style::MlpStyle;
use crate::error::AgentError;

/// Halvings of the range of widths: units are whole, so that more tell no two networks apart.
const HALVINGS: usize = 40;

/// A network that is by more than this part off the size that it is to have is none to compare with.
const MOST_OFF: f64 = 0.25;

/// So narrow that every layer has one unit.
const NARROWEST: f64 = 1e-6;

impl NetworkConfig {
    /// The layers of [`Self::layers`] under `sparsity`, those between the first and the head over an `algebra`: of the
    /// same widths, or where the method narrows them of the width `w ≤ 1` whose weights and biases come nearest to
    /// `(1 − s) · weights + biases` of the whole network.
    ///
    /// # Errors
    /// Observations that the network cannot read, a network that has no width to narrow, and one that whole units or
    /// elements make no network of about that size of.
    pub fn layers_under(
        &self,
        sparsity: &SparsityConfig,
        algebra: Option<AlgebraKeys>,
        obs: &Space,
        outputs: usize,
        style: MlpStyle,
        weight_decay: f64,
    ) -> Result<Vec<LayerSpec>, AgentError> {
        let real = self.narrowed_by(sparsity, obs, outputs, style, weight_decay)?;
        match algebra {
            Some(_) if self.experts().is_some() => {
                let found = "a network with experts, over an algebra".to_owned();
                Err(refused("router", found, "experts of real layers", "no agent.algebra"))
            }
            Some(algebra) => algebra.over(real),
            None => Ok(real),
        }
    }

    /// As wide as the method of `sparsity` leaves them.
    fn narrowed_by(
        &self,
        sparsity: &SparsityConfig,
        obs: &Space,
        outputs: usize,
        style: MlpStyle,
        weight_decay: f64,
    ) -> Result<Vec<LayerSpec>, AgentError> {
        let whole = self.layers(obs, outputs, style, weight_decay)?;
        let method = sparsity.method.row().name;
        let Some(sparsity) = sparsity.method.keys().narrows() else { return Ok(whole) };
        let [weights, biases] = parameters(&whole);
        let target = (1.0 - sparsity) * weights + biases;
        let at = |width: f64| -> Result<Vec<LayerSpec>, AgentError> {
            let narrowed = self.narrowed(width).ok_or_else(|| {
                let found =
                    format!("{method}, of the network {}, which has no width", self.row().name);
                let allowed = "a network that has one";
                SparseError::Key(KeyError::new("kind", found, allowed, "dense"))
            })?;
            narrowed.layers(obs, outputs, style, weight_decay)
        };
        let off = |layers: &[LayerSpec]| parameters(layers).iter().sum::<f64>() - target;
        let (mut below, mut above) = (NARROWEST, 1.0);
        for _ in 0..HALVINGS {
            let middle = (below + above) / 2.0;
            if off(&at(middle)?) <= 0.0 {
                below = middle;
            } else {
                above = middle;
            }
        }
        let (below, above) = (at(below)?, at(above)?);
        let nearest = if off(&above).abs() < off(&below).abs() { above } else { below };
        if off(&nearest).abs() > MOST_OFF * target {
            let there: f64 = parameters(&nearest).iter().sum();
            let found = format!(
                "{sparsity}: {target:.0} parameters, where the nearest width has {there:.0}"
            );
            let allowed = "a sparsity to which whole units come within a quarter";
            let error = KeyError::new("sparsity", found, allowed, "a smaller sparsity");
            return Err(SparseError::Key(error).into());
        }
        Ok(nearest)
    }
}

#[cfg(test)]
mod tests {
    use sparring_envs::spec;
    use sparring_sparse::methods::narrow::Narrow;

    use super::*;
    use crate::networks::minatar::Minatar;
    use crate::{DqnConfig, SacConfig};

    fn narrow(sparsity: f64) -> SparsityConfig {
        SparsityConfig { method: Narrow { sparsity }.into(), ..SparsityConfig::dense() }
    }

    fn count(layers: &[LayerSpec]) -> f64 {
        parameters(layers).iter().sum()
    }

    /// The paper's parameter counts of sparse networks, biases included: 27,549 of DQN on CartPole at 90 %, 6,332 at
    /// 98 %; the actor of SAC on HalfCheetah has 15,119 at 80 %.
    #[test]
    fn a_narrow_network_has_the_parameters_of_a_sparse_one() {
        let cartpole = spec("CartPole-v0").unwrap();
        for (sparsity, active) in [(0.9, 27_549.0), (0.98, 6_332.0), (0.5, 133_634.0)] {
            let dqn = DqnConfig { sparsity: narrow(sparsity), ..DqnConfig::paper() };
            let layers = dqn.layers(&cartpole.obs, 2).unwrap();
            let error = count(&layers) / active - 1.0;
            // One unit more in each of two layers is a few hundredths of a small network.
            assert!(error.abs() < 0.05, "{sparsity}: {error}");
            assert!(layers.iter().all(|layer| layer.shape.rows() > 0));
        }
        let pendulum = spec("Pendulum-v1").unwrap();
        let [actor, critic] = SacConfig::paper().layers(&pendulum).unwrap();
        let sac = SacConfig { actor_sparsity: narrow(0.8), ..SacConfig::paper() };
        let [narrowed, other] = sac.layers(&pendulum).unwrap();
        let [weights, biases] = parameters(&actor);
        assert!((count(&narrowed) / (0.2 * weights + biases) - 1.0).abs() < 0.03);
        assert_eq!(count(&other), count(&critic));
    }

    #[test]
    fn at_the_ends_it_is_whole_or_one_unit_wide() {
        let cartpole = spec("CartPole-v0").unwrap();
        let of = |sparsity| {
            let dqn = DqnConfig { sparsity, ..DqnConfig::paper() };
            dqn.layers(&cartpole.obs, 2).unwrap()
        };
        assert_eq!(count(&of(narrow(0.0))), count(&of(SparsityConfig::dense())));
        // The biases of the whole network alone make more than one unit.
        assert!(count(&of(narrow(0.9999))) < 2_000.0);
        // Its smallest has 108 parameters or so, where 84 are wanted.
        let network = Minatar { width: 0.25 }.into();
        let minatar = DqnConfig { network, sparsity: narrow(0.999), ..DqnConfig::paper() };
        let refused = minatar.layers(&Space::bytes(&[4, 10, 10]), 3).unwrap_err();
        assert!(refused.to_string().contains("the nearest width has"), "{refused}");
    }

    #[test]
    fn every_network_narrows() {
        let image = Space::bytes(&[4, 84, 84]);
        for row in super::super::known::known() {
            let keys = (row.read)(serde_json::json!({})).unwrap();
            let of = |sparsity| {
                let network = NetworkConfig::from(keys.clone());
                DqnConfig { network, sparsity, ..DqnConfig::paper() }.layers(&image, 6).unwrap()
            };
            let [weights, biases] = parameters(&of(SparsityConfig::dense()));
            let ratio = count(&of(narrow(0.9))) / (0.1 * weights + biases);
            assert!((ratio - 1.0).abs() < 0.1, "{}: {ratio}", row.name);
        }
    }
}
