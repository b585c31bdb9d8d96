//! A value and how far it may be off.

use serde::Serialize;

/// The part of resamples below the lower and above the upper end: half of what 95 % leave.
const TAIL: f64 = 0.025;

/// The ends of a 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// A value with its 95 % interval; none where there are too few runs to tell.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// Of the runs as they are.
    pub value: f64,
    /// Of resamples of them.
    pub interval: Option<Interval>,
}

impl Interval {
    /// The percentile interval of what `resamples` gave, whose order it changes: their percentiles 2.5 and 97.5. None
    /// where there are none, or one of them is not finite.
    pub fn of(resamples: &mut [f64]) -> Option<Self> {
        Self::between(resamples, TAIL)
    }

    /// The same with another part of the resamples beyond each end.
    pub fn between(resamples: &mut [f64], tail: f64) -> Option<Self> {
        let usable = !resamples.is_empty() && resamples.iter().all(|value| value.is_finite());
        usable.then(|| Self {
            low: percentile(resamples, tail),
            high: percentile(resamples, 1.0 - tail),
        })
    }
}

/// Between neighbours it is linear, as numpy's default: at the place `(n − 1) · fraction`. Of at least one value.
pub fn percentile(values: &mut [f64], fraction: f64) -> f64 {
    let place = fraction * (values.len() - 1) as f64;
    let (_, below, further) = values.select_nth_unstable_by(place as usize, f64::total_cmp);
    let above = further.iter().copied().min_by(f64::total_cmp).unwrap_or(*below);
    *below + place.fract() * (above - *below)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_numpys() {
        let mut values = [4.0, 1.0, 16.0, 2.0, 8.0];
        assert_eq!(percentile(&mut values, 0.0), 1.0);
        assert_eq!(percentile(&mut values, 0.5), 4.0);
        assert_eq!(percentile(&mut values, 0.625), 6.0);
        assert_eq!(percentile(&mut values, 1.0), 16.0);
        assert_eq!(percentile(&mut [3.0], 0.3), 3.0);
    }

    /// numpy 2.4.6: `percentile(arange(11) ** 2, [2.5, 97.5])`.
    #[test]
    fn an_interval_holds_all_but_a_tail_at_each_end() {
        let mut squares: Vec<f64> = (0..11).rev().map(|i| f64::from(i * i)).collect();
        assert_eq!(Interval::of(&mut squares), Some(Interval { low: 0.25, high: 95.25 }));
        assert_eq!(Interval::of(&mut []), None);
        assert_eq!(Interval::of(&mut [1.0, f64::NAN]), None);
    }
}
