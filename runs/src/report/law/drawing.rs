//! What the figures of laws share.

use super::fitted::Fitted;
use super::row::Line;
use crate::chart::{Axis, Format, Lines, Panel, Plot, Point, Series, Style};
use crate::report::smooth::smooth;

/// Places of a line that a curve is drawn through.
const PLACES: usize = 60;

/// A row as a point: x, and y with its interval.
pub fn point(x: f64, y: f64, interval: Option<[f64; 2]>) -> Point {
    Point { interval, ..Point::new(x, y) }
}

/// `count` values from the least to the greatest of `values`, evenly in logarithms.
pub fn along(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let (low, high) =
        values.fold((f64::INFINITY, 0.0_f64), |(low, high), x| (low.min(x), high.max(x)));
    let step = (high / low).ln() / (PLACES - 1) as f64;
    match high > low {
        true => (0..PLACES).map(|at| low * (step * at as f64).exp()).collect(),
        false => Vec::new(),
    }
}

/// The values that there are, each once, rising.
pub fn distinct(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut all: Vec<f64> = values.collect();
    all.sort_by(f64::total_cmp);
    all.dedup();
    all
}

/// A number in few digits.
pub fn few(x: f64) -> String {
    Format::Number.told(x)
}

/// Points of one kind and the line of a fit through them, which has their name.
pub fn with_line(label: String, at: usize, points: Vec<Point>, line: Vec<Point>) -> Vec<Series> {
    let style = Style::nth(at);
    let named = if line.len() > 1 { String::from("measured") } else { label.clone() };
    let points = Series { label: named, style, points, joined: false };
    match line.as_slice() {
        [] | [_] => vec![points],
        several => vec![smooth(label, style, several), points],
    }
}

/// Of each value of the x at `tells` a set of points over the x at `over`, with the line that `predict` gives of both.
pub fn families(
    of: &Fitted<'_>,
    tells: usize,
    over: usize,
    name: &str,
    predict: impl Fn(f64, f64) -> Option<f64>,
) -> Vec<Series> {
    let used: Vec<(&Line, Option<[f64; 2]>)> = of.used().collect();
    let values = distinct(used.iter().map(|(row, _)| row.x[tells]));
    let places = along(used.iter().map(|(row, _)| row.x[over]));
    let one = |(at, value): (usize, &f64)| {
        let own = used.iter().filter(|(row, _)| row.x[tells] == *value);
        let mut points: Vec<Point> =
            own.map(|(row, ends)| point(row.x[over], row.y, *ends)).collect();
        points.sort_by(|a, b| a.x.total_cmp(&b.x));
        let line = places.iter().filter_map(|x| Some(Point::new(*x, predict(*value, *x)?)));
        with_line(format!("{name} {}", few(*value)), at, points, line.collect())
    };
    values.iter().enumerate().flat_map(one).collect()
}

/// A chart of series.
pub fn panel(title: String, x: Axis, y: Axis, series: Vec<Series>) -> Panel {
    Panel { title, plot: Plot::Lines(Lines::new(x, y, series)) }
}
