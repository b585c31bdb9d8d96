//! A surface with what its seeds say of it.

use super::grid::{Grid, Keys};
use super::regime::{Regime, slopes};
use super::ridge::{Best, ridge};
use crate::chart::Format;
use crate::comparison::bootstrap;
use crate::statistics::{Estimate, Resample, Scores};

/// A surface, its ridge and its slopes.
#[derive(Clone, Debug)]
pub struct Surveyed<'a> {
    /// Its cells.
    pub grid: Grid<'a>,
    /// Its ridge.
    pub ridge: Vec<Best>,
    /// The y of each point of the ridge, with its interval.
    pub ys: Vec<Estimate>,
    /// The normalised score of each.
    pub scores: Vec<Estimate>,
    /// The slope of ln y against ln x.
    pub slope: Estimate,
    /// The slope of the score against log₁₀ x.
    pub score_slope: Estimate,
    /// Two lines that meet; none of too few points.
    pub broken: Option<Break>,
}

/// Where the slope changes.
#[derive(Clone, Copy, Debug)]
pub struct Break {
    /// The x.
    pub at: Estimate,
    /// The slope of ln y before it, and that of the score.
    pub before: [Estimate; 2],
    /// The same after it.
    pub after: [Estimate; 2],
    /// How much steeper it is before.
    pub change: Estimate,
}

/// Numbers before those of the ridge's points.
const SLOPES: usize = 8;

impl<'a> Surveyed<'a> {
    /// The survey of `grid`.
    pub fn of(grid: Grid<'a>) -> Self {
        let scores = Scores::new(grid.spots.iter().map(|spot| spot.scores.clone()).collect());
        let whole = ridge(&grid, &Resample::whole(&scores).means(&scores));
        let numbers = SLOPES + 2 * whole.len();
        let bootstrap = bootstrap(&format!("surface of {}", grid.label));
        let mut all = bootstrap.measure_all([&scores], numbers, |[resample], values| {
            write(&ridge(&grid, &resample.means(&scores)), values);
        });
        let mut scores = all.split_off(SLOPES);
        let ys: Vec<Estimate> = scores.drain(..whole.len()).collect();
        let at = |place: usize| all.get(place).copied().unwrap_or(NONE);
        let broken =
            Break { at: at(2), before: [at(3), at(6)], after: [at(4), at(7)], change: at(5) };
        Self {
            ridge: whole,
            ys,
            scores,
            slope: at(0),
            score_slope: at(1),
            broken: broken.at.value.is_finite().then_some(broken),
            grid,
        }
    }

    /// What rules along all of it.
    pub fn regime(&self) -> Regime {
        Regime::of(&self.slope, &self.score_slope)
    }

    /// The point of the ridge that scores highest.
    pub fn best(&self) -> Option<&Best> {
        self.ridge.iter().max_by(|a, b| a.score.total_cmp(&b.score))
    }

    /// What it says.
    pub fn sentence(&self, keys: Keys<'_>) -> String {
        let [x, y] = keys.short();
        let number = |x: f64| Format::Number.told(x);
        let mut text =
            format!("{}: the best {y} goes as {x}^{}", self.grid.label, told(&self.slope));
        text += &format!(", {}", self.regime().word());
        match &self.broken {
            Some(broken) if broken.is_sure() => {
                let [before, after] = broken.regimes().map(Regime::word);
                text += &format!(
                    "; it breaks at {x} {}: before slope {}, {before}; after it {}, {after}",
                    number(broken.at.value),
                    told(&broken.before[0]),
                    told(&broken.after[0])
                );
            }
            Some(_) => text += "; no break that the seeds are sure of",
            None => text += &format!("; fewer than 5 values of {x} show no break"),
        }
        text + "."
    }

    /// What a reader should know of it.
    pub fn notes(&self, keys: Keys<'_>) -> Vec<String> {
        let [x, y] = keys.short();
        let label = &self.grid.label;
        let number = |x: f64| Format::Number.told(x);
        let mut notes = Vec::new();
        let at_edge = self.ridge.iter().filter_map(|best| {
            Some(format!("{x} {}: {} {}", number(best.x), number(best.y), best.edge?.word()))
        });
        let at_edge: Vec<String> = at_edge.collect();
        if !at_edge.is_empty() {
            notes.push(format!(
                "{label}: the best {y} lies at the edge of the grid, so that a better one may lie beyond: {}",
                at_edge.join("; ")
            ));
        }
        let missing = self.grid.missing();
        if !missing.is_empty() {
            let told = missing.iter().map(|[x, y]| format!("({}, {})", number(*x), number(*y)));
            notes.push(format!(
                "{label}: missing cells of the grid ({x}, {y}): {}",
                told.collect::<Vec<_>>().join(", ")
            ));
        }
        if self.slope.interval.is_none() {
            notes.push(format!(
                "{label}: one seed in a cell shows no spread, and so there are no intervals"
            ));
        }
        notes
    }
}

impl Break {
    /// Whether the slopes before and after it differ by more than seeds do.
    pub fn is_sure(&self) -> bool {
        self.change.interval.is_some_and(|it| it.low > 0.0 || it.high < 0.0)
    }

    /// What rules before and after it.
    pub fn regimes(&self) -> [Regime; 2] {
        [&self.before, &self.after].map(|[ridge, score]| Regime::of(ridge, score))
    }
}

const NONE: Estimate = Estimate { value: f64::NAN, interval: None };

/// The numbers of a ridge: slopes, then y and score of each point.
fn write(ridge: &[Best], values: &mut [f64]) {
    let found = slopes(ridge);
    let broken = found.broken.map_or([f64::NAN; 6], |it| {
        [it.at, it.before, it.after, it.before - it.after, it.score_before, it.score_after]
    });
    let of_points = ridge.iter().map(|best| best.y).chain(ridge.iter().map(|best| best.score));
    let numbers = [found.ridge, found.score].into_iter().chain(broken).chain(of_points);
    values.iter_mut().zip(numbers).for_each(|(value, number)| *value = number);
}

/// `0.98 [0.91, 1.02]`.
pub fn told(estimate: &Estimate) -> String {
    match estimate.interval {
        Some(it) => format!("{:.2} [{:.2}, {:.2}]", estimate.value, it.low, it.high),
        None => format!("{:.2}", estimate.value),
    }
}
