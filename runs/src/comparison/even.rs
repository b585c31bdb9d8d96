//! As many seeds everywhere: a mean over tasks would weigh those more of which more seeds are finished.

use std::collections::{BTreeMap, BTreeSet};

/// What seeds came to.
pub type Seeds = BTreeMap<u64, f64>;

/// The seeds to keep of `tasks`, each with one method or the several that are compared there: those that all have, where tasks
/// of a method differ in their number or methods of a task in their seeds. None where each keeps its own: where nothing
/// differs, or where less would be left than half of the fewest. A task without seeds counts for nothing.
pub fn common<const METHODS: usize>(tasks: &[[&Seeds; METHODS]]) -> Option<BTreeSet<u64>> {
    let has_some = |seeds: &&&Seeds| !seeds.is_empty();
    let counts = |method: usize| {
        let of = tasks.iter().map(|task| &task[method]).filter(has_some);
        of.map(|seeds| seeds.len()).collect::<BTreeSet<usize>>()
    };
    let differ = |task: &[&Seeds; METHODS]| {
        let mut some = task.iter().filter(has_some);
        some.next().is_some_and(|first| some.any(|other| !first.keys().eq(other.keys())))
    };
    if (0..METHODS).all(|method| counts(method).len() < 2) && !tasks.iter().any(differ) {
        return None;
    }
    let all = || tasks.iter().flatten().filter(has_some);
    let seeds = all().map(|seeds| seeds.keys().copied().collect::<BTreeSet<u64>>());
    let common = seeds.reduce(|common, seeds| &common & &seeds)?;
    let fewest = all().map(|seeds| seeds.len()).min()?;
    (2 * common.len() >= fewest).then_some(common)
}

/// Leaves `seeds` those of `common`: how many are left out.
pub fn keep(seeds: &mut Seeds, common: &BTreeSet<u64>) -> usize {
    let before = seeds.len();
    seeds.retain(|seed, _| common.contains(seed));
    before - seeds.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seeds(of: &[u64]) -> Seeds {
        of.iter().map(|seed| (*seed, *seed as f64)).collect()
    }

    fn common_of(tasks: &[[&[u64]; 2]]) -> Option<Vec<u64>> {
        let tasks: Vec<[Seeds; 2]> = tasks.iter().map(|task| task.map(seeds)).collect();
        let lent: Vec<[&Seeds; 2]> = tasks.iter().map(|[x, y]| [x, y]).collect();
        common(&lent).map(|seeds| seeds.into_iter().collect())
    }

    #[test]
    fn tasks_that_differ_keep_what_all_have() {
        assert_eq!(common_of(&[[&[1, 2, 3], &[1, 2]], [&[2, 3], &[2, 1]]]), Some(vec![2]));
        let mut left = seeds(&[1, 2, 3]);
        assert_eq!((keep(&mut left, &BTreeSet::from([2])), left), (2, seeds(&[2])));
    }

    #[test]
    fn methods_that_differ_keep_what_both_have() {
        assert_eq!(common_of(&[[&[1, 2, 3, 4, 5], &[1, 2, 3, 4]]]), Some(vec![1, 2, 3, 4]));
        assert_eq!(common_of(&[[&[1, 2], &[1, 2]], [&[1, 2], &[2, 3]]]), Some(vec![2]));
    }

    #[test]
    fn as_many_seeds_in_each_task_are_all_kept() {
        assert_eq!(common_of(&[[&[1, 2, 3], &[1, 2, 3]], [&[4, 5, 6], &[4, 5, 6]]]), None);
        let one = [seeds(&[1, 2]), seeds(&[3, 4])];
        assert_eq!(common(&[[&one[0]], [&one[1]]]), None);
    }

    #[test]
    fn a_task_without_seeds_counts_for_nothing_and_few_in_common_leave_all() {
        assert_eq!(common_of(&[[&[1, 2], &[]], [&[], &[]], [&[2], &[]]]), Some(vec![2]));
        assert_eq!(common_of(&[[&[1, 2], &[3]]]), None);
        assert_eq!(common_of(&[[&[1, 2, 3, 4, 5], &[4, 5, 6, 7, 8]]]), None);
        assert_eq!(common::<2>(&[]), None);
    }
}
