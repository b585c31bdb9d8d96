//! The keys of an agent's optimiser.

use sparring_sparse::{ClipNorm, OptimizerConfig, Rule, WeightDecay};

use crate::config::bounds::Bounds;
use crate::config::problem::Checked;
use crate::config::section::Otherwise::Default;
use crate::config::section::Section;

/// Adam, Adam with decoupled decay, or SGD.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Optimizer {
    Adam,
    AdamW,
    Sgd,
}

/// The optimisers by name, with the keys that not all have.
const RULES: [(&str, Optimizer, &[&str]); 3] = [
    ("adam", Optimizer::Adam, &["adam_beta1", "adam_beta2", "adam_eps", "weight_decay_form"]),
    ("adamw", Optimizer::AdamW, &["adam_beta1", "adam_beta2", "adam_eps"]),
    ("sgd", Optimizer::Sgd, &["momentum", "weight_decay_form"]),
];

/// What to say of a `key` that another optimiser has.
pub fn advice(key: &str) -> Option<String> {
    let rules = RULES.iter().filter(|(_, _, keys)| keys.contains(&key));
    let names: Vec<_> = rules.map(|(name, ..)| *name).collect();
    (!names.is_empty()).then(|| format!("remove it; it belongs to optimizer {}", names.join(", ")))
}

/// Reads the keys; what is left out is as in `paper`.
pub fn read(s: &mut Section<'_>, paper: OptimizerConfig) -> Checked<OptimizerConfig> {
    let learning_rate =
        s.number("learning_rate", Default(paper.learning_rate), Bounds::above(0.0))?;
    let rules = RULES.map(|(name, rule, _)| (name, rule));
    let optimizer = s.choice("optimizer", Default("adam"), &rules)?;
    let below = Bounds::below(0.0, 1.0);
    let eps = match paper.rule {
        Rule::Adam { eps, .. } => eps,
        Rule::Sgd { .. } => 1e-7,
    };
    let rule = match optimizer {
        Optimizer::Adam | Optimizer::AdamW => Rule::Adam {
            beta1: s.number("adam_beta1", Default(0.9), below)?,
            beta2: s.number("adam_beta2", Default(0.999), below)?,
            eps: s.number("adam_eps", Default(eps), Bounds::above(0.0))?,
        },
        Optimizer::Sgd => Rule::Sgd { momentum: s.number("momentum", Default(0.9), below)? },
    };
    let forms = [("squares", WeightDecay::Squares), ("half_squares", WeightDecay::HalfSquares)];
    let weight_decay = match optimizer {
        Optimizer::AdamW => WeightDecay::Decoupled,
        _ => s.choice("weight_decay_form", Default("squares"), &forms)?,
    };
    let max_grad_norm =
        s.optional_number("max_grad_norm", paper.max_grad_norm, Bounds::above(0.0))?;
    let norms = [("active", ClipNorm::Active), ("dense", ClipNorm::Dense)];
    let clip_norm = s.choice("clip_norm", Default("active"), &norms)?;
    if clip_norm == ClipNorm::Dense && max_grad_norm.is_none() {
        let hint = "add max_grad_norm, such as 10, or remove clip_norm";
        return Err(s.problem("clip_norm", "dense", "active, where max_grad_norm is null", hint));
    }
    Ok(OptimizerConfig { rule, learning_rate, weight_decay, max_grad_norm, clip_norm })
}
