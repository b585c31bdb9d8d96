//! What a token sees of its sequence.

use std::ops::Range;

/// Which tokens one sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sees {
    /// All.
    All,
    /// Itself and those before it.
    Before,
    /// Those before it, and what was retrieved for it.
    Retrieved(Retrieved),
}

/// A causal sequence in chunks, behind which stands what was retrieved for each chunk but the first: `k` neighbours of
/// the chunk before it, as in RETRO (Borgeaud et al. 2022, 2112.04426, section 2.4).
///
/// A token of the sequence sees those before it and the neighbours of the chunk before its own. A token of a neighbour
/// sees all of its neighbour, and the chunk that it is a neighbour of. So no token knows a later one of the sequence.
/// (In RETRO the neighbours have an encoder and a cross-attention of their own; here one attention reads both.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retrieved {
    /// Tokens of the sequence.
    pub own: usize,
    /// Tokens of a chunk.
    pub chunk: usize,
    /// Neighbours of a chunk, `k`.
    pub neighbours: usize,
    /// Tokens of a neighbour.
    pub neighbour: usize,
}

impl Retrieved {
    /// Tokens of all neighbours of a chunk.
    fn group(&self) -> usize {
        self.neighbours * self.neighbour
    }

    /// Tokens of a whole sequence, those of neighbours included.
    pub fn tokens(&self) -> usize {
        let groups = self.own.div_ceil(self.chunk.max(1)).saturating_sub(1);
        self.own + groups * self.group()
    }

    fn of(&self, row: usize) -> [Range<usize>; 2] {
        let Self { own, chunk, .. } = *self;
        if row < own {
            let group = row / chunk;
            let start = own + group.saturating_sub(1) * self.group();
            let end = if group == 0 { start } else { start + self.group() };
            return [0..row + 1, start..end];
        }
        let (group, within) = ((row - own) / self.group(), (row - own) % self.group());
        let start = row - within % self.neighbour;
        [group * chunk..(group + 1) * chunk, start..start + self.neighbour]
    }
}

impl Sees {
    /// What token `row` of `tokens` sees: two ranges of tokens, of which the second begins where the first ends or later.
    pub fn of(&self, row: usize, tokens: usize) -> [Range<usize>; 2] {
        match self {
            Self::All => [0..tokens, tokens..tokens],
            Self::Before => [0..row + 1, tokens..tokens],
            Self::Retrieved(of) => of.of(row),
        }
    }

    /// Whether a sequence can be written token by token.
    pub fn is_causal(&self) -> bool {
        match self {
            Self::Before => true,
            Self::All | Self::Retrieved(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_token_of_the_sequence_knows_a_later_one_by_whatever_way() {
        let of = Retrieved { own: 6, chunk: 2, neighbours: 2, neighbour: 3 };
        assert_eq!(of.tokens(), 6 + 2 * 6);
        assert_eq!(of.of(1), [0..2, 6..6]);
        assert_eq!(of.of(2), [0..3, 6..12]);
        assert_eq!(of.of(5), [0..6, 12..18]);
        assert_eq!(of.of(10), [0..2, 9..12]);
        assert_eq!(of.of(12), [2..4, 12..15]);
        // What a token knows after any number of layers.
        let tokens = of.tokens();
        let mut known: Vec<Vec<bool>> =
            (0..tokens).map(|i| (0..tokens).map(|j| i == j).collect()).collect();
        for _ in 0..tokens {
            for i in 0..tokens {
                for j in of.of(i).into_iter().flatten() {
                    let seen = known[j].clone();
                    known[i].iter_mut().zip(seen).for_each(|(to, from)| *to |= from);
                }
            }
        }
        for (i, known) in known.iter().enumerate().take(6) {
            assert!(known[i + 1..6].iter().all(|known| !known), "{i}");
            assert_eq!(known[6..].iter().any(|known| *known), i >= 2);
        }
    }
}
