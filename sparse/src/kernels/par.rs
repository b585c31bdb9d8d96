//! How many threads a product may use.

use std::ops::Range;

/// The parallelism of a product: explicit, and without influence on its result.
///
/// Threads share out the rows of the result, each of which is summed by one thread in one order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Par {
    /// The caller's thread.
    Serial,
    /// That many tasks for the rayon pool that the caller is in.
    Threads(usize),
}

impl Par {
    /// Does `work` for all of `0..rows`, in chunks: `work` gets a range of rows and their part of
    /// `to`, in which row `r` begins at `bound(r)` and `to` ends at `bound(rows)`.
    pub(crate) fn rows(
        self,
        rows: usize,
        bound: impl Fn(usize) -> usize + Sync,
        to: &mut [f32],
        work: impl Fn(Range<usize>, &mut [f32]) + Sync,
    ) {
        let threads = match self {
            Self::Serial => 1,
            Self::Threads(threads) => threads.clamp(1, rows.max(1)),
        };
        if threads == 1 {
            return work(0..rows, to);
        }
        rayon::scope(|scope| {
            let (mut rest, mut begin) = (to, 0);
            for thread in 1..=threads {
                let end = rows * thread / threads;
                let (part, after) = rest.split_at_mut(bound(end) - bound(begin));
                let work = &work;
                scope.spawn(move |_| work(begin..end, part));
                (rest, begin) = (after, end);
            }
        });
    }
}
