//! Layer normalisation (Ba, Kiros & Hinton 2016, 1607.06450): the features of each sample to mean 0 and variance
//! 1, then `γ` times them plus `β`.
//!
//! ```text
//! forward   y = γ ⊙ x̂ + β,  x̂ = (x − mean) / √(var + ε)
//! backward  dγ = Σ dy ⊙ x̂,  dβ = Σ dy  over the batch
//!           dx = (γ dy − mean(γ dy) − x̂ · mean(γ dy ⊙ x̂)) / √(var + ε)
//! ```
//!
//! Means are over the features, `var` is that of the population. Of `n` features a sample takes 8 n operations
//! forward and 17 n back ([`FORWARD_FLOPS`], [`BACKWARD_FLOPS`]), a few percent of the layers between which it
//! stands; it is not spread over threads. The backward pass computes the moments again: what it would keep is
//! two numbers a sample that another pass over them gives.

use pulp::{Simd, WithSimd};

use super::args::Sides;
use super::dispatch::dispatch;
use super::lanes::{Lanes, Tile};
use super::vector::sum4;

/// `ε`, as Flax has it, with which the networks were published that use it.
pub const EPSILON: f32 = 1e-6;

/// Operations a feature and sample forward: 1 for the mean, 3 for the variance, 4 for `y`.
pub const FORWARD_FLOPS: u64 = 8;

/// Operations back: 4 for the moments and 2 for `x̂` again, 3 for `dγ` and `dβ`, 3 for the two means, 5 for `dx`.
pub const BACKWARD_FLOPS: u64 = 17;

/// What the norms of `normed` features behind a layer of `rows` outputs start from: `γ = 1`, then `β = 0`, of each.
pub fn start(rows: usize, normed: usize) -> impl Iterator<Item = f32> {
    (0..2 * normed).map(move |i| if (i / rows).is_multiple_of(2) { 1.0 } else { 0.0 })
}

/// `y = γ ⊙ x̂ + β`: params `γ (n)` then `β (n)`, x and y `(n)` slots.
pub fn forward(lanes: Lanes, params: &[f32], x: &[f32], y: &mut [f32]) {
    let slots = params.len() / 2;
    let moments = &mut Moments::default();
    for tile in lanes.tiles() {
        let (x, y) = (tile.of(x, slots), tile.of_mut(y, slots));
        dispatch(Forward { tile, params: Params::of(params), x, y, moments });
    }
}

/// `dx`, and into `grads`, which stand as `params` do, `dγ` and `dβ`; nothing where `grads` is empty.
pub fn backward(lanes: Lanes, params: &[f32], sides: Sides<'_>, grads: &mut [f32], dx: &mut [f32]) {
    let slots = params.len() / 2;
    grads.fill(0.0);
    let (moments, means) = (&mut Moments::default(), &mut Means::default());
    for tile in lanes.tiles() {
        let sides = Sides { dy: tile.of(sides.dy, slots), x: tile.of(sides.x, slots) };
        let (params, dx) = (Params::of(params), tile.of_mut(dx, slots));
        dispatch(Backward { tile, params, sides, grads: &mut *grads, dx, moments, means });
    }
}

/// `γ` and `β`, `(n)` each.
#[derive(Clone, Copy)]
struct Params<'a> {
    scale: &'a [f32],
    shift: &'a [f32],
}

impl<'a> Params<'a> {
    fn of(both: &'a [f32]) -> Self {
        let (scale, shift) = both.split_at(both.len() / 2);
        Self { scale, shift }
    }
}

/// The registers of lanes, of which there are a multiple of [`GRAIN`](super::lanes::GRAIN).
#[inline(always)]
fn registers<S: Simd>(_: S, lanes: &[f32]) -> &[S::f32s] {
    S::as_simd_f32s(lanes).0
}

/// The same to be written.
#[inline(always)]
fn registers_mut<S: Simd>(_: S, lanes: &mut [f32]) -> &mut [S::f32s] {
    S::as_mut_simd_f32s(lanes).0
}

/// A zero for each lane of `tile`, in the memory of what was there.
#[inline(always)]
fn zeros(of: [&mut Vec<f32>; 2], tile: Tile) {
    for lanes in of {
        lanes.clear();
        lanes.resize(tile.width, 0.0);
    }
}

/// The mean of each sample's features, and `1 / √(var + ε)`: one of each lane.
#[derive(Default)]
struct Moments {
    mean: Vec<f32>,
    rate: Vec<f32>,
}

