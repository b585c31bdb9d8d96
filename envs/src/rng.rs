//! numpy's default generator: SeedSequence and PCG64, so that a seed gives the very episode that Gymnasium gives.
//!
//! Sources: O'Neill, "PCG: A Family of Simple Fast Space-Efficient Statistically Good Algorithms for
//! Random Number Generation" (2014), the member XSL-RR 128/64; O'Neill, "Developing a seed_seq
//! Alternative" (2015); Lemire, "Fast Random Integer Generation in an Interval" (2019).
//! Constants as in numpy 2.4. Oracle: `tests/traces/rng.json`, written by `tests/record_traces.py`.

use serde::{Deserialize, Serialize};

/// Multiplier of the 128-bit linear congruential generator (PCG's default).
const PCG_MULTIPLIER: u128 = 0x2360_ED05_1FC6_5DA4_4385_DF64_9FCC_F645;
/// Words of 32 bits in SeedSequence's pool.
const POOL: usize = 4;
const INIT_A: u32 = 0x43b0_d7e5;
const MULT_A: u32 = 0x931e_8875;
const INIT_B: u32 = 0x8b51_f9dd;
const MULT_B: u32 = 0x58f3_8ded;
const MIX_LEFT: u32 = 0xca01_f9dd;
const MIX_RIGHT: u32 = 0x4973_f715;

/// The generator of one env, equal to `np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed)))`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvRng {
    state: u128,
    increment: u128,
    /// The upper half of a 64-bit draw, kept for the next 32-bit draw as numpy keeps it.
    half: Option<u32>,
}

impl EnvRng {
    /// The generator of this seed.
    ///
    /// ```
    /// // np.random.default_rng(0).random() is 0.6369616873214543
    /// assert_eq!(sparring_envs::EnvRng::new(0).random(), 0.6369616873214543);
    /// ```
    pub fn new(seed: u64) -> Self {
        let [a, b, c, d] = seed_words(seed);
        let join = |high: u64, low: u64| (u128::from(high) << 64) | u128::from(low);
        let increment = (join(c, d) << 1) | 1;
        let mut rng = Self { state: 0, increment, half: None };
        rng.advance();
        rng.state = rng.state.wrapping_add(join(a, b));
        rng.advance();
        rng
    }

    fn advance(&mut self) {
        self.state = self.state.wrapping_mul(PCG_MULTIPLIER).wrapping_add(self.increment);
    }

    /// 64 uniform bits.
    pub fn next_u64(&mut self) -> u64 {
        self.advance();
        let rotation = (self.state >> 122) as u32;
        (((self.state >> 64) as u64) ^ (self.state as u64)).rotate_right(rotation)
    }

    /// 32 uniform bits: the lower half of a 64-bit draw, then its upper half.
    pub fn next_u32(&mut self) -> u32 {
        if let Some(upper) = self.half.take() {
            return upper;
        }
        let both = self.next_u64();
        self.half = Some((both >> 32) as u32);
        both as u32
    }

    /// Uniform in `[0, 1)` with 53 bits, as `Generator.random()`.
    pub fn random(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 * (1.0 / 9_007_199_254_740_992.0)
    }

    /// `low + (high - low) u` with u uniform in `[0, 1)`, as `Generator.uniform(low, high)`.
    pub fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.random()
    }

    /// Uniform in `0..n`, as `Generator.integers(n)`; 0 where n is 0 or 1, without a draw.
    pub fn integers(&mut self, n: u32) -> u32 {
        if n <= 1 {
            return 0;
        }
        let mut product = u64::from(self.next_u32()) * u64::from(n);
        if (product as u32) < n {
            // Draws below 2^32 mod n would make the low results too likely.
            let rejected = n.wrapping_neg() % n;
            while (product as u32) < rejected {
                product = u64::from(self.next_u32()) * u64::from(n);
            }
        }
        (product >> 32) as u32
    }
}

/// `SeedSequence(seed).generate_state(4, np.uint64)`.
fn seed_words(seed: u64) -> [u64; 4] {
    let entropy = [seed as u32, (seed >> 32) as u32, 0, 0];
    let mut constant = INIT_A;
    let mut hash = |value: u32| {
        let value = value ^ constant;
        constant = constant.wrapping_mul(MULT_A);
        let value = value.wrapping_mul(constant);
        value ^ (value >> 16)
    };
    let mut pool = entropy.map(&mut hash);
    for source in 0..POOL {
        for target in (0..POOL).filter(|&target| target != source) {
            let right = hash(pool[source]).wrapping_mul(MIX_RIGHT);
            let mixed = pool[target].wrapping_mul(MIX_LEFT).wrapping_sub(right);
            pool[target] = mixed ^ (mixed >> 16);
        }
    }
    let mut constant = INIT_B;
    let mut word = |i: usize| {
        let value = pool[i % POOL] ^ constant;
        constant = constant.wrapping_mul(MULT_B);
        let value = value.wrapping_mul(constant);
        u64::from(value ^ (value >> 16))
    };
    std::array::from_fn(|i| {
        let low = word(2 * i);
        low | (word(2 * i + 1) << 32)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::EnvRng;

    proptest! {
        #[test]
        fn uniform_stays_in_range(seed: u64, low in -1e6..1e6f64, width in 0.0..1e6f64) {
            let mut rng = EnvRng::new(seed);
            for _ in 0..50 {
                let x = rng.uniform(low, low + width);
                prop_assert!(x >= low && x <= low + width);
            }
        }

        #[test]
        fn integers_stay_in_range(seed: u64, n in 1u32..) {
            let mut rng = EnvRng::new(seed);
            for _ in 0..50 {
                prop_assert!(rng.integers(n) < n);
            }
        }

        #[test]
        fn bytes_bring_back_the_generator(seed: u64, draws in 0usize..9) {
            let mut rng = EnvRng::new(seed);
            for _ in 0..draws {
                rng.next_u32();
            }
            let bytes = postcard::to_allocvec(&rng).unwrap();
            let mut back: EnvRng = postcard::from_bytes(&bytes).unwrap();
            prop_assert_eq!(back.next_u32(), rng.next_u32());
            prop_assert_eq!(back.next_u64(), rng.next_u64());
        }
    }
}
