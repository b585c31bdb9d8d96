//! How many parameters layers have.

use sparring_sparse::LayerSpec;

/// Weights, and what is always there: biases and the parameters of layer norms.
pub fn parameters(layers: &[LayerSpec]) -> [f64; 2] {
    let sum = |of: fn(&LayerSpec) -> usize| layers.iter().map(of).sum::<usize>() as f64;
    [
        sum(|layer| layer.weights().iter().product()),
        sum(|layer| layer.shape.rows() + 2 * layer.normed()),
    ]
}
