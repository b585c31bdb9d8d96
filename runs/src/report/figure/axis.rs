//! Return against any key of the config: the one that was asked for, and those that the config sweeps.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::key_axis;
use super::methods::{self, ends, scored};
use super::over_tasks;
use super::plate::{Content, Figure};
use super::request::Request;
use crate::chart::{Axis, Lines, Panel, Plot, Point, Reference, Series};
use crate::comparison::{Cell, Comparison};
use crate::report::swept::{self, word};

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

/// The keys of the config in which variants differ, those whose values are sections aside.
pub fn axes(comparison: &Comparison) -> BTreeSet<String> {
    fn below(settings: &Json, above: &str, keys: &mut BTreeSet<String>) {
        let Some(section) = settings.as_object() else { return };
        for (key, value) in section {
            let key = if above.is_empty() { key.clone() } else { format!("{above}.{key}") };
            match value.is_object() {
                true => below(value, &key, keys),
                false => drop(keys.insert(key)),
            }
        }
    }
    let mut keys: BTreeSet<String> = ["agent", "method", "variant"].map(str::to_owned).into();
    comparison.cells.iter().for_each(|cell| below(&cell.settings, "", &mut keys));
    let differ = |key: &String| {
        let mut values = comparison.cells.iter().filter_map(|cell| value(cell, key));
        let first = values.next();
        values.any(|value| Some(value) != first)
    };
    keys.into_iter().filter(differ).collect()
}

fn figure(comparison: &Comparison, x: &str, by: &str) -> Option<Figure> {
    let tasks = comparison.tasks.iter();
    let mut panels: Vec<Panel> =
        tasks.filter_map(|task| panel(comparison, &task.env, x, by)).collect();
    if panels.is_empty() {
        return None;
    }
    let over_all = (by == "method").then(|| over_tasks::panel(comparison, x)).flatten();
    let beside = over_all.as_ref().map_or_else(String::new, |_| over_tasks::told(comparison, x));
    panels.extend(over_all);
    let title = key_axis::title(x);
    Some(Figure {
        id: format!("return-by-{}", x.replace(['.', '_'], "-")),
        title,
        caption: format!(
            "Interquartile mean of the scores of {} with its 95 % bootstrap interval, by {x}, a line for each {by}. {}{}",
            methods::seeds(comparison.cells.iter()),
            beside,
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
    let (axis, places) = key_axis::axis(x, &values);
    let mut lines: Vec<Line> = Vec::new();
    for (cell, place) in cells.into_iter().zip(places) {
        let key = value(cell, by).map_or_else(|| "none".to_owned(), |key| word(&key));
        let others = key_axis::others(&cell.at, &[x, by]);
        // Two cells at one place are two lines.
        let fits = |line: &&mut Line| {
            line.key == key && line.others == others && !line.at.contains(&place)
        };
        match lines.iter_mut().find(fits) {
            Some(line) => {
                line.cells.push(cell);
                line.at.push(place);
            }
            None => lines.push(Line { key, others, cells: vec![cell], at: vec![place] }),
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
        let same = || lines.iter().filter(|other| other.key == line.key);
        let variant = &line.cells[0].at.variant;
        let of_variants = same().any(|other| other.cells[0].at.variant != *variant);
        let name = if of_variants && !variant.is_empty() { variant } else { &line.key };
        let all: Vec<&[String]> = same().map(|other| other.others.as_slice()).collect();
        let label = key_axis::apart(name, &line.others, &all);
        Series { label, style, points, joined: true }
    });
    let lines = Lines::new(axis, Axis::linear("return"), series.collect());
    let references = whole(comparison, env, x);
    Some(Panel { title: env.to_owned(), plot: Plot::Lines(Lines { references, ..lines }) })
}

/// The baseline of `env` where it has no value of `x`, across.
fn whole(comparison: &Comparison, env: &str, x: &str) -> Vec<Reference> {
    let Some(name) = &comparison.baseline else { return Vec::new() };
    let here = scored(comparison, env);
    let is = |cell: &&Cell| cell.at.variant == *name && !cell.at.axes.contains_key(x);
    let all = here.into_iter().filter(is);
    let all = all.filter_map(|cell| Some((&cell.at, cell.score.as_ref()?))).collect::<Vec<_>>();
    methods::all_across(name, &all, x)
}

struct Line<'a> {
    key: String,
    others: Vec<String>,
    cells: Vec<&'a Cell>,
    at: Vec<f64>,
}

/// The value of `key` that `cell` has; `method`, `agent` and `variant` are keys as well.
fn value(cell: &Cell, key: &str) -> Option<Json> {
    match key {
        "method" => Some(cell.at.method.clone().into()),
        "agent" => Some(cell.at.agent.clone().into()),
        "variant" => Some(cell.at.variant.clone().into()),
        // What a budget is shared by is not in the config that comes of it.
        _ => swept::value(cell, key).cloned(),
    }
}
