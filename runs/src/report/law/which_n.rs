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
use crate::report::figure::methods::style;

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
        let x = vec![active, density, flops, utd];
        match ask.thresholds.as_slice() {
            [threshold, ..] => Line::new(drawn, x, drawn.reached(*threshold)).to(*threshold),
            [] => Line::new(drawn, x, 1.0 - drawn.score()),
        }
    };
    drawn.iter().map(row).collect()
}

fn panels(of: &Fitted<'_>) -> Vec<Panel> {
    let left = if of.ask.thresholds.is_empty() { "1 − score" } else { "env steps" };
    let count = |name: &str, size: &dyn Fn(&Line) -> Option<f64>, fit: bool| {
        let mut kinds: Vec<(String, Style, Vec<Point>)> = Vec::new();
        for (row, ends) in of.used() {
            let (Some(x), Some(site)) = (size(row), of.sites.get(row.site)) else { continue };
            let kind = site.method();
            let point = point(x, row.y, ends);
            match kinds.iter_mut().find(|(other, ..)| *other == kind) {
                Some((.., points)) => points.push(point),
                None => kinds.push((kind, style(&site.cell.at.method), vec![point])),
            }
        }
        let mut series: Vec<Series> = kinds
            .into_iter()
            .map(|(label, style, mut points)| {
                points.sort_by(|a, b| a.x.total_cmp(&b.x));
                Series { label, style, points, joined: !fit }
            })
            .collect();
        if fit {
            series.extend(curves(of));
        }
        panel(format!("{}: {name}", of.label), Axis::log(name), Axis::log(left), series)
    };
    vec![
        count("active weights", &|row| Some(row.x[0]), false),
        count("weights of the shape", &|row| Some(row.x[0] / row.x[1]), false),
        count("operations of a sample", &|row| Some(row.x[2]), false),
        count("active · density^−γ", &|row| effective(&of.fit, row.x[0], row.x[1]), true),
    ]
}

/// The fit over N_eff, a line for each updates a step.
fn curves(of: &Fitted<'_>) -> Vec<Series> {
    let sizes: Vec<f64> =
        of.used().filter_map(|(row, _)| effective(&of.fit, row.x[0], row.x[1])).collect();
    let utds = distinct(of.used().map(|(row, _)| row.x[3]));
    let curve = |utd: &f64| Series {
        label: if utds.len() > 1 { format!("fit, UTD {utd}") } else { "fit".to_owned() },
        style: Style::QUIET,
        points: along(sizes.iter().copied())
            .into_iter()
            .filter_map(|x| Some(Point::new(x, predict(&of.fit, x, Some(*utd))?)))
            .collect(),
        joined: true,
    };
    utds.iter().map(curve).collect()
}
