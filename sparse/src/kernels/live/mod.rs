//! The products of a linear layer without the slots that are zero in all samples of a batch.
//!
//! A unit behind a ReLU that no sample of a batch wakes is such a slot, and in deep RL they are many ("The Dormant Neuron
//! Phenomenon", Sokar et al. 2023, 2302.12902): of the 512 in the second hidden layer of DQN on classic control 44 % (CartPole) to
//! 80 % (MountainCar) after some thousand gradient steps, as `diagnostics: {dormant_tau: 0}` says. With the live slots `J` of `x`
//! and `I` of `dy`,
//!
//! ```text
//! forward      y     = act(W[:, J] x[J] + b)
//! input_grad  dx[J]  = W[I, J]ᵀ dy[I], through a ReLU below; of all inputs otherwise
//! weight_grad dW[I, J] = dy[I] x[J]ᵀ on the active positions, 0 elsewhere
//! ```
//!
//! A dense layer's part of `W` is copied for that, and a sparse one's entries are, where the batch is large enough to pay for it;
//! [`super::sample`] skips the rows of a sparse layer's weight gradient, but not its columns. `runs/records/*-sparse-live` has what it
//! brings. What is left out are products with zero, so results differ from [`super::linear`]'s by rounding at most, a weight that
//! is not finite aside.

mod kept;
mod slots;

use super::args::{Below, Pass, Reordered, Sides, Weights};
use super::dense::{Matrix, product};
use super::lanes::{GRAIN, Lanes};
use super::sample::is_narrow;
use super::small::is_small;
use super::{activation, linear};
use crate::topology::Topology;

use kept::Kept;
use slots::Live;

/// Memory for what is copied; its contents mean nothing between products.
#[derive(Debug, Default)]
pub struct Memory {
    /// The part of the weights or of their gradient.
    weights: Vec<f32>,
    /// Live slots of what is read.
    from: Vec<f32>,
    /// Live slots of what is written, or of the other side.
    to: Vec<f32>,
    entries: Kept,
    /// Where the values of entries stand that are kept column by column.
    places: Vec<u32>,
}

/// What copying a number of a dense layer's weights for a product costs, in lanes that could be multiplied meanwhile.
const COPIED: usize = 40;
/// The same of a number of its gradient, which is copied back.
const COPIED_BACK: usize = 80;
/// What looking at an entry of a sparse layer costs.
const LOOKED_AT: usize = 28;

/// Whether multiplying only `part` of `all` numbers over `width` lanes pays for the `cost`, in lanes: measured by `cargo bench
/// --bench live` with AVX2.
fn pays(all: usize, part: usize, width: usize, cost: usize) -> bool {
    (all - part) * width >= cost
}

/// Whether a batch in `lanes` is wide enough for a look at its slots: half of them could pay, and a dense layer goes through
/// `gemm`.
fn may_pay(topology: &Topology, lanes: Lanes) -> bool {
    match topology.csr() {
        Some(_) => lanes.width() >= 2 * LOOKED_AT,
        None => lanes.width() > GRAIN && !is_small(topology.rows(), topology.cols()),
    }
}

/// [`linear::forward`]: x `(in)` slots, y `(out)` slots.
pub fn forward(
    topology: &Topology,
    weights: Weights<'_>,
    memory: &mut Memory,
    pass: Pass,
    x: &[f32],
    y: &mut [f32],
) {
    let Pass { lanes, par } = pass;
    let [rows, cols] = [topology.rows(), topology.cols()];
    if !may_pay(topology, lanes) {
        return linear::forward(topology, weights, pass, x, y);
    }
    let live = Live::new(lanes, cols, x);
    match topology.csr() {
        Some(csr) if pays(cols, live.len(), lanes.width(), LOOKED_AT * cols) => {
            let Memory { weights: values, entries, .. } = memory;
            let order = (csr.by_row(), weights.values);
            let entries = entries.keep(order, 0..rows, &live, values);
            let weights = Weights { values: &values[..entries.index().len()], ..weights };
            linear::forward_over([rows, cols], entries, weights, pass, x, y);
        }
        None if pays(cols, live.len(), lanes.width(), COPIED * live.len()) => {
            let Memory { weights: w, from, .. } = memory;
            live.part(weights.values, 0..rows, w);
            for tile in lanes.tiles() {
                let (width, y) = (tile.width, tile.of_mut(y, rows));
                live.take(width, tile.of(x, cols), from);
                let w = Matrix::new(w, rows, live.len());
                product(w, Matrix::new(from, live.len(), width), y, width, false, par);
                activation::apply(weights.activation, weights.bias, width, y);
            }
        }
        Some(_) | None => linear::forward(topology, weights, pass, x, y),
    }
}

