//! What trained policies reach under other options of their env, such as noise on its screens (Graesser et al. 2022,
//! figure 6).

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::key_axis::axis;
use super::methods::{self, best_of_methods, ends, name, scored};
use super::plate::{Content, Figure};
use crate::chart::{Axis, Lines, Panel, Plot, Point, Series};
use crate::comparison::{Cell, Comparison, bootstrap};
use crate::report::swept::word;
use crate::results::Progress;
use crate::robustness::Held;
use crate::statistics::{Aggregate, Scores};

/// A reader can follow as many lines in one chart.
const MOST_LINES: usize = 8;

/// Options but for the one that an axis is for.
type Others = BTreeMap<String, Json>;

/// Where policies were scored so.
pub fn figure(comparison: &Comparison) -> Option<Figure> {
    let panels: Vec<Panel> =
        comparison.tasks.iter().flat_map(|task| panels(comparison, &task.env)).collect();
    if panels.is_empty() {
        return None;
    }
    Some(Figure {
        id: "robustness".into(),
        title: "Robustness".into(),
        caption: format!(
            "Interquartile mean over {} of the mean return of each last policy under other options of its env, with its 95 % bootstrap interval; \
             all are played from the same seeds. {}",
            methods::seeds(comparison.cells.iter()),
            methods::config(comparison)
        ),
        command: methods::command(comparison, &[]),
        content: Content::Panels(panels),
    })
}

/// A chart of `env` for each combination of the other options.
fn panels(comparison: &Comparison, env: &str) -> Vec<Panel> {
    let mut cells = scored(comparison, env);
    cells.retain(|cell| cell.jobs.iter().any(|job| !job.robustness.is_empty()));
    if cells.len() > MOST_LINES {
        cells = best_of_methods(&cells);
    }
    let held = || cells.iter().flat_map(|cell| &cell.jobs).flat_map(|job| &job.robustness);
    let Some(key) = longest(held()) else { return Vec::new() };
    let mut others: Vec<Others> = Vec::new();
    for held in held() {
        let rest = without(held, &key);
        if !others.contains(&rest) {
            others.push(rest);
        }
    }
    others.iter().map(|rest| panel(comparison, (env, &cells), &key, rest)).collect()
}

fn panel(
    comparison: &Comparison,
    (env, cells): (&str, &[&Cell]),
    key: &str,
    rest: &Others,
) -> Panel {
    let mut values: Vec<Json> = Vec::new();
    let here = |held: &&Held| without(held, key) == *rest;
    for held in
        cells.iter().flat_map(|cell| &cell.jobs).flat_map(|job| &job.robustness).filter(here)
    {
        values.extend(held.options.get(key).filter(|value| !values.contains(value)).cloned());
    }
    let (x, places) = axis(&format!("env.options.{key}"), &values);
    let styles = methods::styles(cells.iter().map(|cell| cell.at.method.as_str()));
    let series = cells.iter().zip(styles).map(|(cell, style)| {
        let point = |(value, place): (&Json, &f64)| {
            let finished = cell.jobs.iter().filter(|job| job.progress == Progress::Finished);
            let of_job = |held: &&Held| here(held) && held.options.get(key) == Some(value);
            let returns: Vec<f64> = finished
                .filter_map(|job| job.robustness.iter().find(of_job))
                .map(|held| held.mean_return)
                .collect();
            let scores = Scores::new(vec![returns]);
            let estimate = bootstrap(&cell.label).estimate(Aggregate::Iqm, &scores)?;
            Some(Point { interval: ends(&estimate), ..Point::new(*place, estimate.value) })
        };
        let mut points: Vec<Point> = values.iter().zip(&places).filter_map(point).collect();
        points.sort_by(|a, b| a.x.total_cmp(&b.x));
        Series { label: name(cell, comparison), style, points, joined: true }
    });
    let lines = Lines::new(x, Axis::linear("return"), series.collect());
    let told = rest.iter().map(|(key, value)| format!(", {key} {}", word(value)));
    let title = format!("{env}{}", told.collect::<String>());
    Panel { title, plot: Plot::Lines(lines) }
}

/// The option with the most values, numbers before others.
fn longest<'a>(all: impl Iterator<Item = &'a Held>) -> Option<String> {
    let mut values: BTreeMap<&str, Vec<&Json>> = BTreeMap::new();
    for (key, value) in all.flat_map(|held| &held.options) {
        let known = values.entry(key).or_default();
        if !known.contains(&value) {
            known.push(value);
        }
    }
    let size = |values: &Vec<&Json>| (values.iter().all(|value| value.is_number()), values.len());
    let longest = values.into_iter().max_by_key(|(_, values)| size(values));
    longest.map(|(key, _)| key.to_owned())
}

fn without(held: &Held, key: &str) -> Others {
    let mut rest = held.options.clone();
    rest.remove(key);
    rest
}
