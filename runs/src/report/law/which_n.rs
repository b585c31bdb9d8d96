//! Which N of jobs: whether active weights, the whole shape, operations or N_eff lay sparse and dense on one curve.

use super::ask::Ask;
use super::drawing::{along, distinct, panel, point};
use super::fitted::Fitted;
use super::row::{Line, Recipe};
use super::site::{Drawn, Site};
use super::thresholds::Thresholds;
use super::view::LawView;
use crate::chart::{Axis, Panel, Point, Series, Style};
use crate::laws::which_n::{ROW, effective, predict};
use crate::report::figure::methods::styles;
use crate::report::smooth::smooth;

/// The row of this view.
pub static VIEW: LawView = LawView {
    recipe: Recipe {
        law: &ROW,
        x: &["active", "density", "flops", "utd"],
        varying: &["utd"],
        beside: &[],
        by: &[],
        thresholds: Thresholds::Apart { usual: None },
        draws: false,
        lineup: |site| site.place(),
        rows,
    },
    title: "Which size lays sparse and dense on one curve",
    caption: "What falls with size (1 − the normalised score, or env steps to the threshold) over four sizes: active weights, \
              those of the whole shape, operations of a sample, and active · density^−γ with the curve of the fit.",
    panels,
};

fn rows(ask: &Ask, drawn: &[Drawn<'_>]) -> Vec<Line> {
    let row = |drawn: &Drawn<'_>| {
        let Site { active, density, flops, utd, .. } = *drawn.site;
        Line::falling(ask, drawn, vec![active, density, flops, utd])
    };
    drawn.iter().map(row).collect()
}

fn panels(of: &Fitted<'_>) -> Vec<Panel> {
    let left = if of.ask.thresholds.is_empty() { "1 − score" } else { "env steps" };
    let chart = |name: &str, series: Vec<Series>| {
        panel(format!("{}: {name}", of.label), Axis::log(name), Axis::log(left), series)
    };
    let mut on_one = kinds(of, &|row| effective(&of.fit, row.x[0], row.x[1]));
    on_one.extend(curves(of));
    vec![
        chart("active weights", kinds(of, &|row| Some(row.x[0]))),
        chart("weights of the shape", kinds(of, &|row| Some(row.x[0] / row.x[1]))),
        chart("operations of a sample", kinds(of, &|row| Some(row.x[2]))),
        chart("active · density^−γ", on_one),
    ]
}

/// The points of each method and sparsity over a size; the first of each has its name.
fn kinds(of: &Fitted<'_>, size: &dyn Fn(&Line) -> Option<f64>) -> Vec<Series> {
    let mut all: Vec<(String, &str, Vec<Point>)> = Vec::new();
    for (row, ends) in of.used() {
        let (Some(x), Some(site)) = (size(row), of.sites.get(row.site)) else { continue };
        let (kind, point) = (site.method(), point(x, row.y, ends));
        match all.iter_mut().find(|(other, ..)| *other == kind) {
            Some((.., points)) => points.push(point),
            None => all.push((kind, &site.cell.at.method, vec![point])),
        }
    }
    let styles = styles(all.iter().map(|(_, method, _)| *method));
    let series = all.into_iter().zip(styles).map(|((label, _, mut points), style)| {
        points.sort_by(|a, b| a.x.total_cmp(&b.x));
        if let Some(first) = points.first_mut() {
            first.label = Some(label.clone());
        }
        let marker = style.marker + style.dash;
        Series { label, style: Style { marker, ..style }, points, joined: false }
    });
    series.collect()
}

/// The fit over N_eff, a line for each updates a step.
fn curves(of: &Fitted<'_>) -> Vec<Series> {
    let sizes: Vec<f64> =
        of.used().filter_map(|(row, _)| effective(&of.fit, row.x[0], row.x[1])).collect();
    let utds = distinct(of.used().map(|(row, _)| row.x[3]));
    let curve = |utd: &f64| {
        let places = along(sizes.iter().copied()).into_iter();
        let points = places.filter_map(|x| Some(Point::new(x, predict(&of.fit, x, Some(*utd))?)));
        let name = if utds.len() > 1 { format!("fit, UTD {utd}") } else { "fit".to_owned() };
        smooth(name, Style::QUIET, &points.collect::<Vec<_>>())
    };
    utds.iter().map(curve).collect()
}
