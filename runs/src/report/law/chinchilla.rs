//! Chinchilla's law of jobs: what is left of the normalised score, or a loss, over size and steps, along the curves of all
//! cells.

use super::ask::Ask;
use super::drawing::{along, distinct, families, few, panel, with_line};
use super::fitted::Fitted;
use super::row::{Line, Recipe};
use super::site::Drawn;
use super::thresholds::Thresholds;
use super::view::LawView;
use crate::chart::{Axis, Panel, Point, Series};
use crate::laws::chinchilla::{ROW, predict};

/// The row of this view.
pub static VIEW: LawView = LawView {
    recipe: Recipe {
        law: &ROW,
        x: &["n", "d"],
        varying: &[],
        beside: &["flops"],
        by: &[],
        thresholds: Thresholds::None,
        draws: false,
        lineup: |site| site.lineup(),
        rows,
    },
    title: "What is left over size and steps",
    caption: "1 − the normalised score, or the metric of --loss, of the mean curve made to improve: over steps, a line of the \
              fit for each n; and over n at equal operations of the training, as IsoFLOP curves, where each n's own curve and \
              the fit are read off.",
    panels,
};

/// Points of a curve, evenly in the logarithms of steps: more of them would say the same again.
const POINTS: usize = 12;

/// Budgets of operations that are drawn.
const BUDGETS: usize = 4;

fn rows(ask: &Ask, drawn: &[Drawn<'_>]) -> Vec<Line> {
    let best = if ask.loss.is_some() { 0.0 } else { 1.0 };
    let of_site = |drawn: &Drawn<'_>| -> Vec<Line> {
        let (steps, left) = (&drawn.site.curves.steps, drawn.left(best));
        let row = |at: usize| {
            let row = Line::new(drawn, vec![drawn.site.n, steps[at]], left[at]);
            Line { beside: vec![steps[at] * drawn.site.per_step], ..row }
        };
        spread(steps).into_iter().map(row).collect()
    };
    drawn.iter().flat_map(of_site).collect()
}

/// The places of some of `steps` above 0, the last among them.
fn spread(steps: &[f64]) -> Vec<usize> {
    let first = steps.partition_point(|step| *step <= 0.0);
    let Some(last) = steps.len().checked_sub(1).filter(|last| *last >= first) else {
        return Vec::new();
    };
    let ratio = (steps[last] / steps[first]).ln();
    let wanted =
        (0..POINTS).map(|at| steps[first] * (ratio * at as f64 / (POINTS - 1) as f64).exp());
    let near =
        |step: f64| steps.partition_point(|own| *own < step * (1.0 - 1e-9)).clamp(first, last);
    let mut places: Vec<usize> = wanted.map(near).collect();
    places.dedup();
    places
}

fn panels(of: &Fitted<'_>) -> Vec<Panel> {
    let over_steps = families(of, 0, 1, "n", |n, d| predict(&of.fit, n, d));
    let left = of.ask.loss.as_deref().unwrap_or("1 − score");
    let clock = of.sites.first().map_or("steps", |site| site.clock);
    let steps = panel(of.label.clone(), Axis::log(clock), Axis::log(left), over_steps);
    let isoflop = budgets(of);
    let isoflop =
        panel(format!("{}: equal operations", of.label), Axis::log("n"), Axis::log(left), isoflop);
    vec![steps, isoflop]
}

/// Of each of some budgets what each n comes to, and the fit of it.
fn budgets(of: &Fitted<'_>) -> Vec<Series> {
    let sizes = distinct(of.used().map(|(row, _)| row.x[0]));
    let own = |n: f64| -> Vec<&Line> {
        of.rows.iter().filter(|row| row.x[0] == n && of.recipe.is_used(row)).collect()
    };
    let flops = |row: &Line| row.beside.first().copied().unwrap_or(f64::NAN);
    // Between what the largest begins and the smallest ends with, most sizes have a point.
    let begin =
        sizes.iter().filter_map(|n| own(*n).first().map(|row| flops(row))).fold(0.0, f64::max);
    let end = sizes
        .iter()
        .filter_map(|n| own(*n).last().map(|row| flops(row)))
        .fold(f64::INFINITY, f64::min);
    let all = along([begin, end].into_iter());
    let every = (all.len() / BUDGETS).max(1);
    let one = |(at, budget): (usize, &f64)| {
        let mut points = Vec::new();
        let mut line = Vec::new();
        for n in &sizes {
            let rows = own(*n);
            let near = rows.windows(2).find(|two| (flops(two[0])..=flops(two[1])).contains(budget));
            let Some([a, b]) = near else { continue };
            let part = (budget / flops(a)).ln() / (flops(b) / flops(a)).ln();
            points.push(Point::new(*n, a.y + part * (b.y - a.y)));
            let steps = (a.x[1].ln() + part * (b.x[1] / a.x[1]).ln()).exp();
            line.extend(predict(&of.fit, *n, steps).map(|loss| Point::new(*n, loss)));
        }
        with_line(format!("{} operations", few(*budget)), at, points, line)
    };
    all.iter().step_by(every).enumerate().flat_map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_spread_by_their_ratios_and_end_with_the_last() {
        let steps: Vec<f64> = (0..=100).map(|at| f64::from(at) * 10.0).collect();
        let places = spread(&steps);
        assert_eq!((places.first(), places.last()), (Some(&1), Some(&100)));
        assert!(places.windows(2).all(|two| two[0] < two[1]) && places.len() > 8, "{places:?}");
        assert_eq!(spread(&[0.0, 5.0]), [1]);
        assert!(spread(&[0.0]).is_empty());
        assert!(spread(&[]).is_empty());
    }
}
