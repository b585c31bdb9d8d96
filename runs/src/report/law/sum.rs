//! D_J(σ, N) of jobs: each cell's env steps to a normalised return over its updates a step and its size.

use super::ask::Ask;
use super::drawing::{along, distinct, families, few, panel};
use super::fitted::Fitted;
use super::row::{Line, Recipe};
use super::site::Drawn;
use super::thresholds::Thresholds;
use super::view::LawView;
use crate::chart::{Axis, Panel, Point, Series, Style};
use crate::laws::sum::{ROW, predict, size_of};

/// The row of this view.
pub static VIEW: LawView = LawView {
    recipe: Recipe {
        law: &ROW,
        x: &["utd", "n"],
        varying: &[],
        beside: &[],
        by: &[],
        thresholds: Thresholds::Apart { usual: Some(0.8) },
        draws: false,
        lineup: |site| site.lineup(),
        rows,
    },
    title: "Env steps to a return over size and updates",
    caption: "Env steps to the normalised return over n, a line of the fit for each updates a step (UTD); beside it n and UTD \
              at which the fit takes as many env steps, with the cells as points.",
    panels,
};

/// How many contours.
const CONTOURS: usize = 5;

fn rows(ask: &Ask, drawn: &[Drawn<'_>]) -> Vec<Line> {
    let row = |drawn: &Drawn<'_>, threshold: &f64| {
        let x = vec![drawn.site.utd, drawn.site.n];
        Line::new(drawn, x, drawn.reached(*threshold)).to(*threshold)
    };
    drawn.iter().flat_map(|drawn| ask.thresholds.iter().map(|it| row(drawn, it))).collect()
}

fn panels(of: &Fitted<'_>) -> Vec<Panel> {
    let over_n = families(of, 0, 1, "UTD", |utd, n| predict(&of.fit, utd, n));
    let steps = panel(of.label.clone(), Axis::log("n"), Axis::log("env steps"), over_n);
    [Some(steps), contours(of)].into_iter().flatten().collect()
}

/// Where the fit takes as many env steps; none where one of both never varies.
fn contours(of: &Fitted<'_>) -> Option<Panel> {
    let x = |at: usize| distinct(of.used().map(|(row, _)| row.x[at]));
    let (utds, sizes) = (x(0), x(1));
    let (least, most) = (*sizes.first()?, *sizes.last()?);
    let places = along(utds.iter().copied());
    let steps = |utd: &f64, n: f64| predict(&of.fit, *utd, n);
    let [fast, slow] = [steps(utds.last()?, most)?, steps(utds.first()?, least)?];
    if places.is_empty() || least == most || fast >= slow {
        return None;
    }
    let level = |at: usize| fast * (slow / fast).powf(at as f64 / (CONTOURS + 1) as f64);
    let inside = |n: &f64| (least / 1.5..=most * 1.5).contains(n);
    let contour = |at: usize| Series {
        label: format!("{} steps", few(level(at))),
        style: Style::nth(at),
        points: places
            .iter()
            .filter_map(|utd| {
                Some(Point::new(*utd, size_of(&of.fit, *utd, level(at)).filter(inside)?))
            })
            .collect(),
        joined: true,
    };
    let mut series: Vec<Series> = (1..=CONTOURS).map(contour).collect();
    series.push(Series {
        label: "cells".to_owned(),
        style: Style::QUIET,
        points: of.used().map(|(row, _)| Point::new(row.x[0], row.x[1])).collect(),
        joined: false,
    });
    Some(panel(
        format!("{}: equal env steps", of.label),
        Axis::log("updates a step"),
        Axis::log("n"),
        series,
    ))
}
