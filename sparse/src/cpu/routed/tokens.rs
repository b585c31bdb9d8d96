//! Tokens in the slots of a batch, and on their way to experts and back.

use crate::kernels::Lanes;
use crate::kernels::lanes::TILE;
use crate::routing::Block;

/// Lanes that lie side by side: a number of each of some tokens, and `step` further on the next number of each.
#[derive(Clone, Copy, Debug)]
pub(super) struct Strip {
    first: usize,
    step: usize,
    tokens: usize,
    /// Lanes beyond the tokens, which hold zeros.
    beyond: usize,
}

impl Strip {
    /// Those of the rows of `lanes` over `size` slots that begin at `start`.
    pub fn rows(start: usize, lanes: Lanes, size: usize) -> impl Iterator<Item = Self> {
        lanes.tiles().map(move |tile| Self {
            first: start + size * tile.start,
            step: tile.width,
            tokens: tile.samples,
            beyond: tile.width - tile.samples,
        })
    }

    /// Where its tokens stand.
    pub fn places(self) -> impl Iterator<Item = Place> {
        (self.first..self.first + self.tokens)
            .map(move |first| Place { first: first as u32, step: self.step as u32 })
    }

    /// The lanes of number `j`.
    fn lanes(self, j: usize, slots: &[f32]) -> &[f32] {
        &slots[self.first + j * self.step..][..self.tokens]
    }

    /// The same to be written.
    fn lanes_mut(self, j: usize, slots: &mut [f32]) -> &mut [f32] {
        &mut slots[self.first + j * self.step..][..self.tokens]
    }
}

/// Where a token stands in slots.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// Its first number.
    first: u32,
    /// From one number to the next.
    step: u32,
}

impl Place {
    /// Of a token without a row: beyond all slots.
    pub const NOWHERE: Self = Self { first: u32::MAX, step: 0 };
}

/// Places one after the other.
#[derive(Clone, Debug, Default)]
pub(super) struct Places {
    firsts: Vec<u32>,
    steps: Vec<u32>,
}

impl Places {
    /// The same places in the memory of old ones.
    pub fn take(&mut self, places: impl Iterator<Item = Place>) {
        self.firsts.clear();
        self.steps.clear();
        for Place { first, step } in places {
            self.firsts.push(first);
            self.steps.push(step);
        }
    }

    /// One of them.
    fn get(&self, i: usize) -> Place {
        Place { first: self.firsts[i], step: self.steps[i] }
    }
}

/// The tokens of a batch where a block reads them.
#[derive(Debug)]
pub(super) struct Standing {
    pub lanes: Lanes,
    /// See [`Slots::near`].
    pub near: usize,
    /// Of all of them.
    pub strips: Vec<Strip>,
    /// The tokens of the strips, one after the other, counted sample by sample.
    pub order: Vec<u32>,
    /// Of the tokens, counted sample by sample.
    pub places: Places,
}

impl Standing {
    /// Those of a batch of `lanes` that `block` reads.
    pub fn of(block: &Block, lanes: Lanes) -> Self {
        let (tokens, slots) = (block.tokens, block.tokens * block.size);
        let (mut strips, mut order) = (Vec::new(), Vec::new());
        for tile in lanes.tiles() {
            for token in 0..tokens {
                strips.push(Strip {
                    first: slots * tile.start + token * block.between * tile.width,
                    step: block.within * tile.width,
                    tokens: tile.samples,
                    beyond: tile.width - tile.samples,
                });
                let samples = tile.first..tile.first + tile.samples;
                order.extend(samples.map(|sample| (sample * tokens + token) as u32));
            }
        }
        let mut by_token = vec![Place::NOWHERE; order.len()];
        let of_strips = strips.iter().flat_map(|strip: &Strip| strip.places());
        for (token, place) in order.iter().zip(of_strips) {
            by_token[*token as usize] = place;
        }
        let mut places = Places::default();
        places.take(by_token.into_iter());
        Self { lanes, near: TILE * tokens, strips, order, places }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.order.len()
    }

