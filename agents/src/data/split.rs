//! Which episodes are learnt from, and which are held out.

use rand::seq::index::sample;
use serde::{Deserialize, Serialize};
use sparring_sparse::Seed;

/// The episodes of a data set in two parts, ascending: steps of one episode are too alike to be on both sides.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Split {
    /// Those that are learnt from.
    pub train: Vec<usize>,
    /// Those that measure what was learnt.
    pub held_out: Vec<usize>,
}

impl Split {
    /// A tenth of `episodes` held out, drawn without replacement from `seed`; at least one, but never all.
    pub fn draw(episodes: usize, seed: &Seed) -> Self {
        let count = (episodes / 10).max(1).min(episodes.saturating_sub(1));
        let mut held_out = sample(&mut seed.rng(), episodes, count).into_vec();
        held_out.sort_unstable();
        let train = (0..episodes).filter(|at| held_out.binary_search(at).is_err()).collect();
        Self { train, held_out }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_episode_is_on_one_side() {
        for episodes in [1usize, 2, 5, 19, 20, 100] {
            let Split { train, held_out } = Split::draw(episodes, &Seed::new(3));
            let count = match episodes {
                1 => 0,
                2..20 => 1,
                _ => episodes / 10,
            };
            assert_eq!(held_out.len(), count);
            let mut all: Vec<_> = train.iter().chain(&held_out).copied().collect();
            all.sort_unstable();
            assert!(all.into_iter().eq(0..episodes));
        }
        let draw = |seed| Split::draw(100, &Seed::new(seed));
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }
}
