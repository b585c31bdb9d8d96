//! Which network reads the observations.

use std::borrow::Cow;
use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value, json};
use sparring_envs::Space;
use sparring_sparse::{LayerSpec, keys};

use super::experts::{Beside, ExpertKeys};
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
    beside: Beside,
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

    /// The same with blocks of experts.
    pub fn with_experts(self, experts: ExpertKeys) -> Self {
        Self { beside: Beside { experts: Some(experts) }, ..self }
    }

    /// Its blocks of experts.
    pub fn experts(&self) -> Option<ExpertKeys> {
        self.beside.experts
    }

    /// The same with all of its widths multiplied by `by`; none of a network that has none.
    pub(super) fn narrowed(&self, by: f64) -> Option<Self> {
        let experts = self.beside.experts.map(|experts| experts.narrowed(by));
        Some(Self { keys: self.keys.narrowed(by)?, beside: Beside { experts } })
    }

    /// See [`NetworkKeys::layers`]; with its blocks of experts.
    ///
    /// # Errors
    /// Observations that the network cannot read, and experts that it cannot have.
    pub fn layers(
        &self,
        obs: &Space,
        outputs: usize,
        style: MlpStyle,
        weight_decay: f64,
    ) -> Result<Vec<LayerSpec>, AgentError> {
        let layers = self.keys.layers(obs, outputs, style, weight_decay)?;
        match self.beside.experts {
            Some(experts) => experts.over(layers).map_err(|error| error.below("network")),
            None => Ok(layers),
        }
    }
}

impl<K: NetworkKeys + 'static> From<K> for NetworkConfig {
    fn from(keys: K) -> Self {
        Self { keys: Arc::new(keys), beside: Beside::default() }
    }
}

impl From<Arc<dyn NetworkKeys>> for NetworkConfig {
    fn from(keys: Arc<dyn NetworkKeys>) -> Self {
        Self { keys, beside: Beside::default() }
    }
}

impl PartialEq for NetworkConfig {
    fn eq(&self, other: &Self) -> bool {
        let of = |config: &Self| (config.row().name, config.keys.to_value(), config.beside);
        of(self) == of(other)
    }
}

impl Serialize for NetworkConfig {
    /// `kind`, the keys, and those beside them.
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut value = self.keys.to_value();
        if let Value::Object(keys) = &mut value {
            keys.insert("kind".to_owned(), self.row().name.into());
            if let Value::Object(beside) = json!(self.beside) {
                keys.extend(beside);
            }
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
        let experts = typed.remove("experts").unwrap_or_default();
        let beside = keys::read::<Beside>(json!({"experts": experts})).map_err(D::Error::custom)?;
        let keys = (row.read)(Value::Object(typed)).map_err(D::Error::custom)?;
        Ok(Self { keys, beside })
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