impl Moments {
    /// Those of the samples of a tile, slot after slot as they lie in memory.
    #[inline(always)]
    fn take<S: Simd>(&mut self, simd: S, tile: Tile, x: &[f32]) {
        let Self { mean, rate } = self;
        let count = (x.len() / tile.width) as f32;
        zeros([&mut *mean, &mut *rate], tile);
        for x in x.chunks_exact(tile.width) {
            for (mean, x) in registers_mut(simd, mean).iter_mut().zip(registers(simd, x)) {
                *mean = simd.add_f32s(*mean, *x);
            }
        }
        mean.iter_mut().for_each(|mean| *mean /= count);
        for x in x.chunks_exact(tile.width) {
            let both = registers(simd, x).iter().zip(registers(simd, mean));
            for (squares, (x, mean)) in registers_mut(simd, rate).iter_mut().zip(both) {
                let centred = simd.sub_f32s(*x, *mean);
                *squares = simd.mul_add_e_f32s(centred, centred, *squares);
            }
        }
        rate.iter_mut().for_each(|rate| *rate = 1.0 / (*rate / count + EPSILON).sqrt());
    }

    /// `x̂` and `1 / √(var + ε)` of the registers of a slot.
    #[inline(always)]
    fn normed<S: Simd>(&self, simd: S, x: &[f32]) -> impl Iterator<Item = [S::f32s; 2]> {
        let both = registers(simd, &self.mean).iter().zip(registers(simd, &self.rate));
        registers(simd, x)
            .iter()
            .zip(both)
            .map(move |(x, (mean, rate))| [simd.mul_f32s(simd.sub_f32s(*x, *mean), *rate), *rate])
    }
}

struct Forward<'a> {
    tile: Tile,
    params: Params<'a>,
    x: &'a [f32],
    y: &'a mut [f32],
    moments: &'a mut Moments,
}

impl WithSimd for Forward<'_> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { tile, params: Params { scale, shift }, x, y, moments } = self;
        moments.take(simd, tile, x);
        let slots = x.chunks_exact(tile.width).zip(y.chunks_exact_mut(tile.width));
        for ((x, y), (scale, shift)) in slots.zip(scale.iter().zip(shift)) {
            let (scale, shift) = (simd.splat_f32s(*scale), simd.splat_f32s(*shift));
            for (y, [normed, _]) in registers_mut(simd, y).iter_mut().zip(moments.normed(simd, x)) {
                *y = simd.mul_add_e_f32s(scale, normed, shift);
            }
        }
    }
}

/// The means of `γ dy`, and of `γ dy ⊙ x̂`, of each sample: one of each lane.
#[derive(Default)]
struct Means {
    plain: Vec<f32>,
    along: Vec<f32>,
}

struct Backward<'a> {
    tile: Tile,
    params: Params<'a>,
    sides: Sides<'a>,
    grads: &'a mut [f32],
    dx: &'a mut [f32],
    moments: &'a mut Moments,
    means: &'a mut Means,
}

