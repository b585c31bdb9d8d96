//! The keys of `sparsity` that say in which form layers are computed.

use std::collections::BTreeMap;

use sparring_sparse::config::Forms;
use sparring_sparse::{BreakEven, Compute};

use super::bounds::Bounds;
use super::problem::{Checked, Problem, nearest};
use super::section::Otherwise::Default;
use super::section::{Section, not_a_section};
use crate::yaml::Value;

/// A form by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Auto,
    Sparse,
    Dense,
}

const FORMS: [(&str, Form); 3] =
    [("auto", Form::Auto), ("sparse", Form::Sparse), ("dense", Form::Dense)];

/// The forms as typed.
#[derive(Clone, Debug, PartialEq)]
pub struct TypedForms {
    all: Form,
    layers: BTreeMap<String, Form>,
    break_even: Option<BreakEven>,
}

impl TypedForms {
    /// Of a network without inactive weights.
    pub const DENSE: Self = Self { all: Form::Sparse, layers: BTreeMap::new(), break_even: None };

    /// `compute: auto`, `compute_layers: {hidden.0: dense}`, `break_even: {small, large, conv}`.
    pub fn read(s: &mut Section<'_>) -> Checked<Self> {
        let all = s.choice("compute", Default("auto"), &FORMS)?;
        let layers = read_layers(s)?;
        let break_even = read_break_even(s)?;
        let typed = Self { all, layers, break_even };
        if typed.break_even.is_some() && !typed.has_auto() {
            let found =
                "densities at which auto changes its form, where no layer is computed by auto";
            let allowed = "break_even beside compute: auto";
            return Err(s.problem("break_even", found, allowed, "remove it"));
        }
        Ok(typed)
    }

    fn has_auto(&self) -> bool {
        self.all == Form::Auto || self.layers.values().any(|form| *form == Form::Auto)
    }

    /// With the break-even of this machine's SIMD level, unless one is typed.
    pub fn resolve(self) -> Forms {
        let form = |form| match form {
            Form::Auto => Compute::Auto(self.break_even.unwrap_or_default()),
            Form::Sparse => Compute::Sparse,
            Form::Dense => Compute::Dense,
        };
        let layers = self.layers.iter().map(|(name, own)| (name.clone(), form(*own))).collect();
        Forms { all: form(self.all), layers }
    }
}

/// Whether the names exist is for the agent to say, which builds the layers.
fn read_layers(s: &mut Section<'_>) -> Checked<BTreeMap<String, Form>> {
    let mut layers = BTreeMap::new();
    let Some(node) = s.node("compute_layers") else { return Ok(layers) };
    let entries = node.entries().ok_or_else(|| not_a_section(node, "sparsity.compute_layers"))?;
    for (name, node) in entries {
        let text = match &node.value {
            Value::Text(text) => text.as_str(),
            _ => "",
        };
        let form = FORMS.iter().find(|(known, _)| *known == text).ok_or_else(|| {
            let names = FORMS.map(|(name, _)| name);
            let hint = nearest(text, names).unwrap_or("auto");
            let key = format!("sparsity.compute_layers.{name}");
            Problem::at(node, key, node.value.to_string(), names.join(", "), hint)
        })?;
        layers.insert(name.clone(), form.1);
    }
    Ok(layers)
}

fn read_break_even(s: &mut Section<'_>) -> Checked<Option<BreakEven>> {
    if s.node("break_even").is_none() {
        return Ok(None);
    }
    let mut section = s.section("break_even")?;
    let density = Bounds::above_to(0.0, 1.0);
    let small = section.number("small", Default(0.5), density)?;
    let large = section.number("large", Default(small), density)?;
    let conv = section.number("conv", Default(small), density)?;
    section.finish()?;
    Ok(Some(BreakEven { small, large, conv }))
}
