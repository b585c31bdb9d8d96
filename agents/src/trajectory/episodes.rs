//! Episodes to learn from, and windows of them.

use rand::RngExt;
use sparring_sparse::seed::Rng;

use super::layout::{Layout, to_go};
use crate::data::Trajectory;

/// Episodes with what is still to come before each of their steps.
#[derive(Clone, Debug, Default)]
pub struct Episodes {
    all: Vec<(Trajectory, Vec<f32>)>,
    /// Steps before and within each of them.
    ends: Vec<usize>,
}

/// Sequences of a batch.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Windows {
    /// `(sequences · tokens, inputs)`.
    pub rows: Vec<f32>,
    /// What each row is asked for, `(sequences · tokens)`.
    pub targets: Vec<Option<u32>>,
}

impl FromIterator<Trajectory> for Episodes {
    fn from_iter<I: IntoIterator<Item = Trajectory>>(all: I) -> Self {
        let mut steps = 0;
        let mut episodes = Self::default();
        for one in all {
            steps += one.len();
            episodes.ends.push(steps);
            let to_go = to_go(&one.rewards);
            episodes.all.push((one, to_go));
        }
        episodes
    }
}

impl Episodes {
    /// Steps of all of them.
    pub fn steps(&self) -> usize {
        self.ends.last().copied().unwrap_or(0)
    }

    /// The returns, one an episode, ascending.
    pub fn returns(&self) -> Vec<f64> {
        let mut all: Vec<f64> = self.all.iter().map(|(one, _)| one.ret()).collect();
        all.sort_by(f64::total_cmp);
        all
    }

    /// `count` windows that begin at steps that are drawn alike, into the memory of old ones.
    pub fn sample(&self, layout: &Layout, count: usize, rng: &mut Rng, into: &mut Windows) {
        let steps = self.steps().max(1);
        self.windows(layout, (0..count).map(|_| rng.random_range(0..steps)), into);
    }

    /// All windows that follow each other without a gap or an overlap, `count` of them from `first` on; fewer at the end.
    pub fn in_order(&self, layout: &Layout, first: usize, count: usize, into: &mut Windows) {
        let starts = self.all.iter().zip(&self.ends).flat_map(|((one, _), end)| {
            let start = end - one.len();
            (start..*end).step_by(layout.steps)
        });
        self.windows(layout, starts.skip(first).take(count), into);
    }

    /// The windows that begin at these `steps` of all.
    fn windows(&self, layout: &Layout, steps: impl Iterator<Item = usize>, into: &mut Windows) {
        let (tokens, inputs) = (layout.tokens(), layout.inputs());
        let Windows { rows, targets } = into;
        rows.clear();
        targets.clear();
        for step in steps {
            let at = self.ends.partition_point(|end| *end <= step);
            let Some((episode, to_go)) = self.all.get(at) else { continue };
            let start = step - (self.ends[at] - episode.len());
            let (row, target) = (rows.len(), targets.len());
            rows.resize(row + tokens * inputs, 0.0);
            targets.resize(target + tokens, None);
            let to = (&mut rows[row..], &mut targets[target..]);
            layout.window(episode, to_go, start, to);
        }
    }
}
