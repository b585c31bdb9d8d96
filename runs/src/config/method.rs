//! The methods of the section `sparsity`, and the keys of each.

use sparring_sparse::methods::dense::Dense;
use sparring_sparse::methods::pruning::Pruning;
use sparring_sparse::methods::rigl::{GrownValue, Rigl};
use sparring_sparse::methods::set::Set;
use sparring_sparse::methods::snfs::Snfs;
use sparring_sparse::methods::snip::Snip;
use sparring_sparse::methods::static_sparse::Static;
use sparring_sparse::methods::top_kast::TopKast;
use sparring_sparse::methods::{Decay, DropGrow, MethodChoice, Order};

use super::bounds::Bounds;
use super::problem::Checked;
use super::section::Otherwise::Default;
use super::section::Section;

/// The methods by name, with one line each.
pub const KINDS: [(&str, Kind, &str); 8] = [
    ("dense", Kind::Dense, "every weight is active: the baseline"),
    ("static", Kind::Static, "a random topology, drawn once, that never changes"),
    ("set", Kind::Set, "drop the smallest weights, grow at random (Mocanu et al. 2018)"),
    (
        "rigl",
        Kind::Rigl,
        "drop the smallest weights, grow where the dense gradient is largest (Evci et al. 2020)",
    ),
    (
        "snfs",
        Kind::Snfs,
        "drop the smallest weights, grow where the averaged dense gradient is largest (Dettmers & Zettlemoyer 2019)",
    ),
    (
        "pruning",
        Kind::Pruning,
        "from dense, remove the smallest weights on a cubic schedule (Zhu & Gupta 2018)",
    ),
    (
        "snip",
        Kind::Snip,
        "from dense, remove once, at the first step, what matters least to the loss (Lee et al. 2019)",
    ),
    (
        "top_kast",
        Kind::TopKast,
        "the largest weights are active, a larger set trains and competes (Jayakumar et al. 2020)",
    ),
];

/// A method, before its numbers are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// See [`Dense`].
    Dense,
    /// See [`Static`].
    Static,
    /// See [`Set`].
    Set,
    /// See [`Rigl`].
    Rigl,
    /// See [`Snfs`].
    Snfs,
    /// See [`Pruning`].
    Pruning,
    /// See [`Snip`].
    Snip,
    /// See [`TopKast`].
    TopKast,
}

const INTERVAL: u64 = 1_000;

/// Reads the keys of `kind`.
pub fn read(s: &mut Section<'_>, kind: Kind) -> Checked<MethodChoice> {
    Ok(match kind {
        Kind::Dense => Dense {}.into(),
        Kind::Static => Static {}.into(),
        Kind::Snip => Snip {}.into(),
        Kind::Set => Set { schedule: read_drop_grow(s)? }.into(),
        Kind::Rigl => read_rigl(s)?.into(),
        Kind::Snfs => {
            let schedule = read_drop_grow(s)?;
            let smoothing = s.number("smoothing", Default(0.9), Bounds::below(0.0, 1.0))?;
            Snfs { schedule, smoothing }.into()
        }
        Kind::Pruning => Pruning {
            prune_every_gradient_steps: s.whole(
                "prune_every_gradient_steps",
                Default(INTERVAL),
                1,
            )?,
            prune_from: s.number("prune_from", Default(0.2), Bounds::below(0.0, 1.0))?,
            prune_until: s.number("prune_until", Default(0.75), Bounds::above_to(0.0, 1.0))?,
        }
        .into(),
        Kind::TopKast => TopKast {
            update_every_gradient_steps: s.whole("update_every_gradient_steps", Default(100), 1)?,
            backward_sparsity: s.optional_number(
                "backward_sparsity",
                None,
                Bounds::below(0.0, 1.0),
            )?,
            exploration_penalty: s.number(
                "exploration_penalty",
                Default(1e-4),
                Bounds::at_least(0.0),
            )?,
        }
        .into(),
    })
}

fn read_drop_grow(s: &mut Section<'_>) -> Checked<DropGrow> {
    let decays =
        [("cosine", Decay::Cosine), ("linear", Decay::Linear), ("constant", Decay::Constant)];
    let orders = [
        ("before_step", Order::BeforeStep),
        ("after_step", Order::AfterStep),
        ("instead_of_step", Order::InsteadOfStep),
    ];
    Ok(DropGrow {
        update_every_gradient_steps: s.whole(
            "update_every_gradient_steps",
            Default(INTERVAL),
            1,
        )?,
        update_until: s.number("update_until", Default(0.75), Bounds::above_to(0.0, 1.0))?,
        drop_fraction: s.number("drop_fraction", Default(0.5), Bounds::within(0.0, 1.0))?,
        drop_schedule: s.choice("drop_schedule", Default("cosine"), &decays)?,
        update_order: s.choice("update_order", Default("before_step"), &orders)?,
    })
}

fn read_rigl(s: &mut Section<'_>) -> Checked<Rigl> {
    let any = Bounds::within(-1e6, 1e6);
    let values = [
        ("zero", GrownValue::Zero),
        ("gradient", GrownValue::Gradient),
        ("sign", GrownValue::Sign),
        ("normal", GrownValue::Normal),
        ("uniform", GrownValue::Uniform),
    ];
    Ok(Rigl {
        schedule: read_drop_grow(s)?,
        inverted: s.flag("inverted", false)?,
        grown_value: s.choice("grown_value", Default("zero"), &values)?,
        grown_scale: s.number("grown_scale", Default(1.0), any)?,
        grown_moment: s.number("grown_moment", Default(0.0), any)?,
    })
}
