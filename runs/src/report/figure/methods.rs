//! Who is who: the same method has the same colour in every figure, and cells have names that are no longer than
//! it takes.

use std::collections::BTreeMap;

use super::key_axis::{apart, others};
use crate::chart::{Format, Reference, Style};
use crate::comparison::{Cell, Comparison, Group, Source};
use crate::registry::rows;
use crate::shell::word;
use crate::statistics::{Estimate, Interval};
use crate::table::counted;
use crate::variant::Coordinates;

/// How the method of this name looks: by its place in the registry, those that are not there behind all.
pub fn style(method: &str) -> Style {
    let methods = rows().methods();
    Style::nth(methods.iter().position(|row| row.name == method).unwrap_or(methods.len()))
}

/// How things of these methods look, one by one: the second of a method has other dashes than its first.
pub fn styles<'a>(methods: impl Iterator<Item = &'a str>) -> Vec<Style> {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let of = |method: &'a str| {
        let count = seen.entry(method).or_default();
        let style = style(method);
        let style = Style { dash: style.dash + *count, ..style };
        *count += 1;
        style
    };
    methods.map(of).collect()
}

/// The name of `cell` on a figure of its environment.
pub fn name(cell: &Cell, comparison: &Comparison) -> String {
    let unnamed = cell.label == cell.at.name && comparison.tasks.len() > 1;
    if unnamed { cell.without_env().name } else { cell.label.clone() }
}

/// `rigl at 95 %` where that tells it from the other cells of its environment, else its name.
pub fn spoken(cell: &Cell, comparison: &Comparison) -> String {
    let key = |cell: &Cell| (cell.at.method.clone(), sparsity(cell).map(f64::to_bits));
    let same = |other: &&Cell| other.at.env == cell.at.env && key(other) == key(cell);
    match sparsity(cell) {
        _ if comparison.cells.iter().filter(same).count() > 1 => name(cell, comparison),
        Some(sparsity) => format!("{} at {}", cell.at.method, Format::Percent.told(sparsity)),
        None => cell.at.method.clone(),
    }
}

/// The sparsity that its config names; none of a dense network.
pub fn sparsity(cell: &Cell) -> Option<f64> {
    cell.setting("sparsity.sparsity")?.as_f64().filter(|_| !cell.is_dense())
}

/// The cells of `env` that have a score.
pub fn scored<'a>(comparison: &'a Comparison, env: &'a str) -> Vec<&'a Cell> {
    comparison.cells.iter().filter(|cell| cell.at.env == env && cell.score.is_some()).collect()
}

/// Of each method the one that scores best, in the order of the first of each.
pub fn best_of_methods<'a>(cells: &[&'a Cell]) -> Vec<&'a Cell> {
    best(cells.iter().copied(), |cell| &cell.at.method, |cell| cell.score.as_ref())
}

/// Of each method the group that scores best.
pub fn best_groups(groups: &[Group]) -> Vec<&Group> {
    best(groups.iter(), |group| &group.at.method, |group| group.iqm.as_ref())
}

fn best<'a, T>(
    all: impl Iterator<Item = &'a T>,
    method: fn(&T) -> &str,
    score: fn(&T) -> Option<&Estimate>,
) -> Vec<&'a T> {
    let value = |one: &T| score(one).map_or(f64::NEG_INFINITY, |score| score.value);
    let mut best: Vec<&T> = Vec::new();
    for one in all {
        match best.iter_mut().find(|other| method(other) == method(one)) {
            Some(other) if value(one) > value(other) => *other = one,
            Some(_) => {}
            None => best.push(one),
        }
    }
    best
}

/// A score that others are compared with, across all of a chart.
pub fn across(label: &str, method: &str, score: &Estimate) -> Reference {
    Reference {
        label: label.to_owned(),
        style: Style { dash: 0, ..style(method) },
        y: score.value,
        interval: ends(score),
    }
}

/// The variant `name` at each of its values of the axes other than `x`, across.
pub fn all_across(name: &str, all: &[(&Coordinates, &Estimate)], x: &str) -> Vec<Reference> {
    let others: Vec<Vec<String>> = all.iter().map(|(at, _)| others(at, &[x])).collect();
    let lent: Vec<&[String]> = others.iter().map(Vec::as_slice).collect();
    let of = |((at, score), (dash, own)): (&(&Coordinates, &Estimate), (usize, &Vec<String>))| {
        let line = across(&apart(name, own, &lent), &at.method, score);
        Reference { style: Style { dash, ..line.style }, ..line }
    };
    all.iter().zip(others.iter().enumerate()).map(of).collect()
}

/// The ends of an interval as charts take them.
pub fn ends(estimate: &Estimate) -> Option<[f64; 2]> {
    estimate.interval.as_ref().map(|Interval { low, high }| [*low, *high])
}

/// `5 seeds`, `3 to 5 seeds`: how many each of `cells` has.
pub fn seeds<'a>(cells: impl Iterator<Item = &'a Cell> + Clone) -> String {
    let counts = cells.map(|cell| cell.scores.len()).filter(|count| *count > 0);
    let (least, most) = (counts.clone().min().unwrap_or(0), counts.max().unwrap_or(0));
    let most_told = counted(most, ["seed", "seeds"]);
    if least == most { most_told } else { format!("{least} to {most_told}") }
}

/// What 0 and 1 are on the scales of normalised scores.
pub fn scales(comparison: &Comparison) -> String {
    let mut sources: Vec<(&str, Vec<&str>)> = Vec::new();
    for task in &comparison.tasks {
        match sources.iter_mut().find(|(source, _)| *source == task.scale.source) {
            Some((_, envs)) => envs.push(&task.env),
            None => sources.push((&task.scale.source, vec![&task.env])),
        }
    }
    let told = sources.iter().map(|(source, envs)| format!("{} by {source}", envs.join(", ")));
    format!("Normalised: {}.", told.collect::<Vec<_>>().join("; "))
}

/// `config.yaml of out/quickstart`, or those of several runs.
pub fn config(comparison: &Comparison) -> String {
    let of = |source: &Source| source.root.display().to_string();
    let folders: Vec<String> = comparison.sources.iter().map(of).collect();
    format!("Config: config.yaml in {}.", folders.join(", "))
}

/// The command that draws the comparison again, with `more` behind it.
pub fn command(comparison: &Comparison, more: &[&str]) -> String {
    let words = ["sparring", "report"].into_iter().map(str::to_owned);
    let words = words.chain(comparison.arguments());
    let words = words.chain(more.iter().map(|word| (*word).to_owned()));
    words.map(|one| word(&one)).collect::<Vec<_>>().join(" ")
}
