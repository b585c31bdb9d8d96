//! Isotonic regression by pool-adjacent-violators: the rising steps that lie nearest to a curve.
//!
//! Of values v₁ … v_n with weights w it is the f₁ ≤ … ≤ f_n of least Σ w (v − f)²: neighbours that fall are pooled into
//! their weighted mean until none do (Ayer et al. 1955). A learning curve is made to rise this way before one asks when
//! it first reaches a return ("Value-Based Deep RL Scales Predictably", 2502.04327), so that a lucky evaluation counts
//! no more than those after it allow.

/// Values that share their mean.
#[derive(Clone, Copy, Debug)]
struct Pool {
    mean: f64,
    weight: f64,
    count: usize,
}

impl Pool {
    fn with(self, other: Self) -> Self {
        let weight = self.weight + other.weight;
        let mean = (self.mean * self.weight + other.mean * other.weight) / weight;
        Self { mean, weight, count: self.count + other.count }
    }
}

/// The isotonic regression of `values`, all of the same weight.
pub fn isotonic(values: &[f64]) -> Vec<f64> {
    let mut pools: Vec<Pool> = Vec::new();
    for value in values {
        let mut pool = Pool { mean: *value, weight: 1.0, count: 1 };
        while let Some(before) = pools.pop_if(|before| before.mean >= pool.mean) {
            pool = before.with(pool);
        }
        pools.push(pool);
    }
    pools.iter().flat_map(|pool| std::iter::repeat_n(pool.mean, pool.count)).collect()
}

/// The first of `steps` at which the isotonic regression of `values` is at `threshold` or above; none where it never is.
pub fn first_reached(steps: &[f64], values: &[f64], threshold: f64) -> Option<f64> {
    let risen = isotonic(values);
    let reached = |value: &f64| *value >= threshold;
    risen.iter().position(reached).and_then(|place| steps.get(place)).copied()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn distance(a: &[f64], b: &[f64]) -> f64 {
        a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum()
    }

    /// scipy 1.17.1: `isotonic_regression(values).x`.
    #[test]
    fn neighbours_that_fall_are_pooled() {
        assert_eq!(isotonic(&[1.0, 3.0, 2.0, 4.0, 3.5, 6.0]), [1.0, 2.5, 2.5, 3.75, 3.75, 6.0]);
        assert_eq!(isotonic(&[5.0, 4.0, 3.0]), [4.0; 3]);
        let risen = [2.0, 14.0 / 3.0, 14.0 / 3.0, 14.0 / 3.0, 6.0, 6.0, 6.0, 6.0];
        let values = [2.0, 9.0, 4.0, 1.0, 7.0, 6.0, 8.0, 3.0];
        let near = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-12;
        assert!(isotonic(&values).iter().zip(&risen).all(near));
        assert!(isotonic(&[]).is_empty());
    }

    #[test]
    fn a_lucky_evaluation_is_no_arrival() {
        let steps = [10.0, 20.0, 30.0, 40.0];
        assert_eq!(first_reached(&steps, &[0.0, 9.0, 1.0, 8.0], 6.0), Some(40.0));
        assert_eq!(first_reached(&steps, &[0.0, 9.0, 1.0, 8.0], 5.0), Some(20.0));
        assert_eq!(first_reached(&steps, &[0.0, 9.0, 1.0, 8.0], 8.5), None);
    }

    proptest! {
        #[test]
        fn it_rises_keeps_the_mean_and_is_its_own_regression(
            values in prop::collection::vec(-1e3f64..1e3, 1..40),
        ) {
            let risen = isotonic(&values);
            prop_assert_eq!(risen.len(), values.len());
            prop_assert!(risen.windows(2).all(|two| two[0] <= two[1] + 1e-9));
            let (before, after): (f64, f64) = (values.iter().sum(), risen.iter().sum());
            prop_assert!((before - after).abs() < 1e-6);
            prop_assert!(distance(&isotonic(&risen), &risen) < 1e-12);
        }

        /// No other rising curve is nearer: not that of the running maximum, nor one shifted, stretched or mixed.
        #[test]
        fn no_rising_curve_is_nearer(
            values in prop::collection::vec(-10f64..10.0, 2..20),
            mut other in prop::collection::vec(-10f64..10.0, 20),
            part in 0.0f64..1.0,
        ) {
            let risen = isotonic(&values);
            other.sort_by(f64::total_cmp);
            other.truncate(values.len());
            let mixed: Vec<f64> =
                risen.iter().zip(&other).map(|(a, b)| a + part * (b - a)).collect();
            for rival in [&other, &mixed] {
                prop_assert!(distance(&values, &risen) <= distance(&values, rival) + 1e-9);
            }
        }

        #[test]
        fn what_rises_stays(mut values in prop::collection::vec(-1e3f64..1e3, 1..40)) {
            values.sort_by(f64::total_cmp);
            values.dedup();
            prop_assert_eq!(isotonic(&values), values);
        }
    }
}
