//! Runs of two methods that belong together.

use super::scores::{Scores, Versus};

/// The scores of two methods that were run with the same seed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    /// Of the one.
    pub x: f64,
    /// Of the other.
    pub y: f64,
}

/// Pairs of two methods' runs, task by task. What is drawn or tested is the pair, as a seed does to both methods much
/// the same (the same start of the environment, of the weights).
#[derive(Clone, Debug, PartialEq)]
pub struct Pairs {
    versus: Versus,
}

impl Pairs {
    /// Of tasks, and of each task the pairs of its runs. A task without pairs counts for nothing.
    pub fn new(tasks: Vec<Vec<Pair>>) -> Self {
        let scores = |of: fn(&Pair) -> f64| {
            Scores::new(tasks.iter().map(|task| task.iter().map(of).collect()).collect())
        };
        Self { versus: Versus { x: scores(|pair| pair.x), y: scores(|pair| pair.y) } }
    }

    /// Pairs of all tasks.
    pub fn len(&self) -> usize {
        self.versus.x.runs()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Both methods' scores, of as many runs in each task.
    pub(super) fn versus(&self) -> &Versus {
        &self.versus
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_two_methods_of_one_shape() {
        let pair = |x, y| Pair { x, y };
        let pairs =
            Pairs::new(vec![vec![pair(1.0, 2.0), pair(3.0, 4.0)], vec![], vec![pair(5.0, 6.0)]]);
        assert_eq!(pairs.len(), 3);
        assert!(!pairs.is_empty() && Pairs::new(vec![vec![]]).is_empty());
        assert_eq!(pairs.versus().x, Scores::new(vec![vec![1.0, 3.0], vec![], vec![5.0]]));
        assert_eq!(pairs.versus().y, Scores::new(vec![vec![2.0, 4.0], vec![], vec![6.0]]));
    }
}
