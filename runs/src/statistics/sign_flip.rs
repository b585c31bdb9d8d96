//! The paired permutation test.

use rand::RngExt;
use sparring_sparse::Seed;

use super::pairs::Pairs;
use super::scores::Versus;

/// Pairs of which every exchange is tried; of more, some are drawn.
const EXACT: usize = 20;

/// What rounding may do to a sum, as a part of the sum of all sizes.
const ROUNDING: f64 = 1e-12;

/// The two-sided p-value of «which of a pair was X and which was Y is chance»: the share of exchanges within pairs
/// after which the mean over tasks of the mean difference is as far from 0 as it is, Fisher's sign-flip test. Every
/// exchange is tried of up to 20 pairs that differ; of more, `flips` are drawn from `seed`, and the pairs as they are
/// count as one more, so that p is never 0: `(1 + hits) / (1 + flips)`.
///
/// With n pairs of a task the least p is 2 / 2ⁿ: 0.25 for three seeds, 0.0625 for five. None without pairs, or with a
/// score that is not finite.
pub fn sign_flip_p(pairs: &Pairs, flips: usize, seed: &Seed) -> Option<f64> {
    let Versus { x, y } = pairs.versus();
    if !(x.is_usable() && y.is_usable()) {
        return None;
    }
    let of_task = |(x, y): (&[f64], &[f64])| {
        let runs = x.len() as f64;
        x.iter().zip(y).map(|(x, y)| (x - y) / runs).collect::<Vec<_>>()
    };
    let parts = x.tasks().zip(y.tasks()).flat_map(of_task);
    let parts: Vec<f64> = parts.filter(|part| *part != 0.0).collect();
    let sizes: f64 = parts.iter().map(|part| part.abs()).sum();
    let bar = parts.iter().sum::<f64>().abs() - ROUNDING * sizes;
    if parts.len() <= EXACT {
        return Some(hits(&parts, 0.0, bar) as f64 / (1u64 << parts.len()) as f64);
    }
    let mut rng = seed.rng();
    let mut signed = |part: &f64| if rng.random() { *part } else { -part };
    let is_hit = |_: &usize| parts.iter().map(&mut signed).sum::<f64>().abs() >= bar;
    let hits = (0..flips).filter(is_hit).count();
    Some((1 + hits) as f64 / (1 + flips) as f64)
}

/// How many choices of the signs of `parts` take `sum` to `bar` or further from 0.
fn hits(parts: &[f64], sum: f64, bar: f64) -> u64 {
    match parts {
        [] => u64::from(sum.abs() >= bar),
        [part, rest @ ..] => hits(rest, sum + part, bar) + hits(rest, sum - part, bar),
    }
}

#[cfg(test)]
mod tests {
    use super::super::pairs::Pair;
    use super::*;

    fn p(tasks: &[&[f64]]) -> Option<f64> {
        let pairs = |task: &&[f64]| task.iter().map(|x| Pair { x: *x, y: 1.0 }).collect();
        sign_flip_p(&Pairs::new(tasks.iter().map(pairs).collect()), 20_000, &Seed::new(5))
    }

    #[test]
    fn few_pairs_can_show_little() {
        assert_eq!(p(&[&[2.0, 2.5, 3.0]]), Some(0.25));
        assert_eq!(p(&[&[2.0, 2.5, 3.0, 2.5, 9.0]]), Some(0.0625));
        assert_eq!(p(&[&[2.0]]), Some(1.0));
        assert_eq!(p(&[&[1.0, 1.0]]), Some(1.0));
        assert_eq!(p(&[]), None);
        assert_eq!(p(&[&[1.0, f64::NAN]]), None);
    }

    /// scipy 1.17.1: `permutation_test((x, y), lambda x, y: mean(x - y), permutation_type='samples')`.
    #[test]
    fn it_is_scipys() {
        let x = [1.9, 0.7, 2.2, 1.3, 1.1, 0.4, 3.0, 1.6];
        assert_eq!(p(&[&x]), Some(34.0 / 256.0));
        let twelve = [1.1, 1.2, 1.3, 0.9, 0.8, 1.4, 1.5, 0.6, 1.2, 1.1, 0.9, 1.7];
        assert_eq!(p(&[&twelve]), Some(700.0 / 4096.0));
    }

    #[test]
    fn drawn_exchanges_come_close_to_all() {
        let x: Vec<f64> = (0..18).map(|i| 1.0 + f64::from(i * 7 % 11 - 4) / 10.0).collect();
        let exact = p(&[&x]).unwrap();
        // A pair of 4 in 18 more, in a task of its own, that stand against each other.
        let more: Vec<f64> = x.iter().copied().chain([1.001, 0.999, 1.001, 0.999]).collect();
        let drawn = p(&[&more]).unwrap();
        assert!((exact - drawn).abs() < 0.02, "{exact} {drawn}");
    }
}
