//! Whether gradient noise or curvature rules along a ridge, and where the one gives way to the other.

use super::ridge::Best;
use crate::statistics::{Estimate, slope};

/// Points of a ridge that two lines that meet take: their four numbers and one more.
const LEAST: usize = 5;

/// How far a slope may lie from the one that it is taken for, beyond its interval: a grid of learning rates is coarse.
const NEAR: f64 = 0.15;

/// A fall of the normalised score in a decade of x that counts as none.
const FLAT: f64 = 0.02;

/// What rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Regime {
    /// The noise of gradients: the best y rises as x.
    NoiseLinear,
    /// The same of Adam: the best y rises as √x.
    NoiseRoot,
    /// Curvature: the best y stays, and the score falls.
    Curvature,
    /// The best y stays, and so does the score.
    Indifferent,
    /// The slope is none of these, or its interval holds several.
    Undecided,
}

impl Regime {
    /// In words.
    pub fn word(self) -> &'static str {
        match self {
            Self::NoiseLinear => "noise-dominated (slope 1, as SGD)",
            Self::NoiseRoot => "noise-dominated (slope 1/2, as Adam)",
            Self::Curvature => "curvature-dominated",
            Self::Indifferent => "neither: the best stays, and the score does not fall",
            Self::Undecided => "undecided",
        }
    }

    /// Of the slope of ln y against ln x and of the score's against log₁₀ x.
    pub fn of(ridge: &Estimate, score: &Estimate) -> Self {
        let ends = |of: &Estimate| of.interval.map_or([of.value; 2], |it| [it.low, it.high]);
        let [low, high] = ends(ridge);
        let near = |slope: f64| low - NEAR <= slope && slope <= high + NEAR;
        let [_, best] = ends(score);
        let falls = best < -FLAT;
        match ([near(0.0), near(0.5), near(1.0)], falls) {
            ([true, false, false], true) => Self::Curvature,
            ([true, false, false], false) => Self::Indifferent,
            ([false, true, false], false) => Self::NoiseRoot,
            ([false, false, true], false) => Self::NoiseLinear,
            // Both are noise; the nearer one names it.
            ([false, true, true], false) if ridge.value < 0.75 => Self::NoiseRoot,
            ([false, true, true], false) => Self::NoiseLinear,
            ([false, _, _], true) | ([false, false, false], false) => Self::Undecided,
            ([true, true, _] | [true, _, true], _) => Self::Undecided,
        }
    }
}

/// The numbers of a ridge.
#[derive(Clone, Copy, Debug)]
pub struct Slopes {
    /// Of ln y against ln x.
    pub ridge: f64,
    /// Of the normalised score against log₁₀ x.
    pub score: f64,
    /// Two lines that meet; none of fewer than five points.
    pub broken: Option<Broken>,
}

/// Two lines that meet, by least squares of ln y.
#[derive(Clone, Copy, Debug)]
pub struct Broken {
    /// Where, as an x.
    pub at: f64,
    /// The slope of ln y before.
    pub before: f64,
    /// And after.
    pub after: f64,
    /// The slope of the normalised score a decade before.
    pub score_before: f64,
    /// And after.
    pub score_after: f64,
}

/// The numbers of `ridge`.
pub fn slopes(ridge: &[Best]) -> Slopes {
    Slopes {
        ridge: slope(ridge.iter().map(|best| [best.x.ln(), best.y.ln()])),
        score: slope(ridge.iter().map(|best| [best.x.log10(), best.score])),
        broken: broken(ridge),
    }
}

/// Two lines that meet at a place between the second and the last but one point.
fn broken(ridge: &[Best]) -> Option<Broken> {
    const STEPS: usize = 64;
    const THIRDS: usize = 40;
    let x: Vec<f64> = ridge.iter().map(|best| best.x.ln()).collect();
    let y: Vec<f64> = ridge.iter().map(|best| best.y.ln()).collect();
    let score: Vec<f64> = ridge.iter().map(|best| best.score).collect();
    if x.len() < LEAST {
        return None;
    }
    let (low, high) = (x[1], x[x.len() - 2]);
    let squares = |knot: f64| two_lines(&x, &y, knot).map_or(f64::INFINITY, |lines| lines.squares);
    let place = |step: usize| low + (high - low) * step as f64 / STEPS as f64;
    // From the best of many places to the best between its neighbours, by thirds.
    let step = (0..=STEPS).min_by(|a, b| squares(place(*a)).total_cmp(&squares(place(*b))))?;
    let (mut from, mut to) = (place(step.saturating_sub(1)), place((step + 1).min(STEPS)));
    for _ in 0..THIRDS {
        let third = (to - from) / 3.0;
        if squares(from + third) <= squares(to - third) { to -= third } else { from += third }
    }
    let middle = f64::midpoint(from, to);
    let knot = if squares(middle) <= squares(place(step)) { middle } else { place(step) };
    let (of_y, of_score) = (two_lines(&x, &y, knot)?, two_lines(&x, &score, knot)?);
    let decade = std::f64::consts::LN_10;
    Some(Broken {
        at: knot.exp(),
        before: of_y.before,
        after: of_y.after,
        score_before: of_score.before * decade,
        score_after: of_score.after * decade,
    })
}

