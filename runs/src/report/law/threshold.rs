//! Time to threshold of jobs: each cell's env steps to normalised returns, with what is censored.

use super::ask::Ask;
use super::drawing::{distinct, few, panel, point};
use super::fitted::Fitted;
use super::row::{Line, Recipe, Told};
use super::site::{Drawn, Site};
use super::thresholds::Thresholds;
use super::view::LawView;
use crate::chart::{Axis, Panel, Point, Series, Style};
use crate::laws::Constant;
use crate::laws::threshold::ROW;

/// The row of this view.
pub static VIEW: LawView = LawView {
    recipe: Recipe {
        law: &ROW,
        x: &["step", "seed"],
        varying: &[],
        beside: &[],
        by: &[Told { name: "variant", of: |site| site.cell.label.clone() }],
        thresholds: Thresholds::Together(&[0.8]),
        draws: true,
        lineup: |site| site.place(),
        rows,
    },
    title: "Env steps to a return",
    caption: "Env steps to each normalised return over n, or over updates a step (UTD) where all cells have one n; what is \
              censored has no point.",
    panels,
};

fn rows(_: &Ask, drawn: &[Drawn<'_>]) -> Vec<Line> {
    let of_site = |drawn: &Drawn<'_>| -> Vec<Line> {
        let of_run = drawn.site.runs.iter().enumerate().flat_map(|(at, run)| {
            let row = move |point: &crate::statistics::Point| Line {
                key: format!("{} {at} {}", drawn.place, point.step),
                ..Line::new(drawn, vec![point.step, run.seed as f64], point.value)
            };
            run.points.iter().map(row)
        });
        of_run.collect()
    };
    drawn.iter().flat_map(of_site).collect()
}

fn panels(of: &Fitted<'_>) -> Vec<Panel> {
    let sizes = distinct(of.sites.iter().map(|site| site.n));
    let over_n = sizes.len() > 1;
    let chart = |threshold: &f64| {
        let reached = |site: &Site<'_>| -> Option<&Constant> {
            let at = [
                ("variant".to_owned(), site.cell.label.clone()),
                ("threshold".to_owned(), threshold.to_string()),
            ];
            of.fit
                .constants
                .iter()
                .find(|constant| constant.number.at == at && constant.value.is_finite())
        };
        let mut lines: Vec<(String, Vec<Point>)> = Vec::new();
        for site in &of.sites {
            let Some(constant) = reached(site) else { continue };
            let ends = constant.interval.map(|it| [it.low, it.high]);
            let (name, x) = match over_n {
                true => (
                    format!("{}, UTD {}", site.method().replace(" at ", " "), few(site.utd)),
                    site.n,
                ),
                false => (site.method(), site.utd),
            };
            let point = point(x, constant.value, ends);
            match lines.iter_mut().find(|(other, _)| *other == name) {
                Some((_, points)) => points.push(point),
                None => lines.push((name, vec![point])),
            }
        }
        let series = lines.into_iter().enumerate().map(|(at, (label, mut points))| {
            points.sort_by(|a, b| a.x.total_cmp(&b.x));
            Series { label, style: Style::nth(at), points, joined: true }
        });
        let x = if over_n { Axis::log("n") } else { Axis::log("updates a step") };
        panel(format!("{}: to {threshold}", of.label), x, Axis::log("env steps"), series.collect())
    };
    of.ask.thresholds.iter().map(chart).collect()
}
