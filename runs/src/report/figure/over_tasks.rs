//! Scores over all environments along an axis, beside what others published.

use super::key_axis::{self, apart, axis};
use super::methods::{self, ends};
use crate::chart::{Axis, Lines, Panel, Plot, Point, Reference, Series};
use crate::comparison::{Comparison, Group};
use crate::published::{At, Published};
use crate::variant::Coordinates;

/// The chart of normalised scores by the axis `x`; none where there is one environment and nothing published, or
/// nobody has two values.
pub fn panel(comparison: &Comparison, x: &str) -> Option<Panel> {
    let along: Vec<(&Group, f64)> = comparison
        .groups
        .iter()
        .filter(|group| group.iqm.is_some())
        .filter_map(|group| Some((group, group.at.axes.get(x)?.as_f64()?)))
        .collect();
    let is_one = along.iter().all(|(_, at)| Some(at) == along.first().map(|(_, at)| at));
    let others = of_others(comparison, x);
    if comparison.tasks.len() < 2 && others.is_none() || is_one {
        return None;
    }
    let mut lines: Vec<Line> = Vec::new();
    for (group, at) in &along {
        let Some(iqm) = &group.iqm else { continue };
        let point = Point { interval: ends(iqm), ..Point::new(*at, iqm.value) };
        let others = key_axis::others(&group.at, &[x]);
        let fits = |line: &&mut Line| {
            line.at.variant == group.at.variant
                && line.others == others
                && line.points.iter().all(|other| other.x != point.x)
        };
        match lines.iter_mut().find(fits) {
            Some(line) => line.points.push(point),
            None => lines.push(Line { at: &group.at, others, points: vec![point] }),
        }
    }
    let styles = methods::styles(lines.iter().map(|line| line.at.method.as_str()));
    let label = |line: &Line| {
        let same = lines.iter().filter(|other| other.at.variant == line.at.variant);
        let all: Vec<&[String]> = same.map(|other| other.others.as_slice()).collect();
        apart(&line.at.variant, &line.others, &all)
    };
    let labels: Vec<String> = lines.iter().map(label).collect();
    let mut series: Vec<Series> = lines
        .into_iter()
        .zip(labels)
        .zip(styles)
        .map(|((Line { mut points, .. }, label), style)| {
            points.sort_by(|a, b| a.x.total_cmp(&b.x));
            Series { label, style, points, joined: true }
        })
        .collect();
    series.extend(others.into_iter().flat_map(published));
    let values: Vec<_> =
        along.iter().filter_map(|(group, _)| group.at.axes.get(x)).cloned().collect();
    let references = whole(comparison, x);
    let (x, _) = axis(x, &values);
    let lines = Lines::new(x, Axis::linear("normalised score"), series);
    let title = match comparison.tasks.as_slice() {
        [one] => format!("{}, normalised", one.env),
        several => format!("All {} environments", several.len()),
    };
    Some(Panel { title, plot: Plot::Lines(Lines { references, ..lines }) })
}

/// Whose lines are thin, where there are some.
pub fn told(comparison: &Comparison, x: &str) -> String {
    match of_others(comparison, x) {
        Some(published) => format!("Thin lines: {}. ", published.source),
        None => String::new(),
    }
}

fn of_others<'a>(comparison: &'a Comparison, x: &str) -> Option<&'a Published> {
    let mut all = comparison.sources.iter().filter_map(|source| source.record.published.as_ref());
    all.find(|published| published.axis == x)
}

/// Thin lines with bands, without names: each has the colour of its method.
fn published(of: &Published) -> Vec<Series> {
    let series = |(method, points): (&String, &Vec<At>)| {
        let point = |at: &At| Point {
            interval: at.low.zip(at.high).map(|(low, high)| [low, high]),
            ..Point::new(at.at, at.iqm)
        };
        let points = points.iter().map(point).collect();
        Series { label: String::new(), style: methods::style(method), points, joined: true }
    };
    of.iqm.iter().map(series).collect()
}

/// The baseline, where it has no value of the axis, across.
fn whole(comparison: &Comparison, x: &str) -> Vec<Reference> {
    let Some(name) = &comparison.baseline else { return Vec::new() };
    let is = |group: &&Group| group.at.variant == *name && !group.at.axes.contains_key(x);
    let all = comparison.groups.iter().filter(is);
    let all = all.filter_map(|group| Some((&group.at, group.iqm.as_ref()?))).collect::<Vec<_>>();
    methods::all_across(name, &all, x)
}

/// Groups along one line.
struct Line<'a> {
    /// Where its first stands.
    at: &'a Coordinates,
    /// Its values of the other axes.
    others: Vec<String>,
    points: Vec<Point>,
}
