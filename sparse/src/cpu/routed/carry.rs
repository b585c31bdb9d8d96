//! Tokens on their way to experts and back.

use pulp::{Simd, WithSimd};

use super::routes::{Choice, Piece, Routes};
use super::tokens::{Group, Standing};
use crate::kernels::dispatch::dispatch;
use crate::kernels::lanes::LINE;
use crate::kernels::permute::{LANES, permute};

/// Numbers of a token that are moved one after the other: those of a group stay in the nearest cache.
const NUMBERS: usize = 16;

/// Numbers of the lanes of a group, in the order of its rows.
type Sorted = [[f32; LANES]; NUMBERS];

/// Asks for the line of `slots[at]`: no prefetcher of a processor follows as many streams as there are experts.
#[inline(always)]
fn ask(slots: *const f32, at: usize) {
    #[cfg(target_arch = "x86_64")]
    {
        use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: no more than a hint, whatever the address.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(slots.wrapping_add(at).cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (slots, at);
}

/// Asks for the numbers of `group` from `start` on that are moved together.
#[inline(always)]
fn ask_group(slots: *const f32, group: &Group, start: usize, size: usize) {
    for j in start..size.min(start + NUMBERS) {
        group.number(j).step_by(LINE).for_each(|at| ask(slots, at));
    }
}

/// Asks for what is moved to or from `piece` after number `j`.
#[inline(always)]
fn ask_piece(slots: *const f32, piece: Piece, j: usize) {
    ask(slots, piece.number(j + NUMBERS).end - 1);
}

/// What rows count, and what they are multiplied with.
struct Weighing<'a> {
    weights: &'a [f32],
    with: &'a [f32],
    /// `Σ x · with`, by row.
    products: &'a mut [f32],
}

/// To experts.
struct Go<'a> {
    routes: &'a Routes,
    standing: &'a Standing,
    from: &'a [f32],
    to: &'a mut [f32],
    size: usize,
    weighing: Option<Weighing<'a>>,
}

impl WithSimd for Go<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let mut sorted: Sorted = [[0.0; LANES]; NUMBERS];
        for (group, choices) in self.routes.choices(self.standing) {
            for start in (0..self.size).step_by(NUMBERS) {
                ask_group(self.from.as_ptr(), group, start + NUMBERS, self.size);
                for choice in choices {
                    let numbers = start..self.size.min(start + NUMBERS);
                    for (j, sorted) in numbers.zip(&mut sorted) {
                        permute(simd, &self.from[group.number(j)], &choice.order, sorted);
                    }
                    self.spread(simd, choice, start, &sorted);
                }
            }
        }
        for beyond in &self.routes.beyond {
            (0..self.size).for_each(|j| self.to[beyond.number(j)].fill(0.0));
        }
    }
}

impl Go<'_> {
    /// Numbers from `start` on of the rows of `choice` to their experts.
    #[inline(always)]
    fn spread<S: Simd>(&mut self, simd: S, choice: &Choice, start: usize, sorted: &Sorted) {
        let (mut row, to) = (0, &mut *self.to);
        for piece in &self.routes.pieces[choice.pieces.clone()] {
            for first in (0..piece.count).step_by(S::F32_LANES) {
                let count = (piece.count - first).min(S::F32_LANES);
                let of_sorted = row + first..row + first + count;
                let numbers = (start..self.size).zip(sorted);
                let Some(Weighing { weights, with, products }) = &mut self.weighing else {
                    for (j, sorted) in numbers {
                        ask_piece(to.as_ptr(), *piece, j);
                        let to = &mut to[piece.number(j)][first..first + count];
                        put(simd, to, get(simd, &sorted[of_sorted.clone()]));
                    }
                    continue;
                };
                let rows = choice.rows.start + of_sorted.start..choice.rows.start + of_sorted.end;
                let (weight, mut sum) =
                    (get(simd, &weights[rows.clone()]), get(simd, &products[rows.clone()]));
                for (j, sorted) in numbers {
                    ask_piece(to.as_ptr(), *piece, j);
                    ask_piece(with.as_ptr(), *piece, j);
                    let x = get(simd, &sorted[of_sorted.clone()]);
                    let y = get(simd, &with[piece.number(j)][first..first + count]);
                    sum = simd.mul_add_f32s(x, y, sum);
                    let to = &mut to[piece.number(j)][first..first + count];
                    put(simd, to, simd.mul_f32s(x, weight));
                }
                put(simd, &mut products[rows], sum);
            }
            row += piece.count;
        }
    }
}

