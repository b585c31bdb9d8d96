//! What comes and goes as one: a single weight, or a block of them; and what is counted by the
//! group: the whole layer, or each `m` inputs of an output.
//!
//! | pattern | block | group |
//! |---|---|---|
//! | unstructured | a weight | the layer |
//! | `n:m` | a weight | `m` consecutive inputs of one output |
//! | block | `height × width` weights | the layer |
//! | an element of an [algebra](crate::algebra) | its `1 × n` weights | the layer |
//!
//! Blocks are numbered as positions are, row by row of blocks. Methods score blocks, a block by the sum
//! over its weights, an element by their L2 norm, and choose exactly as many as the group may have: where scores tie, the lower
//! block wins.

use super::positions;
use crate::pattern::Pattern;
use crate::sample::{distinct, distinct_outside};
use crate::seed::Rng;
use crate::topology::Topology;

/// The blocks of one layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blocks {
    rows: usize,
    cols: usize,
    height: usize,
    width: usize,
    group: usize,
    score: Score,
}

/// What the score of a block is made of those of its weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Score {
    /// Their sum.
    Sum,
    /// Their L2 norm.
    Norm,
}

impl Score {
    fn of_one(self, score: f32) -> f32 {
        match self {
            Self::Sum => score,
            Self::Norm => score * score,
        }
    }

    fn of_all(self, sums: &mut [f32]) {
        match self {
            Self::Sum => {}
            Self::Norm => sums.iter_mut().for_each(|sum| *sum = sum.sqrt()),
        }
    }
}

impl Blocks {
    /// The blocks of a `rows × cols` layer, which the pattern divides.
    pub fn new(pattern: Pattern, rows: usize, cols: usize) -> Self {
        let (height, width, group) = match pattern {
            Pattern::Unstructured => (1, 1, rows * cols),
            Pattern::Nm { m, .. } => (1, 1, m),
            Pattern::Block { height, width } => (height, width, rows / height * (cols / width)),
        };
        Self { rows, cols, height, width, group, score: Score::Sum }
    }

    /// The elements of a layer over an algebra of `order` numbers, whose weights stand in `rows × cols`.
    pub fn of_elements(order: usize, rows: usize, cols: usize) -> Self {
        let group = rows * cols / order;
        Self { rows, cols, height: 1, width: order, group, score: Score::Norm }
    }

    /// Blocks in the layer.
    pub fn all(&self) -> usize {
        self.rows / self.height * (self.cols / self.width)
    }

    /// Weights in a block.
    pub fn size(&self) -> usize {
        self.height * self.width
    }

    /// Blocks in a group.
    pub fn group(&self) -> usize {
        self.group
    }

    /// Groups in the layer.
    pub fn groups(&self) -> usize {
        self.all() / self.group
    }

    /// The block of a position.
    fn of(&self, position: u32) -> u32 {
        if self.size() == 1 {
            return position;
        }
        let (row, col) = (position as usize / self.cols, position as usize % self.cols);
        (row / self.height * (self.cols / self.width) + col / self.width) as u32
    }

    /// The active blocks of `topology`, ascending.
    pub fn active(&self, topology: &Topology) -> Vec<u32> {
        let corner = |position: &u32| {
            let (row, col) = (*position as usize / self.cols, *position as usize % self.cols);
            row.is_multiple_of(self.height) && col.is_multiple_of(self.width)
        };
        match self.size() {
            1 => positions(topology),
            _ => topology.positions().filter(corner).map(|position| self.of(position)).collect(),
        }
    }

    /// Whether `topology` is made of whole blocks, as many in each group.
    pub fn fit(&self, topology: &Topology) -> bool {
        let active = self.active(topology);
        let each = active.len() / self.groups();
        let mut counts = vec![0; self.groups()];
        active.iter().for_each(|block| counts[*block as usize / self.group] += 1);
        counts.into_iter().all(|count| count == each)
            && (self.size() == 1 || self.positions(active) == positions(topology))
    }

