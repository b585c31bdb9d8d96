//! Experts that read mixtures of tokens, sample by sample.

use super::super::layer::Scratch;
use super::memory::RoutedMemory;
use super::run::{Back, With};
use super::seen::Seen;
use crate::error::SparseError;
use crate::kernels::dense::{Matrix, product};
use crate::kernels::{Lanes, Par, Plane, View, ViewMut};
use crate::routing::soft::Mixture;
use crate::routing::{Block, Load};

/// The shape of the mixtures of one sample.
#[derive(Clone, Copy)]
struct Mixed {
    tokens: usize,
    size: usize,
    /// Of one expert.
    slots: usize,
    /// Of all of them.
    all: usize,
    /// Whether a token's numbers follow each other.
    token_by_token: bool,
}

impl Mixed {
    fn of(block: &Block) -> Self {
        let slots = block.routing.slots(block.tokens);
        let all = slots * block.routing.experts;
        let Block { tokens, size, within, .. } = *block;
        Self { tokens, size, slots, all, token_by_token: within == 1 }
    }

    /// The features of one sample as its tokens, `(tokens, size)`.
    fn tokens(self, features: &[f32]) -> Matrix<'_> {
        match self.token_by_token {
            true => Matrix::new(features, self.tokens, self.size),
            false => Matrix::new(features, self.size, self.tokens).t(),
        }
    }

    /// The columns of expert `expert` of one sample's `mixture`, `(tokens, slots)`.
    fn columns(self, mixture: &[f32], expert: usize) -> Matrix<'_> {
        Matrix::strided(&mixture[expert * self.slots..], self.tokens, self.slots, self.all)
    }

    /// `features (tokens, size) += mixture (tokens, slots) · of_slots (slots, size)`.
    fn add(self, mixture: Matrix<'_>, of_slots: &[f32], features: &mut [f32], par: Par) {
        let of_slots = Matrix::new(of_slots, self.slots, self.size);
        match self.token_by_token {
            true => product(mixture, of_slots, features, self.size, true, par),
            false => product(of_slots.t(), mixture.t(), features, self.tokens, true, par),
        }
    }

    /// Operations of one product of a mixture with as many numbers as a sample's tokens have.
    fn flops(self, samples: usize) -> u64 {
        2 * (samples * self.tokens * self.all * self.size) as u64
    }

    /// Numbers of a sample.
    fn features(self) -> usize {
        self.tokens * self.size
    }

    /// Numbers of a sample's mixture.
    fn mixture(self) -> usize {
        self.tokens * self.all
    }

    /// Numbers of an expert's slots of a sample.
    fn inner(self) -> usize {
        self.slots * self.size
    }
}

/// `x → y`, and the operations that it took.
pub(super) fn forward(
    with: With<'_>,
    memory: &mut RoutedMemory,
    scratch: &mut Scratch,
    (x, y): (View<'_>, ViewMut<'_>),
    seen: Seen<'_>,
    training: bool,
) -> u64 {
    let (mixed, samples) = (Mixed::of(with.block), seen.lanes.batch());
    let each = samples * mixed.slots;
    memory.share_out((0..with.block.routing.experts).map(|_| each), mixed.size);
    let parts = memory.parts();
    let RoutedMemory { standing, gate, entropy, mixture, rows, experts, x: read, y: given, .. } =
        memory;
    rows.resize(samples * mixed.features(), 0.0);
    x.plane.to_rows(seen.lanes, x.data, rows);
    let (logits, mut flops) = gate.forward(with, with.block.first, (x.data, standing));
    (*mixture, *entropy) = Mixture::of(&logits, mixed.tokens, mixed.all);
    let flat = Plane::flat(mixed.size);
    let mut out = vec![0.0; rows.len()];
    let mut slots = vec![0.0; samples * mixed.inner()];
    for ((e, expert), part) in experts.iter_mut().enumerate().zip(parts) {
        let parts = slots.chunks_exact_mut(mixed.inner());
        let of =
            rows.chunks_exact(mixed.features()).zip(mixture.dispatch.chunks_exact(mixed.mixture()));
        for (slots, (features, dispatch)) in parts.zip(of) {
            let dispatch = mixed.columns(dispatch, e).t();
            product(dispatch, mixed.tokens(features), slots, mixed.size, false, with.par);
        }
        let (x, y) = (&mut read[part.clone()], &mut given[part]);
        flat.from_rows(expert.lanes, &slots, x);
        flops += expert.forward(with, with.block.expert(e), scratch, (x, y));
        flat.to_rows(expert.lanes, y, &mut slots);
        let parts = out.chunks_exact_mut(mixed.features());
        let of =
            slots.chunks_exact(mixed.inner()).zip(mixture.combine.chunks_exact(mixed.mixture()));
        for (features, (slots, combine)) in parts.zip(of) {
            mixed.add(mixed.columns(combine, e), slots, features, with.par);
        }
    }
    y.plane.from_rows(seen.lanes, &out, y.data);
    memory.load = training.then(|| of(memory, mixed, samples));
    flops + 2 * mixed.flops(samples)
}

