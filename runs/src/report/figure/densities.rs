//! How dense each layer is as training goes on.

use rayon::prelude::*;

use super::methods::{self, best_of_methods, spoken};
use super::over_time::{first, points};
use super::plate::{Content, Figure};
use crate::chart::{Axis, Lines, Panel, Plot, Series, Style};
use crate::comparison::{Cell, Comparison};
use crate::metrics::{Track, tracks};

/// A reader can take in as many charts.
const MOST_PANELS: usize = 12;

/// Where a network is sparse.
pub fn figure(comparison: &Comparison) -> Option<Figure> {
    let mut cells: Vec<&Cell> = comparison.cells.iter().filter(|cell| !cell.is_dense()).collect();
    if cells.len() > MOST_PANELS {
        let of = |task: &crate::comparison::Task| {
            let here: Vec<&Cell> =
                cells.iter().filter(|cell| cell.at.env == task.env).copied().collect();
            best_of_methods(&here)
        };
        cells = comparison.tasks.iter().flat_map(of).take(MOST_PANELS).collect();
    }
    let panels: Vec<Panel> = cells.par_iter().filter_map(|cell| panel(cell, comparison)).collect();
    if panels.is_empty() {
        return None;
    }
    Some(Figure {
        id: "layer-densities".into(),
        title: "Density of layers over time".into(),
        caption: format!(
            "The active part of the weights of each layer, of the first seed of each variant{} (n = 1, no interval). {}",
            if panels.len() < comparison.cells.len() { " shown" } else { "" },
            methods::config(comparison)
        ),
        command: methods::command(comparison, &[]),
        content: Content::Panels(panels),
    })
}

fn panel(cell: &Cell, comparison: &Comparison) -> Option<Panel> {
    let of_layer = |tag: &str| tag.starts_with("sparsity/") && tag.ends_with("/density");
    let tracks = tracks(&first(cell)?.folder, of_layer);
    if tracks.is_empty() {
        return None;
    }
    let style = methods::style(&cell.at.method);
    let series = |(at, track): (usize, Track)| Series {
        label: layer(&track.tag).to_owned(),
        style: Style { dash: at, ..style },
        points: points(&track.held()),
        joined: true,
    };
    let plot = Plot::Lines(Lines::new(
        Axis::linear(cell.clock()).reaching([0.0]),
        Axis::linear("density").percent().reaching([0.0]),
        tracks.into_iter().enumerate().map(series).collect(),
    ));
    let env = match comparison.tasks.len() {
        0 | 1 => String::new(),
        _ => format!("{}: ", cell.at.env),
    };
    Some(Panel { title: format!("{env}{}", spoken(cell, comparison)), plot })
}

/// `sparsity/q/hidden.0/density` → `q/hidden.0`.
fn layer(tag: &str) -> &str {
    let begun = tag.strip_prefix("sparsity/").unwrap_or(tag);
    begun.strip_suffix("/density").unwrap_or(begun)
}
