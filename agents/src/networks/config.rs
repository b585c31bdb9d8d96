//! Which network reads the observations.

use std::borrow::Cow;
use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};
use sparring_envs::Space;
use sparring_sparse::LayerSpec;

use super::known::known;
use super::mlp::Mlp;
use super::row::{NetworkKeys, NetworkRow};
use super::style::MlpStyle;
use crate::error::AgentError;

/// Which network reads the observations, and its size. `width` multiplies the units and channels of all
/// layers but the head: a perceptron's to `max(1, ⌊n · width⌋)`, those of the others to `⌈n · width⌉`
/// (Graesser et al. 2022, section on the experimental setup).
#[derive(Clone, Debug)]
pub struct NetworkConfig {
    keys: Arc<dyn NetworkKeys>,
}

impl NetworkConfig {
    /// A perceptron with hidden layers of these widths.
    pub fn mlp(hidden: &[usize]) -> Self {
        Mlp { hidden: hidden.to_vec(), width: 1.0 }.into()
    }

    /// Its row.
    pub fn row(&self) -> &'static NetworkRow {
        self.keys.row()
    }

    /// What is chosen about it.
    pub fn keys(&self) -> &dyn NetworkKeys {
        &*self.keys
    }

    /// See [`NetworkKeys::layers`].
    ///
    /// # Errors
    /// Observations that the network cannot read.
    pub fn layers(
        &self,
        obs: &Space,
        outputs: usize,
        style: MlpStyle,
        weight_decay: f64,
    ) -> Result<Vec<LayerSpec>, AgentError> {
        self.keys.layers(obs, outputs, style, weight_decay)
    }
}

impl<K: NetworkKeys + 'static> From<K> for NetworkConfig {
    fn from(keys: K) -> Self {
        Self { keys: Arc::new(keys) }
    }
}

impl From<Arc<dyn NetworkKeys>> for NetworkConfig {
    fn from(keys: Arc<dyn NetworkKeys>) -> Self {
        Self { keys }
    }
}

impl PartialEq for NetworkConfig {
    fn eq(&self, other: &Self) -> bool {
        self.row().name == other.row().name && self.keys.to_value() == other.keys.to_value()
    }
}

impl Serialize for NetworkConfig {
    /// `kind` and the keys.
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut value = self.keys.to_value();
        if let Value::Object(keys) = &mut value {
            keys.insert("kind".to_owned(), self.row().name.into());
        }
        value.serialize(to)
    }
}

impl<'de> Deserialize<'de> for NetworkConfig {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let mut typed = Map::deserialize(from)?;
        let kind = typed.remove("kind").ok_or_else(|| D::Error::missing_field("kind"))?;
        let row = known().iter().find(|row| kind == row.name);
        let row = row.ok_or_else(|| D::Error::custom(format!("unknown network {kind}")))?;
        let keys = (row.read)(Value::Object(typed)).map_err(D::Error::custom)?;
        Ok(Self { keys })
    }
}

impl JsonSchema for NetworkConfig {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "NetworkConfig".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let written = generator.contract().is_serialize();
        let kinds: Vec<_> = known().iter().map(|row| row.section(written)).collect();
        json_schema!({"oneOf": kinds, "x-example": "nature_cnn"})
    }
}
