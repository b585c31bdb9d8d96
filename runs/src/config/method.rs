//! The methods of the section `sparsity`, and the keys of each.

use sparring_sparse::config::{
    Decay, DropGrow, GrownValue, Method, Order, Pruning, Rigl, Snfs, TopKast,
};

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
    /// See [`Method::Dense`].
    Dense,
    /// See [`Method::Static`].
    Static,
    /// See [`Method::Set`].
    Set,
    /// See [`Method::Rigl`].
    Rigl,
    /// See [`Method::Snfs`].
    Snfs,
    /// See [`Method::Pruning`].
    Pruning,
    /// See [`Method::Snip`].
    Snip,
    /// See [`Method::TopKast`].
    TopKast,
}

/// A method as typed: times are fractions of a run whose length is not yet known.
#[derive(Clone, Debug, PartialEq)]
pub enum TypedMethod {
    /// One without times.
    Timeless(Method),
    /// See [`Method::Set`].
    Set(TypedDropGrow),
    /// See [`Method::Rigl`].
    Rigl(TypedDropGrow, Rigl),
    /// See [`Method::Snfs`].
    Snfs(TypedDropGrow, Snfs),
    /// See [`Method::Pruning`].
    Pruning { every: u64, from: f64, until: f64 },
}

/// See [`DropGrow`]; `until` is a fraction of the run.
#[derive(Clone, Debug, PartialEq)]
pub struct TypedDropGrow {
    schedule: DropGrow,
    until: f64,
}

const INTERVAL: u64 = 1_000;

impl TypedMethod {
    /// Reads the keys of `kind` in a network of this `sparsity`.
    pub fn read(s: &mut Section<'_>, kind: Kind, sparsity: f64) -> Checked<Self> {
        Ok(match kind {
            Kind::Dense => Self::Timeless(Method::Dense),
            Kind::Static => Self::Timeless(Method::Static),
            Kind::Snip => Self::Timeless(Method::Snip),
            Kind::Set => Self::Set(TypedDropGrow::read(s)?),
            Kind::Rigl => {
                let typed = TypedDropGrow::read(s)?;
                let rigl = read_rigl(s, typed.schedule.clone())?;
                Self::Rigl(typed, rigl)
            }
            Kind::Snfs => {
                let typed = TypedDropGrow::read(s)?;
                let smoothing = s.number("smoothing", Default(0.9), Bounds::below(0.0, 1.0))?;
                let snfs = Snfs { schedule: typed.schedule.clone(), smoothing };
                Self::Snfs(typed, snfs)
            }
            Kind::Pruning => read_pruning(s)?,
            Kind::TopKast => Self::Timeless(Method::TopKast(read_top_kast(s, sparsity)?)),
        })
    }

    /// Fractions become gradient steps of a run that has `gradient_steps` of them.
    pub fn resolve(self, gradient_steps: u64, s: &Section<'_>) -> Checked<Method> {
        let at = |fraction: f64| (fraction * gradient_steps as f64).round() as u64;
        let schedule = |typed: TypedDropGrow| DropGrow { until: at(typed.until), ..typed.schedule };
        Ok(match self {
            Self::Timeless(method) => method,
            Self::Set(typed) => Method::Set(schedule(typed)),
            Self::Rigl(typed, rigl) => Method::Rigl(Rigl { schedule: schedule(typed), ..rigl }),
            Self::Snfs(typed, snfs) => Method::Snfs(Snfs { schedule: schedule(typed), ..snfs }),
            Self::Pruning { every, from, until } => {
                let (start, last) = (at(from), at(until));
                let times = last.saturating_sub(start) / every;
                if times == 0 {
                    let allowed = format!(
                        "at most {}, the gradient steps from {start} (prune_from) to {last} (prune_until)",
                        last.saturating_sub(start)
                    );
                    let hint =
                        format!("{}, or a longer run", (last.saturating_sub(start) / 20).max(1));
                    let key = "prune_every_gradient_steps";
                    return Err(s.problem(key, &every.to_string(), &allowed, &hint));
                }
                Method::Pruning(Pruning { start, end: start + times * every, every })
            }
        })
    }
}

impl TypedDropGrow {
    fn read(s: &mut Section<'_>) -> Checked<Self> {
        let decays =
            [("cosine", Decay::Cosine), ("linear", Decay::Linear), ("constant", Decay::Constant)];
        let every = s.whole("update_every_gradient_steps", Default(INTERVAL), 1)?;
        let until = s.number("update_until", Default(0.75), Bounds::above_to(0.0, 1.0))?;
        let drop_fraction = s.number("drop_fraction", Default(0.5), Bounds::within(0.0, 1.0))?;
        let decay = s.choice("drop_schedule", Default("cosine"), &decays)?;
        let orders = [
            ("before_step", Order::BeforeStep),
            ("after_step", Order::AfterStep),
            ("instead_of_step", Order::InsteadOfStep),
        ];
        let order = s.choice("update_order", Default("before_step"), &orders)?;
        // The last step is known when the run's length is.
        Ok(Self { schedule: DropGrow { every, until: 0, drop_fraction, decay, order }, until })
    }
}

fn read_rigl(s: &mut Section<'_>, schedule: DropGrow) -> Checked<Rigl> {
    let any = Bounds::within(-1e6, 1e6);
    let inverted = s.flag("inverted", false)?;
    let kinds = ["zero", "gradient", "sign", "normal", "uniform"].map(|name| (name, name));
    let kind = s.choice("grown_value", Default("zero"), &kinds)?;
    let scale = s.number("grown_scale", Default(1.0), any)?;
    let grown_value = match kind {
        "gradient" => GrownValue::Gradient { scale },
        "sign" => GrownValue::Sign { scale },
        "normal" => GrownValue::Normal { scale },
        "uniform" => GrownValue::Uniform { scale },
        _ if scale == 1.0 => GrownValue::Zero,
        _ => {
            let hint = "remove it, or write another grown_value, such as gradient";
            let allowed = "a scale for a grown_value other than zero";
            return Err(s.problem("grown_scale", &scale.to_string(), allowed, hint));
        }
    };
    let grown_moment = s.number("grown_moment", Default(0.0), any)?;
    Ok(Rigl { schedule, inverted, grown_value, grown_moment })
}

fn read_pruning(s: &mut Section<'_>) -> Checked<TypedMethod> {
    let every = s.whole("prune_every_gradient_steps", Default(INTERVAL), 1)?;
    let from = s.number("prune_from", Default(0.2), Bounds::below(0.0, 1.0))?;
    let until = s.number("prune_until", Default(0.75), Bounds::above_to(0.0, 1.0))?;
    if until <= from {
        let (found, allowed) = (until.to_string(), format!("more than prune_from = {from}"));
        return Err(s.problem("prune_until", &found, &allowed, "0.75, with prune_from 0.2"));
    }
    Ok(TypedMethod::Pruning { every, from, until })
}

/// Left out, the backward set is twice as large as the forward set, and the penalty one of
/// the sweep of weight decays (PAPERS 2.1); neither is from the paper of the method.
fn read_top_kast(s: &mut Section<'_>, sparsity: f64) -> Checked<TopKast> {
    let twice = (1.0 - 2.0 * (1.0 - sparsity)).max(0.0);
    let below = Bounds::below(0.0, 1.0);
    Ok(TopKast {
        every: s.whole("update_every_gradient_steps", Default(100), 1)?,
        backward_sparsity: s.number("backward_sparsity", Default(twice), below)?,
        exploration_penalty: s.number(
            "exploration_penalty",
            Default(1e-4),
            Bounds::at_least(0.0),
        )?,
    })
}
