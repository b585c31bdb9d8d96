//! The axis of a key of a config.

use serde_json::Value as Json;

use crate::chart::{Axis, Spacing};
use crate::report::swept::{told_value, word};
use crate::variant::Coordinates;

/// A sweep that has a figure of its own name.
struct Known {
    key: &'static str,
    title: &'static str,
    axis: &'static str,
    percent: bool,
}

const KNOWN: [Known; 3] = [
    Known {
        key: "sparsity.budget.actor_share",
        title: "Actor and critic",
        axis: "share of the active weights that the actor has",
        percent: true,
    },
    Known {
        key: "env.options.noise_sigma",
        title: "Trained under noise",
        axis: "deviation of the noise on observations",
        percent: false,
    },
    Known {
        key: "sparsity.sparsity",
        title: "Return against sparsity",
        axis: "sparsity",
        percent: true,
    },
];

/// What a figure of the key `key` is called.
pub fn title(key: &str) -> String {
    let known = KNOWN.iter().find(|known| known.key == key);
    known.map_or_else(|| format!("Return against {key}"), |known| known.title.to_owned())
}

/// The values that `at` has on the axes other than `keys` and the environment's: `width=3`.
pub fn others(at: &Coordinates, keys: &[&str]) -> Vec<String> {
    let axes = at.axes.iter().filter(|(key, _)| *key != "env.id" && !keys.contains(&key.as_str()));
    axes.map(|(key, value)| told_value(key, value)).collect()
}

/// What tells the line `one`, which is called `name` as others of `all` are, from these: those of its `others` that not all
/// of them have.
pub fn apart(name: &str, one: &[String], all: &[&[String]]) -> String {
    let tells = |part: &&String| all.iter().any(|others| !others.contains(part));
    let told = one.iter().filter(tells).map(String::as_str);
    std::iter::once(name).chain(told).collect::<Vec<_>>().join(" ")
}

/// The axis of these values of `key`, and where each stands: numbers by their size, and by their ratios where
/// they span many; else one by one.
pub fn axis(key: &str, values: &[Json]) -> (Axis, Vec<f64>) {
    let known = KNOWN.iter().find(|known| known.key == key);
    let label = known.map_or(key, |known| known.axis);
    let numbers: Option<Vec<f64>> = values.iter().map(Json::as_f64).collect();
    let Some(numbers) = numbers else {
        let mut words: Vec<String> = Vec::new();
        for value in values.iter().map(word) {
            if !words.contains(&value) {
                words.push(value);
            }
        }
        let place = |value: &Json| {
            let value = word(value);
            words.iter().position(|word| *word == value).unwrap_or_default() as f64
        };
        let places = values.iter().map(place).collect();
        return (Axis { spacing: Spacing::Words(words), ..Axis::linear(label) }, places);
    };
    let (low, high) = numbers
        .iter()
        .fold((f64::MAX, f64::MIN), |(low, high), number| (low.min(*number), high.max(*number)));
    let axis = match known {
        Some(known) if known.percent => Axis::linear(label).percent(),
        _ if low > 0.0 && high / low >= 8.0 => Axis::log(label),
        _ => Axis::linear(label),
    };
    (axis, numbers)
}
