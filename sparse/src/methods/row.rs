//! Methods as data: what a config may name, and what it chooses about each.

use std::fmt;
use std::sync::Arc;

use schemars::{JsonSchema, Schema};
use serde::de::DeserializeOwned;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

use super::{Horizon, Method};
use crate::keys::{self, KeyError};

/// A method by name. Others add theirs: a file with keys, a [`Method`] and a row.
#[derive(Clone, Copy)]
pub struct MethodRow {
    /// The `kind` of the section `sparsity`.
    pub name: &'static str,
    /// One line.
    pub about: &'static str,
    /// Whether networks have inactive weights, and the section the keys of [`SparsityKeys`].
    ///
    /// [`SparsityKeys`]: crate::sparsity_keys::SparsityKeys
    pub is_sparse: bool,
    /// Whether weights are drawn on a sparse topology, so that `sparsity_aware_init` means something.
    pub draws_sparse: bool,
    /// The JSON Schema of its own keys.
    pub schema: fn() -> Schema,
    /// Its keys from what was typed.
    pub read: fn(Value) -> serde_json::Result<Arc<dyn MethodKeys>>,
}

impl MethodRow {
    /// A method that starts from random topologies and has the keys `K`.
    pub const fn of<K>(name: &'static str, about: &'static str) -> Self
    where
        K: MethodKeys + Serialize + DeserializeOwned + JsonSchema + Default + 'static,
    {
        let read = |typed| Ok(Arc::new(keys::read::<K>(typed)?) as Arc<dyn MethodKeys>);
        Self { name, about, is_sparse: true, draws_sparse: true, schema: keys::schema::<K>, read }
    }

    /// The same, with weights that are drawn as a dense network's.
    pub const fn draws_dense(self) -> Self {
        Self { draws_sparse: false, ..self }
    }

    /// The same, without inactive weights.
    pub const fn is_dense(self) -> Self {
        Self { is_sparse: false, draws_sparse: false, ..self }
    }
}

impl fmt::Debug for MethodRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MethodRow").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What is chosen about a method: its keys in the section `sparsity`. Times are fractions of a run.
pub trait MethodKeys: fmt::Debug + Send + Sync {
    /// The row that they belong to.
    fn row(&self) -> &'static MethodRow;

    /// The keys as they are read.
    fn to_value(&self) -> Value;

    /// The method at the start of a training.
    ///
    /// # Errors
    /// What does not go together, or not with the run.
    fn build(&self, run: &Horizon) -> Result<Box<dyn Method>, KeyError>;

    /// The sparsity of the network whose active parameters a narrower one is to have; none where networks stay as wide
    /// as they are chosen.
    fn narrows(&self) -> Option<f64> {
        None
    }

    /// The last gradient step that may change the topology, where it goes by the length of the run.
    fn changes_until(&self, _run: &Horizon) -> Option<u64> {
        None
    }

    /// What a user would want to know of such a run before it starts.
    fn notes(&self, _run: &Horizon) -> Vec<String> {
        Vec::new()
    }
}

/// A method with its keys.
#[derive(Clone, Debug)]
pub struct MethodChoice {
    keys: Arc<dyn MethodKeys>,
}

impl MethodChoice {
    /// The method that has these keys.
    pub fn new(keys: Arc<dyn MethodKeys>) -> Self {
        Self { keys }
    }

    /// Which one.
    pub fn row(&self) -> &'static MethodRow {
        self.keys.row()
    }

    /// What is chosen about it.
    pub fn keys(&self) -> &dyn MethodKeys {
        &*self.keys
    }
}

impl<K: MethodKeys + 'static> From<K> for MethodChoice {
    fn from(keys: K) -> Self {
        Self::new(Arc::new(keys))
    }
}

impl PartialEq for MethodChoice {
    fn eq(&self, other: &Self) -> bool {
        self.row().name == other.row().name && self.keys.to_value() == other.keys.to_value()
    }
}

impl Serialize for MethodChoice {
    /// `kind` and the keys.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("kind", self.row().name)?;
        if let Value::Object(keys) = self.keys.to_value() {
            for (key, value) in keys {
                map.serialize_entry(&key, &value)?;
            }
        }
        map.end()
    }
}
