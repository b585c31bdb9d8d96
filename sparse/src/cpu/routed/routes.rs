//! Which token is which row of an expert.
//!
//! An expert has the tokens of a group of lanes one after the other, in the order of the lanes: what goes from a group to
//! an expert is a *piece*, rows that lie side by side there. So lanes are moved group by group: put into the order of
//! experts at once, and each piece copied as it is ([`super::carry`]).

use std::ops::Range;

use super::tokens::{Group, Standing};
use crate::kernels::Lanes;
use crate::kernels::lanes::Tile;
use crate::kernels::permute::{LANES, Order};

/// Some rows of an expert that lie side by side, all of one group.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    first: usize,
    /// From one number to the next.
    pub step: usize,
    /// Rows.
    pub count: usize,
}

impl Piece {
    /// The slots of number `j` of its rows.
    pub fn number(self, j: usize) -> Range<usize> {
        let first = self.first + j * self.step;
        first..first + self.count
    }
}

/// One choice of the tokens of a group.
#[derive(Clone, Debug)]
pub(super) struct Choice {
    /// Whether it is their first one.
    pub is_first: bool,
    /// The lane of each of its rows.
    pub order: Order,
    /// The row of each lane; of one without a row the number of rows.
    pub back: Order,
    /// Its pieces among all.
    pub pieces: Range<usize>,
    /// Its rows among all.
    pub rows: Range<usize>,
}

/// The ways of a batch's tokens to the experts that were chosen for them, and back.
#[derive(Debug, Default)]
pub(super) struct Routes {
    /// Choices of a token.
    k: usize,
    /// `k` a group.
    choices: Vec<Choice>,
    /// Those of a choice one after the other, in the order of experts.
    pub(super) pieces: Vec<Piece>,
    /// Which choice `token · k + rank` each row is.
    pub(super) chosen: Vec<u32>,
    /// What it counts.
    pub(super) weights: Vec<f32>,
    /// Lanes of experts beyond their rows, which hold zeros.
    pub(super) beyond: Vec<Piece>,
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

/// Rows of an expert that have no token yet.
struct Free {
    /// In tiles, the last one first.
    tiles: Vec<Piece>,
}

impl Free {
    /// The next rows, at most `count`.
    fn take(&mut self, count: usize) -> Option<Piece> {
        let tile = self.tiles.last_mut()?;
        let piece = Piece { count: count.min(tile.count), ..*tile };
        tile.first += piece.count;
        tile.count -= piece.count;
        if tile.count == 0 {
            self.tiles.pop();
        }
        Some(piece)
    }
}

impl Routes {
    /// Gives each expert its tokens, group by group and choice by choice, in the rows of `experts` over `size` slots.
    pub fn draw(
        &mut self,
        standing: &Standing,
        chosen: Chosen<'_>,
        experts: &[Lanes],
        size: usize,
    ) {
        let Chosen { k, gates, .. } = chosen;
        self.k = k;
        self.choices.clear();
        self.pieces.clear();
        self.chosen.clear();
        self.weights.clear();
        let mut free = self.clear_rows(experts, size);
        let mut takers = vec![Vec::new(); experts.len()];
        for group in &standing.groups {
            let tokens = &standing.tokens[group.lanes.clone()];
            for rank in 0..k {
                for (lane, token) in tokens.iter().enumerate() {
                    let Some(choice) = token.map(|token| token as usize * k + rank) else {
                        continue;
                    };
                    let Some(expert) = chosen.experts[choice] else { continue };
                    takers[expert as usize].push((lane, choice));
                }
                let starts = [self.pieces.len(), self.chosen.len()];
                let rows = takers.iter().map(Vec::len).sum::<usize>();
                let (mut order, mut back) = ([0; LANES], [rows as u32; LANES]);
                let mut row = 0;
                for ((e, takers), free) in takers.iter_mut().enumerate().zip(&mut free) {
                    let mut left = takers.len();
                    while let (1.., Some(piece)) = (left, free.take(left)) {
                        left -= piece.count;
                        self.pieces.push(piece);
                    }
                    for (lane, choice) in takers.drain(..) {
                        order[row] = lane as u32;
                        back[lane] = row as u32;
                        row += 1;
                        self.chosen.push(choice as u32);
                        let gate = gates.get(choice / k * experts.len() + e);
                        self.weights.push(gate.copied().unwrap_or(1.0));
                    }
                }
                self.choices.push(Choice {
                    is_first: rank == 0,
                    order,
                    back,
                    pieces: starts[0]..self.pieces.len(),
                    rows: starts[1]..self.chosen.len(),
                });
            }
        }
    }

    /// All rows of `experts` over `size` slots without a token, and the lanes beyond them noted.
    fn clear_rows(&mut self, experts: &[Lanes], size: usize) -> Vec<Free> {
        self.beyond.clear();
        let mut start = 0;
        let mut rows = |lanes: &Lanes| {
            let rows = |tile: Tile| {
                let first = start + size * tile.start;
                Piece { first, step: tile.width, count: tile.samples }
            };
            let mut tiles: Vec<_> = lanes.tiles().map(rows).collect();
            tiles.reverse();
            if let Some(&Piece { first, step, count }) = tiles.first() {
                self.beyond.push(Piece { first: first + count, step, count: step - count });
            }
            start += size * lanes.width();
            Free { tiles }
        };
        experts.iter().map(&mut rows).collect()
    }

    /// The choices of each group of `standing`.
    pub(super) fn choices<'a>(
        &'a self,
        standing: &'a Standing,
    ) -> impl Iterator<Item = (&'a Group, &'a [Choice])> {
        standing.groups.iter().zip(self.choices.chunks_exact(self.k.max(1)))
    }
}
