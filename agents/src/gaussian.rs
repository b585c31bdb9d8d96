//! The normal distribution that both policies of continuous actions stand on.

/// `½ log 2π`.
pub const HALF_LOG_TAU: f32 = 0.918_938_5;

/// `−log N(x; μ, σ)` from the `distance = (x − μ)/σ`: `½ distance² + log σ + ½ log 2π`.
pub fn surprise(distance: f32, log_std: f32) -> f32 {
    0.5 * distance * distance + log_std + HALF_LOG_TAU
}

/// Its entropy, `½ + ½ log 2π + log σ`.
pub fn entropy(log_std: f32) -> f32 {
    0.5 + HALF_LOG_TAU + log_std
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `∫ p = 1` and `∫ p · surprise = entropy`, by sums over a grid.
    #[test]
    fn is_a_density_and_its_entropy() {
        let (log_std, step) = (0.3f32, 0.01f32);
        let (mut whole, mut mean) = (0.0f64, 0.0f64);
        for i in -1000..=1000 {
            let surprise = surprise(i as f32 * step, log_std);
            let weight = f64::from((-surprise).exp() * step * log_std.exp());
            whole += weight;
            mean += weight * f64::from(surprise);
        }
        assert!((whole - 1.0).abs() < 1e-4, "{whole}");
        assert!((mean - f64::from(entropy(log_std))).abs() < 1e-4, "{mean}");
    }
}
