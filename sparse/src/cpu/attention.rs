//! Attention on the CPU ([`crate::attention`]): sequence by sequence and head by head, on rows of tokens.
//!
//! Tokens of a sequence may stand in two tiles, so that they are read as rows and given back as slots.

use crate::attention::{Attention, Cache};
use crate::kernels::dense::{Matrix, product};
use crate::kernels::{Lanes, Par, Plane};
use crate::routing::softmax;

/// What attention keeps of a forward pass.
#[derive(Debug, Default)]
pub(super) struct AttentionMemory {
    /// Queries, keys and values, `(tokens, 3 d)`.
    rows: Vec<f32>,
    /// `P`, sequence by sequence and head by head.
    weights: Vec<f32>,
    /// What it gives, and on the way back its gradient, `(tokens, d)`.
    out: Vec<f32>,
    /// The gradient of `rows`.
    grad: Vec<f32>,
}

/// A sequence's numbers of one head among rows.
#[derive(Clone, Copy)]
struct Head {
    /// `d`.
    width: usize,
    /// `d/H`.
    size: usize,
    /// Its first number among `d`.
    first: usize,
    /// `T`.
    tokens: usize,
}

impl Head {
    fn all(of: Attention, width: usize) -> impl Iterator<Item = Self> {
        let size = width / of.heads;
        (0..of.heads).map(move |head| Self { width, size, first: head * size, tokens: of.tokens })
    }

    /// The queries (0), keys (1) or values (2) of a sequence's rows `(tokens, 3 d)`.
    fn part(self, rows: &[f32], part: usize) -> Matrix<'_> {
        let first = part * self.width + self.first;
        Matrix::strided(&rows[first..], self.tokens, self.size, 3 * self.width)
    }

    /// Where these begin.
    fn part_mut(self, rows: &mut [f32], part: usize) -> &mut [f32] {
        &mut rows[part * self.width + self.first..]
    }

    /// Its numbers of outputs `(tokens, d)`.
    fn out(self, rows: &[f32]) -> Matrix<'_> {
        Matrix::strided(&rows[self.first..], self.tokens, self.size, self.width)
    }

    /// `1 / √(d/H)`.
    fn scale(self) -> f32 {
        1.0 / (self.size as f32).sqrt()
    }
}

impl AttentionMemory {
    /// `x (3 d) → y (d)`, in slots of whole sequences, and the operations that it took.
    pub fn forward(&mut self, of: Attention, lanes: Lanes, x: &[f32], y: &mut [f32]) -> u64 {
        let Self { rows, weights, out, .. } = self;
        let (batch, tokens) = (lanes.batch(), of.tokens);
        if batch == 0 {
            return 0;
        }
        let width = Attention::width(x.len() / lanes.width());
        rows.resize(batch * 3 * width, 0.0);
        Plane::flat(3 * width).to_rows(lanes, x, rows);
        weights.resize(batch * of.heads * tokens, 0.0);
        out.resize(batch * width, 0.0);
        let sequences = rows
            .chunks_exact(tokens * 3 * width)
            .zip(out.chunks_exact_mut(tokens * width))
            .zip(weights.chunks_exact_mut(of.heads * tokens * tokens));
        for ((rows, out), weights) in sequences {
            for (head, p) in Head::all(of, width).zip(weights.chunks_exact_mut(tokens * tokens)) {
                let [q, k, v] = [0, 1, 2].map(|part| head.part(rows, part));
                product(q, k.t(), p, tokens, false, Par::Serial);
                mask(p, tokens, head.scale(), of.causal);
                softmax::rows(p, tokens);
                let p = Matrix::new(p, tokens, tokens);
                product(p, v, &mut out[head.first..], width, false, Par::Serial);
            }
        }
        Plane::flat(width).from_rows(lanes, out, y);
        crate::attention::FORWARD_FLOPS * (batch * tokens * width) as u64
    }

