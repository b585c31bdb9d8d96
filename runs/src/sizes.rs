//! The size and cost of an agent's networks, in the numbers that variants are compared by.

use sparring_agents::{LayerSummary, NetworkSummary};
use sparring_sparse::LayerCost;

use crate::table::{Align, Table, kibibytes, thousands};

/// All trained networks of an agent together.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sizes {
    /// Parameters of the dense networks.
    pub parameters: u64,
    /// Active weights, biases, and parameters of layer norms.
    pub active_parameters: u64,
    /// Active weights as a part of all weights; biases do not count.
    pub density: f64,
    /// Multiplications of a sample by an active weight at one place of it, on the average: 1 of real ones.
    pub products_per_weight: f64,
    /// Multiplications and additions of one sample's forward pass.
    pub forward_flops: u64,
    /// Those of its backward pass.
    pub backward_flops: u64,
    /// Bytes of these.
    pub value_bytes: u64,
    /// Bytes of the index arrays.
    pub structure_bytes: u64,
    /// Bytes of the optimiser's moments.
    pub moment_bytes: u64,
    /// Bytes that methods keep beside them.
    pub method_bytes: u64,
}

impl Sizes {
    /// The sum over all layers of `networks`.
    pub fn of(networks: &[NetworkSummary]) -> Self {
        let sum = |of: fn(LayerCost) -> u64| -> u64 {
            networks.iter().flat_map(|network| &network.layers).map(|layer| of(layer.cost)).sum()
        };
        let active = sum(|layer| layer.active);
        let of_one = |layer: &LayerSummary| {
            layer.cost.active as f64 * layer.cost.multiplications_per_weight()
        };
        let products: f64 = networks.iter().flat_map(|n| &n.layers).map(of_one).sum();
        Self {
            parameters: sum(LayerCost::parameters),
            active_parameters: sum(LayerCost::active_parameters),
            products_per_weight: products / active.max(1) as f64,
            density: active as f64 / sum(LayerCost::weights).max(1) as f64,
            forward_flops: sum(LayerCost::forward_flops),
            backward_flops: sum(LayerCost::backward_flops),
            value_bytes: sum(LayerCost::value_bytes),
            structure_bytes: sum(|cost| cost.structure),
            moment_bytes: sum(LayerCost::moment_bytes),
            method_bytes: sum(|cost| cost.method),
        }
    }
}

/// Multiplications of a sample by a weight at one place: 1 of real numbers, of which the column says nothing.
const PRODUCTS: &str = "products/weight";

/// What a narrow terminal does without, the first of them first.
pub const SPARE: [&str; 10] = [
    PRODUCTS,
    "method",
    "moments",
    "structure",
    "KiB values",
    "norms",
    "biases",
    "backward FLOPs",
    "computed",
    "forward FLOPs",
];

/// A row for every layer of `networks`; FLOPs are those of one sample, and layer norms count as part of the layer before.
pub fn layers_table(networks: &[NetworkSummary]) -> Table {
    let mut table = Table::new(&[
        ("  network", Align::Left),
        ("layer", Align::Left),
        ("weights", Align::Right),
        ("active", Align::Right),
        ("density", Align::Right),
        ("biases", Align::Right),
        ("norms", Align::Right),
        (PRODUCTS, Align::Right),
        ("computed", Align::Left),
        ("forward FLOPs", Align::Right),
        ("backward FLOPs", Align::Right),
        ("KiB values", Align::Right),
        ("structure", Align::Right),
        ("moments", Align::Right),
        ("method", Align::Right),
    ]);
    for network in networks {
        for LayerSummary { name, cost, computed_dense } in &network.layers {
            table.row([
                format!("  {}", network.name),
                name.clone(),
                thousands(cost.weights()),
                thousands(cost.active),
                format!("{:.2} %", 100.0 * cost.density()),
                thousands(cost.outputs),
                thousands(2 * cost.normed),
                cost.multiplications_per_weight().to_string(),
                if *computed_dense { "dense" } else { "sparse" }.to_owned(),
                thousands(cost.forward_flops()),
                thousands(cost.backward_flops()),
                kibibytes(cost.value_bytes()),
                kibibytes(cost.structure),
                kibibytes(cost.moment_bytes()),
                kibibytes(cost.method),
            ]);
        }
    }
    let plain = |layer: &LayerSummary| layer.cost.order == 1;
    match networks.iter().flat_map(|network| &network.layers).all(plain) {
        true => table.without(PRODUCTS),
        false => table,
    }
}

#[cfg(test)]
mod tests {
    use sparring_sparse::{Algebra, Shape};

    use super::*;

    #[test]
    fn networks_add_up() {
        let network = |name: &str, costs: &[LayerCost]| NetworkSummary {
            name: name.to_owned(),
            layers: costs
                .iter()
                .map(|&cost| LayerSummary { name: "l".to_owned(), cost, computed_dense: false })
                .collect(),
        };
        let linear = |inputs, outputs, first| {
            LayerCost::new(&Shape::Linear { inputs, outputs }, Algebra::REAL, 6, first)
        };
        let actor = [linear(4, 3, true), linear(3, 2, false)];
        let critic = [linear(6, 1, true)];
        let sizes = Sizes::of(&[network("actor", &actor), network("critic", &critic)]);
        assert_eq!((sizes.parameters, sizes.active_parameters), (15 + 8 + 7, 9 + 8 + 7));
        assert_eq!(sizes.density, 18.0 / 24.0);
        assert_eq!(sizes.forward_flops, 15 + 14 + 13);
        // Both networks begin with a layer whose input needs no gradient.
        assert_eq!(sizes.backward_flops, 15 + 26 + 13);
        assert_eq!((sizes.value_bytes, sizes.moment_bytes), (4 * 24, 8 * 24));
        assert_eq!(sizes.structure_bytes, 4 * (4 + 5 + 18));
    }
}
