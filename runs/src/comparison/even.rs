//! As many seeds everywhere: a mean over tasks would weigh those more of which more seeds are finished.

use std::collections::{BTreeMap, BTreeSet};

/// What seeds came to.
pub type Seeds = BTreeMap<u64, f64>;

/// Of `tasks`, each with one method or the several that are compared there, keeps the seeds that all have, if the tasks of any
/// method differ in number: the number of results that are left out. A task without seeds counts for nothing, and where
/// there is no seed that all have, each keeps its own.
pub fn even<const METHODS: usize>(tasks: &mut [[Seeds; METHODS]]) -> usize {
    let has_some = |seeds: &&Seeds| !seeds.is_empty();
    let counts = |method: usize| {
        let of = tasks.iter().map(|task| &task[method]).filter(has_some);
        of.map(BTreeMap::len).collect::<BTreeSet<usize>>()
    };
    if (0..METHODS).all(|method| counts(method).len() < 2) {
        return 0;
    }
    let all = tasks.iter().flatten().filter(has_some);
    let common: BTreeSet<u64> = all
        .map(|seeds| seeds.keys().copied().collect::<BTreeSet<u64>>())
        .reduce(|common, seeds| &common & &seeds)
        .unwrap_or_default();
    if common.is_empty() {
        return 0;
    }
    let mut left_out = 0;
    for seeds in tasks.iter_mut().flatten() {
        let before = seeds.len();
        seeds.retain(|seed, _| common.contains(seed));
        left_out += before - seeds.len();
    }
    left_out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seeds(of: &[u64]) -> Seeds {
        of.iter().map(|seed| (*seed, *seed as f64)).collect()
    }

    #[test]
    fn tasks_that_differ_keep_what_all_have() {
        let mut tasks = [[seeds(&[1, 2, 3]), seeds(&[1, 2])], [seeds(&[2, 3]), seeds(&[2, 1])]];
        assert_eq!(even(&mut tasks), 5);
        assert!(tasks.iter().flatten().all(|left| *left == seeds(&[2])));
    }

    #[test]
    fn as_many_seeds_in_each_task_are_all_kept() {
        let tasks = [[seeds(&[1, 2, 3]), seeds(&[1])], [seeds(&[4, 5, 6]), seeds(&[2])]];
        let mut left = tasks.clone();
        assert_eq!(even(&mut left), 0);
        assert_eq!(left, tasks);
    }

    #[test]
    fn a_task_without_seeds_counts_for_nothing_and_none_in_common_leave_all() {
        let mut tasks = [[seeds(&[1, 2])], [seeds(&[])], [seeds(&[2])]];
        assert_eq!(even(&mut tasks), 1);
        assert_eq!(tasks, [[seeds(&[2])], [seeds(&[])], [seeds(&[2])]]);
        let mut apart = [[seeds(&[1, 2])], [seeds(&[3])]];
        assert_eq!(even(&mut apart), 0);
        assert_eq!(apart, [[seeds(&[1, 2])], [seeds(&[3])]]);
        assert_eq!(even::<2>(&mut []), 0);
    }
}
