//! The seeds of episodes, where each has its own.

use crate::EnvRng;

/// 2^64 / φ, the increment of SplitMix64 (Steele, Lea and Flood 2014): odd, so that no two episodes of an env share
/// a seed.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// The seed of the `episode`-th episode, from 0, of an env whose own seed is `env_seed`: the first 64-bit draw of the
/// generator of `env_seed + (episode + 1) · 2^64/φ`.
///
/// An env that is reset with it plays the very episode again, whatever came before, where the same actions are taken.
pub fn episode_seed(env_seed: u64, episode: u64) -> u64 {
    EnvRng::new(env_seed.wrapping_add(STEP.wrapping_mul(episode.wrapping_add(1)))).next_u64()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::episode_seed;

    #[test]
    fn no_two_episodes_share_a_seed() {
        let seeds = (0..50).flat_map(|env| (0..200).map(move |at| episode_seed(env, at)));
        assert_eq!(seeds.collect::<HashSet<_>>().len(), 10_000);
    }
}
