//! The sign test.

/// The two-sided p-value of «up and down are equally likely»: of n = `ups` + `downs` fair coins the chance of so unequal a
/// count or a more unequal one, `min(1, 2 Σ_{i ≥ max(ups, downs)} C(n, i) / 2ⁿ)`. What neither rose nor fell is no part of
/// it. With n tasks the least p is 2 / 2ⁿ: 0.0625 for five, 0.031 for six. None of no tasks.
pub fn sign_test_p(ups: usize, downs: usize) -> Option<f64> {
    let n = ups + downs;
    // C(n, i) / 2ⁿ from i = n downwards.
    let mut term = 0.5_f64.powi(i32::try_from(n).ok()?);
    let mut sum = 0.0;
    for i in (ups.max(downs)..=n).rev() {
        sum += term;
        term *= i as f64 / (n - i + 1) as f64;
    }
    (n > 0).then(|| (2.0 * sum).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Python 3: `sum(comb(20, i) for i in range(15, 21)) * 2 / 2**20`, and so on.
    #[test]
    fn it_is_the_binomial_tail() {
        let near =
            |p: Option<f64>, expected: f64| assert!((p.unwrap() - expected).abs() < 1e-12, "{p:?}");
        near(sign_test_p(5, 0), 0.0625);
        near(sign_test_p(0, 5), 0.0625);
        near(sign_test_p(9, 1), 0.021_484_375);
        near(sign_test_p(7, 3), 0.343_75);
        near(sign_test_p(4, 4), 1.0);
        near(sign_test_p(15, 5), 0.041_389_465_332_031_25);
        assert_eq!(sign_test_p(0, 0), None);
    }
}
