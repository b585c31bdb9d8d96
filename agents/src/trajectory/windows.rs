//! Windows of episodes, as a transformer reads them.

use sparring_sparse::seed::Rng;

use super::layout::Layout;
use crate::data::{Episodes, Place};

/// Sequences of a batch.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Windows {
    /// `(sequences · tokens, inputs)`.
    pub rows: Vec<f32>,
    /// What each row is asked for, `(sequences · tokens)`.
    pub targets: Vec<Option<u32>>,
}

impl Windows {
    /// Takes `count` windows that begin at steps that are drawn alike.
    pub fn sample(&mut self, layout: &Layout, of: &Episodes, count: usize, rng: &mut Rng) {
        self.fill(layout, of.sample(count, rng));
    }

    /// Takes all windows that follow each other without a gap or an overlap, `count` of them from `first` on; fewer at
    /// the end.
    pub fn in_order(&mut self, layout: &Layout, of: &Episodes, first: usize, count: usize) {
        let starts = of.iter().enumerate().flat_map(|(number, episode)| {
            let len = episode.trajectory.len();
            (0..len).step_by(layout.steps).map(move |t| Place { number, episode, t })
        });
        self.fill(layout, starts.skip(first).take(count));
    }

    /// Takes the windows that begin at these places.
    fn fill<'a>(&mut self, layout: &Layout, places: impl Iterator<Item = Place<'a>>) {
        let (tokens, inputs) = (layout.tokens(), layout.inputs());
        let Self { rows, targets } = self;
        rows.clear();
        targets.clear();
        for Place { episode, t, .. } in places {
            let (row, target) = (rows.len(), targets.len());
            rows.resize(row + tokens * inputs, 0.0);
            targets.resize(target + tokens, None);
            let to = (&mut rows[row..], &mut targets[target..]);
            layout.window(episode, t, to);
        }
    }
}
