//! The figure of a surface: the heat map with its ridge, the ridge by itself with its lines, and the score along it.

use super::grid::{Grid, Keys};
use super::surveyed::Surveyed;
use crate::chart::{Axis, Format, Lines, Panel, Plot, Point, Series, Style, Tiles};
use crate::comparison::Comparison;
use crate::report::figure::{Content, Figure, methods};
use crate::report::smooth::smooth;
use crate::statistics::Estimate;

/// The figure of the surface `one`, the `at`-th of all.
pub fn figure(of: &Comparison, one: &Surveyed<'_>, keys: Keys<'_>, at: usize) -> Figure {
    let [x, y] = keys.short();
    Figure {
        id: if at == 0 { "surface".to_owned() } else { format!("surface-{}", at + 1) },
        title: format!("{}: score over {x} and {y}", one.grid.label),
        caption: format!(
            "Mean scores of {} by {} and {}, both by their ratios; the dot is the best {y} of each {x}. Beside it that ridge \
             with 95 % bootstrap intervals and its lines of least squares; thin lines rise as {x} and as its root, as the best \
             {y} does where gradient noise rules. Below, the normalised score along it. {} {}",
            methods::seeds(one.grid.cells.iter().copied()),
            keys.x,
            keys.y,
            methods::scales(of),
            methods::config(of)
        ),
        command: methods::command(of, &["--surface", keys.x, keys.y]),
        content: Content::Panels(vec![tiles(one, [x, y]), ridge(one, [x, y]), scores(one, x)]),
    }
}

fn tiles(one: &Surveyed<'_>, [x, y]: [&str; 2]) -> Panel {
    let Grid { xs, ys, spots, .. } = &one.grid;
    let mean = |x: f64, y: f64| {
        let spot = spots.iter().find(|spot| spot.x == x && spot.y == y);
        spot.map_or(f64::NAN, |spot| spot.returns.iter().sum::<f64>() / spot.returns.len() as f64)
    };
    // The greatest y above.
    let values: Vec<f64> =
        ys.iter().rev().flat_map(|y| xs.iter().map(move |x| mean(*x, *y))).collect();
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let range = if high > low { high - low } else { 1.0 };
    let place = |x: f64, y: f64| {
        let column = xs.iter().position(|own| *own == x)?;
        let row = ys.iter().rev().position(|own| *own == y)?;
        Some(row * xs.len() + column)
    };
    let marks = one.ridge.iter().filter_map(|best| place(best.x, spots[best.spot].y)).collect();
    let number = |x: &f64| plain(*x);
    let plot = Plot::Tiles(Tiles {
        rows: ys.iter().rev().map(number).collect(),
        columns: xs.len(),
        heads: xs.iter().map(number).collect(),
        values: values.iter().map(|value| (value - low) / range).collect(),
        marks,
        label: format!("across: {x}; up: {y}"),
        ends: [low, high].map(|end| Format::Number.told(end)),
    });
    Panel { title: "mean return".to_owned(), plot }
}

/// A number of three digits, small ones as a reader types them: `9.77e-4`.
fn plain(x: f64) -> String {
    let power = x.log10().floor();
    match power < -3.0 {
        true => format!("{}e{power}", Format::Number.told(x / 10_f64.powf(power))),
        false => Format::Number.told(x),
    }
}

fn points<'a>(xs: impl Iterator<Item = f64> + 'a, of: &'a [Estimate]) -> Vec<Point> {
    let point = |(x, y): (f64, &Estimate)| Point {
        interval: y.interval.map(|it| [it.low, it.high]),
        ..Point::new(x, y.value)
    };
    xs.zip(of).map(point).collect()
}

fn ridge(one: &Surveyed<'_>, [x, y]: [&str; 2]) -> Panel {
    let style = methods::style(&one.grid.method);
    let xs = || one.ridge.iter().map(|best| best.x);
    let (first, last) = (xs().fold(f64::MAX, f64::min), xs().fold(f64::MIN, f64::max));
    let middle = |of: &dyn Fn(f64, f64) -> f64| {
        let sum: f64 = one.ridge.iter().map(|best| of(best.x.ln(), best.y.ln())).sum();
        sum / one.ridge.len() as f64
    };
    let (mean_x, mean_y) = (middle(&|x, _| x), middle(&|_, y| y));
    let through = |slope: f64, label: String, style: Style| {
        let point = |x: f64| Point::new(x, (mean_y + slope * (x.ln() - mean_x)).exp());
        smooth(label, style, &[first, last].map(point))
    };
    let mut series =
        vec![through(1.0, String::new(), Style::QUIET), through(0.5, String::new(), Style::QUIET)];
    let dashed = Style { dash: 1, ..style };
    match one.broken.as_ref().filter(|broken| broken.is_sure()) {
        None => {
            let label = format!("slope {:.2}", one.slope.value);
            series.push(through(one.slope.value, label, dashed));
        }
        Some(broken) => {
            // At the break both lines meet; their height there is that of least squares.
            let [before, after] = [broken.before[0].value, broken.after[0].value];
            let knot = broken.at.value.ln();
            let rise = |x: f64| before * (x - knot).min(0.0) + after * (x - knot).max(0.0);
            let height = middle(&|x, y| y - rise(x));
            let point = |x: f64| Point::new(x, (height + rise(x.ln())).exp());
            let label = format!("{before:.2}, then {after:.2}");
            series.push(smooth(label, dashed, &[first, broken.at.value, last].map(point)));
        }
    }
    series.push(Series {
        label: "ridge".to_owned(),
        style,
        points: points(xs(), &one.ys),
        joined: false,
    });
    let plot = Plot::Lines(Lines::new(Axis::log(x), Axis::log(format!("best {y}")), series));
    Panel { title: "ridge".to_owned(), plot }
}

fn scores(one: &Surveyed<'_>, x: &str) -> Panel {
    let series = Series {
        label: String::from("best"),
        style: methods::style(&one.grid.method),
        points: points(one.ridge.iter().map(|best| best.x), &one.scores),
        joined: true,
    };
    let lines = Lines::new(Axis::log(x), Axis::linear("normalised score"), vec![series]);
    Panel { title: "score along the ridge".to_owned(), plot: Plot::Lines(lines) }
}
