//! Eight experts of which each token takes one against the layers of one expert that all tokens take, both behind a layer
//! and below a head, on one thread, in one run, taken in turn: forward pass with both gradients (`pass`), and the same
//! with Adam's step, which goes over the parameters of all experts (`step`).
//!
//! Samples: tokens are the 1,024 samples of a batch, or 4,096 of them, of 256 numbers, and experts have 256 units. Pixels:
//! tokens are the 100 pixels of 32 images with 64 channels, and experts have 256 units; the dense one is two 1×1
//! convolutions.
//!
//! `cargo bench -p sparring-sparse --bench routed [-- --csv FILE]`

#![allow(missing_docs, clippy::unwrap_used)]

mod common;
/// As the binary settles its process.
#[path = "../../runs/src/process.rs"]
mod process;

use std::hint::black_box;

use common::{Samples, seconds};
use rand::RngExt;
use sparring_sparse::config::SparsityConfig;
use sparring_sparse::layers::{Conv2d, Padding};
use sparring_sparse::routing::{Balance, Tokens, hash, s_base, top_k};
use sparring_sparse::{
    Activation, Algebra, Gradients, Init, Join, LayerSpec, OptimizerConfig, Router, RouterRow,
    Routing, Seed, Shape, Step, Trainer, Wanted,
};

const EXPERTS: usize = 8;
const UNITS: usize = 256;
const INPUTS: usize = 4;
const OUTPUTS: usize = 4;
const ROUNDS: usize = 21;

/// What tokens are parts of.
#[derive(Clone, Copy)]
struct Case {
    name: &'static str,
    batch: usize,
    tokens: Tokens,
    /// Numbers of a token.
    size: usize,
    /// Rows and columns of an image.
    side: usize,
}

const CASES: [Case; 3] = [
    Case { name: "samples", batch: 1024, tokens: Tokens::Batch, size: 256, side: 1 },
    Case { name: "many samples", batch: 4096, tokens: Tokens::Batch, size: 256, side: 1 },
    Case { name: "pixels", batch: 32, tokens: Tokens::Pixels, size: 64, side: 10 },
];

impl Case {
    /// A layer over all tokens: linear, or a 1×1 convolution.
    fn over(self, [inputs, outputs]: [usize; 2]) -> Shape {
        match self.tokens {
            Tokens::Batch => Shape::Linear { inputs, outputs },
            Tokens::Pixels | Tokens::Channels => Shape::Conv2d(Conv2d {
                in_channels: inputs,
                out_channels: outputs,
                size: [self.side; 2],
                kernel: [1; 2],
                stride: 1,
                padding: Padding::Valid,
            }),
        }
    }

    /// The layer before, the experts of `router` or the layers of one, and the head.
    fn specs(self, router: Option<&'static RouterRow>) -> Vec<LayerSpec> {
        let (relu, none) = (Activation::Relu, Activation::Identity);
        let layer = |name: &str, shape, activation| LayerSpec {
            name: name.into(),
            shape,
            activation,
            init: Init::TruncatedNormal { scale: 2.0 },
            bias: 0.0,
            weight_decay: 0.0,
            algebra: Algebra::REAL,
            then: Vec::new(),
        };
        let linear = |inputs, outputs| Shape::Linear { inputs, outputs };
        let mut all = vec![layer("before", self.over([INPUTS, self.size]), relu)];
        match router {
            None => {
                all.push(layer("dense.0", self.over([self.size, UNITS]), relu));
                all.push(layer("dense.1", self.over([UNITS, self.size]), none));
            }
            Some(row) => {
                // Nothing is dropped: all tokens take an expert, as in the dense network.
                let balance = Balance { importance: 0.01, ..Balance::default() };
                let routing = Routing {
                    tokens: self.tokens,
                    balance,
                    ..Routing::of(Router::of(row), EXPERTS)
                };
                all[0].then = vec![Join::Routed(routing)];
                if routing.router.is_learned() {
                    all.push(layer("router", linear(self.size, EXPERTS), none));
                }
                for e in 0..EXPERTS {
                    all.push(layer(&format!("{e}.0"), linear(self.size, UNITS), relu));
                    all.push(layer(&format!("{e}.1"), linear(UNITS, self.size), none));
                }
            }
        }
        let features = self.size * self.side * self.side;
        all.push(layer("head", linear(features, OUTPUTS), none));
        all
    }
}

struct Net {
    name: String,
    trainer: Trainer,
    x: Vec<f32>,
    dy: Vec<f32>,
}

impl Net {
    fn new(case: Case, router: Option<&'static RouterRow>) -> Self {
        let (config, adam) = (SparsityConfig::dense(), OptimizerConfig::adam(3e-4));
        let mut rng = Seed::new(2).rng();
        let mut draw = |n: usize| (0..n).map(|_| rng.random_range(-1.0..1.0)).collect();
        Self {
            name: format!("{} {}", case.name, router.map_or("dense", |row| row.name)),
            trainer: Trainer::new("net", &case.specs(router), &config, adam, &Seed::new(1))
                .unwrap(),
            x: draw(case.batch * INPUTS * case.side * case.side),
            dy: draw(case.batch * OUTPUTS),
        }
    }

    /// The forward pass and the gradients.
    fn pass(&mut self) -> (Step, Gradients) {
        let step = self.trainer.begin_step().unwrap();
        let mut pass = self.trainer.vjp(&self.x, &step).unwrap();
        let gradients = pass.backward(&self.dy, Wanted::PARAMS).unwrap();
        (step, gradients)
    }

    fn step(&mut self) {
        let (step, gradients) = self.pass();
        self.trainer.finish_step(step, gradients).unwrap();
    }
}

fn main() {
    // SAFETY: nothing else runs yet.
    unsafe { process::settle() };
    let mut samples = Samples::new("network,work");
    let routers = [None, Some(&top_k::ROW), Some(&s_base::ROW), Some(&hash::ROW)];
    let mut nets: Vec<Net> = CASES
        .into_iter()
        .flat_map(|case| routers.into_iter().map(move |router| Net::new(case, router)))
        .collect();
    for _ in 0..ROUNDS {
        for net in &mut nets {
            let [pass, step] = ["pass", "step"].map(|work| format!("{},{work}", net.name));
            // As in training, where a network's turn comes again and again: not cold from the turns of the others.
            drop(black_box(net.pass()));
            samples.add(&pass, seconds(|| drop(black_box(net.pass()))));
            samples.add(&step, seconds(|| net.step()));
        }
    }
    println!("{EXPERTS} experts, each token to one, over one expert that all tokens take");
    for Net { name, .. } in &nets {
        let case = name.rsplit_once(' ').unwrap_or_default().0;
        let [pass, step] = ["pass", "step"].map(|work| {
            let time = samples.median(&format!("{name},{work}")) * 1e6;
            let ratio = samples.ratio(&format!("{name},{work}"), &format!("{case} dense,{work}"));
            format!("{time:8.1} us {ratio}")
        });
        println!("{name:>18}: pass {pass:<36} step {step}");
    }
    samples.write();
}
