//! Tokens in the slots of a batch.

use std::ops::Range;

use crate::kernels::Lanes;
use crate::kernels::permute::LANES;
use crate::routing::Block;

/// Lanes that lie side by side, [`LANES`] at most, each with a number of a token; the next numbers are `step` further on.
#[derive(Clone, Debug)]
pub(super) struct Group {
    first: usize,
    step: usize,
    /// Its lanes among all.
    pub lanes: Range<usize>,
}

impl Group {
    /// The slots of number `j` of its tokens.
    pub fn number(&self, j: usize) -> Range<usize> {
        let first = self.first + j * self.step;
        first..first + self.lanes.len()
    }
}

/// The tokens of a batch where a block reads them.
#[derive(Debug)]
pub(super) struct Standing {
    /// Of the samples.
    pub lanes: Lanes,
    /// How many there are.
    pub count: usize,
    /// All lanes in their order.
    pub groups: Vec<Group>,
    /// The token of each lane, counted sample by sample; lanes beyond the batch have none, and hold zeros.
    pub tokens: Vec<Option<u32>>,
}

impl Standing {
    /// Those of a batch of `lanes` that `block` reads.
    pub fn of(block: &Block, lanes: Lanes) -> Self {
        let Block { tokens: count, size, between, within, .. } = *block;
        let (mut groups, mut tokens) = (Vec::new(), Vec::new());
        for tile in lanes.tiles() {
            // Tokens whose numbers stand next to each other are one run of lanes.
            let (runs, run) = match between {
                1 => (1, count * tile.width),
                _ => (count, tile.width),
            };
            for of in 0..runs {
                let start = count * size * tile.start + of * between * tile.width;
                for lane in (0..run).step_by(LANES) {
                    let (first, begin) = (start + lane, tokens.len());
                    tokens.extend((lane..run.min(lane + LANES)).map(|lane| {
                        let (token, sample) = (of + lane / tile.width, lane % tile.width);
                        let token = (tile.first + sample) * count + token;
                        (sample < tile.samples).then_some(token as u32)
                    }));
                    let step = within * tile.width;
                    groups.push(Group { first, step, lanes: begin..tokens.len() });
                }
            }
        }
        Self { lanes, count: lanes.batch() * count, groups, tokens }
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
        for (tokens, shape, groups) in [
            (Tokens::Pixels, [4, 3], 4 + 1),
            (Tokens::Channels, [3, 4], 3 + 3),
            (Tokens::Batch, [1, 12], 1 + 1),
        ] {
            let routing = Routing { tokens, ..Routing::of(Router::of(&top_k::ROW), 2) };
            let block = Block::new(routing, features, 0, 1);
            assert_eq!([block.tokens, block.size], shape);
            let lanes = Lanes::new(70);
            // Number `f` of sample `s` is 100 s + f; lanes beyond them hold zeros.
            let rows: Vec<f32> = (0..70 * 12).map(|i| (100 * (i / 12) + i % 12) as f32).collect();
            let mut slots = lanes.zeros(12);
            Plane::of(features).from_rows(lanes, &rows, &mut slots);
            let standing = Standing::of(&block, lanes);
            assert_eq!(standing.groups.len(), groups);
            let mut found = vec![0; 70 * 12];
            for group in &standing.groups {
                for j in 0..block.size {
                    let numbers = &slots[group.number(j)];
                    assert_eq!(numbers.len() % 16, 0, "whole registers");
                    for (x, token) in numbers.iter().zip(&standing.tokens[group.lanes.clone()]) {
                        let Some(token) = token else {
                            assert_eq!(*x, 0.0);
                            continue;
                        };
                        let (sample, token) =
                            (*token as usize / block.tokens, *token as usize % block.tokens);
                        let feature = token * block.between + j * block.within;
                        assert_eq!(*x, (100 * sample + feature) as f32);
                        found[12 * sample + feature] += 1;
                    }
                }
            }
            assert_eq!(found, [1; 70 * 12], "each number is one of one token");
        }
    }
}