    /// `dy (d) → dx (3 d)`, and the operations that it took.
    pub fn backward(&mut self, of: Attention, lanes: Lanes, dy: &[f32], dx: &mut [f32]) -> u64 {
        let Self { rows, weights, out, grad } = self;
        let (batch, tokens) = (lanes.batch(), of.tokens);
        if batch == 0 {
            return 0;
        }
        let width = Attention::width(rows.len() / batch);
        Plane::flat(width).to_rows(lanes, dy, out);
        grad.resize(rows.len(), 0.0);
        let sequences = rows
            .chunks_exact(tokens * 3 * width)
            .zip(out.chunks_exact(tokens * width))
            .zip(grad.chunks_exact_mut(tokens * 3 * width))
            .zip(weights.chunks_exact(of.heads * tokens * tokens));
        let mut dp = vec![0.0; tokens * tokens];
        for (((rows, dy), grad), weights) in sequences {
            for (head, p) in Head::all(of, width).zip(weights.chunks_exact(tokens * tokens)) {
                let (dy, stride) = (head.out(dy), 3 * width);
                let [q, k, v] = [0, 1, 2].map(|part| head.part(rows, part));
                let weights = Matrix::new(p, tokens, tokens);
                product(weights.t(), dy, head.part_mut(grad, 2), stride, false, Par::Serial);
                product(dy, v.t(), &mut dp, tokens, false, Par::Serial);
                slopes(p, &mut dp, tokens, head.scale());
                let ds = Matrix::new(&dp, tokens, tokens);
                product(ds, k, head.part_mut(grad, 0), stride, false, Par::Serial);
                product(ds.t(), q, head.part_mut(grad, 1), stride, false, Par::Serial);
            }
        }
        Plane::flat(3 * width).from_rows(lanes, grad, dx);
        crate::attention::BACKWARD_FLOPS * (batch * tokens * width) as u64
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
        let Self { rows, weights, out, .. } = self;
        let batch = lanes.batch();
        if batch == 0 {
            return 0;
        }
        let width = Attention::width(x.len() / lanes.width());
        rows.resize(batch * 3 * width, 0.0);
        Plane::flat(3 * width).to_rows(lanes, x, rows);
        out.resize(batch * width, 0.0);
        let (before, new) = (cache.tokens(), batch / cache.sequences());
        let all = before + new;
        weights.resize(new * all, 0.0);
        let sequences = rows
            .chunks_exact(new * 3 * width)
            .zip(out.chunks_exact_mut(new * width))
            .zip(&mut cache.layers[number]);
        for ((rows, out), known) in sequences {
            for row in rows.chunks_exact(3 * width) {
                known.extend_from_slice(&row[width..]);
            }
            for head in Head::all(Attention { tokens: new, ..of }, width) {
                let q = head.part(rows, 0);
                let of_all = |part: usize| {
                    let first = part * width + head.first;
                    Matrix::strided(&known[first..], all, head.size, 2 * width)
                };
                product(q, of_all(0).t(), weights, all, false, Par::Serial);
                for (i, row) in weights.chunks_exact_mut(all).enumerate() {
                    row.iter_mut().for_each(|s| *s *= head.scale());
                    row[before + i + 1..].fill(f32::NEG_INFINITY);
                }
                softmax::rows(weights, all);
                let p = Matrix::new(weights, new, all);
                product(p, of_all(1), &mut out[head.first..], width, false, Par::Serial);
            }
        }
        Plane::flat(width).from_rows(lanes, out, y);
        crate::attention::FORWARD_FLOPS * (batch * all * width) as u64
    }
}

/// `s / √(d/H)`, and −∞ where a token sees what comes after it.
fn mask(s: &mut [f32], tokens: usize, scale: f32, causal: bool) {
    for (i, row) in s.chunks_exact_mut(tokens).enumerate() {
        let seen = if causal { i + 1 } else { tokens };
        row[..seen].iter_mut().for_each(|s| *s *= scale);
        row[seen..].fill(f32::NEG_INFINITY);
    }
}

/// `P ⊙ (dP − Σ dP ⊙ P) / √(d/H)`, in the place of `dP`.
fn slopes(p: &[f32], dp: &mut [f32], tokens: usize, scale: f32) {
    for (p, dp) in p.chunks_exact(tokens).zip(dp.chunks_exact_mut(tokens)) {
        let mean: f32 = p.iter().zip(&*dp).map(|(p, dp)| p * dp).sum();
        p.iter().zip(dp).for_each(|(p, dp)| *dp = p * (*dp - mean) * scale);
    }
}

/// Numbers that attention keeps for each token.
pub(super) fn floats(of: Attention, outputs: usize) -> usize {
    2 * outputs + Attention::width(outputs) + of.heads * of.tokens
}
