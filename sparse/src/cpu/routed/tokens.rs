//! Tokens in the slots of a batch, and on their way to experts and back.

use crate::kernels::Lanes;
use crate::kernels::lanes::TILE;
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

    /// Those of the rows of `lanes` over `size` slots that begin at `start`.
    pub fn rows(start: usize, lanes: Lanes, size: usize) -> impl Iterator<Item = Self> {
        lanes.tiles().flat_map(move |tile| {
            let first = start + size * tile.first;
            (0..tile.samples).map(move |lane| Self { first: first + lane, step: tile.width })
        })
    }

    /// Where its number `j` stands.
    fn at(self, j: usize) -> usize {
        self.first + j * self.step
    }
}

/// A token, and the row of an expert that it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Move {
    /// In the slots of the features.
    pub token: Place,
    /// In the slots of the experts, one after the other.
    pub row: Place,
    /// What the expert's output counts.
    pub weight: f32,
}

/// Tokens of about a tile: what is read of it is near while it is moved, number by number.
const NEAR: usize = TILE;

/// Each row of `to` from its token in `from`; lanes beyond the rows stay as they are.
pub(super) fn gather(from: &[f32], moves: &[Move], (to, size): (&mut [f32], usize)) {
    for moves in moves.chunks(NEAR) {
        for j in 0..size {
            for Move { token, row, .. } in moves {
                to[row.at(j)] = from[token.at(j)];
            }
        }
    }
}

/// The same with rows times their weights, beside the scalar product of each token with its row of `with`.
pub(super) fn gather_weighted(
    from: &[f32],
    moves: &[Move],
    with: &[f32],
    (to, size): (&mut [f32], usize),
) -> Vec<f32> {
    let mut sums = vec![0.0; moves.len()];
    for (moves, sums) in moves.chunks(NEAR).zip(sums.chunks_mut(NEAR)) {
        for j in 0..size {
            for (Move { token, row, weight }, sum) in moves.iter().zip(&mut *sums) {
                let (x, row) = (from[token.at(j)], row.at(j));
                to[row] = weight * x;
                *sum += x * with[row];
            }
        }
    }
    sums
}

/// Adds to each token in `to` its row of `from`, times its weight.
pub(super) fn scatter_weighted((from, size): (&[f32], usize), moves: &[Move], to: &mut [f32]) {
    for moves in moves.chunks(NEAR) {
        for j in 0..size {
            for Move { token, row, weight } in moves {
                to[token.at(j)] += weight * from[row.at(j)];
            }
        }
    }
}

/// Adds to each token in `to` its row of `from`.
pub(super) fn scatter((from, size): (&[f32], usize), moves: &[Move], to: &mut [f32]) {
    for moves in moves.chunks(NEAR) {
        for j in 0..size {
            for Move { token, row, .. } in moves {
                to[token.at(j)] += from[row.at(j)];
            }
        }
    }
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
            // All tokens in the order of their rows' end.
            let (size, of) = (block.size, Lanes::new(places.len()));
            let rows: Vec<Place> = Place::rows(0, of, size).collect();
            let pairs = places.iter().zip(rows.iter().rev());
            let moves: Vec<Move> =
                pairs.map(|(token, row)| Move { token: *token, row: *row, weight: 2.0 }).collect();
            let mut got = of.zeros(size);
            gather(&slots, &moves, (&mut got, size));
            let mut out = vec![0.0; places.len() * size];
            Plane::flat(size).to_rows(of, &got, &mut out);
            for (i, token) in out.chunks_exact(size).rev().enumerate() {
                let (sample, at) = (i / block.tokens, i % block.tokens);
                for (j, found) in token.iter().enumerate() {
                    let feature = at * block.between + j * block.within;
                    assert_eq!(*found, (100 * sample + feature) as f32);
                }
            }
            let (mut back, mut twice) = (lanes.zeros(12), of.zeros(size));
            scatter_weighted((&got, size), &moves, &mut back);
            assert!(back.iter().zip(&*slots).all(|(b, s)| *b == 2.0 * s));
            scatter((&got, size), &moves, &mut back);
            assert!(back.iter().zip(&*slots).all(|(b, s)| *b == 3.0 * s));
            let squares = gather_weighted(&slots, &moves, &got, (&mut twice, size));
            assert!(twice.iter().zip(&*got).all(|(t, g)| *t == 2.0 * g));
            let token = |j: usize| rows_of_first(&block, j);
            let square: f32 = (0..size).map(|j| token(j) * token(j)).sum();
            assert_eq!(squares[0], square);
        }
    }

    /// Number `j` of the first token of the first sample.
    fn rows_of_first(block: &Block, j: usize) -> f32 {
        (j * block.within) as f32
    }
}
