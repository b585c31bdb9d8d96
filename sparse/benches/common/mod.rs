//! Samples of a benchmark: taken in turn, kept raw, told as medians and quartiles.

// Each benchmark takes what it needs.
#![allow(dead_code)]

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Instant;

use sparring_sparse::config::{Distribution, Method, Pattern, SparsityConfig};
use sparring_sparse::{
    Activation, Compute, Init, LayerSpec, Network, OptimizerConfig, Seed, Shape, Trainer,
};

/// A ReLU network in training: dense at a sparsity of 0, else with a static ERK topology.
pub fn trainer(shapes: &[Shape], sparsity: f64, compute: Compute) -> Trainer {
    let last = shapes.len() - 1;
    let spec = |(l, shape): (usize, &Shape)| LayerSpec {
        name: l.to_string(),
        shape: *shape,
        activation: if l == last { Activation::Identity } else { Activation::Relu },
        init: Init::TruncatedNormal { scale: 2.0 },
        bias: 0.0,
        weight_decay: 0.0,
    };
    let specs: Vec<LayerSpec> = shapes.iter().enumerate().map(spec).collect();
    let config = SparsityConfig {
        method: if sparsity == 0.0 { Method::Dense } else { Method::Static },
        sparsity,
        distribution: Distribution::Erk { power: 1.0 },
        pattern: Pattern::Unstructured,
        layers: BTreeMap::new(),
        sparsity_aware_init: true,
        compute,
    };
    Trainer::new("net", &specs, &config, OptimizerConfig::adam(3e-4), &Seed::new(1)).unwrap()
}

/// The network alone.
pub fn network(shapes: &[Shape], sparsity: f64, compute: Compute) -> Network {
    trainer(shapes, sparsity, compute).network().clone()
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
