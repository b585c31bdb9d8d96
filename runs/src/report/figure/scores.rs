//! The scores of all cells below each other.

use super::methods::{self, ends, name, scored};
use super::plate::{Content, Figure};
use crate::chart::{Axis, Forest, Panel, Plot, Row};
use crate::comparison::Comparison;

/// Where there is a score.
pub fn figure(comparison: &Comparison) -> Option<Figure> {
    let panel = |env: &String| {
        let cells = scored(comparison, env);
        let styles = methods::styles(cells.iter().map(|cell| cell.at.method.as_str()));
        let row = |(cell, style)| -> Option<Row> {
            let cell: &crate::comparison::Cell = cell;
            let score = cell.score.as_ref()?;
            let label = name(cell, comparison);
            Some(Row { label, style, value: score.value, interval: ends(score), judgement: None })
        };
        let mut rows: Vec<Row> = cells.into_iter().zip(styles).filter_map(row).collect();
        let dense = |row: &&Row| Some(&row.label) == comparison.baseline.as_ref();
        let reference = rows.iter().find(dense).map(|row| row.value);
        let labels: Vec<&str> = rows.iter().map(|row| row.label.as_str()).collect();
        let Told { labels, keys } = Told::of(&labels);
        rows.iter_mut().zip(labels).for_each(|(row, label)| row.label = label);
        let title = match keys.as_slice() {
            [] => env.clone(),
            keys => format!("{env}: variant, {}", keys.join(", ")),
        };
        let x = Axis::linear("return");
        let plot = Plot::Forest(Forest { x, rows, reference, bars: false });
        Panel { title, plot }
    };
    let envs = comparison.tasks.iter().map(|task| &task.env);
    let envs = envs.filter(|env| !scored(comparison, env).is_empty());
    let panels: Vec<Panel> = envs.map(panel).collect();
    if panels.is_empty() {
        return None;
    }
    Some(Figure {
        id: "scores".into(),
        title: "Return of every variant".into(),
        caption: format!(
            "Interquartile mean of the scores of {} with its 95 % bootstrap interval; the score of a seed is its mean \
             return over the last tenth of its evaluations. {}",
            methods::seeds(comparison.cells.iter()),
            methods::config(comparison)
        ),
        command: methods::command(comparison, &[]),
        content: Content::Panels(panels),
    })
}

/// Labels that say what differs.
#[derive(Debug, PartialEq)]
struct Told {
    labels: Vec<String>,
    /// The keys whose values they have, where those are named once for all of them.
    keys: Vec<String>,
}

impl Told {
    /// `labels` without the values of keys that all of them have, such as the environment's, which is the title; and where
    /// the same keys differ in all of them, without these.
    fn of(labels: &[&str]) -> Self {
        let [_, _, ..] = labels else {
            return Self {
                labels: labels.iter().map(|&label| label.into()).collect(),
                keys: Vec::new(),
            };
        };
        let is_shared = |part: &&str| {
            let has = |label: &&str| label.split(',').any(|other| other == *part);
            part.contains('=') && labels.iter().all(has)
        };
        let parts: Vec<Vec<&str>> = labels
            .iter()
            .map(|label| label.split(',').filter(|part| !is_shared(part)).collect())
            .collect();
        let keys_of = |parts: &Vec<&str>| -> Vec<String> {
            let values = parts.iter().filter_map(|part| part.split_once('='));
            values.map(|(key, _)| key.to_owned()).collect()
        };
        let keys = parts.first().map(keys_of).unwrap_or_default();
        if keys.is_empty() || parts.iter().any(|parts| keys_of(parts) != keys) {
            let labels = parts.iter().map(|parts| parts.join(",")).collect();
            return Self { labels, keys: Vec::new() };
        }
        let value = |part: &&str| part.split_once('=').map_or(*part, |(_, value)| value).to_owned();
        let short = |parts: &Vec<&str>| parts.iter().map(value).collect::<Vec<_>>().join(", ");
        Self { labels: parts.iter().map(short).collect(), keys }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_say_what_differs() {
        let of = |labels: &[&str]| Told::of(labels);
        let told = |labels: &[&str], keys: &[&str]| Told {
            labels: labels.iter().map(|&label| label.into()).collect(),
            keys: keys.iter().map(|&key| key.into()).collect(),
        };
        let labels = ["dense,id=A,total=0.1,share=0.9", "rigl,id=A,total=0.2,share=0.9"];
        assert_eq!(of(&labels), told(&["dense, 0.1", "rigl, 0.2"], &["total"]));
        assert_eq!(of(&labels[..1]), told(&labels[..1], &[]));
        assert_eq!(of(&["flatten", "tokens"]), told(&["flatten", "tokens"], &[]));
        let both = ["dense,total=0.1,share=0.9", "dense,total=0.2,share=0.8"];
        let short = told(&["dense, 0.1, 0.9", "dense, 0.2, 0.8"], &["total", "share"]);
        assert_eq!(of(&both), short);
        // A dense network without them.
        let some = ["dense", "rigl,total=0.2,share=0.8"];
        assert_eq!(of(&some), told(&some, &[]));
    }
}
