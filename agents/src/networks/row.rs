//! A network as a row: its name, its keys, its layers. Whoever adds a network adds a file and a row.

use std::fmt;
use std::sync::Arc;

use schemars::{JsonSchema, Schema};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sparring_envs::Space;
use sparring_sparse::LayerSpec;
use sparring_sparse::keys;

use super::experts::Beside;
use super::style::MlpStyle;
use crate::error::AgentError;

/// One network that a config can name.
#[derive(Clone, Copy)]
pub struct NetworkRow {
    /// `kind` in a config.
    pub name: &'static str,
    /// One line.
    pub about: &'static str,
    /// Whether it reads images, by convolutions.
    pub reads_images: bool,
    /// The JSON Schema of its keys.
    pub schema: fn() -> Schema,
    /// Its keys from what was typed.
    pub read: fn(Value) -> serde_json::Result<Arc<dyn NetworkKeys>>,
}

impl NetworkRow {
    /// A network over all numbers of an observation, with the keys `K`.
    pub const fn of<K>(name: &'static str, about: &'static str) -> Self
    where
        K: NetworkKeys + Serialize + DeserializeOwned + JsonSchema + Default + 'static,
    {
        let read = |typed| Ok(Arc::new(keys::read::<K>(typed)?) as Arc<dyn NetworkKeys>);
        Self { name, about, reads_images: false, schema: keys::schema::<K>, read }
    }

    /// The same, over images.
    pub const fn of_images(self) -> Self {
        Self { reads_images: true, ..self }
    }

    /// The schema of a section that is `kind` and the keys; `written` lists them all as required, which says
    /// their order.
    pub(super) fn section(&self, written: bool) -> Value {
        let mut schema = (self.schema)().to_value();
        let beside = keys::schema::<Beside>().to_value();
        schema["properties"]["experts"] = beside["properties"]["experts"].clone();
        if let Value::Array(order) = &mut schema["x-order"] {
            order.push(json!("experts"));
        }
        let mut required = vec![json!("kind")];
        if let (true, Value::Array(keys)) = (written, &schema["x-order"]) {
            required.extend(keys.iter().cloned());
        }
        schema["description"] = self.about.into();
        schema["properties"]["kind"] = json!({"type": "string", "const": self.name});
        schema["required"] = required.into();
        schema
    }
}

impl fmt::Debug for NetworkRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NetworkRow").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What is chosen about a network.
pub trait NetworkKeys: fmt::Debug + Send + Sync {
    /// The row that it belongs to.
    fn row(&self) -> &'static NetworkRow;

    /// The keys with their values.
    fn to_value(&self) -> Value;

    /// The layers from observations of the space `obs` to `outputs`, with weights that decay by
    /// `weight_decay`; a perceptron is of the agent's `style`.
    ///
    /// # Errors
    /// Observations that the network cannot read.
    fn layers(
        &self,
        obs: &Space,
        outputs: usize,
        style: MlpStyle,
        weight_decay: f64,
    ) -> Result<Vec<LayerSpec>, AgentError>;

    /// The same with all of its widths multiplied by `by`; none of a network that has none.
    fn narrowed(&self, _by: f64) -> Option<Arc<dyn NetworkKeys>> {
        None
    }
}
