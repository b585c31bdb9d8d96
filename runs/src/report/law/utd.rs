//! D(σ) of jobs: env steps to normalised returns over updates a step, each environment and size by its median.

use super::ask::Ask;
use super::drawing::{along, few, panel, with_line};
use super::fitted::Fitted;
use super::row::{Line, Recipe, Told};
use super::site::Drawn;
use super::thresholds::Thresholds;
use super::view::LawView;
use crate::chart::{Axis, Panel, Point};
use crate::laws::utd::{ROW, normalised, predict};

/// The row of this view.
pub static VIEW: LawView = LawView {
    recipe: Recipe {
        law: &ROW,
        x: &["utd", "threshold"],
        varying: &[],
        beside: &[],
        by: &[
            Told { name: "env", of: |site| site.cell.at.env.clone() },
            Told { name: "size", of: |site| site.n.to_string() },
        ],
        thresholds: Thresholds::Together(&[0.8]),
        draws: false,
        lineup: |site| site.method(),
        rows,
    },
    title: "Env steps over updates a step",
    caption: "Env steps to the normalised returns over updates a step, each environment and n divided by its median, and the \
              fit.",
    panels,
};

fn rows(ask: &Ask, drawn: &[Drawn<'_>]) -> Vec<Line> {
    let row = |drawn: &Drawn<'_>, threshold: &f64| {
        let x = vec![drawn.site.utd, *threshold];
        let row = Line::new(drawn, x, drawn.reached(*threshold)).to(*threshold);
        Line { key: format!("{} of {}", row.key, drawn.site.n), ..row }
    };
    drawn.iter().flat_map(|drawn| ask.thresholds.iter().map(|it| row(drawn, it))).collect()
}

fn panels(of: &Fitted<'_>) -> Vec<Panel> {
    let (times, _) = normalised(&of.data);
    let places = along(of.used().map(|(row, _)| row.x[0]));
    let one = |(at, threshold): (usize, &f64)| {
        let own = of.used().zip(&times).filter(|((row, _), _)| row.x[1] == *threshold);
        let mut points: Vec<Point> =
            own.map(|((row, _), time)| Point::new(row.x[0], *time)).collect();
        points.sort_by(|a, b| a.x.total_cmp(&b.x));
        let line = places
            .iter()
            .filter_map(|utd| Some(Point::new(*utd, predict(&of.fit, *utd, *threshold)?)));
        with_line(format!("to {}", few(*threshold)), at, points, line.collect())
    };
    let series = of.ask.thresholds.iter().enumerate().flat_map(one).collect();
    vec![panel(
        of.label.clone(),
        Axis::log("updates a step"),
        Axis::log("env steps / median"),
        series,
    )]
}
