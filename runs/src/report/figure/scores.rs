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
            Some(Row { label, style, value: score.value, interval: ends(score) })
        };
        let rows: Vec<Row> = cells.into_iter().zip(styles).filter_map(row).collect();
        let dense = |row: &&Row| Some(&row.label) == comparison.baseline.as_ref();
        let reference = rows.iter().find(dense).map(|row| row.value);
        let x = Axis::linear("return");
        let plot = Plot::Forest(Forest { x, rows, reference, bars: false });
        Panel { title: env.clone(), plot }
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