/// Two lines that meet at a knot.
struct TwoLines {
    before: f64,
    after: f64,
    squares: f64,
}

/// The least squares of y on min(x − knot, 0) and max(x − knot, 0), of which one is always 0, with an intercept; none where a
/// side has no slope.
fn two_lines(x: &[f64], y: &[f64], knot: f64) -> Option<TwoLines> {
    let n = x.len() as f64;
    let sides = |x: f64| [(x - knot).min(0.0), (x - knot).max(0.0)];
    let (mut sums, mut squares, mut products, mut sum) = ([0.0; 2], [0.0; 2], [0.0; 2], 0.0);
    for (x, y) in x.iter().zip(y) {
        sum += y;
        for (side, own) in sides(*x).into_iter().enumerate() {
            sums[side] += own;
            squares[side] += own * own;
            products[side] += own * y;
        }
    }
    let [a, b] = [0, 1].map(|side| squares[side] - sums[side] * sums[side] / n);
    let [of_a, of_b] = [0, 1].map(|side| products[side] - sums[side] * sum / n);
    let mixed = -sums[0] * sums[1] / n;
    let determinant = a * b - mixed * mixed;
    let before = (b * of_a - mixed * of_b) / determinant;
    let after = (a * of_b - mixed * of_a) / determinant;
    let height = (sum - before * sums[0] - after * sums[1]) / n;
    let residual = |(x, y): (&f64, &f64)| {
        let [below, above] = sides(*x);
        (y - height - before * below - after * above).powi(2)
    };
    let squares = x.iter().zip(y).map(residual).sum();
    (determinant > 1e-12 * a * b).then_some(TwoLines { before, after, squares })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::Interval;

    fn ridge(of: impl Fn(f64) -> [f64; 2]) -> Vec<Best> {
        let best = |power: i32| {
            let x = 2_f64.powi(power);
            let [y, score] = of(x);
            Best { x, y, score, spot: 0, edge: None }
        };
        (3..=10).map(best).collect()
    }

    #[test]
    fn a_ridge_that_rises_and_then_stays_breaks_there() {
        let kink = 90.0;
        let found =
            slopes(&ridge(|x| [1e-3 * x.min(kink), 0.9 - 0.2 * (x / kink).max(1.0).log10()]));
        let broken = found.broken.unwrap();
        assert!((broken.at / kink - 1.0).abs() < 1e-6, "{broken:?}");
        assert!((broken.before - 1.0).abs() < 1e-6 && broken.after.abs() < 1e-6, "{broken:?}");
        assert!(broken.score_before.abs() < 1e-6 && (broken.score_after + 0.2).abs() < 1e-6);
        let few = ridge(|x| [x, 1.0]);
        assert!(slopes(&few[..4]).broken.is_none());
    }

    #[test]
    fn a_straight_ridge_has_one_slope() {
        let found = slopes(&ridge(|x| [0.1 * x.sqrt(), 0.5]));
        let broken = found.broken.unwrap();
        assert!((found.ridge - 0.5).abs() < 1e-12 && found.score.abs() < 1e-12);
        assert!((broken.before - broken.after).abs() < 1e-6);
    }

    #[test]
    fn regimes_are_told_by_both_slopes() {
        let of = |value: f64, by: f64| Estimate {
            value,
            interval: Some(Interval { low: value - by, high: value + by }),
        };
        let cases = [
            (of(1.0, 0.1), of(0.0, 0.01), Regime::NoiseLinear),
            (of(0.55, 0.1), of(0.05, 0.1), Regime::NoiseRoot),
            (of(0.02, 0.1), of(-0.3, 0.1), Regime::Curvature),
            (of(0.02, 0.1), of(0.0, 0.1), Regime::Indifferent),
            (of(0.5, 0.5), of(0.0, 0.1), Regime::Undecided),
            (of(1.0, 0.1), of(-0.3, 0.1), Regime::Undecided),
            (of(-0.8, 0.1), of(0.0, 0.1), Regime::Undecided),
            (of(0.8, 0.2), of(0.0, 0.1), Regime::NoiseLinear),
        ];
        for (ridge, score, regime) in cases {
            assert_eq!(Regime::of(&ridge, &score), regime, "{ridge:?} {score:?}");
        }
        let alone = Estimate { value: 0.5, interval: None };
        assert_eq!(Regime::of(&alone, &Estimate { value: 0.0, interval: None }), Regime::NoiseRoot);
    }
}
