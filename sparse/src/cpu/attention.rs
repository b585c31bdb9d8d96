//! Attention on the CPU ([`crate::attention`]): sequence by sequence and head by head, in slots.
//!
//! A sequence is a tile, so that queries, keys and values of a head stand as matrices `(d/H, T)` there and are multiplied
//! where they stand. With a cache, tokens are few and keys and values stand in rows.

use pulp::{Simd, WithSimd};

use crate::attention::{Attention, BACKWARD_FLOPS, Cache, FORWARD_FLOPS, Sees};
use crate::kernels::dense::{Matrix, product};
use crate::kernels::dispatch::dispatch;
use crate::kernels::lanes::{GRAIN, Tile};
use crate::kernels::vector::exp;
use crate::kernels::{Lanes, Par, Plane};

/// What attention keeps of a forward pass.
#[derive(Debug, Default)]
pub(super) struct AttentionMemory {
    /// `P`, sequence by sequence and head by head.
    weights: Vec<f32>,
    /// `dP` and then `dS` of one head.
    slopes: Vec<f32>,
}

/// A head's numbers.
#[derive(Clone, Copy)]
struct Head {
    /// `d`.
    width: usize,
    /// `d/H`.
    size: usize,
    /// Its first number among `d`.
    first: usize,
}

impl Head {
    fn all(of: Attention, width: usize) -> impl Iterator<Item = Self> {
        let size = width / of.heads;
        (0..of.heads).map(move |head| Self { width, size, first: head * size })
    }

    /// Its queries (0), keys (1) or values (2) among the slots of a tile, `(d/H, T)`.
    fn part(self, tile: Tile, slots: &[f32], part: usize) -> Matrix<'_> {
        let first = part * self.width + self.first;
        Matrix::strided(&slots[first * tile.width..], self.size, tile.samples, tile.width)
    }

    /// Where these begin.
    fn part_mut(self, tile: Tile, slots: &mut [f32], part: usize) -> &mut [f32] {
        &mut slots[(part * self.width + self.first) * tile.width..]
    }

    /// `1 / √(d/H)`.
    fn scale(self) -> f32 {
        1.0 / (self.size as f32).sqrt()
    }
}

impl AttentionMemory {
    /// `x (3 d) → y (d)`, in slots of whole sequences, and the operations that it took.
    pub fn forward(&mut self, of: Attention, lanes: Lanes, x: &[f32], y: &mut [f32]) -> u64 {
        let (batch, tokens) = (lanes.batch(), of.tokens);
        let width = Attention::width(x.len() / lanes.width().max(1));
        self.weights.resize(batch * of.heads * tokens, 0.0);
        let weights = self.weights.chunks_exact_mut(of.heads * tokens * tokens);
        for (tile, weights) in lanes.tiles().zip(weights) {
            let (x, y) = (tile.of(x, 3 * width), tile.of_mut(y, width));
            for (head, p) in Head::all(of, width).zip(weights.chunks_exact_mut(tokens * tokens)) {
                let [q, k, v] = [0, 1, 2].map(|part| head.part(tile, x, part));
                product(q.t(), k, p, tokens, false, Par::Serial);
                softmax(p, tokens, head.scale(), (of.sees, 0));
                let (p, to) = (Matrix::new(p, tokens, tokens), head.part_mut(tile, y, 0));
                product(v, p.t(), to, tile.width, false, Par::Serial);
            }
        }
        FORWARD_FLOPS * (batch * tokens * width) as u64
    }

    /// `dy (d) → dx (3 d)`, where `x` is what it read, and the operations that it took.
    pub fn backward(
        &mut self,
        of: Attention,
        lanes: Lanes,
        (x, dy): (&[f32], &[f32]),
        dx: &mut [f32],
    ) -> u64 {
        let Self { weights, slopes } = self;
        let (batch, tokens) = (lanes.batch(), of.tokens);
        let width = Attention::width(x.len() / lanes.width().max(1));
        slopes.resize(tokens * tokens, 0.0);
        let weights = weights.chunks_exact(of.heads * tokens * tokens);
        for (tile, weights) in lanes.tiles().zip(weights) {
            let (x, dy) = (tile.of(x, 3 * width), tile.of(dy, width));
            let (dx, row) = (tile.of_mut(dx, 3 * width), tile.width);
            for (head, p) in Head::all(of, width).zip(weights.chunks_exact(tokens * tokens)) {
                let [q, k, v] = [0, 1, 2].map(|part| head.part(tile, x, part));
                let (dy, all) = (head.part(tile, dy, 0), Matrix::new(p, tokens, tokens));
                product(dy, all, head.part_mut(tile, dx, 2), row, false, Par::Serial);
                product(dy.t(), v, slopes, tokens, false, Par::Serial);
                slope(p, slopes, tokens, head.scale());
                let ds = Matrix::new(slopes, tokens, tokens);
                product(k, ds.t(), head.part_mut(tile, dx, 0), row, false, Par::Serial);
                product(q, ds, head.part_mut(tile, dx, 1), row, false, Par::Serial);
            }
        }
        BACKWARD_FLOPS * (batch * tokens * width) as u64
    }

