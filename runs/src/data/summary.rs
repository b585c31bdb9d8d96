//! A data set in numbers: what its episodes came to.

use crc32fast::Hasher;
use serde::Serialize;
use sparring_agents::{ActionBuf, Trajectory};
use sparring_envs::{End, ObsBuf};
use sparring_sparse::stats::mean;

use crate::statistics::percentile;

/// An episode in numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Brief {
    /// The sum of its rewards.
    pub ret: f64,
    /// Its steps.
    pub len: usize,
    /// How it ended.
    pub end: Option<End>,
    /// Whether its seed is known.
    pub has_seed: bool,
}

impl From<&Trajectory> for Brief {
    fn from(of: &Trajectory) -> Self {
        Self { ret: of.ret(), len: of.len(), end: of.end, has_seed: of.seed.is_some() }
    }
}

/// A checksum of the numbers of a set, whatever its format: two sets of the same hold the same bits.
///
/// CRC-32 of each episode's observations (float32 or bytes), actions (uint32 or float32), rewards (float64), each
/// little-endian, and of a byte for its end: 1 terminated, 2 truncated, 0 neither.
#[derive(Clone, Debug, Default)]
pub struct Content(Hasher);

impl Content {
    /// Takes the next episode in.
    pub fn add(&mut self, of: &Trajectory) {
        match &of.obs {
            ObsBuf::F32(all) => all.iter().for_each(|x| self.0.update(&x.to_le_bytes())),
            ObsBuf::U8(all) => self.0.update(all),
        }
        match &of.actions {
            ActionBuf::Discrete(all) => all.iter().for_each(|x| self.0.update(&x.to_le_bytes())),
            ActionBuf::Continuous(all) => all.iter().for_each(|x| self.0.update(&x.to_le_bytes())),
        }
        of.rewards.iter().for_each(|x| self.0.update(&x.to_le_bytes()));
        let end = match of.end {
            None => 0,
            Some(End::Terminated) => 1,
            Some(End::Truncated) => 2,
        };
        self.0.update(&[end]);
    }

    /// What it has come to, in eight digits.
    pub fn finish(self) -> String {
        format!("{:08x}", self.0.finalize())
    }
}

/// The share below each of the quantiles that are told.
pub const SHARES: [f64; 7] = [0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0];

/// How numbers spread.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// Their mean.
    pub mean: f64,
    /// Their quantiles at [`SHARES`], linear between two numbers as numpy's.
    pub quantiles: [f64; 7],
}

impl Spread {
    /// That of at least one number.
    pub fn of(values: impl Iterator<Item = f64>) -> Self {
        let mut all: Vec<f64> = values.collect();
        let mean = mean(all.iter().copied());
        Self { mean, quantiles: SHARES.map(|share| percentile(&mut all, share)) }
    }
}

/// How many episodes ended in each way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Ends {
    /// The task itself ended.
    pub terminated: usize,
    /// Cut, as by a time limit.
    pub truncated: usize,
    /// The record ends before the episode did.
    pub open: usize,
}

/// What the episodes of a set came to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// How many.
    pub episodes: usize,
    /// Their steps.
    pub steps: usize,
    /// Of their returns.
    pub returns: Spread,
    /// Of their lengths.
    pub lengths: Spread,
    /// How they ended.
    pub ends: Ends,
}

impl Summary {
    /// That of at least one episode.
    pub fn of(all: &[Brief]) -> Self {
        let ended = |end| all.iter().filter(|brief| brief.end == end).count();
        Self {
            episodes: all.len(),
            steps: all.iter().map(|brief| brief.len).sum(),
            returns: Spread::of(all.iter().map(|brief| brief.ret)),
            lengths: Spread::of(all.iter().map(|brief| brief.len as f64)),
            ends: Ends {
                terminated: ended(Some(End::Terminated)),
                truncated: ended(Some(End::Truncated)),
                open: ended(None),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Planted by numpy 2.4.6: `np.quantile([3.0, -1.0, 4.0, 1.5], [0, .05, .25, .5, .75, .95, 1])`.
    #[test]
    fn quantiles_are_numpys() {
        let spread = Spread::of([3.0, -1.0, 4.0, 1.5].into_iter());
        let numpys = [-1.0, -0.625, 0.875, 2.25, 3.25, 3.85, 4.0];
        let near = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-12;
        assert!(spread.quantiles.iter().zip(&numpys).all(near), "{spread:?}");
        assert_eq!(spread.mean, 1.875);
        assert_eq!(Spread::of([2.0].into_iter()).quantiles, [2.0; 7]);
    }

    #[test]
    fn ends_are_counted_apart() {
        let brief = |end| Brief { ret: 1.0, len: 2, end, has_seed: true };
        let all = [Some(End::Terminated), Some(End::Truncated), None, None].map(brief);
        let summary = Summary::of(&all);
        assert_eq!(summary.ends, Ends { terminated: 1, truncated: 1, open: 2 });
        assert_eq!((summary.episodes, summary.steps), (4, 8));
    }
}
