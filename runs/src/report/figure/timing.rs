//! Where the time of a seed goes.

use super::methods::{self, name};
use super::plate::{Content, Figure};
use crate::chart::{Axis, Bar, Bars, Panel, Plot};
use crate::comparison::{Cell, Comparison};

/// Where it was measured.
pub fn figure(comparison: &Comparison) -> Option<Figure> {
    let cells: Vec<&Cell> =
        comparison.cells.iter().filter(|cell| !cell.phases.is_empty()).collect();
    let mut parts: Vec<Part> = Vec::new();
    for (name, seconds) in cells.iter().flat_map(|cell| cell.phases.seconds()) {
        match parts.iter_mut().find(|part| part.name == name) {
            Some(part) => part.seconds += seconds,
            None => parts.push(Part { name: name.to_owned(), seconds }),
        }
    }
    parts.sort_by(|a, b| b.seconds.total_cmp(&a.seconds));
    let bar = |cell: &&Cell| {
        let begun = cell.jobs.iter().filter(|job| !job.costs.phases.is_empty()).count();
        let of = |part: &Part| {
            let mut phases = cell.phases.seconds();
            let found = phases.find(|(name, _)| *name == part.name);
            found.map_or(0.0, |(_, seconds)| seconds / begun.max(1) as f64)
        };
        let label = match comparison.tasks.len() {
            0 | 1 => name(cell, comparison),
            _ => cell.label.clone(),
        };
        Bar { label, values: parts.iter().map(of).collect() }
    };
    let bars: Vec<Bar> = cells.iter().map(bar).collect();
    if bars.is_empty() {
        return None;
    }
    let names = parts.into_iter().map(|part| part.name).collect();
    let plot = Plot::Bars(Bars { x: Axis::linear("seconds of a seed"), parts: names, bars });
    Some(Figure {
        id: "timing".into(),
        title: "Where the time goes".into(),
        caption: format!(
            "Mean seconds over {} of the phases of a training: choosing actions, environments, learning, and what is recorded \
             beside them. {}",
            methods::seeds(comparison.cells.iter()),
            methods::config(comparison)
        ),
        command: methods::command(comparison, &[]),
        content: Content::Panels(vec![Panel { title: String::new(), plot }]),
    })
}

struct Part {
    name: String,
    seconds: f64,
}
