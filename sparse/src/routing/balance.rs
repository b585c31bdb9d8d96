//! What keeps gates from leaving experts without tokens: the importance loss (Shazeer et al. 2017, 1701.06538, equations
//! 6 and 7; Riquelme et al. 2021, 2106.05974).
//!
//! ```text
//! importance of expert e  I_e = Σ_t P_te          L = (std I / mean I)²
//! ```
//!
//! with the standard deviation of the population. Gates sum to 1, so that `mean I = T/E` whatever they are, and
//! `∂L/∂P_te = 2 (I_e − mean) / (E mean²)`.

/// `L`, and `∂L/∂P` of any token's gate for each expert, `(E)`, from `gates (T, E)`.
pub fn importance(gates: &[f32], experts: usize) -> (f64, Vec<f32>) {
    let mut sums = vec![0.0f64; experts];
    for gates in gates.chunks_exact(experts) {
        sums.iter_mut().zip(gates).for_each(|(sum, gate)| *sum += f64::from(*gate));
    }
    let mean = sums.iter().sum::<f64>() / experts as f64;
    let off = sums.iter().map(|sum| sum - mean);
    let scale = experts as f64 * mean * mean;
    let value = off.clone().map(|off| off * off).sum::<f64>() / scale;
    (value, off.map(|off| (2.0 * off / scale) as f32).collect())
}

#[cfg(test)]
mod tests {
    use super::super::softmax;
    use super::super::softmax::tests::slopes;
    use super::*;

    #[test]
    fn by_hand_and_by_central_differences() {
        // Sums 1.5 and 0.5 over a mean of 1.
        assert_eq!(importance(&[1.0, 0.0, 0.5, 0.5], 2), (0.25, vec![0.5, -0.5]));
        assert_eq!(importance(&[0.5; 8], 2), (0.0, vec![0.0; 2]));
        let z: Vec<f64> = (0..12).map(|i| f64::from(i * 5 % 7) * 0.4).collect();
        let gates = |z: &[f64]| -> Vec<f64> {
            let of = |z: &[f64]| {
                let sum: f64 = z.iter().map(|z| z.exp()).sum();
                z.iter().map(|z| z.exp() / sum).collect::<Vec<_>>()
            };
            z.chunks_exact(3).flat_map(of).collect()
        };
        let value = |z: &[f64]| {
            let gates = gates(z);
            let sums: Vec<f64> = (0..3).map(|e| gates.iter().skip(e).step_by(3).sum()).collect();
            let mean = sums.iter().sum::<f64>() / 3.0;
            sums.iter().map(|s| (s - mean).powi(2)).sum::<f64>() / 3.0 / mean / mean
        };
        let narrow: Vec<f32> = gates(&z).into_iter().map(|p| p as f32).collect();
        let (found, by_gate) = importance(&narrow, 3);
        assert!((found - value(&z)).abs() < 1e-6);
        let mut dz = vec![0.0; 12];
        softmax::rows_back(&narrow, &by_gate.repeat(4), 3, &mut dz);
        for (i, slope) in slopes(&z, value).into_iter().enumerate() {
            assert!((f64::from(dz[i]) - slope).abs() < 1e-5, "{i}");
        }
    }
}
