//! Return against what is left of a network: the main figure of Graesser et al. 2022.
//!
//! Dense networks of other widths are the curve of equal parameter count.

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
    let mut all: Vec<Line> = Vec::new();
    for cell in cells.iter().filter(|cell| active(cell).is_some()) {
        let key = key(cell);
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
            return methods::name(self.cells[0], comparison);
        }
        let tells = |(at, part): &(usize, &String)| {
            *at == 0 || same.iter().any(|other| other.key.get(*at) != Some(*part))
        };
        let parts = self.key.iter().enumerate().filter(tells).map(|(_, part)| part.as_str());
        parts.collect::<Vec<_>>().join(" ")
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

/// What cells of one line share: their method, and how it spreads its weights.
fn key(cell: &Cell) -> Vec<String> {
    let text = |key: &str| Some(cell.setting(key)?.as_str()?.to_owned());
    let spread = if cell.is_dense() { None } else { text("sparsity.distribution") };
    [Some(cell.at.method.clone()), Some(cell.at.agent.clone()), spread]
        .into_iter()
        .flatten()
        .collect()
}
