//! Experts by a hash (Roller et al. 2021, 2106.04426): nothing to be learned, and nothing that training shifts.
//!
//! Where samples are tokens, by what the network read, which is the same whenever a state comes back: the signs of
//! [`BITS`] random projections (SimHash, Charikar 2002) of the numbers in steps of 1/[`STEPS`], hashed again. Projections
//! are sums of whole numbers, so that no rounding flips them, whatever the processor. States of few degrees of freedom
//! have few codes, and loads are uneven then. Where tokens are parts of an image,
//! by their position alone: experts have as many positions each, up to one, in random order.

use rand::seq::SliceRandom;

use super::row::{RouterRow, Way};
use crate::seed::Seed;

/// Bits of the code of an observation.
pub const BITS: usize = 16;
/// Steps of a number within 1.
pub const STEPS: f32 = 8.0;

/// The row of hash routing.
pub static ROW: RouterRow = RouterRow {
    name: "hash",
    about: "by what the network read, or by the position in an image; nothing is learned",
    way: Way::Hashes,
};

/// SplitMix64 (Steele, Lea and Flood 2014) after `i` steps from 0.
fn mixed(i: u64) -> u64 {
    let mut z = i.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The expert of an observation.
pub fn of_observation(obs: &[f32], experts: usize) -> u32 {
    let mut sums = [0i64; BITS];
    for (i, x) in obs.iter().enumerate() {
        // Far beyond what a projection of millions of them could overflow by.
        let x = (x * STEPS).round().clamp(-1e9, 1e9) as i64;
        if x == 0 {
            continue;
        }
        let signs = mixed(i as u64);
        for (bit, sum) in sums.iter_mut().enumerate() {
            *sum += if signs >> bit & 1 == 1 { x } else { -x };
        }
    }
    let code = sums.iter().fold(0u64, |code, sum| code << 1 | u64::from(*sum > 0));
    (mixed(code) % experts as u64) as u32
}

/// The experts of the positions of an image, `(tokens)`.
pub fn of_positions(tokens: usize, experts: usize) -> Vec<u32> {
    let mut of: Vec<u32> = (0..tokens).map(|token| (token % experts) as u32).collect();
    of.shuffle(&mut Seed::new(0).child("hash").rng());
    of
}

#[cfg(test)]
mod tests {
    use rand::RngExt;

    use super::*;

    #[test]
    fn states_that_look_alike_go_together_and_positions_share_alike() {
        let obs: Vec<f32> = (0..12).map(|i| (i as f32 * 0.7).sin()).collect();
        let near: Vec<f32> = obs.iter().map(|x| x + 1e-7).collect();
        assert_eq!(of_observation(&obs, 64), of_observation(&near, 64));
        // A uniform choice leaves one of 8 experts fewer than 20 of 400 states once in 10⁵ times.
        let (mut loads, mut rng) = ([0; 8], Seed::new(1).rng());
        for _ in 0..400 {
            let obs: Vec<f32> = (0..12).map(|_| rng.random_range(-1.0..1.0)).collect();
            loads[of_observation(&obs, 8) as usize] += 1;
        }
        assert!(loads.iter().all(|load| *load >= 20), "{loads:?}");
        assert!(of_observation(&[f32::NAN, f32::INFINITY], 3) < 3);
        assert_eq!(of_observation(&[], 1), 0);
        let positions = of_positions(64, 8);
        assert!((0..8).all(|e| positions.iter().filter(|p| **p == e).count() == 8));
        assert_eq!(positions, of_positions(64, 8));
        assert_ne!(positions[..8], [0, 1, 2, 3, 4, 5, 6, 7]);
    }
}