/// As many numbers as a register has, or fewer.
#[inline(always)]
fn get<S: Simd>(simd: S, from: &[f32]) -> S::f32s {
    match S::as_simd_f32s(from) {
        ([all], []) => *all,
        _ => simd.partial_load_f32s(from),
    }
}

/// As many numbers as a register has, or fewer.
#[inline(always)]
fn put<S: Simd>(simd: S, to: &mut [f32], x: S::f32s) {
    match S::as_mut_simd_f32s(to) {
        ([all], []) => *all = x,
        (_, rest) => simd.partial_store_f32s(rest, x),
    }
}

/// Back from experts.
struct Come<'a> {
    routes: &'a Routes,
    standing: &'a Standing,
    from: &'a [f32],
    to: &'a mut [f32],
    coming: Coming,
}

/// How tokens come back.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Coming {
    /// Numbers of a token.
    pub size: usize,
    /// Whether each row counts by its weight.
    pub weighted: bool,
    /// Whether they are added to what is there.
    pub added: bool,
}

impl WithSimd for Come<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Coming { size, added, .. } = self.coming;
        let mut sorted: Sorted = [[0.0; LANES]; NUMBERS];
        for (group, choices) in self.routes.choices(self.standing) {
            for start in (0..size).step_by(NUMBERS) {
                ask_group(self.to.as_ptr(), group, start + NUMBERS, size);
                for choice in choices {
                    self.gather(simd, choice, start, &mut sorted);
                    let numbers = start..size.min(start + NUMBERS);
                    for (j, sorted) in numbers.zip(&sorted) {
                        let mut lanes = [0.0; LANES];
                        permute(simd, sorted, &choice.back, &mut lanes);
                        let to = &mut self.to[group.number(j)];
                        match choice.is_first && !added {
                            true => to.copy_from_slice(&lanes[..to.len()]),
                            false => to.iter_mut().zip(&lanes).for_each(|(sum, x)| *sum += x),
                        }
                    }
                }
            }
        }
    }
}

impl Come<'_> {
    /// Numbers from `start` on of the rows of `choice`, and a zero for lanes that have none.
    #[inline(always)]
    fn gather<S: Simd>(&self, simd: S, choice: &Choice, start: usize, sorted: &mut Sorted) {
        let mut row = 0;
        for piece in &self.routes.pieces[choice.pieces.clone()] {
            for first in (0..piece.count).step_by(S::F32_LANES) {
                let count = (piece.count - first).min(S::F32_LANES);
                let of_sorted = row + first..row + first + count;
                let rows = choice.rows.start + of_sorted.start..choice.rows.start + of_sorted.end;
                let weight = get(simd, &self.routes.weights[rows]);
                for (j, sorted) in (start..self.coming.size).zip(&mut *sorted) {
                    ask_piece(self.from.as_ptr(), *piece, j);
                    let x = get(simd, &self.from[piece.number(j)][first..first + count]);
                    let x = if self.coming.weighted { simd.mul_f32s(x, weight) } else { x };
                    put(simd, &mut sorted[of_sorted.clone()], x);
                }
            }
            row += piece.count;
        }
        if row < LANES {
            sorted.iter_mut().for_each(|sorted| sorted[row] = 0.0);
        }
    }
}

impl Routes {
    /// The rows of `to` from their tokens in `from`.
    pub fn go(&self, standing: &Standing, from: &[f32], to: &mut [f32], size: usize) {
        dispatch(Go { routes: self, standing, from, to, size, weighing: None });
    }

    /// The same times their weights, beside the scalar product of each token with its row of `with`, by choice.
    pub fn go_weighted(
        &self,
        standing: &Standing,
        from: &[f32],
        with: &[f32],
        to: &mut [f32],
        size: usize,
    ) -> impl Iterator<Item = (usize, f32)> {
        let mut products = vec![0.0; self.chosen.len()];
        let weighing = Weighing { weights: &self.weights, with, products: &mut products };
        dispatch(Go { routes: self, standing, from, to, size, weighing: Some(weighing) });
        self.chosen.iter().map(|choice| *choice as usize).zip(products)
    }

    /// The tokens of `to` from all of their rows in `from`.
    pub fn come(&self, from: &[f32], standing: &Standing, to: &mut [f32], coming: Coming) {
        dispatch(Come { routes: self, standing, from, to, coming });
    }
}

