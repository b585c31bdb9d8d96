//! Mean and deviation.

/// `1/n Σ x`; 0 of nothing.
pub fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len().max(1) as f64;
    values.sum::<f64>() / count
}

/// `√(1/n Σ (x − mean)²)`; 0 of nothing.
pub fn deviation(values: &[f32]) -> f64 {
    let center = mean(values.iter().map(|x| f64::from(*x)));
    mean(values.iter().map(|x| (f64::from(*x) - center).powi(2))).sqrt()
}