    /// Where token `token` stands, counted sample by sample.
    pub fn place(&self, token: usize) -> Place {
        self.places.get(token)
    }
}

/// Slots that tokens are moved to.
pub(super) struct Slots<'a> {
    pub slots: &'a mut [f32],
    pub strips: &'a [Strip],
    /// Tokens that are moved together, number by number, since numbers lie side by side: as many as a tile has. Tiles
    /// begin powers of two apart and would drive each other out of the cache.
    pub near: usize,
    /// Numbers of a token.
    pub size: usize,
}

/// Numbers of a line of the cache.
const LINE: u32 = 16;
/// How many numbers of a token lie between the one that is moved and the one that is asked for from memory: what an
/// expert gave has left the nearer caches by then, and no prefetcher of a processor follows as many streams.
const AHEAD: u32 = 4;

/// Asks for the line of `slots[at]`.
#[inline]
fn ahead(slots: &[f32], at: usize) {
    #[cfg(target_arch = "x86_64")]
    {
        use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: no more than a hint, whatever the address.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(slots.as_ptr().wrapping_add(at).cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (slots, at);
}

/// Each number of the tokens `to` becomes `put(token, number, its number at its place in from)`, where tokens are
/// counted along the strips, and have zeros nowhere.
pub(super) fn carry(
    from: &[f32],
    places: &Places,
    to: Slots<'_>,
    put: impl Fn(usize, f32, f32) -> f32,
) {
    let Slots { slots: to, mut strips, near, size } = to;
    let (mut at, mut start) = (places.firsts.clone(), 0);
    let mut lines = Vec::new();
    while let [_, ..] = strips {
        let mut end = start;
        let is_near = |strip: &&Strip| {
            let fits = end == start || end + strip.tokens <= start + near;
            end += if fits { strip.tokens } else { 0 };
            fits
        };
        let (these, later) = strips.split_at(strips.iter().take_while(is_near).count());
        strips = later;
        let (at, steps) = (&mut at[start..end], &places.steps[start..end]);
        lines.clear();
        lines.extend(0..at.len());
        lines.sort_unstable_by_key(|&i| at[i]);
        lines.dedup_by_key(|i| at[*i] / LINE);
        for j in 0..size {
            for &i in &lines {
                ahead(from, at[i].wrapping_add(AHEAD * steps[i]) as usize);
            }
            let mut of = 0;
            for strip in these {
                let at = &at[of..of + strip.tokens];
                for (i, (to, at)) in strip.lanes_mut(j, to).iter_mut().zip(at).enumerate() {
                    let x = from.get(*at as usize).copied().unwrap_or(0.0);
                    *to = put(start + of + i, *to, x);
                }
                to[strip.first + j * strip.step + strip.tokens..][..strip.beyond].fill(0.0);
                of += strip.tokens;
            }
            at.iter_mut().zip(steps).for_each(|(at, step)| *at += step);
        }
        start = end;
    }
}

/// The scalar product of each token on `strips` of `a` with the same of `b`, and `a` times its weight in `weights`.
pub(super) fn weigh(
    (a, b): (&mut [f32], &[f32]),
    (strips, size): (&[Strip], usize),
    weights: &[f32],
) -> Vec<f32> {
    let mut sums = vec![0.0; weights.len()];
    let mut start = 0;
    for strip in strips {
        let of = start..start + strip.tokens;
        let (sums, weights) = (&mut sums[of.clone()], &weights[of.clone()]);
        start = of.end;
        for j in 0..size {
            let each = strip.lanes_mut(j, a).iter_mut().zip(strip.lanes(j, b));
            for ((a, b), (sum, weight)) in each.zip(sums.iter_mut().zip(weights)) {
                *sum += *a * b;
                *a *= weight;
            }
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::Plane;
    use crate::layers::Features;
    use crate::routing::{Router, Routing, Tokens, top_k};

    #[test]
    fn tokens_of_every_kind_are_found_in_tiles() {
        let features = Features { channels: 3, height: 2, width: 2 };
        for (tokens, shape) in
            [(Tokens::Pixels, [4, 3]), (Tokens::Channels, [3, 4]), (Tokens::Batch, [1, 12])]
        {
            let routing = Routing { tokens, ..Routing::of(Router::of(&top_k::ROW), 2) };
            let block = Block::new(routing, features, 0, 1);
            assert_eq!([block.tokens, block.size], shape);
            let lanes = Lanes::new(70);
            // Number `f` of sample `s` is 100 s + f.
            let rows: Vec<f32> = (0..70 * 12).map(|i| (100 * (i / 12) + i % 12) as f32).collect();
            let mut slots = lanes.zeros(12);
            Plane::of(features).from_rows(lanes, &rows, &mut slots);
            let standing = Standing::of(&block, lanes);
            assert_eq!(standing.count(), 70 * block.tokens);
            // All tokens, the last one first.
            let (size, count) = (block.size, standing.count());
            let of = Lanes::new(count);
            let strips: Vec<Strip> = Strip::rows(0, of, size).collect();
            let mut places = Places::default();
            places.take((0..count).rev().map(|token| standing.place(token)));
            // What stood in lanes beyond the batch goes.
            let mut got = of.zeros(size);
            got.fill(7.0);
            let near = standing.near;
            let to = Slots { slots: &mut got, strips: &strips, near, size };
            carry(&slots, &places, to, |_, _, x| x);
            let mut out = vec![0.0; count * size];
            Plane::flat(size).to_rows(of, &got, &mut out);
            for (i, token) in out.chunks_exact(size).rev().enumerate() {
                let (sample, at) = (i / block.tokens, i % block.tokens);
                for (j, found) in token.iter().enumerate() {
                    let feature = at * block.between + j * block.within;
                    assert_eq!(*found, (100 * sample + feature) as f32);
                }
            }
            let sum = |slots: &[f32]| slots.iter().map(|x| f64::from(*x)).sum::<f64>();
            assert_eq!(sum(&got), sum(&slots));
            // And back, but for the first token of all.
            let rows: Vec<Place> = strips.iter().flat_map(|strip| strip.places()).collect();
            let back = standing.order.iter().map(|token| match token {
                0 => Place::NOWHERE,
                token => rows[count - 1 - *token as usize],
            });
            places.take(back);
            let mut to = lanes.zeros(12);
            to.fill(1.0);
            let weights: Vec<f32> = standing.order.iter().map(|token| *token as f32).collect();
            let back = Slots { slots: &mut to, strips: &standing.strips, near, size };
            carry(&got, &places, back, |i, old, x| old + weights[i] * x);
            let mut found = vec![0.0; 70 * 12];
            Plane::of(features).to_rows(lanes, &to, &mut found);
            for (i, found) in found.iter().enumerate() {
                let feature = i % 12;
                let token = match tokens {
                    Tokens::Pixels => feature % 4,
                    Tokens::Channels => feature / 4,
                    Tokens::Batch => 0,
                };
                let weight = (i / 12 * block.tokens + token) as f32;
                assert_eq!(*found, 1.0 + weight * rows_of(i));
            }
            let (mut twice, with) = (got.clone(), got.clone());
            let squares = weigh((&mut twice, &with), (&strips, size), &vec![2.0; count]);
            assert!(twice.iter().zip(&*got).all(|(t, g)| *t == 2.0 * g));
            let token = |j: usize| (j * block.within) as f32;
            let square: f32 = (0..size).map(|j| token(j) * token(j)).sum();
            assert_eq!(squares.last(), Some(&square));
        }
    }

    /// Number `i` of all samples.
    fn rows_of(i: usize) -> f32 {
        (100 * (i / 12) + i % 12) as f32
    }
}
