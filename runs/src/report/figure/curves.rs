//! Returns as training goes on.

use std::collections::BTreeSet;

use rayon::prelude::*;

use super::methods::{self, best_of_methods, ends, name};
use super::plate::{Content, Figure};
use crate::chart::{Axis, Lines, Panel, Plot, Point, Series, Style};
use crate::comparison::{Cell, Comparison, bootstrap};
use crate::results::{Evaluation, JobResult, Progress};
use crate::statistics::{self, Aggregate, Bootstrap, Curves, Estimate};

/// A reader can follow as many lines in one chart.
const MOST_LINES: usize = 8;

/// And as many charts.
const MOST_PANELS: usize = 24;

/// Evaluations that are drawn of a line.
const MOST_STEPS: usize = 100;

/// Resamples of a band, which is drawn and not read digit by digit.
const RESAMPLES: usize = 1_000;

/// Where a job has two evaluations.
pub fn figure(comparison: &Comparison) -> Option<Figure> {
    let envs: Vec<Vec<&Cell>> = comparison
        .tasks
        .iter()
        .map(|task| {
            let here = comparison.cells.iter().filter(|cell| cell.at.env == task.env);
            here.filter(|cell| cell.jobs.iter().any(|job| job.curve.len() > 1)).collect()
        })
        .collect();
    let methods_of = |cells: &Vec<&Cell>| best_of_methods(cells).len();
    let split: usize = envs.iter().filter(|cells| cells.len() > MOST_LINES).map(methods_of).sum();
    let mut panels = Vec::new();
    for cells in envs.into_iter().filter(|cells| !cells.is_empty()) {
        let env = &cells[0].at.env;
        if cells.len() <= MOST_LINES {
            panels.push(panel(env.clone(), &cells, &[], comparison));
        } else if split <= MOST_PANELS {
            let size = |cell: &Cell| cell.sizes.map_or(0, |sizes| sizes.parameters);
            let dense = cells.iter().filter(|cell| cell.is_dense());
            let largest = dense.max_by_key(|cell| size(cell)).copied();
            for best in best_of_methods(&cells) {
                let method = &best.at.method;
                let same: Vec<&Cell> =
                    cells.iter().filter(|cell| cell.at.method == *method).copied().collect();
                let behind = largest.filter(|dense| dense.at.method != *method);
                // It stands behind all others.
                if same.len() > 1 || !best.is_dense() {
                    let behind: Vec<&Cell> = behind.into_iter().collect();
                    panels.push(panel(format!("{env}: {method}"), &same, &behind, comparison));
                }
            }
        } else {
            let best = best_of_methods(&cells);
            panels.push(panel(format!("{env}: the best of each method"), &best, &[], comparison));
        }
    }
    if panels.is_empty() {
        return None;
    }
    Some(Figure {
        id: "learning-curves".into(),
        title: "Learning curves".into(),
        caption: format!(
            "Interquartile mean over {} of the mean return of each evaluation, as far as all finished seeds came; the band is the 95 % \
             bootstrap interval ({RESAMPLES} resamples of whole curves). {}",
            methods::seeds(comparison.cells.iter()),
            methods::config(comparison)
        ),
        command: methods::command(comparison, &[]),
        content: Content::Panels(panels),
    })
}

/// The curves of `cells`, before those `behind` them in grey.
fn panel(title: String, cells: &[&Cell], behind: &[&Cell], comparison: &Comparison) -> Panel {
    let styles = methods::styles(cells.iter().map(|cell| cell.at.method.as_str()));
    let all: Vec<(&&Cell, Style)> =
        behind.iter().map(|cell| (cell, Style::QUIET)).chain(cells.iter().zip(styles)).collect();
    let series = |(cell, style): &(&&Cell, Style)| Series {
        label: name(cell, comparison),
        style: *style,
        points: curve(cell),
        joined: true,
    };
    let plot = Plot::Lines(Lines::new(
        Axis::linear(cells.first().map_or("steps", |cell| cell.clock())).reaching([0.0]),
        Axis::linear("return of an evaluation"),
        all.par_iter().map(series).collect(),
    ));
    Panel { title, plot }
}

/// The interquartile means over the seeds of `cell` that are at their end or, where none is, over all, as far as all of
/// them came.
pub fn curve(cell: &Cell) -> Vec<Point> {
    let finished = |job: &&JobResult| cell.finished == 0 || job.progress == Progress::Finished;
    let jobs: Vec<&JobResult> =
        cell.jobs.iter().filter(finished).filter(|job| !job.curve.is_empty()).collect();
    let run = |job: &&JobResult| {
        let point = |evaluation: &Evaluation| statistics::Point {
            step: evaluation.step as f64,
            value: evaluation.mean_return,
        };
        statistics::Curve::new(job.curve.iter().map(point).collect())
    };
    let Curves { steps, at } = Curves::new(&[jobs.iter().map(run).collect()]);
    let (steps, at) = (thinned(steps), thinned(at));
    let bootstrap = Bootstrap { resamples: RESAMPLES, ..bootstrap(&cell.label) };
    let estimates = bootstrap.curve(Aggregate::Iqm, &at);
    let point = |(step, estimate): (&f64, Estimate)| Point {
        interval: ends(&estimate),
        ..Point::new(*step, estimate.value)
    };
    steps.iter().zip(estimates).map(point).collect()
}

/// As many as are drawn, at equal distances, the first and the last among them.
fn thinned<T>(steps: Vec<T>) -> Vec<T> {
    let last = steps.len().saturating_sub(1);
    if last < MOST_STEPS {
        return steps;
    }
    let kept: BTreeSet<usize> = (0..MOST_STEPS).map(|at| at * last / (MOST_STEPS - 1)).collect();
    steps
        .into_iter()
        .enumerate()
        .filter(|(at, _)| kept.contains(at))
        .map(|(_, step)| step)
        .collect()
}
