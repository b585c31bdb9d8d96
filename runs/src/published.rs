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
use crate::registry::rows;
use crate::variant::Variant;
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

/// What a config of these variants says of it. Where that is `narrowed`, its axis may have gone.
pub fn read_published(
    node: Option<&Node>,
    variants: &[Variant],
    narrowed: bool,
) -> Checked<Option<Published>> {
    let Some(node) = node.filter(|node| node.value != Value::Null) else { return Ok(None) };
    let wrong = |found: String, allowed: &str| {
        let hint = "{source: who, axis: sparsity.sparsity, iqm: {set: [{at: 0.9, iqm: 1.03}]}}";
        Problem::at(node, "published", found, allowed, hint)
    };
    let published: Published = as_typed(node).map_err(|found| {
        wrong(found, "source, axis, and iqm: points of each method along the axis")
    })?;
    let Published { axis, iqm, .. } = &published;
    if !narrowed && !variants.iter().any(|variant| variant.at.axes.contains_key(axis)) {
        return Err(wrong(format!("the axis {axis}"), "an axis of the sweep"));
    }
    let is_known = |method: &&String| rows().methods().iter().any(|row| row.name == *method);
    if let Some(method) = iqm.keys().find(|method| !is_known(method)) {
        return Err(wrong(format!("the method {method}"), "methods of `sparring list methods`"));
    }
    let is_off = |at: &&At| {
        at.low.is_some_and(|low| low > at.iqm) || at.high.is_some_and(|high| high < at.iqm)
    };
    match iqm.values().flatten().find(is_off) {
        Some(at) => Err(wrong(format!("{at:?}"), "low not above iqm, high not below it")),
        None => Ok(Some(published)),
    }
}
