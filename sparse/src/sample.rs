//! Drawing distinct positions without a pass over all of them.

use rand::RngExt;

use crate::seed::Rng;

/// `count` distinct positions of `0..size`, ascending, every set equally likely.
///
/// Costs work and memory in proportion to the smaller of the set and its complement.
pub fn distinct(size: usize, count: usize, rng: &mut Rng) -> Vec<u32> {
    distinct_outside(size, count, &[], rng)
}

/// `count` distinct positions of `0..size` that are not in `taken`, ascending, every set equally
/// likely; all that are left where there are fewer. `taken` ascends strictly and lies in `0..size`.
pub fn distinct_outside(size: usize, count: usize, taken: &[u32], rng: &mut Rng) -> Vec<u32> {
    let free = size - taken.len();
    let mut chosen: Vec<u32> = Vec::new();
    if free < size / 2 || count > free / 2 {
        // Few are free, or most of them are wanted: list them and move the chosen ones to the front.
        chosen.extend(0..size as u32);
        remove(&mut chosen, taken);
        let count = count.min(chosen.len());
        for i in 0..count {
            let j = rng.random_range(i..chosen.len());
            chosen.swap(i, j);
        }
        chosen.truncate(count);
        chosen.sort_unstable();
        return chosen;
    }
    // At least a quarter of all positions are free and unchosen, so a few rounds find them. A round
    // draws as many as are missing, as if one after the other until there are enough.
    chosen.reserve_exact(count);
    while chosen.len() < count {
        let start = chosen.len();
        chosen.extend((start..count).map(|_| rng.random_range(0..size as u32)));
        let mut drawn = chosen.split_off(start);
        drawn.sort_unstable();
        drawn.dedup();
        remove(&mut drawn, taken);
        remove(&mut drawn, &chosen);
        chosen.append(&mut drawn);
        // Two ascending runs: a stable sort merges them.
        chosen.sort();
    }
    chosen
}

/// Takes the positions of `from` out of `positions`; both ascend strictly.
fn remove(positions: &mut Vec<u32>, from: &[u32]) {
    let mut from = from.iter().peekable();
    positions.retain(|position| {
        while from.next_if(|gone| *gone < position).is_some() {}
        from.next_if_eq(&position).is_none()
    });
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::seed::Seed;

    proptest! {
        #[test]
        fn are_distinct_outside_and_exactly_as_many(size in 1usize..500, taken in 0usize..500, count in 0usize..500, seed in any::<u64>()) {
            let mut rng = Seed::new(seed).rng();
            let taken = distinct(size, taken.min(size), &mut rng);
            let free = size - taken.len();
            let found = distinct_outside(size, count, &taken, &mut rng);
            prop_assert_eq!(found.len(), count.min(free));
            prop_assert!(found.windows(2).all(|pair| pair[0] < pair[1]));
            prop_assert!(found.iter().all(|p| (*p as usize) < size && !taken.contains(p)));
        }
    }

    /// One draw after the other until there are enough: the rounds must give the very same set.
    #[test]
    fn rounds_are_as_draws_one_after_the_other() {
        let taken = distinct(1000, 300, &mut Seed::new(1).rng());
        for seed in 0..50 {
            let (mut rng, mut seen) = (Seed::new(seed).rng(), BTreeSet::new());
            while seen.len() < 200 {
                let position = rng.random_range(0..1000);
                if !taken.contains(&position) {
                    seen.insert(position);
                }
            }
            let found = distinct_outside(1000, 200, &taken, &mut Seed::new(seed).rng());
            assert_eq!(found, seen.into_iter().collect::<Vec<_>>());
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
