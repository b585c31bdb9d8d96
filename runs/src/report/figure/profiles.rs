//! Performance profiles: how many runs are better than each score.

use sparring_sparse::stats::mean_and_variance;

use super::methods::{self, best_groups, ends};
use super::plate::{Content, Figure};
use crate::chart::{Axis, Lines, Panel, Plot, Point, Series};
use crate::comparison::{Comparison, Group, bootstrap};
use crate::statistics::Bootstrap;

/// A reader can follow as many lines.
const MOST_LINES: usize = 8;

/// Scores at which they are taken.
const TAUS: usize = 41;

/// Resamples of a band.
const RESAMPLES: usize = 1_000;

/// Where at least two groups have scores.
pub fn figure(comparison: &Comparison) -> Option<Figure> {
    let many = comparison.groups.len() > MOST_LINES;
    let groups: Vec<&Group> = match many {
        true => best_groups(&comparison.groups),
        false => comparison.groups.iter().collect(),
    };
    let groups: Vec<&Group> = groups.into_iter().filter(|group| group.iqm.is_some()).collect();
    let scores = normalised(comparison);
    let (low, high) = scores
        .iter()
        .fold((f64::MAX, f64::MIN), |(low, high), score| (low.min(*score), high.max(*score)));
    if groups.len() < 2 || low >= high {
        return None;
    }
    let taus: Vec<f64> =
        (0..TAUS).map(|at| low + (high - low) * at as f64 / (TAUS - 1) as f64).collect();
    let styles = methods::styles(groups.iter().map(|group| group.at.method.as_str()));
    let series = |(group, style): (&&Group, _)| {
        let bootstrap = Bootstrap { resamples: RESAMPLES, ..bootstrap(&group.label) };
        let estimates = bootstrap.profile(&group.scores, &taus);
        let point = |(tau, estimate): (&f64, _)| Point {
            interval: ends(&estimate),
            ..Point::new(*tau, estimate.value)
        };
        let points = taus.iter().zip(estimates).map(point).collect();
        Series { label: group.label.clone(), style, points, joined: true }
    };
    let series: Vec<Series> = groups.iter().zip(styles).map(series).collect();
    let named_at = farthest_apart(&taus, &series);
    let lines = Lines::new(
        Axis::linear("normalised score τ"),
        Axis::linear("share of runs with a score above τ").percent().reaching([0.0, 1.0]),
        series,
    );
    let plot = Plot::Lines(Lines { named_at, ..lines });
    Some(Figure {
        id: "profiles".into(),
        title: "Performance profiles".into(),
        caption: format!(
            "The share of all runs ({}{}) that score above τ, with 95 % bootstrap bands ({RESAMPLES} resamples): a line above another all along is \
             the better one, whatever average is taken. {} {}",
            methods::seeds(comparison.cells.iter()),
            if many { ", of each method the best" } else { "" },
            methods::scales(comparison),
            methods::config(comparison)
        ),
        command: methods::command(comparison, &[]),
        content: Content::Panels(vec![Panel { title: String::new(), plot }]),
    })
}

/// Where lines can be told from each other best; at their ends they all come to 0.
fn farthest_apart(taus: &[f64], series: &[Series]) -> Option<f64> {
    let spread = |at: usize| {
        let heights: Vec<f64> =
            series.iter().filter_map(|one| Some(one.points.get(at)?.y)).collect();
        mean_and_variance(heights.into_iter()).1
    };
    let at = (0..taus.len()).max_by(|a, b| spread(*a).total_cmp(&spread(*b)))?;
    taus.get(at).copied()
}

/// The scores of all cells on the scales of their tasks.
fn normalised(comparison: &Comparison) -> Vec<f64> {
    let of = |task: &crate::comparison::Task| -> Vec<f64> {
        let here = comparison.cells.iter().filter(|cell| cell.at.env == task.env);
        let values = here.flat_map(|cell| cell.values());
        values.map(|score| task.scale.normalise(score)).collect()
    };
    comparison.tasks.iter().flat_map(of).collect()
}
