//! A linear layer over a batch, for its products alone.

use std::hint::black_box;

use rand::RngExt;
use sparring_sparse::kernels::{
    Below, Buffer, Lanes, Par, Pass, Reordered, Sides, Weights, linear, live,
};
use sparring_sparse::{Activation, Seed, Topology, sample};

/// A product of a layer.
#[derive(Clone, Copy, Debug)]
pub enum Product {
    Forward,
    InputGrad,
    WeightGrad,
}

impl Product {
    pub const ALL: [Self; 3] = [Self::Forward, Self::InputGrad, Self::WeightGrad];

    pub fn name(self) -> &'static str {
        match self {
            Self::Forward => "forward",
            Self::InputGrad => "input_grad",
            Self::WeightGrad => "weight_grad",
        }
    }
}

/// A square layer, what it reads and the gradient that it is given; below it is the activation that it has itself.
pub struct Layer {
    pub topology: Topology,
    values: Vec<f32>,
    bias: Vec<f32>,
    activation: Activation,
    lanes: Lanes,
    x: Buffer,
    dy: Buffer,
    to: Buffer,
    scratch: Vec<f32>,
    memory: live::Memory,
}

impl Layer {
    /// A layer of `size`² of this density. The share `dead` of the units that it reads, and of its own, is zero in the
    /// whole batch.
    pub fn new(size: usize, batch: usize, density: f64, dead: f64, activation: Activation) -> Self {
        let mut rng = Seed::new(1).rng();
        let nnz = (density * (size * size) as f64).round() as usize;
        let positions = sample::distinct(size * size, nnz, &mut rng);
        let lanes = Lanes::new(batch);
        let mut slots = || {
            let mut slots = lanes.zeros(size);
            let live: Vec<bool> = (0..size).map(|_| !rng.random_bool(dead)).collect();
            for tile in lanes.tiles() {
                let slots = tile.of_mut(&mut slots, size).chunks_exact_mut(tile.width);
                for (slot, _) in slots.zip(&live).filter(|(_, live)| **live) {
                    slot.iter_mut().for_each(|x| *x = rng.random_range(0.0..1.0f32));
                }
            }
            slots
        };
        let (x, dy) = (slots(), slots());
        Self {
            topology: Topology::new(size, size, &positions).unwrap(),
            values: (0..nnz).map(|_| rng.random_range(-1.0..1.0f32)).collect(),
            bias: vec![0.0; size],
            to: lanes.zeros(size),
            scratch: Vec::new(),
            memory: live::Memory::default(),
            activation,
            lanes,
            x,
            dy,
        }
    }

    /// A product of all units.
    pub fn all(&mut self, product: Product) {
        let Self { topology, values, bias, activation, lanes, x, dy, to, scratch, .. } = self;
        let pass = Pass { lanes: *lanes, par: Par::Serial };
        let activation = *activation;
        match product {
            Product::Forward => {
                linear::forward(topology, Weights { values, bias, activation }, pass, x, to);
            }
            Product::InputGrad => {
                let below = Below { activation, y: x };
                linear::input_grad(topology, Reordered { values, scratch }, below, pass, dy, to);
            }
            // The gradient takes the place of the values, which no product here reads back.
            Product::WeightGrad => linear::weight_grad(topology, pass, Sides { dy, x }, values),
        }
        black_box((&self.to, &self.values));
    }

    /// A product of the units that are not zero in the whole batch.
    pub fn live(&mut self, product: Product) {
        let Self { topology, values, bias, activation, lanes, x, dy, to, scratch, memory } = self;
        let pass = Pass { lanes: *lanes, par: Par::Serial };
        let activation = *activation;
        match product {
            Product::Forward => {
                live::forward(topology, Weights { values, bias, activation }, memory, pass, x, to);
            }
            Product::InputGrad => {
                let (weights, below) = (Reordered { values, scratch }, Below { activation, y: x });
                live::input_grad(topology, weights, memory, below, pass, dy, to);
            }
            Product::WeightGrad => {
                live::weight_grad(topology, memory, pass, Sides { dy, x }, values);
            }
        }
        black_box((&self.to, &self.values));
    }
}