    /// As `forward` of the last tokens of sequences whose others stand in `cache` as attention `number`, to which theirs are
    /// added.
    pub fn forward_cached(
        &mut self,
        of: Attention,
        (lanes, number): (Lanes, usize),
        cache: &mut Cache,
        x: &[f32],
        y: &mut [f32],
    ) -> u64 {
        let batch = lanes.batch();
        if batch == 0 {
            return 0;
        }
        let width = Attention::width(x.len() / lanes.width());
        let [mut rows, mut out] = [3 * width, width].map(|size| vec![0.0; batch * size]);
        Plane::flat(3 * width).to_rows(lanes, x, &mut rows);
        let (before, new) = (cache.tokens(), batch / cache.sequences());
        let all = before + new;
        self.weights.resize(new * all, 0.0);
        let weights = &mut self.weights[..new * all];
        let sequences = rows
            .chunks_exact(new * 3 * width)
            .zip(out.chunks_exact_mut(new * width))
            .zip(&mut cache.layers[number]);
        for ((rows, out), known) in sequences {
            for row in rows.chunks_exact(3 * width) {
                known.extend_from_slice(&row[width..]);
            }
            for head in Head::all(of, width) {
                let q = Matrix::strided(&rows[head.first..], new, head.size, 3 * width);
                let [k, v] = [0, 1].map(|part| {
                    let first = part * width + head.first;
                    Matrix::strided(&known[first..], all, head.size, 2 * width)
                });
                product(q, k.t(), weights, all, false, Par::Serial);
                softmax(weights, all, head.scale(), (of.sees, before));
                let p = Matrix::new(weights, new, all);
                product(p, v, &mut out[head.first..], width, false, Par::Serial);
            }
        }
        Plane::flat(width).from_rows(lanes, &out, y);
        FORWARD_FLOPS * (batch * all * width) as u64
    }
}

/// `softmax(s · scale)` of each row of `s (rows, cols)` over what it sees, 0 elsewhere; the first row is that of token
/// `first`.
fn softmax(s: &mut [f32], cols: usize, scale: f32, (sees, first): (Sees, usize)) {
    struct Rows<'a>(&'a mut [f32], usize, f32, Sees, usize);
    impl WithSimd for Rows<'_> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) {
            let Self(s, cols, scale, sees, first) = self;
            for (i, row) in s.chunks_exact_mut(cols).enumerate() {
                let [near, far] = sees.of(first + i, cols);
                row[..near.start].fill(0.0);
                row[near.end..far.start].fill(0.0);
                row[far.end..].fill(0.0);
                let largest = fold(&row[near.clone()], f32::NEG_INFINITY, f32::max);
                let largest = fold(&row[far.clone()], largest, f32::max);
                let mut sum = 0.0;
                for seen in [&near, &far] {
                    let seen = &mut row[seen.clone()];
                    seen.iter_mut().for_each(|s| *s = exp((*s - largest) * scale));
                    sum += fold(seen, 0.0, |a, b| a + b);
                }
                let rate = 1.0 / sum;
                for seen in [near, far] {
                    row[seen].iter_mut().for_each(|s| *s *= rate);
                }
            }
        }
    }
    dispatch(Rows(s, cols, scale, sees, first));
}

/// `P ⊙ (dP − Σ dP ⊙ P) · scale`, in the place of `dP`.
fn slope(p: &[f32], dp: &mut [f32], cols: usize, scale: f32) {
    struct Rows<'a>(&'a [f32], &'a mut [f32], usize, f32);
    impl WithSimd for Rows<'_> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) {
            let Self(p, dp, cols, scale) = self;
            for (p, dp) in p.chunks_exact(cols).zip(dp.chunks_exact_mut(cols)) {
                let mut sums = [0.0; GRAIN];
                for (p, dp) in p.chunks(GRAIN).zip(dp.chunks(GRAIN)) {
                    let each = p.iter().zip(dp);
                    sums.iter_mut().zip(each).for_each(|(sum, (p, dp))| *sum += p * dp);
                }
                let sum: f32 = sums.iter().sum();
                dp.iter_mut().zip(p).for_each(|(dp, p)| *dp = p * (*dp - sum) * scale);
            }
        }
    }
    dispatch(Rows(p, dp, cols, scale));
}

/// All of `row` by `with`, lane by lane and then across lanes.
#[inline(always)]
fn fold(row: &[f32], start: f32, with: impl Fn(f32, f32) -> f32) -> f32 {
    let mut lanes = [start; GRAIN];
    for part in row.chunks(GRAIN) {
        lanes.iter_mut().zip(part).for_each(|(lane, x)| *lane = with(*lane, *x));
    }
    lanes.into_iter().fold(start, with)
}

/// Numbers that attention keeps for each token.
pub(super) fn floats(of: Attention) -> usize {
    of.heads * of.tokens
}
