//! What trained policies do: an episode of each, played by its best seed.

use rayon::prelude::*;

use super::footage::Film;
use super::methods::{self, best_of_methods, name};
use super::plate::{Content, Figure};
use crate::comparison::{Cell, Comparison};
use crate::play::miniature;
use crate::results::{JobResult, Progress};

/// Bytes of all films of a page.
const MOST_BYTES: usize = 1 << 21;

/// The episode that is shown: one that no training has seen.
const SEED: u64 = 1_000_003;

/// Where a job has kept its policy, and its environment has a picture. Of more than there is room for those of the
/// best of each method are shown.
pub fn figure(comparison: &Comparison) -> Option<Figure> {
    let all: Vec<&Cell> = comparison.cells.iter().filter(|cell| best(cell).is_some()).collect();
    let of_env = |env: &String| -> Vec<&Cell> {
        let here: Vec<&Cell> = all.iter().filter(|cell| cell.at.env == *env).copied().collect();
        best_of_methods(&here)
    };
    let first: Vec<&Cell> = comparison.tasks.iter().flat_map(|task| of_env(&task.env)).collect();
    let chosen = |cell: &Cell| first.iter().any(|other| std::ptr::eq(*other, cell));
    let (mut order, rest): (Vec<&Cell>, Vec<&Cell>) = all.iter().partition(|cell| chosen(cell));
    order.extend(rest.into_iter().take(MOST_FILMS.saturating_sub(order.len())));
    let film = |cell: &&Cell| {
        let job = best(cell)?;
        // What cannot be played is a job without a film; its row in the table says what is wrong with it.
        let gif = miniature(&job.folder, SEED).ok().flatten()?;
        let (label, env) = (name(cell, comparison), cell.at.env.clone());
        Some(Film { label, env, seed: job.seed, gif })
    };
    let films: Vec<Film> = order.par_iter().filter_map(film).collect();
    let played = films.len();
    let mut room = MOST_BYTES;
    let fits = |film: &Film| {
        let fits = film.gif.len() <= room;
        room -= if fits { film.gif.len() } else { 0 };
        fits
    };
    let films: Vec<Film> = films.into_iter().filter(fits).collect();
    if films.is_empty() {
        return None;
    }
    let left_out = all.len().saturating_sub(films.len().min(played));
    Some(Figure {
        id: "films".into(),
        title: "What the policies do".into(),
        caption: format!(
            "One episode of the policy of each variant's best seed (n = 1), of reset(seed={SEED}), at most 49 frames of it.{} {}",
            match left_out {
                0 => String::new(),
                _ => format!(" {left_out} variants are not shown."),
            },
            methods::config(comparison)
        ),
        command: methods::command(comparison, &[]),
        content: Content::Films(films),
    })
}

/// The most that are played: a page is not to wait for more.
const MOST_FILMS: usize = 40;

/// The finished job with the highest score.
fn best(cell: &Cell) -> Option<&JobResult> {
    let finished = cell.jobs.iter().filter(|job| job.progress == Progress::Finished);
    let scored = finished.filter_map(|job| Some((job, job.score()?)));
    scored.max_by(|(_, a), (_, b)| a.total_cmp(b)).map(|(job, _)| job)
}
