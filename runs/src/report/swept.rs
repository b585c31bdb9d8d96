//! Cells along the keys that a sweep varies: what a job's coordinates and config say of a key, and which cells differ in
//! nothing else.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use crate::comparison::{Cell, Comparison, Scored, listed};
use crate::error::{Error, Refusal};
use crate::keys::nearest;

/// The key of a sweep over environments, which are tasks and no axis.
const ENV: &str = "env.id";

/// Cells that differ in nothing but some keys, and in their environments where those are tasks.
#[derive(Clone, Debug)]
pub struct Along<'a> {
    /// What they have in common, in words.
    pub label: String,
    /// Their method.
    pub method: &'a str,
    /// In the order of the configs.
    pub cells: Vec<&'a Cell>,
}

/// Whether environments tell cells apart, or are tasks that cells share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Envs {
    /// Cells of two environments are never of one group.
    Apart,
    /// Cells of all environments are.
    Together,
}

/// The value of `key` that `cell` has: as coordinate, or in its config.
pub fn value<'a>(cell: &'a Cell, key: &str) -> Option<&'a Json> {
    let coordinate = cell.at.axes.get(key);
    coordinate.or_else(|| cell.setting(key)).filter(|value| !value.is_null())
}

/// A value in words.
pub fn word(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A key and its value in words: `width=3`.
pub fn told_value(key: &str, value: &Json) -> String {
    format!("{}={}", key.rsplit('.').next().unwrap_or(key), word(value))
}

/// It as a number.
pub fn number(cell: &Cell, key: &str) -> Option<f64> {
    value(cell, key)?.as_f64()
}

/// The scores of the seeds that are at their end: those of others are of a shorter training.
pub fn finished(cell: &Cell) -> Vec<Scored> {
    if cell.is_partial() { Vec::new() } else { cell.scores.clone() }
}

/// Refuses a `key`, behind `flag`, which no two of the jobs differ in.
///
/// # Errors
/// Then; the error names the axes that there are.
pub fn check(of: &Comparison, flag: &str, key: &str) -> Result<(), Error> {
    let values: Vec<&Json> = of.cells.iter().filter_map(|cell| value(cell, key)).collect();
    let found = match values.as_slice() {
        [] => "a key that no job has".to_owned(),
        [first, rest @ ..] if rest.iter().all(|other| other == first) => {
            format!("a key that is {first} in all jobs")
        }
        [..] => return Ok(()),
    };
    let axes = axes(of);
    let near = nearest(key, axes.iter().map(String::as_str));
    let hint = near.or(axes.first().map(String::as_str)).unwrap_or("a run with a sweep");
    Err(Refusal::argument(format!("{flag} {key}"), found, told(&axes), hint))
}

/// What the jobs are swept over, in words.
fn told(axes: &[String]) -> String {
    match axes {
        [] => "a key that jobs differ in; these sweep none".to_owned(),
        some => format!("a key that jobs differ in: these sweep {}", some.join(", ")),
    }
}

/// The axes that the jobs have.
pub fn axes(of: &Comparison) -> Vec<String> {
    let axes = of.cells.iter().flat_map(|cell| cell.at.axes.keys());
    let axes: BTreeSet<&String> = axes.filter(|key| *key != ENV).collect();
    axes.into_iter().cloned().collect()
}

/// The cells in groups that differ in nothing but `keys`.
pub fn groups<'a>(of: &'a Comparison, keys: &[&str], envs: Envs) -> Vec<Along<'a>> {
    // Keys that only variants set tell variants apart, which are then of one group.
    let swept = of.cells.iter().all(|cell| keys.iter().all(|key| cell.at.axes.contains_key(*key)));
    let several = of.tasks.len() > 1 && envs == Envs::Apart;
    let several_agents = several_agents(of);
    let mut all: Vec<Along> = Vec::new();
    for cell in of.cells.iter().filter(|cell| keys.iter().all(|key| value(cell, key).is_some())) {
        let variant = if swept { cell.at.variant.as_str() } else { "" };
        let mut words =
            vec![if variant.is_empty() { cell.at.method.clone() } else { variant.to_owned() }];
        let mut axes = cell.at.axes.clone();
        axes.retain(|key, _| key != ENV && !keys.contains(&key.as_str()));
        if !swept
            && let Some(sparsity) = cell.setting("sparsity.sparsity").filter(|_| !cell.is_dense())
        {
            axes.insert("sparsity.sparsity".to_owned(), sparsity.clone());
        }
        words.extend(axes.iter().map(|(key, value)| told_value(key, value)));
        let mut label = words.join(", ");
        if several_agents {
            label = format!("{} {label}", cell.at.agent);
        }
        if several {
            label = format!("{}: {label}", cell.at.env);
        }
        match all.iter_mut().find(|other| other.label == label && other.method == cell.at.method) {
            Some(other) => other.cells.push(cell),
            None => all.push(Along { label, method: &cell.at.method, cells: vec![cell] }),
        }
    }
    all
}

fn several_agents(of: &Comparison) -> bool {
    let mut agents = of.cells.iter().map(|cell| &cell.at.agent);
    let first = agents.next();
    agents.any(|other| Some(other) != first)
}

/// What is to be said of the seeds of `cells`: that they differ in number, and which have none at their end.
pub fn uneven<'a>(cells: impl Iterator<Item = &'a Cell> + Clone) -> Vec<String> {
    let counts = || cells.clone().map(|cell| finished(cell).len()).filter(|count| *count > 0);
    let (least, most) = (counts().min().unwrap_or(0), counts().max().unwrap_or(0));
    let few = |cell: &&Cell| (1..most).contains(&finished(cell).len());
    let mut notes = Vec::new();
    if least < most {
        let names: Vec<String> = cells.clone().filter(few).map(|cell| cell.label.clone()).collect();
        notes.push(format!(
            "unequal seeds, {least} to {most} a cell; fewer than {most}: {}",
            listed(&names)
        ));
    }
    let none: Vec<String> =
        cells.filter(|cell| finished(cell).is_empty()).map(|cell| cell.label.clone()).collect();
    if !none.is_empty() {
        notes.push(format!("no seed at its end, left out: {}", listed(&none)));
    }
    notes
}
