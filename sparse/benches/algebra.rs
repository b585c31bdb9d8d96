//! A hidden layer of 256 inputs and outputs over each algebra against a real dense one, on one thread, in one run, taken
//! in turn: a training step (forward pass, both gradients, Adam) at batch 256, and a forward pass of one sample; and the
//! step at a sparsity of 90 % by elements. Algebras whose elements do not divide 256 have the next width that they do.
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
use sparring_sparse::config::SparsityConfig;
use sparring_sparse::methods::static_sparse::Static;
use sparring_sparse::{
    ALGEBRAS, Activation, Algebra, Init, LayerSpec, OptimizerConfig, Seed, Shape, Trainer, Wanted,
};

const BATCH: usize = 256;
const WIDTH: usize = 256;
const ROUNDS: usize = 41;

struct Layer {
    name: String,
    trainer: Trainer,
    x: Vec<f32>,
    dy: Vec<f32>,
}

impl Layer {
    fn new(algebra: Algebra, sparsity: f64) -> Self {
        let width = WIDTH.next_multiple_of(algebra.order());
        let spec = LayerSpec {
            name: "hidden".into(),
            shape: Shape::Linear { inputs: width, outputs: width },
            activation: Activation::Relu,
            init: Init::TruncatedNormal { scale: 2.0 },
            bias: 0.0,
            weight_decay: 0.0,
            algebra,
            then: Vec::new(),
        };
        let config = match sparsity {
            0.0 => SparsityConfig::dense(),
            sparsity => SparsityConfig::new(Static {}, sparsity, 1),
        };
        let adam = OptimizerConfig::adam(3e-4);
        let mut rng = Seed::new(2).rng();
        let mut draw = || (0..BATCH * width).map(|_| rng.random_range(-1.0..1.0)).collect();
        let part = if sparsity > 0.0 { " 90 %" } else { "" };
        Self {
            name: format!("{algebra:?}{part}"),
            trainer: Trainer::new("net", &[spec], &config, adam, &Seed::new(1)).unwrap(),
            x: draw(),
            dy: draw(),
        }
    }

    fn step(&mut self) {
        let step = self.trainer.begin_step().unwrap();
        let mut pass = self.trainer.vjp(&self.x, &step).unwrap();
        let wanted = Wanted { input: true, params: true };
        let gradients = pass.backward(&self.dy, wanted).unwrap();
        drop(pass);
        self.trainer.finish_step(step, gradients).unwrap();
    }

    fn forward(&self) {
        let width = self.x.len() / BATCH;
        black_box(self.trainer.network().outputs(&self.x[..width]).unwrap());
    }
}

fn main() {
    // SAFETY: nothing else runs yet.
    unsafe { process::settle() };
    let mut samples = Samples::new("algebra,work");
    let algebras = || [Algebra::REAL].into_iter().chain(ALGEBRAS.map(Algebra::of));
    let mut layers: Vec<Layer> = algebras()
        .map(|algebra| Layer::new(algebra, 0.0))
        .chain(algebras().map(|algebra| Layer::new(algebra, 0.9)))
        .collect();
    for _ in 0..ROUNDS {
        for layer in &mut layers {
            let [step, forward] = ["step", "one"].map(|work| format!("{},{work}", layer.name));
            samples.add(&step, seconds(|| layer.step()));
            samples.add(&forward, seconds(|| layer.forward()));
        }
    }
    println!("over the real dense layer: a step at batch {BATCH}, a forward pass of one sample");
    for Layer { name, .. } in &layers {
        let [step, one] = ["step", "one"].map(|work| {
            let key = |name: &str| format!("{name},{work}");
            let time = samples.median(&key(name)) * 1e6;
            format!("{time:8.1} us {}", samples.ratio(&key(name), &key("real")))
        });
        println!("{name:>12}: {step:<36} {one}");
    }
    samples.write();
}
