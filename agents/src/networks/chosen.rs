//! Which network an actor or its critics have, where a config may name one for each, one for all, or none.

use sparring_envs::Space;
use sparring_sparse::LayerSpec;
use sparring_sparse::config::SparsityConfig;

use super::algebra::AlgebraKeys;
use super::config::NetworkConfig;
use super::mlp::Mlp;
use super::style::MlpStyle;
use crate::error::AgentError;

/// A network, and the key that names it.
pub(crate) struct Chosen {
    network: NetworkConfig,
    key: &'static str,
}

impl Chosen {
    /// The network of one's `own` under `key`, else the `shared` one, else a perceptron.
    pub fn of(
        (key, own): (&'static str, Option<&NetworkConfig>),
        shared: Option<&NetworkConfig>,
        perceptron: impl FnOnce() -> Mlp,
    ) -> Self {
        match (own, shared) {
            (Some(own), _) => Self { network: own.clone(), key },
            (None, Some(shared)) => Self { network: shared.clone(), key: "network" },
            (None, None) => Self { network: perceptron().into(), key: "network" },
        }
    }

    /// See [`NetworkConfig::layers_under`].
    ///
    /// # Errors
    /// As there; observations that it cannot read are told with the key.
    pub fn layers(
        &self,
        sparsity: &SparsityConfig,
        algebra: Option<AlgebraKeys>,
        obs: &Space,
        outputs: usize,
        style: MlpStyle,
        weight_decay: f64,
    ) -> Result<Vec<LayerSpec>, AgentError> {
        let layers =
            self.network.layers_under(sparsity, algebra, obs, outputs, style, weight_decay);
        layers.map_err(|error| error.named_by(self.key))
    }
}
