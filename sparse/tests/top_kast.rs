//! Top-KAST against a second account of it over dense arrays: sets chosen by sorting, a forward pass
//! in which every weight outside `A` is 0, Adam on what lies in `B`.

use crate::common::*;
use sparring_sparse::shares::Shares;
use sparring_sparse::{ClipNorm, Compute, Layer, Network, OptimizerConfig, Topology};

/// `θ`, `m`, `v` and the sets of one layer; biases stand in sets of their own that hold them all.
struct Oracle {
    theta: Vec<f64>,
    m: Vec<f64>,
    v: Vec<f64>,
    a: Vec<bool>,
    b: Vec<bool>,
    sizes: [usize; 2],
}

impl Oracle {
    fn new(theta: Vec<f64>, sizes: [usize; 2]) -> Self {
        let n = theta.len();
        let mut oracle = Self {
            theta,
            sizes,
            m: vec![0.0; n],
            v: vec![0.0; n],
            a: vec![false; n],
            b: vec![false; n],
        };
        oracle.choose();
        oracle
    }

    fn choose(&mut self) {
        let mut order: Vec<usize> = (0..self.theta.len()).collect();
        order.sort_by(|i, j| self.theta[*j].abs().total_cmp(&self.theta[*i].abs()).then(i.cmp(j)));
        let top = |count: usize| {
            let mut set = vec![false; order.len()];
            order[..count].iter().for_each(|i| set[*i] = true);
            set
        };
        let (a, b) = (top(self.sizes[0]), top(self.sizes[1]));
        let moments = self.m.iter_mut().zip(&mut self.v);
        for ((m, v), _) in
            moments.zip(self.b.iter().zip(&b)).filter(|(_, (old, new))| !(**old && **new))
        {
            (*m, *v) = (0.0, 0.0);
        }
        (self.a, self.b) = (a, b);
    }

    fn step(&mut self, grad: &[f64], scale: f64, t: i32) {
        let rate = 1e-2 * (1.0 - 0.999f64.powi(t)).sqrt() / (1.0 - 0.9f64.powi(t));
        for i in (0..grad.len()).filter(|i| self.b[*i]) {
            let g = grad[i] * scale;
            self.m[i] = 0.9 * self.m[i] + 0.1 * g;
            self.v[i] = 0.999 * self.v[i] + 0.001 * g * g;
            self.theta[i] -= rate * self.m[i] / (self.v[i].sqrt() + 1e-7);
        }
    }

    /// The gradient of the penalty `½ λ (Σ_A θ² + 1/D Σ_{B∖A} θ²)`.
    fn pull(&self, i: usize, lambda: f64) -> f64 {
        let density = self.sizes[0] as f64 / self.theta.len() as f64;
        match (self.a[i], self.b[i]) {
            (true, _) => lambda * self.theta[i],
            (false, true) => lambda / density * self.theta[i],
            _ => 0.0,
        }
    }
}

fn network(weights: &[Oracle], biases: &[Oracle]) -> Network {
    let (mut layers, mut all) = (Vec::new(), Vec::new());
    for ((weights, biases), spec) in weights.iter().zip(biases).zip(specs(&WIDTHS)) {
        let topology = Topology::dense(spec.shape.rows(), spec.shape.cols()).unwrap();
        layers.push(Layer::new(&spec, topology.into(), Compute::Sparse, all.len()).unwrap());
        let masked = weights.theta.iter().zip(&weights.a);
        all.extend(masked.map(|(theta, a)| if *a { *theta as f32 } else { 0.0 }));
        all.extend(biases.theta.iter().map(|theta| *theta as f32));
    }
    Network::new(layers, all).unwrap()
}

