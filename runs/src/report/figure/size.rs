//! Return against what is left of a network: the main figure of Graesser et al. 2022.
//!
//! Dense networks of other widths are the curve of equal parameter count.

use std::collections::BTreeSet;

use super::key_axis;
use super::methods::{self, ends, scored};
use super::plate::{Content, Figure};
use crate::chart::{Axis, Lines, Panel, Plot, Point, Series};
use crate::comparison::{Cell, Comparison};

/// Where cells differ in their active parameters.
pub fn figure(comparison: &Comparison) -> Option<Figure> {
    let panels: Vec<Panel> =
        comparison.tasks.iter().filter_map(|task| panel(comparison, &task.env)).collect();
    if panels.is_empty() {
        return None;
    }
    Some(Figure {
        id: "return-by-parameters".into(),
        title: "Return against active parameters".into(),
        caption: format!(
            "Interquartile mean of the scores of {} and its 95 % bootstrap interval, by the weights and biases that are \
             active in all trained networks. The dashed line is the dense network; dense networks of several \
             sizes are the curve of equal parameter count. {}",
            methods::seeds(comparison.cells.iter()),
            methods::config(comparison)
        ),
        command: methods::command(comparison, &[]),
        content: Content::Panels(panels),
    })
}

fn panel(comparison: &Comparison, env: &str) -> Option<Panel> {
    let cells = scored(comparison, env);
    let sizes: Vec<u64> = cells.iter().filter_map(|cell| active(cell)).collect();
    if sizes.iter().all(|size| Some(size) == sizes.first()) {
        return None;
    }
    let resize = resizing(&cells);
    let mut all: Vec<Line> = Vec::new();
    for cell in cells.iter().filter(|cell| active(cell).is_some()) {
        let key = key(cell, &resize);
        // Two cells of one size are two lines.
        let fits = |line: &&mut Line| {
            line.key == key && line.cells.iter().all(|other| active(other) != active(cell))
        };
        match all.iter_mut().find(fits) {
            Some(line) => line.cells.push(cell),
            None => all.push(Line { key, cells: vec![cell] }),
        }
    }
    let styles = methods::styles(all.iter().map(|line| line.cells[0].at.method.as_str()));
    let series = all.iter().zip(&styles).map(|(line, style)| Series {
        label: line.label(&all, comparison),
        style: *style,
        points: line.points(),
        joined: true,
    });
    let dense: Vec<&&Cell> = cells.iter().filter(|cell| cell.is_dense()).collect();
    let references = match dense.as_slice() {
        [dense] => dense.score.as_ref().map(|score| methods::across("", &dense.at.method, score)),
        _ => None,
    };
    let lines =
        Lines::new(Axis::log("active parameters"), Axis::linear("return"), series.collect());
    let plot = Plot::Lines(Lines { references: references.into_iter().collect(), ..lines });
    Some(Panel { title: env.to_owned(), plot })
}

/// Cells along one line.
struct Line<'a> {
    key: Vec<String>,
    cells: Vec<&'a Cell>,
}

impl Line<'_> {
    /// Its method, and what tells it from other lines of that.
    fn label(&self, all: &[Self], comparison: &Comparison) -> String {
        let same: Vec<&Self> =
            all.iter().filter(|other| other.key.first() == self.key.first()).collect();
        if same.iter().filter(|other| other.key == self.key).count() > 1 {
            return self.shared_name(comparison);
        }
        let tells = |(at, part): &(usize, &String)| {
            *at == 0 || same.iter().any(|other| other.key.get(*at) != Some(*part))
        };
        let parts = self.key.iter().enumerate().filter(tells).map(|(_, part)| part.as_str());
        parts.collect::<Vec<_>>().join(" ")
    }

    /// What the names of its cells have in common.
    fn shared_name(&self, comparison: &Comparison) -> String {
        let names: Vec<String> =
            self.cells.iter().map(|cell| methods::name(cell, comparison)).collect();
        let is_shared =
            |part: &&str| names.iter().all(|name| name.split(',').any(|other| other == *part));
        names[0].split(',').filter(is_shared).collect::<Vec<_>>().join(",")
    }

    fn points(&self) -> Vec<Point> {
        let point = |cell: &&Cell| {
            let score = cell.score.as_ref()?;
            let (x, label) = (active(cell)? as f64, None);
            Some(Point { x, y: score.value, interval: ends(score), label })
        };
        let mut points: Vec<Point> = self.cells.iter().filter_map(point).collect();
        points.sort_by(|a, b| a.x.total_cmp(&b.x));
        points
    }
}

fn active(cell: &Cell) -> Option<u64> {
    Some(cell.sizes.as_ref()?.active_parameters)
}

/// The axes along which networks have other sizes.
fn resizing(cells: &[&Cell]) -> BTreeSet<String> {
    /// Shares of one budget differ by what is rounded.
    const LEAST: f64 = 1.02;
    let mut resizing = BTreeSet::new();
    for (at, one) in cells.iter().enumerate() {
        for other in cells[at + 1..].iter().filter(|other| other.at.variant == one.at.variant) {
            let differs = |key: &&String| one.at.axes.get(*key) != other.at.axes.get(*key);
            let keys: Vec<&String> = one.at.axes.keys().filter(differs).collect();
            let (Some(x), Some(y)) = (active(one), active(other)) else { continue };
            if let [key] = keys.as_slice()
                && x.max(y) as f64 > LEAST * x.min(y) as f64
            {
                resizing.insert((*key).clone());
            }
        }
    }
    resizing
}

/// What cells of one line share: their method, how it spreads its weights, and the values of the axes along which sizes are
/// the same.
fn key(cell: &Cell, resizing: &BTreeSet<String>) -> Vec<String> {
    let text = |key: &str| Some(cell.setting(key)?.as_str()?.to_owned());
    let spread = if cell.is_dense() { None } else { text("sparsity.distribution") };
    let of_axes: Vec<&str> =
        cell.at.axes.keys().filter(|key| resizing.contains(*key)).map(String::as_str).collect();
    [Some(cell.at.method.clone()), Some(cell.at.agent.clone()), spread]
        .into_iter()
        .flatten()
        .chain(key_axis::others(&cell.at, &of_axes))
        .collect()
}
