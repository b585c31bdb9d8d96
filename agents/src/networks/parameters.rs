//! How many parameters layers have.

use sparring_sparse::LayerSpec;

/// Weights and biases.
pub fn parameters(layers: &[LayerSpec]) -> [f64; 2] {
    let sum = |of: fn(&LayerSpec) -> usize| layers.iter().map(of).sum::<usize>() as f64;
    [sum(|layer| layer.shape.rows() * layer.shape.cols()), sum(|layer| layer.shape.rows())]
}
