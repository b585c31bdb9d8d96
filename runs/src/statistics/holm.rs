//! Holm's correction of several tests.

/// Holm's step-down correction ("A simple sequentially rejective multiple test procedure", Holm 1979): of p-values in
/// rising order p₁ … p_m the i-th becomes `max over j ≤ i of min(1, (m − j + 1) p_j)`, so that the chance of a single
/// false alarm among all is at most the level, however the tests depend on each other. In the order of `p`.
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|a, b| p[*a].total_cmp(&p[*b]));
    let (mut corrected, mut most) = (vec![0.0; p.len()], 0.0_f64);
    for (rank, at) in order.into_iter().enumerate() {
        most = most.max(((p.len() - rank) as f64 * p[at]).min(1.0));
        corrected[at] = most;
    }
    corrected
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// By hand: 4 · .01, 2 · .04 below 3 · .03, 5 · .005, .5.
    #[test]
    fn it_is_holms() {
        let corrected = holm(&[0.01, 0.04, 0.03, 0.005, 0.5]);
        let expected = [0.04, 0.09, 0.09, 0.025, 0.5];
        assert!(
            corrected.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-15),
            "{corrected:?}"
        );
        assert_eq!(holm(&[0.7, 0.6]), [1.0, 1.0]);
        assert!(holm(&[]).is_empty());
    }

    proptest! {
        #[test]
        fn it_keeps_the_order_and_lowers_none(p in prop::collection::vec(0.0f64..=1.0, 1..12)) {
            let corrected = holm(&p);
            for (a, b) in (0..p.len()).flat_map(|a| (0..p.len()).map(move |b| (a, b))) {
                prop_assert!(p[a] > p[b] || corrected[a] <= corrected[b]);
            }
            prop_assert!(p.iter().zip(&corrected).all(|(p, it)| p <= it && *it <= 1.0));
        }
    }
}