    /// The score of each of the `active` blocks, of the scores of its entries; scores `(nnz)`.
    pub fn sums(
        &self,
        topology: &Topology,
        active: &[u32],
        scores: impl Iterator<Item = f32>,
    ) -> Vec<f32> {
        if self.size() == 1 {
            return scores.collect();
        }
        let mut sums = vec![0.0; active.len()];
        for (position, score) in topology.positions().zip(scores) {
            if let Ok(at) = active.binary_search(&self.of(position)) {
                sums[at] += self.score.of_one(score);
            }
        }
        self.score.of_all(&mut sums);
        sums
    }

    /// The score of every block of the layer, of the scores of all of its weights; scores `(rows · cols)`.
    pub fn dense_sums(&self, scores: impl Iterator<Item = f32>) -> Vec<f32> {
        if self.size() == 1 {
            return scores.collect();
        }
        let mut sums = vec![0.0; self.all()];
        for (position, score) in (0..).zip(scores) {
            sums[self.of(position) as usize] += self.score.of_one(score);
        }
        self.score.of_all(&mut sums);
        sums
    }

    /// The positions of `blocks`, both ascending.
    pub fn positions(&self, blocks: Vec<u32>) -> Vec<u32> {
        if self.size() == 1 {
            return blocks;
        }
        let across = self.cols / self.width;
        let mut positions = Vec::with_capacity(blocks.len() * self.size());
        for row_of_blocks in blocks.chunk_by(|a, b| *a as usize / across == *b as usize / across) {
            for r in 0..self.height {
                for block in row_of_blocks.iter().map(|block| *block as usize) {
                    let row = block / across * self.height + r;
                    let first = row * self.cols + block % across * self.width;
                    positions.extend(first as u32..(first + self.width) as u32);
                }
            }
        }
        positions
    }

    /// `count` blocks, spread evenly over the groups; every such choice is equally likely.
    pub fn random(&self, count: usize, rng: &mut Rng) -> Vec<u32> {
        let each = count / self.groups();
        let mut blocks = Vec::with_capacity(count);
        for first in (0..self.all()).step_by(self.group) {
            blocks.extend(distinct(self.group, each, rng).iter().map(|block| first as u32 + block));
        }
        blocks
    }

    /// The `count` of `candidates`, ascending blocks with scores, that score highest, spread evenly
    /// over the groups.
    pub fn largest(&self, candidates: &[(u32, f32)], count: usize) -> Vec<u32> {
        self.choose(candidates, |_| count / self.groups())
    }

    /// What fills `kept` up to `count`, evenly over the groups, by highest score (one a block).
    pub fn grow_largest(&self, kept: &[u32], count: usize, scores: &[f32]) -> Vec<u32> {
        let mut stays = kept.iter().peekable();
        let free = |(block, score): (u32, &f32)| match stays.next_if_eq(&&block) {
            Some(_) => None,
            None => Some((block, *score)),
        };
        let candidates: Vec<_> = (0..).zip(scores).filter_map(free).collect();
        let missing = self.missing(kept, count);
        self.choose(&candidates, |group| missing[group])
    }

    /// What fills `kept` up to `count`, evenly over the groups, at random.
    pub fn grow_random(&self, kept: &[u32], count: usize, rng: &mut Rng) -> Vec<u32> {
        let mut grown = Vec::with_capacity(count - kept.len());
        let mut kept_units = kept;
        for (group, missing) in self.missing(kept, count).into_iter().enumerate() {
            let first = (group * self.group) as u32;
            let end = first + self.group as u32;
            let (here, rest) =
                kept_units.split_at(kept_units.partition_point(|block| *block < end));
            kept_units = rest;
            if self.groups() == 1 {
                return distinct_outside(self.group, missing, here, rng);
            }
            if missing == 0 {
                continue;
            }
            let here: Vec<u32> = here.iter().map(|block| block - first).collect();
            let drawn = distinct_outside(self.group, missing, &here, rng);
            grown.extend(drawn.iter().map(|block| first + block));
        }
        grown
    }

