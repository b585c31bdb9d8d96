//! Which inputs a policy is connected to.

use rayon::prelude::*;
use sparring_agents::policy_view::PolicyLayer;
use sparring_envs::{EnvSpec, Space};
use sparring_sparse::Shape;

use super::methods::{self, best_of_methods, name, spoken};
use super::over_time::first;
use super::plate::{Content, Figure};
use crate::chart::{Panel, Plot, Tiles};
use crate::comparison::{Cell, Comparison};
use crate::policy::KeptPolicy;

/// A reader can take in as many charts, and a chart as many rows.
const MOST_PANELS: usize = 12;
const MOST_ROWS: usize = 24;

/// How the first layer of a policy reads its input.
struct Inputs<'a> {
    cell: &'a Cell,
    /// The shape of what it reads.
    form: Form,
    /// The active weights of each column over all that there could be.
    density: Vec<f64>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Numbers without a place.
    Numbers,
    /// An image of such rows and columns, its channels summed.
    Image { columns: usize },
    /// Kernels, a row for each of the channels.
    Kernel { area: usize },
}

/// Where a policy is sparse and was kept.
pub fn figure(comparison: &Comparison) -> Option<Figure> {
    let sparse: Vec<&Cell> = comparison.cells.iter().filter(|cell| !cell.is_dense()).collect();
    let mut panels = Vec::new();
    for task in &comparison.tasks {
        let here = sparse.iter().filter(|cell| cell.at.env == task.env).copied();
        let mut cells: Vec<&Cell> = here.collect();
        if cells.len() > MOST_ROWS {
            cells = best_of_methods(&cells);
        }
        let read: Vec<Inputs> = cells.par_iter().filter_map(|cell| inputs(cell)).collect();
        let (numbers, images): (Vec<_>, Vec<_>) =
            read.into_iter().partition(|inputs| inputs.form == Form::Numbers);
        panels.extend(strip(&task.env, &numbers, comparison));
        let several = comparison.tasks.len() > 1;
        let title = |inputs: &Inputs| {
            let cell = spoken(inputs.cell, comparison);
            if several { format!("{}: {cell}", task.env) } else { cell }
        };
        let picture = |inputs: &Inputs| Panel { title: title(inputs), plot: inputs.picture() };
        panels.extend(images.iter().map(picture));
    }
    panels.truncate(MOST_PANELS);
    if panels.is_empty() {
        return None;
    }
    Some(Figure {
        id: "topology".into(),
        title: "Which inputs are connected".into(),
        caption: format!(
            "How many of the weights from each input to the first layer are active in the policy of the first seed of each \
             sparse variant (n = 1, no interval): of pixels as a picture, of convolutions by channel and place in \
             the kernel. {}",
            methods::config(comparison)
        ),
        command: methods::command(comparison, &[]),
        content: Content::Panels(panels),
    })
}

fn inputs(cell: &Cell) -> Option<Inputs<'_>> {
    let kept = KeptPolicy::find(&first(cell).filter(|_| cell.finished > 0)?.folder, &[]).ok()?;
    let agent = kept.agent(&kept.variant.settings.agent.greedy(), 1).ok()?;
    let view = agent.policy_view().ok()??;
    let layer = view.layers.first()?;
    let columns = density(layer);
    let (form, density) = form(layer, &kept.variant.spec, columns);
    Some(Inputs { cell, form, density })
}

/// The active part of each column.
fn density(layer: &PolicyLayer) -> Vec<f64> {
    let (rows, cols) = (layer.topology.rows(), layer.topology.cols());
    let mut counts = vec![0.0; cols];
    layer.topology.positions().for_each(|position| counts[position as usize % cols] += 1.0);
    counts.iter().map(|count| count / rows as f64).collect()
}

fn form(layer: &PolicyLayer, spec: &EnvSpec, columns: Vec<f64>) -> (Form, Vec<f64>) {
    match (&layer.shape, &spec.obs) {
        (Shape::Conv2d(_), _) => (Form::Kernel { area: layer.shape.area() }, columns),
        (Shape::Linear { .. }, Space::Box { shape, .. }) => match shape.as_slice() {
            // Channels are fewer than rows and columns, and last or first.
            [rows, width, channels]
                if channels < rows && rows * width * channels == columns.len() =>
            {
                let sum = columns.chunks(*channels).map(|all| all.iter().sum::<f64>());
                (Form::Image { columns: *width }, sum.map(|sum| sum / *channels as f64).collect())
            }
            [channels, rows, width] if channels * rows * width == columns.len() => {
                let area = rows * width;
                let sum = |at: usize| columns[at..].iter().step_by(area).sum::<f64>();
                let mean = (0..area).map(|at| sum(at) / *channels as f64);
                (Form::Image { columns: *width }, mean.collect())
            }
            _ => (Form::Numbers, columns),
        },
        (Shape::Linear { .. }, Space::Discrete { .. }) => (Form::Numbers, columns),
    }
}

/// All variants below each other, a column for each input.
fn strip(env: &str, all: &[Inputs], comparison: &Comparison) -> Option<Panel> {
    let columns = all.first()?.density.len();
    let same: Vec<&Inputs> = all.iter().filter(|inputs| inputs.density.len() == columns).collect();
    let values: Vec<f64> = same.iter().flat_map(|inputs| &inputs.density).copied().collect();
    let rows = same.iter().map(|inputs| name(inputs.cell, comparison)).collect();
    Some(Panel {
        title: env.to_owned(),
        plot: tiles(rows, columns, values, format!("{columns} inputs")),
    })
}

impl Inputs<'_> {
    fn picture(&self) -> Plot {
        let values = self.density.clone();
        match self.form {
            Form::Numbers => tiles(Vec::new(), values.len(), values, "inputs".into()),
            Form::Image { columns } => {
                tiles(Vec::new(), columns, values, "pixels, mean over channels".into())
            }
            Form::Kernel { area } => {
                let channels = values.len() / area.max(1);
                let rows = (0..channels).map(|channel| format!("channel {channel}")).collect();
                let rows = if channels <= MOST_ROWS { rows } else { Vec::new() };
                tiles(rows, area, values, format!("{area} places of the kernel"))
            }
        }
    }
}

/// Shades up to the densest column.
fn tiles(rows: Vec<String>, columns: usize, values: Vec<f64>, label: String) -> Plot {
    let most = values.iter().copied().fold(0.0, f64::max);
    let values = values.iter().map(|value| if most > 0.0 { value / most } else { 0.0 }).collect();
    let ends = ["0".to_owned(), format!("{:.1} % active", 100.0 * most)];
    Plot::Tiles(Tiles { rows, columns, heads: Vec::new(), values, marks: Vec::new(), label, ends })
}