#[test]
fn agrees_with_dense_arrays_over_several_refreshes() {
    const LAMBDA: f64 = 0.05;
    for (clip_norm, max) in
        [(ClipNorm::Active, 0.5), (ClipNorm::Dense, 0.5), (ClipNorm::Active, 1e9)]
    {
        let config = sparse(top_kast(7, 0.5, LAMBDA), 0.8);
        let optimizer =
            OptimizerConfig { learning_rate: 1e-2, max_grad_norm: Some(max), clip_norm, ..ADAM };
        let mut trainer = build(&config, optimizer);

        // The same draw, from a network that starts with all of it.
        let dense = build(&sparse(dense(), 0.0), optimizer);
        let params: Vec<f32> = dense.network().params().to_vec1().unwrap();
        let part =
            |part: std::ops::Range<usize>| params[part].iter().map(|p| f64::from(*p)).collect();
        let method = config.build().unwrap();
        let Shares { forward, backward } = Shares::of(&specs(&WIDTHS), &config, &*method).unwrap();
        let (mut weights, mut biases) = (Vec::new(), Vec::new());
        for (l, layer) in dense.network().layers().iter().enumerate() {
            weights.push(Oracle::new(part(layer.weights()), [forward[l].nnz, backward[l].nnz]));
            let rows = layer.topology().rows();
            biases.push(Oracle::new(part(layer.biases()), [rows, rows]));
        }
        assert!(
            forward.iter().zip(&backward).any(|(f, b)| f.nnz < b.nnz),
            "something is held ready"
        );

        let mut entered = 0;
        for t in 0..60 {
            if t > 0 && t % 7 == 0 {
                weights.iter_mut().for_each(Oracle::choose);
            }
            let (x, y) = data(t as u64 % 5);
            let masked = network(&weights, &biases);
            let loss = squared_error(masked.forward(&x).unwrap(), &y);
            let grads = loss.backward().unwrap();
            let grad: Vec<f32> = grads.get(masked.params()).unwrap().to_vec1().unwrap();
            let mut squares = 0.0;
            let mut all = Vec::new();
            for (l, layer) in masked.layers().iter().enumerate() {
                let seen = |i: usize| clip_norm == ClipNorm::Dense || weights[l].b[i];
                let of = |(i, g): (usize, &f32)| f64::from(*g) + weights[l].pull(i, LAMBDA);
                let w: Vec<f64> = grad[layer.weights()].iter().enumerate().map(of).collect();
                let b: Vec<f64> = grad[layer.biases()].iter().map(|g| f64::from(*g)).collect();
                squares +=
                    w.iter().enumerate().filter(|(i, _)| seen(*i)).map(|(_, g)| g * g).sum::<f64>();
                squares += b.iter().map(|g| g * g).sum::<f64>();
                all.push((w, b));
            }
            let scale = (max / squares.sqrt()).min(1.0);
            for (l, (w, b)) in all.iter().enumerate() {
                weights[l].step(w, scale, t + 1);
                biases[l].step(b, scale, t + 1);
            }

            train(&mut trainer, t as u64 % 5);
            let params: Vec<f32> = trainer.network().params().to_vec1().unwrap();
            for (l, layer) in trainer.network().layers().iter().enumerate() {
                let positions: Vec<u32> = layer.topology().positions().collect();
                let expected: Vec<u32> = (0..layer.topology().size() as u32)
                    .filter(|p| weights[l].a[*p as usize])
                    .collect();
                assert_eq!(positions, expected, "step {t}, layer {l}");
                for (position, k) in positions.iter().zip(layer.weights()) {
                    let theta = weights[l].theta[*position as usize];
                    assert!(
                        (f64::from(params[k]) - theta).abs() < 1e-4,
                        "step {t}: {} {theta}",
                        params[k]
                    );
                }
            }
            entered += trainer.drain_rewired().iter().map(|counts| counts.grown).sum::<usize>();
        }
        assert!(entered > 5, "{entered}: the backward set earns its way in");
    }
}

/// With a backward set of the forward set's size nothing trains beside the network, though weights
/// that fall below one that lies still give it their place; with all weights active nothing changes.
#[test]
fn nothing_need_be_held_ready() {
    for sparsity in [0.8, 0.0] {
        let mut trainer = trainer(top_kast(3, sparsity, 1e-3), sparsity, ADAM);
        let start = nnz(trainer.network());
        for step in 0..20 {
            train(&mut trainer, step);
            assert_eq!(nnz(trainer.network()), start);
            assert!((0..3).all(|l| trainer.trained(l) == start[l]));
        }
        let grown: usize = trainer.drain_rewired().iter().map(|counts| counts.grown).sum();
        assert_eq!(grown > 0, sparsity > 0.0, "{grown}");
    }
}
