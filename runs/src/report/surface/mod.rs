//! Scores over two keys: `--surface agent.batch_size agent.learning_rate`, its ridge and its regime.
//!
//! The ridge is of each batch size B the learning rate η of the highest mean score over seeds; of several with the same
//! score their geometric mean. Along it ("On the generalization benefit of noise in stochastic gradient descent", Smith,
//! Elsen and De 2020, 2006.15081):
//!
//! * slope of ln η against ln B: where gradient noise rules, the best η rises with B, as B for SGD and as √B for Adam, while
//!   the score stays; where curvature rules, η stays and the score falls;
//! * slope of the normalised score against log₁₀ B, a decade;
//! * break: the B at which two straight lines that meet there have the least squares of ln η, with the slopes before and
//!   after it; of five batch sizes or more.
//!
//! Intervals of 95 % come of drawing the seeds of every cell again, which finds the ridge anew. A surface is of one
//! environment, variant, method and of each value of further axes.

mod figure;
mod grid;
mod regime;
mod ridge;
mod surveyed;
mod tables;

use self::grid::{Grid, Keys};
use self::surveyed::Surveyed;
use super::swept::{Envs, check, groups, uneven};
use super::view::View;
use crate::comparison::Comparison;
use crate::error::{Error, Refusal};

/// Batch sizes that a slope with an interval takes.
const LEAST: usize = 3;

/// The surfaces of scores over the keys `x` and `y`.
///
/// # Errors
/// A key that jobs do not differ in, and grids of too few values.
pub fn view(of: &Comparison, x: &str, y: &str) -> Result<View, Error> {
    check(of, "--surface", x)?;
    check(of, "--surface", y)?;
    let keys = Keys { x, y };
    let grids: Vec<Grid> = groups(of, &[x, y], Envs::Apart)
        .iter()
        .filter_map(|group| Grid::of(of, group, keys))
        .collect();
    let (wide, narrow): (Vec<Grid>, Vec<Grid>) =
        grids.into_iter().partition(|grid| grid.ridged() >= LEAST);
    if wide.is_empty() {
        let most = narrow.iter().map(Grid::ridged).max().unwrap_or(0);
        return Err(Refusal::argument(
            format!("--surface {x} {y}"),
            format!("{most} values of {x} with two of {y} at their end each"),
            format!("at least {LEAST}: a slope with an interval takes as many"),
            format!("a sweep with more values: sweep: {{{x}: […], {y}: […]}}"),
        ));
    }
    let mut notes = uneven(wide.iter().flat_map(|grid| grid.cells.iter().copied()));
    let left_out = |grid: &Grid| {
        format!(
            "{}: {} values of {x} with two of {y}, too few for a ridge, left out",
            grid.label,
            grid.ridged()
        )
    };
    notes.extend(narrow.iter().map(left_out));
    let all: Vec<Surveyed> = wide.into_iter().map(Surveyed::of).collect();
    notes.extend(all.iter().flat_map(|one| one.notes(keys)));
    let id = "surface".to_owned();
    Ok(View {
        headline: all.iter().map(|one| one.sentence(keys)).collect(),
        tables: tables::all(&all, keys),
        notes,
        sheets: vec![tables::cells_sheet(&id, &all, keys), tables::ridge_sheet(&id, &all, keys)],
        figures: all
            .iter()
            .enumerate()
            .map(|(at, one)| figure::figure(of, one, keys, at))
            .collect(),
        id,
    })
}
