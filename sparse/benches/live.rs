//! The products of a layer of 512² whose units are in part zero in a whole batch, without them and with, on one
//! thread, in one run, taken in turn.
//!
//! `cargo bench -p sparring-sparse --bench live [-- --csv FILE]`

#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use std::hint::black_box;

use common::{Samples, seconds};
use rand::RngExt;
use sparring_sparse::kernels::{
    Below, Buffer, Lanes, Par, Pass, Reordered, Sides, Weights, linear, live,
};
use sparring_sparse::{Activation, Seed, Topology, sample};

const SIZE: usize = 512;
const BATCHES: [usize; 4] = [32, 64, 128, 256];
const DENSITIES: [f64; 3] = [1.0, 0.5, 0.1];
const DEAD: [f64; 5] = [0.0, 0.1, 0.2, 0.4, 0.8];
const KERNELS: [&str; 3] = ["forward", "input_grad", "weight_grad"];
const ROUNDS: usize = 15;

/// A layer over a batch; the same units are zero in what it reads and in the gradient that it is given.
struct Case {
    topology: Topology,
    values: Vec<f32>,
    bias: Vec<f32>,
    lanes: Lanes,
    x: Buffer,
    dy: Buffer,
    to: Buffer,
    scratch: Vec<f32>,
    memory: live::Memory,
}

impl Case {
    fn new(batch: usize, density: f64, dead: f64) -> Self {
        let mut rng = Seed::new(1).rng();
        let nnz = (density * (SIZE * SIZE) as f64) as usize;
        let positions = sample::distinct(SIZE * SIZE, nnz, &mut rng);
        let lanes = Lanes::new(batch);
        let mut slots = || {
            let mut slots = lanes.zeros(SIZE);
            let live: Vec<bool> = (0..SIZE).map(|_| !rng.random_bool(dead)).collect();
            for tile in lanes.tiles() {
                let slots = tile.of_mut(&mut slots, SIZE).chunks_exact_mut(tile.width);
                for (slot, _) in slots.zip(&live).filter(|(_, live)| **live) {
                    slot.iter_mut().for_each(|x| *x = rng.random_range(0.0..1.0f32));
                }
            }
            slots
        };
        let (x, dy) = (slots(), slots());
        Self {
            topology: Topology::new(SIZE, SIZE, &positions).unwrap(),
            values: (0..nnz).map(|_| rng.random_range(-1.0..1.0f32)).collect(),
            bias: vec![0.0; SIZE],
            to: lanes.zeros(SIZE),
            scratch: Vec::new(),
            memory: live::Memory::default(),
            lanes,
            x,
            dy,
        }
    }

    fn run(&mut self, kernel: usize, without: bool) {
        let Self { topology, values, bias, lanes, x, dy, to, scratch, memory } = self;
        let pass = Pass { lanes: *lanes, par: Par::Serial };
        let activation = Activation::Relu;
        let (below, sides) = (Below { activation, y: x }, Sides { dy, x });
        match (kernel, without) {
            (0, false) => {
                linear::forward(topology, Weights { values, bias, activation }, pass, x, to);
            }
            (0, true) => {
                live::forward(topology, Weights { values, bias, activation }, memory, pass, x, to);
            }
            (1, false) => {
                linear::input_grad(topology, Reordered { values, scratch }, below, pass, dy, to);
            }
            (1, true) => {
                let weights = Reordered { values, scratch };
                live::input_grad(topology, weights, memory, below, pass, dy, to);
            }
            // The gradient takes the place of the values, which no product here reads back.
            (_, false) => linear::weight_grad(topology, pass, sides, values),
            (_, true) => live::weight_grad(topology, memory, pass, sides, values),
        }
        black_box((&self.to, &self.values));
    }
}

fn main() {
    let mut samples = Samples::new("kernel,batch,density,dead,without");
    println!("kernel       batch  density  dead    with us  without us   ratio (quartiles)");
    for batch in BATCHES {
        for density in DENSITIES {
            for dead in DEAD {
                let mut case = Case::new(batch, density, dead);
                for (kernel, name) in KERNELS.into_iter().enumerate() {
                    let key = |without: bool| format!("{name},{batch},{density},{dead},{without}");
                    for _ in 0..ROUNDS {
                        for without in [false, true] {
                            samples.add(&key(without), seconds(|| case.run(kernel, without)));
                        }
                    }
                    let [with, without] = [false, true].map(|w| samples.median(&key(w)) * 1e6);
                    let ratio = samples.ratio(&key(false), &key(true));
                    println!(
                        "{name:<12} {batch:>5} {density:>8} {dead:>5} {with:>10.1} {without:>11.1} {ratio:>19}"
                    );
                }
            }
        }
    }
    samples.write();
}
