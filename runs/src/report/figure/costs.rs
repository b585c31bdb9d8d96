//! Return against what it took: operations and time, with the Pareto front.

use super::methods::{self, ends, scored, spoken};
use super::plate::{Content, Figure};
use crate::chart::{Axis, Lines, Panel, Plot, Point, Series, Style};
use crate::comparison::{Cell, Comparison};
use crate::results::Progress;

/// A cost of a cell.
struct Cost {
    id: &'static str,
    title: &'static str,
    axis: &'static str,
    caption: &'static str,
    of: fn(&Cell) -> Option<f64>,
}

const COSTS: [Cost; 2] = [
    Cost {
        id: "return-by-flops",
        title: "Return against operations",
        axis: "FLOPs that a seed executed",
        caption: "by the multiplications and additions that all networks of a seed executed, acting, targets and evaluation \
                  included",
        of: Cell::executed,
    },
    Cost {
        id: "return-by-time",
        title: "Return against time",
        axis: "seconds of a seed",
        caption: "by the wall-clock time of a seed, which others that run beside it on the machine make longer",
        of: seconds,
    },
];

/// Those that cells differ in.
pub fn figures(comparison: &Comparison) -> Vec<Figure> {
    COSTS.iter().filter_map(|cost| figure(comparison, cost)).collect()
}

/// The mean of the seeds that are at their end.
fn seconds(cell: &Cell) -> Option<f64> {
    let finished = cell.jobs.iter().filter(|job| job.progress == Progress::Finished);
    let sum: f64 = finished.map(|job| job.costs.wall_s).sum();
    (sum > 0.0).then(|| sum / cell.finished as f64)
}

fn figure(comparison: &Comparison, cost: &Cost) -> Option<Figure> {
    let tasks = comparison.tasks.iter();
    let panels: Vec<Panel> = tasks.filter_map(|task| panel(comparison, &task.env, cost)).collect();
    if panels.is_empty() {
        return None;
    }
    Some(Figure {
        id: cost.id.into(),
        title: cost.title.into(),
        caption: format!(
            "Interquartile mean of the scores of {} with its 95 % bootstrap interval, {}. On the grey line, the Pareto front, \
             nothing else scores higher for less. {}",
            methods::seeds(comparison.cells.iter()),
            cost.caption,
            methods::config(comparison)
        ),
        command: methods::command(comparison, &[]),
        content: Content::Panels(panels),
    })
}

fn panel(comparison: &Comparison, env: &str, cost: &Cost) -> Option<Panel> {
    let cells = scored(comparison, env).into_iter();
    let costed: Vec<Costed> = cells
        .filter_map(|cell| {
            let (x, y) = ((cost.of)(cell)?, cell.score.as_ref()?.value);
            (x > 0.0).then_some(Costed { cell, x, y })
        })
        .collect();
    if costed.len() < 2 {
        return None;
    }
    let front = front(&costed);
    let on_front = |at: usize| front.contains(&at);
    let steps = front.iter().map(|at| Point::new(costed[*at].x, costed[*at].y));
    let mut series = vec![Series {
        label: String::new(),
        style: Style::QUIET,
        points: stairs(steps.collect()),
        joined: true,
    }];
    for (at, Costed { cell, x, y }) in costed.iter().enumerate() {
        let few = costed.len() <= 12;
        let point = Point {
            interval: cell.score.as_ref().and_then(ends),
            label: (few || on_front(at)).then(|| spoken(cell, comparison)),
            ..Point::new(*x, *y)
        };
        let style = methods::style(&cell.at.method);
        series.push(Series {
            label: spoken(cell, comparison),
            style,
            points: vec![point],
            joined: false,
        });
    }
    let plot = Plot::Lines(Lines::new(Axis::log(cost.axis), Axis::linear("return"), series));
    Some(Panel { title: env.to_owned(), plot })
}

struct Costed<'a> {
    cell: &'a Cell,
    x: f64,
    y: f64,
}

/// The places of those that no other scores higher than for no more, the cheapest first.
fn front(costed: &[Costed]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..costed.len()).collect();
    order.sort_by(|a, b| {
        let (a, b) = (&costed[*a], &costed[*b]);
        a.x.total_cmp(&b.x).then(b.y.total_cmp(&a.y))
    });
    let mut best = f64::NEG_INFINITY;
    order.retain(|at| {
        let better = costed[*at].y > best;
        best = best.max(costed[*at].y);
        better
    });
    order
}

/// What is had for each cost: what the last point had, until the next.
fn stairs(points: Vec<Point>) -> Vec<Point> {
    let corners = points.windows(2).map(|two| Point::new(two[1].x, two[0].y)).collect::<Vec<_>>();
    let mut all = Vec::new();
    for (at, point) in points.into_iter().enumerate() {
        all.extend(at.checked_sub(1).and_then(|before| corners.get(before)).cloned());
        all.push(point);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_that_wait_take_no_time() {
        let mut cell =
            super::super::tests::comparison(&["CartPole-v1"], &[], 2, 20).cells.remove(0);
        let took = cell.jobs[0].costs.wall_s;
        (cell.finished, cell.wall_s) = (1, took);
        (cell.jobs[1].progress, cell.jobs[1].costs.wall_s) = (Progress::Waiting, 0.0);
        assert_eq!(seconds(&cell), Some(took));
    }

    #[test]
    fn the_front_holds_what_nothing_beats() {
        let cell = super::super::tests::cell("dense");
        let costed: Vec<Costed> = [(4.0, 9.0), (1.0, 3.0), (2.0, 2.0), (2.0, 5.0), (8.0, 9.0)]
            .map(|(x, y)| Costed { cell: &cell, x, y })
            .into();
        assert_eq!(front(&costed), [1, 3, 0]);
        let steps: Vec<[f64; 2]> = stairs(vec![Point::new(1.0, 3.0), Point::new(2.0, 5.0)])
            .iter()
            .map(|point| [point.x, point.y])
            .collect();
        assert_eq!(steps, [[1.0, 3.0], [2.0, 3.0], [2.0, 5.0]]);
    }
}