/// [`linear::input_grad`]: dy `(out)` slots, dx `(in)` slots.
pub fn input_grad(
    topology: &Topology,
    weights: Reordered<'_>,
    memory: &mut Memory,
    below: Below<'_>,
    pass: Pass,
    dy: &[f32],
    dx: &mut [f32],
) {
    let Pass { lanes, par } = pass;
    let [rows, cols] = [topology.rows(), topology.cols()];
    if !may_pay(topology, lanes) {
        return linear::input_grad(topology, weights, below, pass, dy, dx);
    }
    let (fed, read) = (Live::new(lanes, rows, dy), Live::below(lanes, cols, below));
    let (all, part) = (rows * cols, fed.len() * read.len());
    match topology.csr() {
        Some(csr) if pays(all, part, lanes.width(), LOOKED_AT * all) => {
            let Reordered { values, scratch: by_col } = weights;
            let Memory { places, entries, .. } = memory;
            let entries = entries.keep((csr.by_col(), csr.perm()), read.places(), &fed, places);
            by_col.clear();
            by_col.extend(places[..entries.index().len()].iter().map(|k| values[*k as usize]));
            linear::input_grad_over([rows, cols], (entries, by_col), below, pass, dy, dx);
        }
        None if pays(all, part, lanes.width(), COPIED * part) => {
            let Memory { weights: w, from, to, .. } = memory;
            read.part(weights.values, fed.places(), w);
            for tile in lanes.tiles() {
                let (width, dx) = (tile.width, tile.of_mut(dx, cols));
                fed.take(width, tile.of(dy, rows), from);
                to.resize(read.len() * width, 0.0);
                let w = Matrix::new(w, fed.len(), read.len());
                product(w.t(), Matrix::new(from, fed.len(), width), to, width, false, par);
                read.give(width, to, dx);
                activation::chain(below.activation, tile.of(below.y, cols), dx);
            }
        }
        Some(_) | None => linear::input_grad(topology, weights, below, pass, dy, dx),
    }
}

