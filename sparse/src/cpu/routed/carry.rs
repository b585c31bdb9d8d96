//! Tokens on their way to experts and back.

use pulp::{Simd, WithSimd};

use super::routes::{Choice, Piece, Routes};
use super::tokens::{Group, Standing};
use crate::kernels::dispatch::dispatch;
use crate::kernels::permute::{LANES, permute};

/// Numbers of a token that are moved one after the other: those of a group stay in the nearest cache.
const NUMBERS: usize = 16;
/// Numbers of a line of the cache.
const LINE: usize = 16;

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
