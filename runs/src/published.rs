//! What others published of such a comparison, to lie beside ours: `published` in a config.
//!
//! ```yaml
//! published:
//!   source: Graesser et al. 2022, figure 16, five environments
//!   axis: sparsity.sparsity
//!   iqm:
//!     rigl: [{at: 0.9, iqm: 0.37, low: 0.32, high: 0.44}]
//! ```

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::keys::{Checked, Problem, as_typed};
use crate::yaml::{Node, Value};

/// Interquartile means of normalised scores along an axis.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Published {
    /// Who, and where.
    pub source: String,
    /// The key that is swept.
    pub axis: String,
    /// The points of each method.
    pub iqm: BTreeMap<String, Vec<At>>,
}

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct At {
    /// The value of the axis.
    pub at: f64,
    /// The mean there.
    pub iqm: f64,
    /// The lower end of its interval, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    /// The upper end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
}

/// What a config says of it.
pub fn read_published(node: Option<&Node>) -> Checked<Option<Published>> {
    let Some(node) = node.filter(|node| node.value != Value::Null) else { return Ok(None) };
    as_typed(node).map(Some).map_err(|found| {
        let allowed = "source, axis, and iqm: points of each method along the axis";
        let hint = "{source: who, axis: sparsity.sparsity, iqm: {set: [{at: 0.9, iqm: 1.03}]}}";
        Problem::at(node, "published", found, allowed, hint)
    })
}