impl WithSimd for Backward<'_> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { tile, params, sides: Sides { dy, x }, grads, dx, moments, means } = self;
        let (dscale, dshift) = grads.split_at_mut(grads.len() / 2);
        let (scale, count) = (params.scale, params.scale.len() as f32);
        let Means { plain, along } = means;
        moments.take(simd, tile, x);
        zeros([&mut *plain, &mut *along], tile);
        let slots = || x.chunks_exact(tile.width).zip(dy.chunks_exact(tile.width)).zip(scale);
        for (j, ((x, dy), scale)) in slots().enumerate() {
            let scale = simd.splat_f32s(*scale);
            let [mut of_scale, mut of_shift, none] = [simd.splat_f32s(0.0); 3];
            let both = moments.normed(simd, x).zip(registers(simd, dy));
            let sums = registers_mut(simd, plain).iter_mut().zip(registers_mut(simd, along));
            for (([normed, _], dy), (plain, along)) in both.zip(sums) {
                let slope = simd.mul_f32s(*dy, normed);
                of_scale = simd.add_f32s(of_scale, slope);
                of_shift = simd.add_f32s(of_shift, *dy);
                *plain = simd.mul_add_e_f32s(scale, *dy, *plain);
                *along = simd.mul_add_e_f32s(scale, slope, *along);
            }
            if let (Some(dscale), Some(dshift)) = (dscale.get_mut(j), dshift.get_mut(j)) {
                let [of_scale, of_shift, ..] = sum4(simd, [of_scale, of_shift, none, none]);
                *dscale += of_scale;
                *dshift += of_shift;
            }
        }
        plain.iter_mut().chain(&mut *along).for_each(|mean| *mean /= count);
        for (((x, dy), scale), dx) in slots().zip(dx.chunks_exact_mut(tile.width)) {
            let scale = simd.splat_f32s(*scale);
            let both = moments.normed(simd, x).zip(registers(simd, dy));
            let means = registers(simd, plain).iter().zip(registers(simd, along));
            for (dx, (([normed, rate], dy), (plain, along))) in
                registers_mut(simd, dx).iter_mut().zip(both.zip(means))
            {
                let across = simd.mul_add_e_f32s(normed, *along, *plain);
                let slope = simd.sub_f32s(simd.mul_f32s(scale, *dy), across);
                *dx = simd.mul_f32s(slope, rate);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::RngExt;

    use super::*;
    use crate::kernels::dispatch::tests::{LEVEL, LEVELS};
    use crate::kernels::{Plane, reference};
    use crate::seed::Seed;

    fn slots(lanes: Lanes, rows: &[f32]) -> Vec<f32> {
        let plane = Plane::flat(rows.len() / lanes.batch());
        let mut slots = lanes.zeros(plane.slots());
        plane.from_rows(lanes, rows, &mut slots);
        slots.to_vec()
    }

    fn rows(lanes: Lanes, slots: &[f32]) -> Vec<f32> {
        let plane = Plane::flat(slots.len() / lanes.width());
        let mut rows = vec![0.0; lanes.batch() * plane.size()];
        plane.to_rows(lanes, slots, &mut rows);
        rows
    }

    /// `y`, `dx` and the gradient of the parameters, in rows.
    fn both(params: &[f32], batch: usize, x: &[f32], dy: &[f32]) -> [Vec<f32>; 3] {
        let lanes = Lanes::new(batch);
        let (x, dy) = (slots(lanes, x), slots(lanes, dy));
        let (mut y, mut dx) = (vec![0.0; x.len()], vec![f32::NAN; x.len()]);
        let mut grads = vec![f32::NAN; params.len()];
        forward(lanes, params, &x, &mut y);
        backward(lanes, params, Sides { dy: &dy, x: &x }, &mut grads, &mut dx);
        let mut alone = vec![f32::NAN; x.len()];
        backward(lanes, params, Sides { dy: &dy, x: &x }, &mut [], &mut alone);
        assert_eq!(alone, dx, "lanes beyond the batch are numbers, and gradients may be left out");
        [rows(lanes, &y), rows(lanes, &dx), grads]
    }

    #[test]
    fn by_hand() {
        // Mean 2 and variance 1; γ = (3, 1), β = (0, ½). One feature is its own mean.
        let [y, dx, grads] = both(&[3.0, 1.0, 0.0, 0.5], 1, &[1.0, 3.0], &[1.0, 1.0]);
        let near = |found: &[f32], expected: &[f32]| {
            assert!(found.iter().zip(expected).all(|(f, e)| (f - e).abs() < 1e-5), "{found:?}");
        };
        near(&y, &[-3.0, 1.5]);
        // Two features that are normed have no slope but that of ε.
        near(&dx, &[0.0, 0.0]);
        near(&grads, &[-1.0, 1.0, 1.0, 1.0]);
        let [y, dx, _] = both(&[2.0, 7.0], 2, &[5.0, -5.0], &[1.0, 1.0]);
        assert_eq!((y, dx), (vec![7.0; 2], vec![0.0; 2]));
    }

    #[test]
    fn it_starts_as_one_and_nothing() {
        assert_eq!(start(2, 4).collect::<Vec<_>>(), [1.0, 1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0]);
        assert_eq!(start(3, 0).count(), 0);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]
        #[test]
        fn agrees_with_the_reference_and_its_differences(
            features in 4usize..40, batch in 1usize..130, offset in -3.0f32..3.0, level in 0usize..3,
            seed in any::<u64>(),
        ) {
            LEVEL.set(LEVELS[level]);
            let mut rng = Seed::new(seed).rng();
            let mut draw = |n: usize| -> Vec<f32> {
                (0..n).map(|_| rng.random_range(-1.0..1.0)).collect()
            };
            let (params, dy) = (draw(2 * features), draw(batch * features));
            let x: Vec<f32> = draw(batch * features).iter().map(|x| x + offset).collect();
            let wide = |of: &[f32]| of.iter().map(|x| f64::from(*x)).collect::<Vec<f64>>();
            let (params64, x64, dy64) = (wide(&params), wide(&x), wide(&dy));
            let near = |found: f32, expected: f64, bound: f64| {
                (f64::from(found) - expected).abs() <= bound * (1.0 + expected.abs())
            };
            let [y, dx, grads] = both(&params, batch, &x, &dy);
            let expected = reference::layer_norm(&params64, &x64);
            for (found, expected) in y.iter().zip(&expected) {
                prop_assert!(near(*found, *expected, 1e-4), "y {found} {expected}");
            }
            // Central differences of Σ dy y, of f64 in f64.
            let loss = |params: &[f64], x: &[f64]| -> f64 {
                let y = reference::layer_norm(params, x);
                y.iter().zip(&dy64).map(|(y, dy)| y * dy).sum()
            };
            let slope = |of: &[f64], i: usize, loss: &dyn Fn(&[f64]) -> f64| {
                let at = |step: f64| {
                    let mut of = of.to_vec();
                    of[i] += step;
                    loss(&of)
                };
                (at(1e-5) - at(-1e-5)) / 2e-5
            };
            for i in (0..x.len()).step_by(1 + x.len() / 12) {
                let expected = slope(&x64, i, &|x| loss(&params64, x));
                prop_assert!(near(dx[i], expected, 2e-3), "dx {} {expected}", dx[i]);
            }
            for i in (0..params.len()).step_by(1 + params.len() / 12) {
                let expected = slope(&params64, i, &|params| loss(params, &x64));
                prop_assert!(near(grads[i], expected, 1e-3), "grad {} {expected}", grads[i]);
            }
        }
    }
}
