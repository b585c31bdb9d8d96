//! A hidden layer of 256 inputs and outputs over each algebra against a real dense one, on one thread, in one run, taken
//! in turn: what it adds to a training step (forward pass, both gradients, Adam) of the network 8-256-8 at batch 256, and
//! to a forward pass of one sample; dense, and at a sparsity of 90 % by elements. Algebras whose elements do not divide
//! 256 have the next width that they do.
//!
//! `cargo bench -p sparring-sparse --bench algebra [-- --csv FILE]`

#![allow(missing_docs, clippy::unwrap_used)]

mod common;
/// As the binary settles its process.
#[path = "../../runs/src/process.rs"]
mod process;

use std::hint::black_box;

use common::{Samples, seconds};
use rand::RngExt;
use sparring_sparse::config::{Distribution, SparsityConfig};
use sparring_sparse::methods::static_sparse::Static;
use sparring_sparse::{
    ALGEBRAS, Activation, Algebra, Init, LayerSpec, OptimizerConfig, Seed, Shape, Trainer, Wanted,
};

const BATCH: usize = 256;
const WIDTH: usize = 256;
const ROUNDS: usize = 41;

/// What the network reads and gives.
const ENDS: usize = 8;

struct Step {
    name: String,
    trainer: Trainer,
    x: Vec<f32>,
    dy: Vec<f32>,
}

impl Step {
    /// With a hidden layer over an algebra, or without one.
    fn new(hidden: Option<Algebra>, sparsity: f64) -> Self {
        let width = WIDTH.next_multiple_of(hidden.unwrap_or(Algebra::REAL).order());
        let layer = |name: &str, [inputs, outputs]: [usize; 2], algebra| LayerSpec {
            name: name.into(),
            shape: Shape::Linear { inputs, outputs },
            activation: Activation::Relu,
            init: Init::TruncatedNormal { scale: 2.0 },
            bias: 0.0,
            weight_decay: 0.0,
            algebra,
            then: Vec::new(),
        };
        let real = Algebra::REAL;
        let mut specs = vec![layer("first", [ENDS, width], real)];
        specs.extend(hidden.map(|algebra| layer("hidden", [width, width], algebra)));
        specs.push(layer("head", [width, ENDS], real));
        let ends = ["first", "head"].map(|name| (name.to_owned(), 0.0));
        let config = match sparsity {
            0.0 => SparsityConfig::dense(),
            sparsity => SparsityConfig {
                layers: ends.into(),
                distribution: Distribution::Uniform,
                ..SparsityConfig::new(Static {}, sparsity, 1)
            },
        };
        let adam = OptimizerConfig::adam(3e-4);
        let mut rng = Seed::new(2).rng();
        let mut draw = || (0..BATCH * ENDS).map(|_| rng.random_range(-1.0..1.0)).collect();
        let part = if sparsity > 0.0 { " 90 %" } else { "" };
        Self {
            name: hidden.map_or("none".to_owned(), |algebra| format!("{algebra:?}{part}")),
            trainer: Trainer::new("net", &specs, &config, adam, &Seed::new(1)).unwrap(),
            x: draw(),
            dy: draw(),
        }
    }

    fn step(&mut self) {
        let step = self.trainer.begin_step().unwrap();
        let mut pass = self.trainer.vjp(&self.x, &step).unwrap();
        let gradients = pass.backward(&self.dy, Wanted::PARAMS).unwrap();
        drop(pass);
        self.trainer.finish_step(step, gradients).unwrap();
    }

    fn forward(&self) {
        black_box(self.trainer.network().outputs(&self.x[..ENDS]).unwrap());
    }
}

fn main() {
    // SAFETY: nothing else runs yet.
    unsafe { process::settle() };
    let mut samples = Samples::new("algebra,work");
    let algebras = || [Algebra::REAL].into_iter().chain(ALGEBRAS.map(Algebra::of));
    let mut steps = vec![Step::new(None, 0.0)];
    steps.extend(algebras().map(|algebra| Step::new(Some(algebra), 0.0)));
    steps.extend(algebras().map(|algebra| Step::new(Some(algebra), 0.9)));
    for _ in 0..ROUNDS {
        for step in &mut steps {
            let [whole, one] = ["step", "one"].map(|work| format!("{},{work}", step.name));
            samples.add(&whole, seconds(|| step.step()));
            samples.add(&one, seconds(|| step.forward()));
        }
    }
    println!(
        "us that the layer adds, and over the real dense one: a step at batch {BATCH}; one sample forward"
    );
    for Step { name, .. } in steps.iter().skip(1) {
        let [step, one] = ["step", "one"].map(|work| {
            let added = |name: &str| {
                let median = |name: &str| samples.median(&format!("{name},{work}"));
                (median(name) - median("none")) * 1e6
            };
            format!("{:8.1} us {:5.2}", added(name), added(name) / added("real"))
        });
        println!("{name:>12}: {step} {one}");
    }
    samples.write();
}