    /// How many blocks each group lacks of its share of `count`.
    fn missing(&self, kept: &[u32], count: usize) -> Vec<usize> {
        let mut missing = vec![count / self.groups(); self.groups()];
        for block in kept {
            missing[*block as usize / self.group] -= 1;
        }
        missing
    }

    fn choose(&self, candidates: &[(u32, f32)], count: impl Fn(usize) -> usize) -> Vec<u32> {
        let (mut chosen, mut keys) = (Vec::new(), Vec::new());
        let group = |(block, _): &(u32, f32)| *block as usize / self.group;
        for candidates in candidates.chunk_by(|a, b| group(a) == group(b)) {
            largest(candidates, count(group(&candidates[0])), &mut keys, &mut chosen);
        }
        chosen
    }
}

/// The `count` of `candidates`, ascending blocks with scores, that score highest, in whatever groups.
pub(crate) fn top(candidates: &[(u32, f32)], count: usize) -> Vec<u32> {
    let mut chosen = Vec::with_capacity(count);
    largest(candidates, count, &mut Vec::new(), &mut chosen);
    chosen
}

/// Appends to `chosen` the `count` of `candidates` that score highest, in their order; ties go to
/// the lower block. `keys` is room to work in.
fn largest(candidates: &[(u32, f32)], count: usize, keys: &mut Vec<u64>, chosen: &mut Vec<u32>) {
    // Ascends as `f32::total_cmp` does, then with falling block.
    let key = |&(block, score): &(u32, f32)| {
        let bits = score.to_bits();
        let ordered = if bits >> 31 == 0 { bits | 1 << 31 } else { !bits };
        u64::from(ordered) << 32 | u64::from(!block)
    };
    let least = match candidates.len().checked_sub(count) {
        _ if count == 0 => return,
        None | Some(0) => 0,
        Some(others) => {
            keys.clear();
            keys.extend(candidates.iter().map(key));
            *keys.select_nth_unstable(others).1
        }
    };
    chosen.extend(candidates.iter().filter(|c| key(c) >= least).map(|(block, _)| *block));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::RngExt;

    use super::*;
    use crate::seed::Seed;

    fn choose(blocks: &Blocks, scores: &[f32], count: usize) -> Vec<u32> {
        let candidates: Vec<_> = (0..).zip(scores.iter().copied()).collect();
        blocks.largest(&candidates, count)
    }

    #[test]
    fn the_lower_unit_wins_a_tie() {
        let blocks = Blocks::new(Pattern::Unstructured, 1, 5);
        let scores = [1.0, 3.0, 1.0, 2.0, 1.0];
        assert_eq!(choose(&blocks, &scores, 0), [0u32; 0]);
        assert_eq!(choose(&blocks, &scores, 1), [1]);
        assert_eq!(choose(&blocks, &scores, 3), [0, 1, 3]);
        assert_eq!(choose(&blocks, &scores, 4), [0, 1, 2, 3]);
        assert_eq!(choose(&blocks, &scores, 5), [0, 1, 2, 3, 4]);
        assert_eq!(choose(&blocks, &[-1.0, -3.0, 0.0, -0.0, -1.0], 3), [0, 2, 3]);
    }

    /// 4 × 6 in blocks of 2 × 3, worked by hand: block 0 holds 0 1 2 6 7 8, block 3 the last corner.
    #[test]
    fn blocks_by_hand() {
        let blocks = Blocks::new(Pattern::Block { height: 2, width: 3 }, 4, 6);
        assert_eq!((blocks.all(), blocks.size(), blocks.groups()), (4, 6, 1));
        let positions = blocks.positions(vec![0, 3]);
        assert_eq!(positions, [0, 1, 2, 6, 7, 8, 15, 16, 17, 21, 22, 23]);
        let topology = Topology::new(4, 6, &positions).unwrap();
        assert_eq!(blocks.active(&topology), [0, 3]);
        let scores = [1.0; 6].into_iter().chain([2.0; 6]);
        assert_eq!(blocks.sums(&topology, &[0, 3], scores), [6.0, 12.0]);
        let dense = blocks.dense_sums((0..24).map(|p| if p == 3 { 5.0 } else { 1.0 }));
        assert_eq!(dense, [6.0, 10.0, 6.0, 6.0]);
        assert_eq!(blocks.grow_largest(&[0], 2, &dense), [1]);
        assert_eq!(blocks.grow_largest(&[1], 2, &dense), [0], "of three that tie the lowest");
    }

    /// 2 × 4 in groups of four, two of each, worked by hand.
    #[test]
    fn groups_by_hand() {
        let blocks = Blocks::new(Pattern::Nm { n: 2, m: 4 }, 2, 4);
        assert_eq!((blocks.all(), blocks.size(), blocks.groups()), (8, 1, 2));
        let scores = [9.0, 8.0, 7.0, 6.0, 1.0, 1.0, 2.0, 1.0];
        assert_eq!(choose(&blocks, &scores, 4), [0, 1, 4, 6]);
        assert_eq!(blocks.grow_largest(&[0, 1, 7], 4, &scores), [6]);
        assert_eq!(blocks.grow_largest(&[3], 4, &scores), [0, 4, 6]);
    }

    proptest! {
        #[test]
        fn largest_is_the_head_of_a_stable_sort(
            scores in prop::collection::vec(-3i8..4, 1..60), scale in prop::sample::select(vec![0.0f32, 1.0, 1e-40, 1e30]), part in 0.0f64..=1.0
        ) {
            let scores: Vec<f32> = scores.iter().map(|score| f32::from(*score) * scale).collect();
            let count = (part * scores.len() as f64) as usize;
            let mut order: Vec<u32> = (0..scores.len() as u32).collect();
            order.sort_by(|a, b| scores[*b as usize].total_cmp(&scores[*a as usize]));
            order.truncate(count);
            order.sort_unstable();
            let blocks = Blocks::new(Pattern::Unstructured, 1, scores.len());
            prop_assert_eq!(choose(&blocks, &scores, count), order);
        }

        #[test]
        fn every_pattern_fills_its_groups_exactly(
            down in 1usize..6, across in 1usize..6, kind in 0usize..3, seed in any::<u64>()
        ) {
            let (pattern, rows, cols) = match kind {
                0 => (Pattern::Unstructured, down, 5 * across),
                1 => (Pattern::Nm { n: 2, m: 5 }, down, 5 * across),
                _ => (Pattern::Block { height: 2, width: 3 }, 2 * down, 3 * across),
            };
            let blocks = Blocks::new(pattern, rows, cols);
            let mut rng = Seed::new(seed).rng();
            let count = blocks.groups() * (blocks.group() / 2);
            let start = blocks.random(count, &mut rng);
            let positions = blocks.positions(start.clone());
            let topology = Topology::new(rows, cols, &positions).unwrap();
            prop_assert_eq!(blocks.active(&topology), start.clone());
            prop_assert_eq!(topology.nnz(), count * blocks.size());
            let kept: Vec<u32> = start.into_iter().filter(|_| rng.random()).collect();
            let scores: Vec<f32> = (0..blocks.all()).map(|_| rng.random_range(0.0..4.0f32).floor()).collect();
            for grown in [blocks.grow_largest(&kept, count, &scores), blocks.grow_random(&kept, count, &mut rng)] {
                let mut all: Vec<u32> = kept.iter().chain(&grown).copied().collect();
                all.sort_unstable();
                all.dedup();
                prop_assert_eq!(all.len(), count);
                for group in all.chunk_by(|a, b| *a as usize / blocks.group() == *b as usize / blocks.group()) {
                    prop_assert_eq!(group.len(), count / blocks.groups());
                }
            }
        }
    }
}
