//! Softmax over the rows or the columns of a matrix, and its way back.
//!
//! ```text
//! p = exp(z) / Σ exp(z)        dz = p ⊙ (dp − Σ dp p)
//! ```

use crate::kernels::vector;

/// Of each row of `z (rows, cols)`, in its place; gives the sum of their entropies in nats,
/// `H(p) = ln Σ exp(z − m) − Σ p (z − m)` with `m` the largest.
pub fn rows(z: &mut [f32], cols: usize) -> f64 {
    for z in z.chunks_exact_mut(cols) {
        let largest = z.iter().fold(f32::NEG_INFINITY, |largest, z| largest.max(*z));
        z.iter_mut().for_each(|z| *z -= largest);
    }
    let shifted = z.to_vec();
    vector::map(z, vector::exp);
    let mut entropy = 0.0;
    for (p, z) in z.chunks_exact_mut(cols).zip(shifted.chunks_exact(cols)) {
        let sum: f32 = p.iter().sum();
        p.iter_mut().for_each(|p| *p /= sum);
        // Nothing times infinity is nothing here.
        let of = |(p, z): (&f32, &f32)| if *p > 0.0 { p * z } else { 0.0 };
        entropy += f64::from(sum.ln() - p.iter().zip(z).map(of).sum::<f32>());
    }
    entropy
}

/// Of each column of `z (rows, cols)`, in its place.
pub fn columns(z: &mut [f32], cols: usize) {
    let mut largest = vec![f32::NEG_INFINITY; cols];
    for z in z.chunks_exact(cols) {
        largest.iter_mut().zip(z).for_each(|(largest, z)| *largest = largest.max(*z));
    }
    for z in z.chunks_exact_mut(cols) {
        z.iter_mut().zip(&largest).for_each(|(z, largest)| *z -= largest);
    }
    vector::map(z, vector::exp);
    let mut sums = vec![0.0; cols];
    for p in z.chunks_exact(cols) {
        sums.iter_mut().zip(p).for_each(|(sum, p)| *sum += p);
    }
    for p in z.chunks_exact_mut(cols) {
        p.iter_mut().zip(&sums).for_each(|(p, sum)| *p /= sum);
    }
}

/// `dz += …` of [`rows`], from `p` and `dp (rows, cols)`.
pub fn rows_back(p: &[f32], dp: &[f32], cols: usize, dz: &mut [f32]) {
    let of = p.chunks_exact(cols).zip(dp.chunks_exact(cols));
    for ((p, dp), dz) in of.zip(dz.chunks_exact_mut(cols)) {
        let mean: f32 = p.iter().zip(dp).map(|(p, dp)| p * dp).sum();
        for ((p, dp), dz) in p.iter().zip(dp).zip(dz) {
            *dz += p * (dp - mean);
        }
    }
}

/// `dz += …` of [`columns`], from `p` and `dp (rows, cols)`.
pub fn columns_back(p: &[f32], dp: &[f32], cols: usize, dz: &mut [f32]) {
    let mut means = vec![0.0; cols];
    for (p, dp) in p.chunks_exact(cols).zip(dp.chunks_exact(cols)) {
        for ((mean, p), dp) in means.iter_mut().zip(p).zip(dp) {
            *mean += p * dp;
        }
    }
    let of = p.chunks_exact(cols).zip(dp.chunks_exact(cols));
    for ((p, dp), dz) in of.zip(dz.chunks_exact_mut(cols)) {
        for (((p, dp), mean), dz) in p.iter().zip(dp).zip(&means).zip(dz) {
            *dz += p * (dp - mean);
        }
    }
}

/// The largest of a row; the lower index wins a tie.
pub fn largest(row: &[f32]) -> usize {
    (1..row.len()).fold(0, |best, i| if row[i] > row[best] { i } else { best })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// `∂ value / ∂ z`, by central differences.
    pub fn slopes(z: &[f64], value: impl Fn(&[f64]) -> f64) -> Vec<f64> {
        let slope = |i: usize| {
            let at = |delta: f64| {
                let mut z = z.to_vec();
                z[i] += delta;
                value(&z)
            };
            (at(1e-5) - at(-1e-5)) / 2e-5
        };
        (0..z.len()).map(slope).collect()
    }

    /// `Σ w p` in f64, of a softmax over rows, or over columns by way of the transpose.
    fn value(z: &[f64], w: &[f64], cols: usize, by_column: bool) -> f64 {
        let groups: Vec<Vec<usize>> = match by_column {
            false => (0..z.len() / cols).map(|r| (r * cols..(r + 1) * cols).collect()).collect(),
            true => (0..cols).map(|c| (c..z.len()).step_by(cols).collect()).collect(),
        };
        let of = |group: &Vec<usize>| {
            let sum: f64 = group.iter().map(|i| z[*i].exp()).sum();
            group.iter().map(|i| w[*i] * z[*i].exp() / sum).sum::<f64>()
        };
        groups.iter().map(of).sum()
    }

    #[test]
    fn sums_are_one_and_slopes_agree_with_central_differences() {
        let z: Vec<f32> = (0..12).map(|i| ((i * 7 % 5) as f32 - 2.0) * 0.7).collect();
        let w: Vec<f32> = (0..12).map(|i| (i * 5 % 7) as f32 - 3.0).collect();
        let wide = |v: &[f32]| v.iter().map(|v| f64::from(*v)).collect::<Vec<_>>();
        for by_column in [false, true] {
            let (mut p, mut dz) = (z.clone(), vec![0.0; 12]);
            match by_column {
                false => _ = rows(&mut p, 4),
                true => columns(&mut p, 4),
            }
            match by_column {
                false => rows_back(&p, &w, 4, &mut dz),
                true => columns_back(&p, &w, 4, &mut dz),
            }
            let total: f32 = p.iter().sum();
            assert!((total - if by_column { 4.0 } else { 3.0 }).abs() < 1e-5);
            let value = |z: &[f64]| value(z, &wide(&w), 4, by_column);
            for (i, slope) in slopes(&wide(&z), value).into_iter().enumerate() {
                assert!((f64::from(dz[i]) - slope).abs() < 1e-5, "{by_column} {i}");
            }
        }
        // Numbers whose exponentials are none.
        let mut far = [1000.0, 1000.0, -1000.0];
        rows(&mut far, 3);
        assert_eq!(far, [0.5, 0.5, 0.0]);
        let entropy = rows(&mut [2f32.ln(), 2f32.ln(), f32::NEG_INFINITY, 0.0, -900.0, -900.0], 3);
        assert!((entropy - 2f64.ln()).abs() < 1e-6, "{entropy}");
        let mut thirds = [0.7, 0.7, 0.7];
        assert!((rows(&mut thirds, 3) - 3f64.ln()).abs() < 1e-6);
        assert_eq!(largest(&[1.0, 3.0, 3.0, 2.0]), 1);
    }
}
