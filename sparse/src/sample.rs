//! Drawing distinct positions without a pass over all of them.

use std::collections::HashSet;

use rand::RngExt;

use crate::seed::Rng;

/// `count` distinct positions of `0..size`, ascending, every set equally likely.
///
/// Costs work and memory in proportion to the smaller of the set and its complement.
pub fn distinct(size: usize, count: usize, rng: &mut Rng) -> Vec<u32> {
    distinct_outside(size, count, &HashSet::new(), rng)
}

/// `count` distinct positions of `0..size` that are not in `taken`, ascending, every set equally
/// likely; all that are left where there are fewer.
pub fn distinct_outside(
    size: usize,
    count: usize,
    taken: &HashSet<u32>,
    rng: &mut Rng,
) -> Vec<u32> {
    let free = size - taken.len();
    let mut chosen: Vec<u32> = if free < size / 2 || count > free / 2 {
        // Few are free, or most of them are wanted: list them and move the chosen ones to the front.
        let mut list: Vec<u32> = (0..size as u32).filter(|p| !taken.contains(p)).collect();
        let count = count.min(list.len());
        for i in 0..count {
            let j = rng.random_range(i..list.len());
            list.swap(i, j);
        }
        list.truncate(count);
        list
    } else {
        // At least a quarter of all positions are free and unchosen, so a few draws find one.
        let mut seen = HashSet::with_capacity(count);
        while seen.len() < count {
            let position = rng.random_range(0..size as u32);
            if !taken.contains(&position) {
                seen.insert(position);
            }
        }
        seen.into_iter().collect()
    };
    chosen.sort_unstable();
    chosen
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::seed::Seed;

    proptest! {
        #[test]
        fn are_distinct_outside_and_exactly_as_many(size in 1usize..500, taken in 0usize..500, count in 0usize..500, seed in any::<u64>()) {
            let mut rng = Seed::new(seed).rng();
            let taken: HashSet<u32> = distinct(size, taken.min(size), &mut rng).into_iter().collect();
            let free = size - taken.len();
            let found = distinct_outside(size, count, &taken, &mut rng);
            prop_assert_eq!(found.len(), count.min(free));
            prop_assert!(found.windows(2).all(|pair| pair[0] < pair[1]));
            prop_assert!(found.iter().all(|p| (*p as usize) < size && !taken.contains(p)));
        }
    }

    /// A χ² of 9 degrees of freedom stays under 27.9 with probability 0.999.
    #[test]
    fn every_position_is_equally_likely() {
        for (count, size) in [(2, 10), (7, 10)] {
            let mut rng = Seed::new(3).rng();
            let mut hits = vec![0.0f64; size];
            let rounds = 20_000;
            for _ in 0..rounds {
                for p in distinct(size, count, &mut rng) {
                    hits[p as usize] += 1.0;
                }
            }
            let expected = (rounds * count) as f64 / size as f64;
            let chi2: f64 = hits.iter().map(|h| (h - expected).powi(2) / expected).sum();
            assert!(chi2 < 27.9, "{chi2} {hits:?}");
        }
    }
}
