//! Tokens in the slots of a batch, and on their way to experts and back.

use crate::kernels::Lanes;
use crate::routing::Block;

/// Where a token stands in slots without a border.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// Its first number.
    first: usize,
    /// From one number to the next.
    step: usize,
}

impl Place {
    /// Those of all tokens of a batch that `block` reads: sample by sample.
    pub fn all(block: &Block, lanes: Lanes) -> Vec<Self> {
        let slots = block.tokens * block.size;
        let mut places = Vec::with_capacity(lanes.batch() * block.tokens);
        for tile in lanes.tiles() {
            for lane in 0..tile.samples {
                let start = slots * tile.first + lane;
                places.extend((0..block.tokens).map(|token| Self {
                    first: start + token * block.between * tile.width,
                    step: block.within * tile.width,
                }));
            }
        }
        places
    }

    /// Where its number `j` stands.
    fn at(self, j: usize) -> usize {
        self.first + j * self.step
    }
}

/// The tokens at `places` in `from`, times `weights` where there are any, into the lanes of `to (size)` slots; lanes
/// beyond them become zero.
pub(super) fn gather(
    from: &[f32],
    places: &[Place],
    weights: Option<&[f32]>,
    (to, size): (&mut [f32], usize),
) {
    for tile in Lanes::new(places.len()).tiles() {
        let part = tile.first..tile.first + tile.samples;
        let (places, weights) = (&places[part.clone()], weights.map(|all| &all[part]));
        for (j, slot) in tile.of_mut(to, size).chunks_exact_mut(tile.width).enumerate() {
            let (slot, beyond) = slot.split_at_mut(tile.samples);
            slot.iter_mut().zip(places).for_each(|(to, place)| *to = from[place.at(j)]);
            if let Some(weights) = weights {
                slot.iter_mut().zip(weights).for_each(|(to, weight)| *to *= weight);
            }
            beyond.fill(0.0);
        }
    }
}

/// Adds the lanes of `from (size)` slots, times `weights` where there are any, to the tokens at `places` in `to`.
pub(super) fn scatter(
    (from, size): (&[f32], usize),
    places: &[Place],
    weights: Option<&[f32]>,
    to: &mut [f32],
) {
    for tile in Lanes::new(places.len()).tiles() {
        let part = tile.first..tile.first + tile.samples;
        let (places, weights) = (&places[part.clone()], weights.map(|all| &all[part]));
        for (j, slot) in tile.of(from, size).chunks_exact(tile.width).enumerate() {
            match weights {
                None => slot.iter().zip(places).for_each(|(x, place)| to[place.at(j)] += x),
                Some(weights) => {
                    for ((x, place), weight) in slot.iter().zip(places).zip(weights) {
                        to[place.at(j)] += weight * x;
                    }
                }
            }
        }
    }
}

/// The scalar product of each token at `places` in `from` with its lane of `with (size)` slots.
pub(super) fn dots(from: &[f32], places: &[Place], (with, size): (&[f32], usize)) -> Vec<f32> {
    let mut sums = vec![0.0; places.len()];
    for tile in Lanes::new(places.len()).tiles() {
        let part = tile.first..tile.first + tile.samples;
        let (places, sums) = (&places[part.clone()], &mut sums[part]);
        for (j, slot) in tile.of(with, size).chunks_exact(tile.width).enumerate() {
            for ((sum, place), x) in sums.iter_mut().zip(places).zip(slot) {
                *sum += from[place.at(j)] * x;
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
            let routing = Routing {
                router: Router::of(&top_k::ROW),
                experts: 2,
                k: 1,
                tokens,
                capacity: 1.0,
                importance: 0.0,
                normalize: false,
            };
            let block = Block::new(routing, features, 0, 1);
            assert_eq!([block.tokens, block.size], shape);
            let lanes = Lanes::new(70);
            // Number `f` of sample `s` is 100 s + f.
            let rows: Vec<f32> = (0..70 * 12).map(|i| (100 * (i / 12) + i % 12) as f32).collect();
            let mut slots = lanes.zeros(12);
            Plane::of(features).from_rows(lanes, &rows, &mut slots);
            let places = Place::all(&block, lanes);
            assert_eq!(places.len(), 70 * block.tokens);
            let chosen: Vec<Place> = places.iter().rev().copied().collect();
            let size = block.size;
            let mut got = Lanes::new(chosen.len()).zeros(size);
            gather(&slots, &chosen, None, (&mut got, size));
            let mut out = vec![0.0; chosen.len() * size];
            Plane::flat(size).to_rows(Lanes::new(chosen.len()), &got, &mut out);
            for (i, token) in out.chunks_exact(size).rev().enumerate() {
                let (sample, at) = (i / block.tokens, i % block.tokens);
                for (j, found) in token.iter().enumerate() {
                    let feature = at * block.between + j * block.within;
                    assert_eq!(*found, (100 * sample + feature) as f32);
                }
            }
            let mut back = lanes.zeros(12);
            scatter((&got, size), &chosen, Some(&vec![2.0; chosen.len()]), &mut back);
            assert!(back.iter().zip(&*slots).all(|(b, s)| *b == 2.0 * s));
            let squares = dots(&slots, &chosen, (&got, size));
            let last = &rows[rows.len() - 12..];
            let token = |j: usize| last[(block.tokens - 1) * block.between + j * block.within];
            let square: f32 = (0..size).map(|j| token(j) * token(j)).sum();
            assert_eq!(squares[0], square);
        }
    }
}