/// [`linear::weight_grad`]: dy `(out)` slots, x `(in)` slots, dw `(nnz)`.
pub fn weight_grad(
    topology: &Topology,
    memory: &mut Memory,
    pass: Pass,
    sides: Sides<'_>,
    dw: &mut [f32],
) {
    let Pass { lanes, par } = pass;
    let [rows, cols] = [topology.rows(), topology.cols()];
    if lanes.width() <= GRAIN || topology.csr().is_some() || is_narrow(rows, cols) {
        return linear::weight_grad(topology, pass, sides, dw);
    }
    let (fed, read) = (Live::new(lanes, rows, sides.dy), Live::new(lanes, cols, sides.x));
    let live = fed.len() * read.len();
    if !pays(rows * cols, live, lanes.width(), COPIED_BACK * live) {
        return linear::weight_grad(topology, pass, sides, dw);
    }
    let Memory { weights: part, from, to, .. } = memory;
    part.clear();
    part.resize(live, 0.0);
    for tile in lanes.tiles() {
        fed.take(tile.width, tile.of(sides.dy, rows), to);
        read.take(tile.width, tile.of(sides.x, cols), from);
        // Lanes beyond the batch would add zeros.
        let of = |slots, n| Matrix::strided(slots, n, tile.samples, tile.width);
        let (dy, x) = (of(to, fed.len()), of(from, read.len()));
        product(dy, x.t(), part, read.len(), tile.first > 0, par);
    }
    dw.fill(0.0);
    if part.is_empty() {
        return;
    }
    for (row, part) in fed.places().zip(part.chunks_exact(read.len())) {
        let row = &mut dw[row * cols..][..cols];
        read.places().zip(part).for_each(|(col, dw)| row[col] = *dw);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::RngExt;

    use super::*;
    use crate::kernels::reference::{self, error};
    use crate::kernels::{Buffer, Par, Plane};
    use crate::layers::Activation;
    use crate::sample::distinct;
    use crate::seed::Seed;

    /// The rows of a batch, of which each slot is zero throughout with probability `dead`.
    fn draw(slots: usize, batch: usize, dead: f64, rng: &mut crate::seed::Rng) -> Vec<f32> {
        let live: Vec<bool> = (0..slots).map(|_| !rng.random_bool(dead)).collect();
        let at = |i: usize, x: f32| if live[i % slots] { x } else { 0.0 };
        (0..slots * batch).map(|i| at(i, rng.random_range(-1.0..1.0f32))).collect()
    }

    fn slots(lanes: Lanes, size: usize, rows: &[f32]) -> Buffer {
        let mut slots = lanes.zeros(size);
        Plane::flat(size).from_rows(lanes, rows, &mut slots);
        slots
    }

    fn rows(lanes: Lanes, size: usize, slots: &[f32]) -> Vec<f32> {
        let mut rows = vec![0.0; size * lanes.batch()];
        Plane::flat(size).to_rows(lanes, slots, &mut rows);
        rows
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]
        #[test]
        fn agree_with_the_reference(
            out in 1usize..260, size in 1usize..260, batch in 1usize..200, density in 0.01f64..1.5,
            dead in prop::array::uniform2(0u8..5), seed in any::<u64>(), act in 0usize..3, threads in 0usize..3,
        ) {
            let mut memory = Memory::default();
            for seed in [seed, seed ^ 1] {
                let mut rng = Seed::new(seed).rng();
                let nnz = ((out * size) as f64 * density.min(1.0)) as usize;
                let topology = Topology::new(out, size, &distinct(out * size, nnz, &mut rng)).unwrap();
                let [values, bias] = [nnz, out].map(|n| draw(n, 1, 0.0, &mut rng));
                let [dead_x, dead_dy] = dead.map(|quarters| f64::from(quarters) / 4.0);
                let (x, dy) = (draw(size, batch, dead_x, &mut rng), draw(out, batch, dead_dy, &mut rng));
                let activation = [Activation::Identity, Activation::Relu, Activation::Tanh][act];
                let par = if threads == 0 { Par::Serial } else { Par::Threads(threads) };
                let lanes = Lanes::new(batch);
                let pass = Pass { lanes, par };
                let (x_slots, dy_slots) = (slots(lanes, size, &x), slots(lanes, out, &dy));

                let mut y = slots(lanes, out, &vec![f32::NAN; out * batch]);
                let weights = Weights { values: &values, bias: &bias, activation };
                forward(&topology, weights, &mut memory, pass, &x_slots, &mut y);
                let expected = reference::forward(&topology, &values, &bias, activation, batch, &x);
                prop_assert!(error(&rows(lanes, out, &y), &expected) < 1e-5);

                let mut dx = slots(lanes, size, &vec![f32::NAN; size * batch]);
                let weights = Reordered { values: &values, scratch: &mut Vec::new() };
                let below = Below { activation, y: &x_slots };
                input_grad(&topology, weights, &mut memory, below, pass, &dy_slots, &mut dx);
                let expected = reference::input_grad(&topology, &values, activation, batch, &x, &dy);
                prop_assert!(error(&rows(lanes, size, &dx), &expected) < 1e-5);

                let mut dw = vec![f32::NAN; nnz];
                weight_grad(&topology, &mut memory, pass, Sides { dy: &dy_slots, x: &x_slots }, &mut dw);
                let expected = reference::weight_grad(&topology, batch, &x, &dy);
                prop_assert!(error(&dw, &expected) < 1e-5);
            }
        }
    }

    #[test]
    fn it_pays_where_much_is_left_out_of_a_wide_batch() {
        for (width, dead) in [(32, 56), (128, 24), (4096, 1)] {
            let least = (0..=100).find(|dead| pays(100, 100 - dead, width, COPIED * (100 - dead)));
            assert_eq!(least, Some(dead), "{width}");
        }
        assert!(!pays(100, 100, 1 << 20, COPIED * 100));
    }
}
