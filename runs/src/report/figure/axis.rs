//! Return against any key of the config: the one that was asked for, and those that the config sweeps.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::methods::{self, ends, scored};
use super::plate::{Content, Figure};
use super::request::Request;
use crate::chart::{Axis, Lines, Panel, Plot, Point, Series, Spacing};
use crate::comparison::{Cell, Comparison};

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
        title: "Robustness to noise",
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

/// Keys that other figures are about.
const ELSEWHERE: [&str; 3] = ["env.id", "sparsity.kind", "agent.kind"];

/// The figure of `--x` and `--by`.
pub fn asked(comparison: &Comparison, request: &Request) -> Option<Figure> {
    figure(comparison, request.x.as_ref()?, &request.by)
}

/// Those of the axes that the configs sweep.
pub fn swept(comparison: &Comparison) -> Vec<Figure> {
    let axes = comparison.cells.iter().flat_map(|cell| cell.at.axes.keys());
    let axes: BTreeSet<&String> = axes.filter(|key| !ELSEWHERE.contains(&key.as_str())).collect();
    axes.into_iter().filter_map(|key| figure(comparison, key, "method")).collect()
}

fn figure(comparison: &Comparison, x: &str, by: &str) -> Option<Figure> {
    let tasks = comparison.tasks.iter();
    let panels: Vec<Panel> = tasks.filter_map(|task| panel(comparison, &task.env, x, by)).collect();
    if panels.is_empty() {
        return None;
    }
    let known = KNOWN.iter().find(|known| known.key == x);
    let title = known.map_or_else(|| format!("Return against {x}"), |known| known.title.to_owned());
    Some(Figure {
        id: format!("return-by-{}", x.replace(['.', '_'], "-")),
        title,
        caption: format!(
            "Interquartile mean of the scores of {} with its 95 % bootstrap interval, by {x}, a line for each {by}. {}",
            methods::seeds(comparison.cells.iter()),
            methods::config(comparison)
        ),
        command: methods::command(comparison, &["--x", x, "--by", by]),
        content: Content::Panels(panels),
    })
}

fn panel(comparison: &Comparison, env: &str, x: &str, by: &str) -> Option<Panel> {
    let cells: Vec<&Cell> =
        scored(comparison, env).into_iter().filter(|cell| value(cell, x).is_some()).collect();
    let values: Vec<Json> = cells.iter().filter_map(|cell| value(cell, x)).collect();
    if values.iter().all(|value| Some(value) == values.first()) {
        return None;
    }
    let (axis, places) = axis(x, &values);
    let mut lines: Vec<Line> = Vec::new();
    for (cell, place) in cells.into_iter().zip(places) {
        let key = value(cell, by).map_or_else(|| "none".to_owned(), |key| word(&key));
        // Two cells at one place are two lines.
        let fits = |line: &&mut Line| line.key == key && !line.at.contains(&place);
        match lines.iter_mut().find(fits) {
            Some(line) => {
                line.cells.push(cell);
                line.at.push(place);
            }
            None => lines.push(Line { key, cells: vec![cell], at: vec![place] }),
        }
    }
    let styles = methods::styles(lines.iter().map(|line| line.cells[0].at.method.as_str()));
    let series = lines.iter().zip(styles).map(|(line, style)| {
        let point = |(cell, x): (&&Cell, &f64)| {
            let score = cell.score.as_ref()?;
            Some(Point { interval: ends(score), ..Point::new(*x, score.value) })
        };
        let mut points: Vec<Point> = line.cells.iter().zip(&line.at).filter_map(point).collect();
        points.sort_by(|a, b| a.x.total_cmp(&b.x));
        Series { label: line.key.clone(), style, points, joined: true }
    });
    let series = series.collect();
    let y = Axis::linear("return");
    let plot = Plot::Lines(Lines { x: axis, y, series, references: Vec::new() });
    Some(Panel { title: env.to_owned(), plot })
}

struct Line<'a> {
    key: String,
    cells: Vec<&'a Cell>,
    at: Vec<f64>,
}

/// The value of `key` that `cell` has; `method`, `agent` and `variant` are keys as well.
fn value(cell: &Cell, key: &str) -> Option<Json> {
    match key {
        "method" => Some(cell.at.method.clone().into()),
        "agent" => Some(cell.at.agent.clone().into()),
        "variant" => Some(cell.at.variant.clone().into()),
        _ => cell.setting(key).filter(|value| !value.is_null()).cloned(),
    }
}

fn word(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The axis of these values of `key`, and where each stands: numbers by their size, and by their ratios where
/// they span many; else one by one.
fn axis(key: &str, values: &[Json]) -> (Axis, Vec<f64>) {
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
