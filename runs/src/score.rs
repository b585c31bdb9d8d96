//! The score of one seed: mean return over the last tenth of its evaluations
//! (Graesser et al. 2022, section 4).

use sparring_sparse::stats;

/// The part of a run's evaluations that its score is the mean of.
const TAIL: usize = 10;

/// The score of a curve of mean returns, of which at least one is taken.
pub fn score(curve: &[f64]) -> Option<f64> {
    let tail = tail(curve.len());
    (!curve.is_empty()).then(|| mean(&curve[curve.len() - tail..]))
}

/// How much the last tenth of a curve is above the tenth before, as a part of the range of the
/// whole curve; none where the curve is too short to tell.
pub fn rise(curve: &[f64]) -> Option<f64> {
    let (n, tail) = (curve.len(), tail(curve.len()));
    if n < 2 * TAIL {
        return None;
    }
    let gain = mean(&curve[n - tail..]) - mean(&curve[n - 2 * tail..n - tail]);
    let high = curve.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let low = curve.iter().copied().fold(f64::INFINITY, f64::min);
    (high > low).then(|| gain / (high - low))
}

fn tail(n: usize) -> usize {
    (n / TAIL).max(1)
}

fn mean(values: &[f64]) -> f64 {
    stats::mean(values.iter().copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_tenth_and_at_least_one() {
        assert_eq!(score(&[]), None);
        assert_eq!(score(&[1.0, 5.0]), Some(5.0));
        let curve: Vec<_> = (0..51).map(f64::from).collect();
        assert_eq!(score(&curve), Some(48.0));
    }

    #[test]
    fn a_curve_that_still_rises() {
        let rising: Vec<_> = (0..20).map(f64::from).collect();
        assert_eq!(rise(&rising), Some(2.0 / 19.0));
        let mut flat = vec![0.0; 10];
        flat.extend([7.0; 10]);
        assert_eq!(rise(&flat), Some(0.0));
        assert_eq!(rise(&rising[..19]), None);
        assert_eq!(rise(&[1.0; 40]), None);
    }
}
