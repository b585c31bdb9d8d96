//! Scores of a method, task by task.

use std::ops::Range;

/// The scores of one method: task by task those of its runs, which may differ in number.
///
/// Methods are compared task by task, by the order of their tasks, so a task without runs keeps its place. It counts
/// for nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scores {
    values: Vec<f64>,
    /// Which of the values are each task's.
    tasks: Vec<Range<usize>>,
}

/// A score and its place among all scores of its method.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Ranked {
    pub run: usize,
    pub score: f64,
}

/// The scores of two methods, of the tasks that both have runs of.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Versus {
    pub x: Scores,
    pub y: Scores,
}

impl Scores {
    /// Of tasks, and of each task the scores of its runs.
    pub fn new(tasks: Vec<Vec<f64>>) -> Self {
        let mut scores = Self::default();
        for task in tasks {
            let start = scores.values.len();
            scores.values.extend(task);
            scores.tasks.push(start..scores.values.len());
        }
        scores
    }

    /// The scores of each task's runs.
    pub fn tasks(&self) -> impl ExactSizeIterator<Item = &[f64]> {
        self.tasks.iter().map(|task| &self.values[task.clone()])
    }

    /// Runs of all tasks.
    pub fn runs(&self) -> usize {
        self.values.len()
    }

    /// Whether no score is NaN or infinite.
    pub fn is_finite(&self) -> bool {
        self.values.iter().all(|score| score.is_finite())
    }

    /// All scores, task by task.
    pub(super) fn values(&self) -> &[f64] {
        &self.values
    }

    /// Which of [`Self::values`] are each task's.
    pub(super) fn places(&self) -> &[Range<usize>] {
        &self.tasks
    }

    /// Whether something can be estimated.
    pub(super) fn is_usable(&self) -> bool {
        !self.values.is_empty() && self.is_finite()
    }

    /// Whether every task shows how its runs differ.
    pub(super) fn shows_spread(&self) -> bool {
        self.tasks.iter().all(|task| task.len() != 1)
    }

    /// The scores `which` of [`Self::values`], the lowest first.
    pub(super) fn ranked(&self, which: Range<usize>) -> Vec<Ranked> {
        let mut ranked: Vec<_> = which.map(|run| Ranked { run, score: self.values[run] }).collect();
        ranked.sort_unstable_by(|a, b| a.score.total_cmp(&b.score));
        ranked
    }
}

impl Versus {
    /// None where both have no task in common, differ in their number of tasks, or have a score that is not finite.
    pub fn of(x: &Scores, y: &Scores) -> Option<Self> {
        if x.tasks.len() != y.tasks.len() {
            return None;
        }
        let of_both = || x.tasks().zip(y.tasks()).filter(|(x, y)| !x.is_empty() && !y.is_empty());
        let versus = Self {
            x: Scores::new(of_both().map(|(x, _)| x.to_vec()).collect()),
            y: Scores::new(of_both().map(|(_, y)| y.to_vec()).collect()),
        };
        (versus.x.is_usable() && versus.y.is_usable()).then_some(versus)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_keep_their_places() {
        let scores = Scores::new(vec![vec![1.0, 2.0], vec![], vec![3.0]]);
        let tasks: Vec<&[f64]> = scores.tasks().collect();
        assert_eq!(tasks, [&[1.0, 2.0][..], &[], &[3.0]]);
        assert_eq!(scores.runs(), 3);
        assert!(!scores.shows_spread());
        assert!(Scores::new(vec![vec![1.0, 2.0], vec![]]).shows_spread());
    }

    #[test]
    fn what_is_not_finite_is_not_used() {
        assert!(!Scores::new(vec![]).is_usable());
        assert!(!Scores::new(vec![vec![]]).is_usable());
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert!(!Scores::new(vec![vec![1.0, bad]]).is_usable());
        }
    }

    #[test]
    fn two_methods_meet_in_the_tasks_that_both_have() {
        let x = Scores::new(vec![vec![1.0], vec![2.0], vec![]]);
        let y = Scores::new(vec![vec![], vec![5.0, 6.0], vec![7.0]]);
        let versus = Versus::of(&x, &y).unwrap();
        assert_eq!(versus.x, Scores::new(vec![vec![2.0]]));
        assert_eq!(versus.y, Scores::new(vec![vec![5.0, 6.0]]));
        assert_eq!(Versus::of(&x, &Scores::new(vec![vec![1.0]])), None);
        assert_eq!(
            Versus::of(
                &Scores::new(vec![vec![], vec![2.0]]),
                &Scores::new(vec![vec![1.0], vec![]])
            ),
            None
        );
    }
}