/// All gradients but for the activation before, that of `x` into `dx`.
pub(super) fn backward(
    with: With<'_>,
    memory: &mut RoutedMemory,
    seen: View<'_>,
    (dy, dx): (View<'_>, ViewMut<'_>),
    lanes: Lanes,
    back: &mut Back<'_>,
) -> Result<(), SparseError> {
    let (mixed, samples) = (Mixed::of(with.block), lanes.batch());
    let parts = memory.parts();
    let RoutedMemory { standing, gate, mixture, rows, experts, x, y, gradient, .. } = memory;
    let flat = Plane::flat(mixed.size);
    let [mut out, mut into] = [(); 2].map(|()| vec![0.0; rows.len()]);
    dy.plane.to_rows(lanes, dy.data, &mut out);
    let zeros = || vec![0.0; mixture.combine.len()];
    let mut by = Mixture { dispatch: zeros(), combine: zeros() };
    let mut slots = vec![0.0; samples * mixed.inner()];
    for ((e, expert), part) in experts.iter_mut().enumerate().zip(parts) {
        // The gradient of what tokens are mixed of, and of how.
        flat.to_rows(expert.lanes, &y[part.clone()], &mut slots);
        for (s, slots) in slots.chunks_exact_mut(mixed.inner()).enumerate() {
            let of = s * mixed.mixture()..(s + 1) * mixed.mixture();
            let dy = mixed.tokens(&out[s * mixed.features()..][..mixed.features()]);
            let y = Matrix::new(slots, mixed.slots, mixed.size).t();
            let to = &mut by.combine[of.clone()][e * mixed.slots..];
            product(dy, y, to, mixed.all, false, with.par);
            let combine = mixed.columns(&mixture.combine[of], e).t();
            product(combine, dy, slots, mixed.size, false, with.par);
        }
        let gradient = &mut gradient[part.clone()];
        flat.from_rows(expert.lanes, &slots, gradient);
        expert.backward(with, with.block.expert(e), back, &x[part], gradient)?;
        flat.to_rows(expert.lanes, gradient, &mut slots);
        for (s, slots) in slots.chunks_exact(mixed.inner()).enumerate() {
            let of = s * mixed.mixture()..(s + 1) * mixed.mixture();
            let features = s * mixed.features()..(s + 1) * mixed.features();
            let x = mixed.tokens(&rows[features.clone()]);
            let du = Matrix::new(slots, mixed.slots, mixed.size).t();
            let to = &mut by.dispatch[of.clone()][e * mixed.slots..];
            product(x, du, to, mixed.all, false, with.par);
            let dispatch = mixed.columns(&mixture.dispatch[of], e);
            mixed.add(dispatch, slots, &mut into[features], with.par);
        }
    }
    back.flops += 4 * mixed.flops(samples);
    let by_logit = mixture.back(&by, mixed.tokens, mixed.all);
    let tokens = (seen.data, &*standing);
    gate.backward(with, with.block.first, tokens, (&by_logit, &mut *dx.data), back)?;
    let by_gate = &mut out;
    dx.plane.to_rows(lanes, dx.data, by_gate);
    into.iter_mut().zip(by_gate).for_each(|(sum, dx)| *sum += *dx);
    dx.plane.from_rows(lanes, &into, dx.data);
    Ok(())
}

/// What the mixtures were: the weight of each expert's slots in the outputs.
fn of(memory: &RoutedMemory, mixed: Mixed, samples: usize) -> Load {
    let weight = |expert: usize| {
        let rows = memory.mixture.combine.chunks_exact(mixed.all);
        let sum = |row: &[f32]| row[expert * mixed.slots..][..mixed.slots].iter().sum::<f32>();
        rows.map(|row| f64::from(sum(row))).sum()
    };
    Load {
        passes: 1,
        tokens: (samples * mixed.tokens) as u64,
        experts: (0..mixed.all / mixed.slots).map(weight).collect(),
        entropy: memory.entropy,
        ..Load::default()
    }
}