#[cfg(test)]
mod tests {
    use super::super::routes::Chosen;
    use super::*;
    use crate::kernels::dispatch::tests::{LEVEL, LEVELS};
    use crate::kernels::{Lanes, Plane};
    use crate::layers::Features;
    use crate::routing::{Block, Router, Routing, Tokens, top_k};

    /// The rows of experts are tokens, and come back as weighted sums, on every SIMD level, where a token has no expert, and
    /// whatever stood in lanes beyond.
    #[test]
    fn tokens_go_and_come_back() {
        let features = Features { channels: 3, height: 2, width: 2 };
        let (samples, count, k) = (70, 3, 2);
        let weight = |choice: usize, e: usize| ((choice / k * count + e) % 5) as f32;
        for tokens in [Tokens::Pixels, Tokens::Channels, Tokens::Batch] {
            for level in LEVELS {
                LEVEL.set(level);
                let routing = Routing { tokens, ..Routing::of(Router::of(&top_k::ROW), count) };
                let block = Block::new(routing, features, 0, 1);
                let (lanes, size) = (Lanes::new(samples), block.size);
                // Number `f` of sample `s` is 100 s + f.
                let number = |s: usize, f: usize| (100 * s + f) as f32;
                let rows: Vec<f32> = (0..samples * 12).map(|i| number(i / 12, i % 12)).collect();
                let mut slots = lanes.zeros(12);
                Plane::of(features).from_rows(lanes, &rows, &mut slots);
                let standing = Standing::of(&block, lanes);
                // Two experts of three, but for each seventh second choice, and the first token of all has none.
                let expert = |i: usize| (i / k + i % k) % count;
                let has = |i: &usize| *i >= k && (i.is_multiple_of(k) || !i.is_multiple_of(7));
                let choices = 0..standing.count * k;
                let experts: Vec<Option<u32>> =
                    choices.clone().map(|i| has(&i).then_some(expert(i) as u32)).collect();
                let gates: Vec<f32> = (0..standing.count * count).map(|i| (i % 5) as f32).collect();
                let load = |e: usize| choices.clone().filter(|i| has(i) && expert(*i) == e).count();
                let of_experts: Vec<Lanes> = (0..count).map(|e| Lanes::new(load(e))).collect();
                let width: usize = of_experts.iter().map(|lanes| lanes.width()).sum();
                let mut routes = Routes::default();
                let chosen = Chosen { experts: &experts, k, gates: &gates };
                routes.draw(&standing, chosen, &of_experts, size);

                let mut went = Lanes::new(width).zeros(size);
                went.fill(7.0);
                routes.go(&standing, &slots, &mut went, size);
                let token = |i: usize| {
                    let (s, t) = (i / k / block.tokens, i / k % block.tokens);
                    (0..size).map(move |j| number(s, t * block.between + j * block.within))
                };
                let sum = |slots: &[f32]| slots.iter().map(|x| f64::from(*x)).sum::<f64>();
                let taken = choices.clone().filter(has).flat_map(token).map(f64::from);
                assert_eq!(sum(&went), taken.sum::<f64>(), "nothing stays in lanes beyond");

                let mut weighed = went.clone();
                weighed.fill(7.0);
                let products: Vec<(usize, f32)> =
                    routes.go_weighted(&standing, &slots, &went, &mut weighed, size).collect();
                assert_eq!(products.len(), choices.clone().filter(has).count());
                for (i, product) in products {
                    let square: f32 = token(i).map(|x| x * x).sum();
                    assert!((product - square).abs() <= 1e-5 * square, "{product} {square}");
                }

                for (weighted, added) in
                    [(true, true), (true, false), (false, true), (false, false)]
                {
                    let mut back = lanes.zeros(12);
                    back.fill(1.0);
                    routes.come(&went, &standing, &mut back, Coming { size, weighted, added });
                    let mut found = vec![0.0; samples * 12];
                    Plane::of(features).to_rows(lanes, &back, &mut found);
                    for (i, found) in found.iter().enumerate() {
                        let (s, f) = (i / 12, i % 12);
                        let t = match tokens {
                            Tokens::Pixels => f % 4,
                            Tokens::Channels => f / 4,
                            Tokens::Batch => 0,
                        };
                        let own = (s * block.tokens + t) * k;
                        let counts = (own..own + k).filter(has).map(|i| match weighted {
                            true => weight(i, expert(i)),
                            false => 1.0,
                        });
                        let expected = counts.sum::<f32>() * number(s, f);
                        let expected = expected + if added { 1.0 } else { 0.0 };
                        assert_eq!(*found, expected, "{tokens:?} {weighted} {added}");
                    }
                }
            }
        }
    }
}
