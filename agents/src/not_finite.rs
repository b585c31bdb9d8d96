//! Where a loss that is no number comes from. It is asked for only once there is one.

use sparring_sparse::{Layer, Network};

use crate::error::AgentError;

/// What a loss was computed from.
pub enum Source<'a> {
    /// Numbers, and what one of them is: `a reward`.
    Numbers(&'a str, &'a [f32]),
    /// A network, in words (`the target of `q``), and what it read, `(batch, in)`.
    Network(&'a str, &'a Network, &'a [f32]),
}

/// That `what`, computed at gradient step `step`, is `value`. It comes from the first of its `sources`, in the order
/// of computation and layer by layer, that is no number; where all are, from the largest, which overflows in it.
pub fn loss_is(what: &str, value: f32, step: u64, sources: &[Source<'_>]) -> AgentError {
    let parts: Vec<Part> = sources.iter().flat_map(Source::parts).collect();
    let cause = match parts.iter().find(|part| !part.largest.is_finite()) {
        Some(Part { words, largest }) => Some(format!("{words} {largest}")),
        None => {
            let largest = parts.iter().max_by(|a, b| a.largest.abs().total_cmp(&b.largest.abs()));
            largest.map(|Part { words, largest }| format!("it overflows where {words} {largest:e}"))
        }
    };
    AgentError::NotFinite { what: what.to_owned(), cause, value, step }
}

/// That `values`, which stand outside all networks, are numbers after gradient step `step`.
///
/// # Errors
/// The first that is none.
pub fn check(what: &str, values: &[f64], step: u64) -> Result<(), AgentError> {
    let Some(value) = values.iter().find(|value| !value.is_finite()) else { return Ok(()) };
    let (what, value) = (what.to_owned(), *value as f32);
    Err(AgentError::NotFinite { what, cause: None, value, step })
}

/// A layer or a list of numbers.
struct Part {
    /// What is to be said before its value.
    words: String,
    /// The first that is no number, or the largest.
    largest: f32,
}

impl Part {
    fn of(words: String, values: &[f32]) -> Self {
        let broken = values.iter().find(|value| !value.is_finite());
        let largest = values.iter().max_by(|a, b| a.abs().total_cmp(&b.abs()));
        Self { words, largest: broken.or(largest).copied().unwrap_or_default() }
    }
}

impl Source<'_> {
    fn parts(&self) -> Vec<Part> {
        match self {
            Self::Numbers(one, values) => vec![Part::of(format!("{one} is"), values)],
            Self::Network(name, network, x) => {
                // What cannot be computed now is no cause.
                let outputs = network.activations(x).unwrap_or_default();
                let part = |(layer, outputs): (&Layer, Vec<f32>)| {
                    Part::of(format!("layer `{}` of {name} gives", layer.name()), &outputs)
                };
                network.layers().iter().zip(outputs).map(part).collect()
            }
        }
    }
}
