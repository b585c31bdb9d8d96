//! The signal to noise of the gradient as training goes on (Graesser et al. 2022, figure 5).

use rayon::prelude::*;

use super::methods::{self, best_of_methods, name};
use super::over_time::{first, points};
use super::plate::{Content, Figure};
use crate::chart::{Axis, Lines, Panel, Plot, Series};
use crate::comparison::{Cell, Comparison};
use crate::metrics::{Track, tracks};

/// A reader can follow as many lines.
const MOST_LINES: usize = 8;

/// What is taken of a job, the first that it has.
const FORMS: [&str; 2] = ["/snr_dense", "/snr_active"];

/// Where a config measured it.
pub fn figure(comparison: &Comparison) -> Option<Figure> {
    let mut panels = Vec::new();
    for task in &comparison.tasks {
        let here = comparison.cells.iter().filter(|cell| cell.at.env == task.env);
        let mut cells: Vec<&Cell> = here.collect();
        if cells.len() > MOST_LINES {
            cells = best_of_methods(&cells);
        }
        let styles = methods::styles(cells.iter().map(|cell| cell.at.method.as_str()));
        let measured: Vec<Vec<Track>> = cells.par_iter().map(|cell| snr(cell)).collect();
        let mut networks: Vec<&str> =
            measured.iter().flatten().map(|track| track.tag.as_str()).collect();
        networks.sort_unstable();
        networks.dedup();
        for network in networks {
            let of_cell = |((cell, style), measured): ((&&Cell, _), &Vec<Track>)| {
                let track = measured.iter().find(|track| track.tag == network)?;
                let label = name(cell, comparison);
                Some(Series { label, style, points: points(track), joined: true })
            };
            let all = cells.iter().zip(styles.iter().copied()).zip(&measured);
            let plot = Plot::Lines(Lines::new(
                Axis::linear(cells.first().map_or("steps", |cell| cell.clock())).reaching([0.0]),
                Axis::log("|mean| / deviation of the gradient"),
                all.filter_map(of_cell).collect(),
            ));
            panels.push(Panel { title: format!("{}: {network}", task.env), plot });
        }
    }
    if panels.is_empty() {
        return None;
    }
    Some(Figure {
        id: "gradient-snr".into(),
        title: "Signal to noise of the gradient".into(),
        caption: format!(
            "The mean over parameters of |mean| / deviation of the gradients of single samples, of the first seed of each \
             variant (n = 1, no interval). {}",
            methods::config(comparison)
        ),
        command: methods::command(comparison, &[]),
        content: Content::Panels(panels),
    })
}

/// The signal to noise of each network of the first seed, by the network's name.
fn snr(cell: &Cell) -> Vec<Track> {
    let Some(job) = first(cell) else { return Vec::new() };
    let all = tracks(&job.folder, |tag| FORMS.iter().any(|form| tag.ends_with(form)));
    let of = |form: &&str| -> Vec<Track> {
        let network = |track: &Track| {
            let network = track.tag.strip_suffix(form)?.rsplit('/').next()?;
            Some(Track { tag: network.to_owned(), values: track.values.clone() })
        };
        all.iter().filter_map(network).collect()
    };
    FORMS.iter().map(of).find(|found| !found.is_empty()).unwrap_or_default()
}
