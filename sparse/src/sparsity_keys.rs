//! The keys of the sparsity of one network, beside those of its method.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::{Distribution, Forms, Pattern, SparsityConfig};
use crate::keys::KeyError;
use crate::layers::{BreakEven, Compute};
use crate::methods::MethodChoice;

/// How sparse a network is, where, and how it is computed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SparsityKeys {
    /// Inactive weights as a part of all weights of the network; biases do not count.
    #[schemars(
        range(min = 0.0),
        example = 0.9,
        extend("exclusiveMaximum" = 1.0, "x-required" = true)
    )]
    pub sparsity: f64,
    /// How the active weights are spread over the layers.
    pub distribution: DistributionName,
    /// Below 1, ERK is softer.
    #[schemars(range(min = 0.0), extend("x-when" = {"distribution": ["erk"]}))]
    pub erk_power: f64,
    /// Which weights come and go together: `unstructured`, `2:4` (of every 4 inputs of an output 2), or
    /// blocks of outputs and inputs, such as `4x4`.
    pub pattern: String,
    /// Layers with a sparsity of their own, by name: `{hidden.0: 0.5}`.
    #[schemars(extend("additionalProperties" = {
        "type": "number", "minimum": 0.0, "exclusiveMaximum": 1.0
    }))]
    pub layers: BTreeMap<String, f64>,
    /// Whether weights are drawn by how many inputs and outputs are active where they stand, or as in a dense network.
    pub sparsity_aware_init: bool,
    /// Whether layers are computed by their active weights alone, or by all of them with zeros; `auto` is
    /// by density.
    pub compute: Form,
    /// Layers with a form of their own, by name: `{hidden.0: dense}`.
    pub compute_layers: BTreeMap<String, Form>,
    /// The densities at which `auto` changes its form; `null` is the table of this release. `sparring tune`
    /// measures a machine.
    pub break_even: Option<BreakEvenKeys>,
}

impl Default for SparsityKeys {
    fn default() -> Self {
        Self {
            sparsity: 0.9,
            distribution: DistributionName::Erk,
            erk_power: 1.0,
            pattern: "unstructured".to_owned(),
            layers: BTreeMap::new(),
            sparsity_aware_init: true,
            compute: Form::Auto,
            compute_layers: BTreeMap::new(),
            break_even: None,
        }
    }
}

/// A distribution by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DistributionName {
    /// See [`Distribution::Uniform`].
    Uniform,
    /// See [`Distribution::Er`].
    Er,
    /// See [`Distribution::Erk`].
    Erk,
}

/// A form by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// Sparse below a density, dense from it on.
    Auto,
    /// Active weights only.
    Sparse,
    /// All weights, the inactive ones as zeros.
    Dense,
}

/// See [`BreakEven`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BreakEvenKeys {
    /// Of linear layers of 256 × 256 and smaller.
    #[schemars(range(max = 1.0), extend("exclusiveMinimum" = 0.0))]
    pub small: f64,
    /// Of linear layers of 1,024 × 1,024 and larger; `null` is as small ones.
    #[schemars(range(max = 1.0), extend("exclusiveMinimum" = 0.0))]
    pub large: Option<f64>,
    /// Of convolutions; `null` is as small linear layers.
    #[schemars(range(max = 1.0), extend("exclusiveMinimum" = 0.0))]
    pub conv: Option<f64>,
}

impl Default for BreakEvenKeys {
    fn default() -> Self {
        Self { small: 0.5, large: None, conv: None }
    }
}

impl SparsityKeys {
    /// The sparsity of a network that is trained by `method` for `gradient_steps`.
    ///
    /// # Errors
    /// A pattern that is none, and a break-even that nothing asks for.
    pub fn config(
        self,
        method: MethodChoice,
        gradient_steps: u64,
    ) -> Result<SparsityConfig, KeyError> {
        let has_auto = [&self.compute].into_iter().chain(self.compute_layers.values());
        if self.break_even.is_some() && !has_auto.into_iter().any(|form| *form == Form::Auto) {
            let found =
                "densities at which auto changes its form, where no layer is computed by auto";
            let allowed = "break_even beside compute: auto";
            return Err(KeyError::new("break_even", found, allowed, "remove it"));
        }
        let even = self.break_even.map_or_else(BreakEven::default, |keys| BreakEven {
            small: keys.small,
            large: keys.large.unwrap_or(keys.small),
            conv: keys.conv.unwrap_or(keys.small),
        });
        let form = |form: Form| match form {
            Form::Auto => Compute::Auto(even),
            Form::Sparse => Compute::Sparse,
            Form::Dense => Compute::Dense,
        };
        let own = self.compute_layers.iter().map(|(name, own)| (name.clone(), form(*own)));
        Ok(SparsityConfig {
            sparsity_aware_init: method.row().draws_sparse && self.sparsity_aware_init,
            compute: Forms { all: form(self.compute), layers: own.collect() },
            method,
            gradient_steps,
            sparsity: self.sparsity,
            distribution: match self.distribution {
                DistributionName::Uniform => Distribution::Uniform,
                DistributionName::Er => Distribution::Er,
                DistributionName::Erk => Distribution::Erk { power: self.erk_power },
            },
            pattern: pattern(&self.pattern)?,
            layers: self.layers,
        })
    }
}

/// `unstructured`, `2:4` or `4x4`; whether it fits the layers is known with them.
fn pattern(text: &str) -> Result<Pattern, KeyError> {
    let pair = |separator| {
        let (a, b) = text.split_once(separator)?;
        Some((a.parse().ok()?, b.parse().ok()?))
    };
    match (text, pair(':'), pair('x')) {
        ("unstructured", ..) => Ok(Pattern::Unstructured),
        (_, Some((n, m)), _) => Ok(Pattern::Nm { n, m }),
        (_, None, Some((height, width))) => Ok(Pattern::Block { height, width }),
        (_, None, None) => {
            let allowed = "unstructured, n:m (n of every m inputs of an output), or blocks of outputs x inputs";
            Err(KeyError::new("pattern", text, allowed, "unstructured, 2:4 or 4x4"))
        }
    }
}
