//! Samples of a benchmark: taken in turn, kept raw, told as medians and quartiles.

// Each benchmark takes what it needs.
#![allow(dead_code)]

pub mod layer;

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Instant;

use candle_core::{Device, Tensor};
use rand::RngExt;
use sparring_sparse::config::{Distribution, Pattern, SparsityConfig};
use sparring_sparse::distribution::{LayerShape, distribute};
use sparring_sparse::methods::static_sparse::Static;
use sparring_sparse::{
    Activation, Algebra, Compute, Init, LayerSpec, OptimizerConfig, Seed, Shape, Trainer,
};

/// A ReLU network in training on a fixed batch, with the mean squared error for a loss.
pub struct Step {
    /// The network and its Adam.
    pub trainer: Trainer,
    x: Tensor,
    target: Tensor,
}

impl Step {
    /// Layers are named by their number; those without a sparsity are dense.
    pub fn new(
        shapes: &[Shape],
        sparsities: BTreeMap<String, f64>,
        compute: Compute,
        batch: usize,
    ) -> Self {
        let last = shapes.len() - 1;
        let spec = |(l, shape): (usize, &Shape)| LayerSpec {
            name: l.to_string(),
            shape: *shape,
            activation: if l == last { Activation::Identity } else { Activation::Relu },
            init: Init::TruncatedNormal { scale: 2.0 },
            bias: 0.0,
            weight_decay: 0.0,
            algebra: Algebra::REAL,
            then: Vec::new(),
        };
        let specs: Vec<LayerSpec> = shapes.iter().enumerate().map(spec).collect();
        let config = SparsityConfig {
            method: Static {}.into(),
            gradient_steps: 0,
            sparsity: 0.0,
            distribution: Distribution::Uniform,
            pattern: Pattern::Unstructured,
            layers: sparsities,
            sparsity_aware_init: true,
            compute: compute.into(),
        };
        let adam = OptimizerConfig::adam(3e-4);
        let mut rng = Seed::new(2).rng();
        let mut draw = |n: usize| {
            let values: Vec<f32> = (0..batch * n).map(|_| rng.random_range(-1.0..1.0)).collect();
            Tensor::from_vec(values, (batch, n), &Device::Cpu).unwrap()
        };
        Self {
            trainer: Trainer::new("net", &specs, &config, adam, &Seed::new(1)).unwrap(),
            x: draw(shapes[0].input().size()),
            target: draw(shapes[last].output().size()),
        }
    }

    /// Forward, loss and backward.
    pub fn gradient(&self) {
        self.loss(self.trainer.network().forward(&self.x).unwrap()).backward().unwrap();
    }

    /// A whole training step.
    pub fn run(&mut self) {
        let step = self.trainer.begin_step().unwrap();
        let loss = self.loss(self.trainer.forward(&self.x, &step).unwrap());
        self.trainer.end_step(step, &loss.backward().unwrap()).unwrap();
    }

    fn loss(&self, y: Tensor) -> Tensor {
        (y - &self.target).unwrap().sqr().unwrap().mean_all().unwrap()
    }
}

/// What ERK gives each layer at a sparsity.
pub fn erk(shapes: &[Shape], sparsity: f64) -> BTreeMap<String, f64> {
    let layer = |(l, shape): (usize, &Shape)| LayerShape {
        name: l.to_string(),
        shape: shape.kernel_shape(),
        order: 1,
    };
    let layers: Vec<_> = shapes.iter().enumerate().map(layer).collect();
    let erk = Distribution::Erk { power: 1.0 };
    let shares = distribute(erk, sparsity, &layers, &BTreeMap::new()).unwrap();
    layers.into_iter().zip(shares).map(|(layer, share)| (layer.name, share.sparsity)).collect()
}

/// The shapes of a multi-layer perceptron.
pub fn mlp(widths: &[usize]) -> Vec<Shape> {
    widths.windows(2).map(|pair| Shape::Linear { inputs: pair[0], outputs: pair[1] }).collect()
}

/// Seconds of one call, the mean of as many as take about a millisecond.
pub fn seconds(mut call: impl FnMut()) -> f64 {
    let start = Instant::now();
    let mut calls = 0;
    while calls < 2 || start.elapsed().as_secs_f64() < 1e-3 {
        call();
        calls += 1;
    }
    start.elapsed().as_secs_f64() / f64::from(calls)
}

/// Raw samples by key.
pub struct Samples {
    columns: &'static str,
    now: BTreeMap<String, Vec<f64>>,
    rows: Vec<String>,
}

impl Samples {
    /// Samples whose keys have these comma-separated columns.
    pub fn new(columns: &'static str) -> Self {
        Self { columns, now: BTreeMap::new(), rows: Vec::new() }
    }

    /// One sample of `key`.
    pub fn add(&mut self, key: &str, seconds: f64) {
        let samples = self.now.entry(key.to_owned()).or_default();
        self.rows.push(format!("{key},{},{seconds:e}", samples.len()));
        samples.push(seconds);
    }

    /// Begins `key` anew; the raw samples stay.
    pub fn forget(&mut self, key: &str) {
        self.now.remove(key);
    }

    /// The median of `key`.
    pub fn median(&self, key: &str) -> f64 {
        quantile(self.now[key].clone(), 0.5)
    }

    /// The ratio of the medians, and the quartiles of the ratios of pairs.
    pub fn ratio(&self, over: &str, under: &str) -> String {
        let pairs = self.now[over].iter().zip(&self.now[under]);
        let ratios: Vec<f64> = pairs.map(|(a, b)| a / b).collect();
        let [low, high] = [0.25, 0.75].map(|part| quantile(ratios.clone(), part));
        format!("{:.2} ({low:.2} to {high:.2})", self.median(over) / self.median(under))
    }

    /// Writes all raw samples to the file after `--csv` on the command line, if there is one.
    pub fn write(&self) {
        let mut args = std::env::args().skip_while(|arg| arg != "--csv");
        let Some(path) = args.nth(1) else { return };
        let mut file = std::fs::File::create(path).unwrap();
        writeln!(file, "{},sample,seconds", self.columns).unwrap();
        self.rows.iter().for_each(|row| writeln!(file, "{row}").unwrap());
    }
}

fn quantile(mut values: Vec<f64>, part: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values[((values.len() - 1) as f64 * part).round() as usize]
}
