//! Intrinsic performance of jobs: the least operations of a training with which any size reaches each normalised return.

use super::ask::Ask;
use super::drawing::{distinct, few, panel, with_line};
use super::fitted::Fitted;
use super::row::{Line, Recipe};
use super::site::Drawn;
use super::thresholds::Thresholds;
use super::view::LawView;
use crate::chart::{Axis, Panel, Point, Series, Style};
use crate::laws::intrinsic::{ROW, predict};

/// The row of this view.
pub static VIEW: LawView = LawView {
    recipe: Recipe {
        law: &ROW,
        x: &["n", "e", "flops"],
        varying: &[],
        beside: &[],
        by: &[],
        thresholds: Thresholds::Together(&[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]),
        draws: false,
        lineup: |site| site.lineup(),
        rows,
    },
    title: "Intrinsic performance over operations",
    caption: "Each n as it learns: the intrinsic performance of every normalised return, which is the least training operations \
              with which any n reaches it, over its own; on the grey line nothing is wasted. Lines are the fit.",
    panels,
};

fn rows(ask: &Ask, drawn: &[Drawn<'_>]) -> Vec<Line> {
    let row = |drawn: &Drawn<'_>, threshold: &f64| {
        let steps = drawn.reached(*threshold);
        let flops = steps * drawn.site.per_step;
        let row = Line::new(drawn, vec![drawn.site.n, steps, flops], *threshold).to(*threshold);
        Line {
            key: format!("{} {} {threshold}", drawn.site.cell.at.env, drawn.site.n),
            cost: flops,
            ..row
        }
    };
    drawn.iter().flat_map(|drawn| ask.thresholds.iter().map(|it| row(drawn, it))).collect()
}

fn panels(of: &Fitted<'_>) -> Vec<Panel> {
    let rows: Vec<&Line> = of.used().map(|(row, _)| row).collect();
    let least = |y: f64| {
        rows.iter().filter(|row| row.y == y).map(|row| row.x[2]).fold(f64::INFINITY, f64::min)
    };
    let ends = distinct(rows.iter().map(|row| least(row.y)));
    let diagonal = [ends.first(), ends.last()].into_iter().flatten().map(|x| Point::new(*x, *x));
    let mut series = vec![Series {
        label: String::new(),
        style: Style::QUIET,
        points: diagonal.collect(),
        joined: true,
    }];
    for (at, n) in distinct(rows.iter().map(|row| row.x[0])).iter().enumerate() {
        let mut own: Vec<&Line> = rows.iter().filter(|row| row.x[0] == *n).copied().collect();
        own.sort_by(|a, b| a.x[2].total_cmp(&b.x[2]));
        let points = own.iter().map(|row| Point::new(row.x[2], least(row.y))).collect();
        let line = own
            .iter()
            .filter_map(|row| Some(Point::new(row.x[2], predict(&of.fit, *n, row.x[1])?)));
        series.extend(with_line(format!("n {}", few(*n)), at, points, line.collect()));
    }
    let (x, y) = (Axis::log("operations of the training"), Axis::log("intrinsic performance"));
    vec![panel(of.label.clone(), x, y, series)]
}
