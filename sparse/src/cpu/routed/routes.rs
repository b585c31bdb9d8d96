//! Which token is which row of an expert.

use super::tokens::{Place, Places, Slots, Standing, Strip, carry, weigh};
use crate::kernels::Lanes;

/// The ways of a batch's tokens to the experts that were chosen for them, and back.
#[derive(Debug, Default)]
pub(super) struct Routes {
    /// The rows of the experts, one expert after the other.
    rows: Vec<Strip>,
    near: usize,
    /// The token of each row, and which choice it is.
    tokens: Places,
    choices: Vec<usize>,
    /// What a row counts.
    weights: Vec<f32>,
    /// For each of a token's choices where its row is, and what it counts, token after token along the strips of the
    /// features.
    back: Vec<(Places, Vec<f32>)>,
}

/// What routes are drawn from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chosen<'a> {
    /// `(tokens, k)`.
    pub experts: &'a [Option<u32>],
    /// Choices of a token.
    pub k: usize,
    /// `P (tokens, E)`, where what an expert gives counts by them; else nothing.
    pub gates: &'a [f32],
}

impl Routes {
    /// Gives each expert its tokens in their order, the rows of `experts` over `size` slots: a counting sort.
    pub fn draw(
        &mut self,
        standing: &Standing,
        chosen: Chosen<'_>,
        experts: &[Lanes],
        size: usize,
    ) {
        let Chosen { k, gates, .. } = chosen;
        let Self { rows, near, tokens, choices, weights, back } = self;
        *near = standing.near;
        rows.clear();
        let (mut firsts, mut start, mut end) = (Vec::new(), 0, 0);
        for lanes in experts {
            rows.extend(Strip::rows(start, *lanes, size));
            start += size * lanes.width();
            firsts.push(end);
            end += lanes.batch();
        }
        let of_rows: Vec<Place> = rows.iter().flat_map(|strip| strip.places()).collect();
        let mut of_choices = vec![(Place::NOWHERE, 0.0); chosen.experts.len()];
        choices.clear();
        choices.resize(end, 0);
        weights.clear();
        weights.resize(end, 1.0);
        let mut next = firsts;
        for (choice, expert) in chosen.experts.iter().enumerate() {
            let Some(e) = expert.map(|e| e as usize) else { continue };
            let row = next[e];
            next[e] += 1;
            if let Some(gate) = gates.get(choice / k * experts.len() + e) {
                weights[row] = *gate;
            }
            choices[row] = choice;
            of_choices[choice] = (of_rows[row], weights[row]);
        }
        tokens.take(choices.iter().map(|choice| standing.place(choice / k)));
        back.resize_with(k, Default::default);
        for (rank, (places, weights)) in back.iter_mut().enumerate() {
            let of = |token: &u32| of_choices[*token as usize * k + rank];
            places.take(standing.order.iter().map(|token| of(token).0));
            weights.clear();
            weights.extend(standing.order.iter().map(|token| of(token).1));
        }
    }

    /// The rows of `to` from their tokens in `from`.
    pub fn go(&self, from: &[f32], to: &mut [f32], size: usize) {
        let to = Slots { slots: to, strips: &self.rows, near: self.near, size };
        carry(from, &self.tokens, to, |_, _, x| x);
    }

    /// The same times their weights, beside the scalar product of each token with its row of `with`, by choice.
    pub fn go_weighted(
        &self,
        from: &[f32],
        with: &[f32],
        to: &mut [f32],
        size: usize,
    ) -> impl Iterator<Item = (usize, f32)> {
        self.go(from, to, size);
        let products = weigh((to, with), (&self.rows, size), &self.weights);
        self.choices.iter().copied().zip(products)
    }

    /// The tokens of `to` from all of their rows in `from`, each times its weight where it is `weighted`.
    pub fn come(
        &self,
        from: &[f32],
        standing: &Standing,
        to: &mut [f32],
        (size, weighted): (usize, bool),
    ) {
        for (rank, (places, weights)) in self.back.iter().enumerate() {
            let (strips, near) = (standing.strips.as_slice(), standing.near);
            let to = Slots { slots: to, strips, near, size };
            match (rank, weighted) {
                (0, true) => carry(from, places, to, |i, _, x| weights[i] * x),
                (0, false) => carry(from, places, to, |_, _, x| x),
                (_, true) => carry(from, places, to, |i, sum, x| sum + weights[i] * x),
                (_, false) => carry(from, places, to, |_, sum, x| sum + x),
            }
        }
    }
}
