//! Cross-entropy of what a network gives for tokens: `L = −mean log softmax(y)[token]` in nats, over the rows that have a
//! token to be told.

use super::LossGrad;

/// `L`, `∂L/∂y = (softmax(y) − 1[token]) / n` and each row's own loss, of `y (rows, classes)` and the `targets (rows)`, of
/// which `n` are tokens. Rows without one have no part in it.
pub fn cross_entropy(y: &[f32], classes: usize, targets: &[Option<u32>]) -> LossGrad {
    let count = targets.iter().flatten().count().max(1) as f32;
    let (mut value, mut grad) = (0.0f64, vec![0.0; y.len()]);
    let mut samples = vec![0.0; targets.len()];
    let rows = y.chunks_exact(classes.max(1)).zip(grad.chunks_exact_mut(classes.max(1)));
    for (((y, grad), target), sample) in rows.zip(targets).zip(&mut samples) {
        let Some(target) = target.map(|target| target as usize) else { continue };
        let largest = y.iter().fold(f32::NEG_INFINITY, |largest, y| largest.max(*y));
        let mut sum = 0.0;
        for (grad, y) in grad.iter_mut().zip(y) {
            *grad = (y - largest).exp();
            sum += *grad;
        }
        *sample = sum.ln() + largest - y[target];
        value += f64::from(*sample);
        grad.iter_mut().for_each(|grad| *grad /= sum * count);
        grad[target] -= 1.0 / count;
    }
    LossGrad { value: (value / f64::from(count)) as f32, grad, samples }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand_and_by_central_differences() {
        let even = cross_entropy(&[0.0; 4], 4, &[Some(2)]);
        assert!((even.value - 4f32.ln()).abs() < 1e-6);
        assert_eq!(even.grad, [0.25, 0.25, -0.75, 0.25]);
        // Exponentials that are none, and rows without a token.
        let far = cross_entropy(&[1000.0, -1000.0, 3.0, 4.0], 2, &[Some(0), None]);
        assert_eq!((far.value, far.grad), (0.0, vec![0.0; 4]));
        assert_eq!(cross_entropy(&[1.0, 2.0], 2, &[None]).value, 0.0);

        let y: Vec<f32> = (0..12).map(|i| (i * 7 % 5) as f32 * 0.3).collect();
        let targets = [Some(0), None, Some(2), Some(2)];
        let value = |y: &[f64]| -> f64 {
            let of = |(y, target): (&[f64], Option<u32>)| {
                let sum: f64 = y.iter().map(|y| y.exp()).sum();
                target.map_or(0.0, |target| sum.ln() - y[target as usize])
            };
            y.chunks_exact(3).zip(targets).map(of).sum::<f64>() / 3.0
        };
        let wide: Vec<f64> = y.iter().map(|y| f64::from(*y)).collect();
        let found = cross_entropy(&y, 3, &targets);
        assert!((f64::from(found.value) - value(&wide)).abs() < 1e-6);
        for i in 0..12 {
            let at = |delta: f64| {
                let mut y = wide.clone();
                y[i] += delta;
                value(&y)
            };
            let slope = (at(1e-5) - at(-1e-5)) / 2e-5;
            assert!((f64::from(found.grad[i]) - slope).abs() < 1e-6, "{i}");
        }
    }
}
