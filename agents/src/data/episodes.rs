//! Episodes to learn from, as one row of steps.

use rand::RngExt;
use sparring_sparse::seed::Rng;

use super::trajectory::Trajectory;

/// Episodes with what is still to come before each of their steps.
#[derive(Clone, Debug, Default)]
pub struct Episodes {
    all: Vec<Episode>,
    /// Steps before and within each of them.
    ends: Vec<usize>,
}

/// An episode with what is still to come.
#[derive(Clone, Debug)]
pub struct Episode {
    /// As it was played.
    pub trajectory: Trajectory,
    /// `R_t = Σ_{u ≥ t} r_u` before each step, `(T)`.
    pub to_go: Vec<f32>,
}

/// A step of an episode.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The number of the episode.
    pub number: usize,
    /// The episode.
    pub episode: &'a Episode,
    /// Which of its steps.
    pub t: usize,
}

impl From<Trajectory> for Episode {
    fn from(trajectory: Trajectory) -> Self {
        let mut sum = 0.0;
        let each = trajectory.rewards.iter().rev().map(|reward| {
            sum += reward;
            sum as f32
        });
        let mut to_go: Vec<f32> = each.collect();
        to_go.reverse();
        Self { trajectory, to_go }
    }
}

impl FromIterator<Trajectory> for Episodes {
    fn from_iter<I: IntoIterator<Item = Trajectory>>(all: I) -> Self {
        let mut steps = 0;
        let mut episodes = Self::default();
        for one in all {
            steps += one.len();
            episodes.ends.push(steps);
            episodes.all.push(one.into());
        }
        episodes
    }
}

impl Episodes {
    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Episode> {
        self.all.iter()
    }

    /// The episode of this number.
    pub fn get(&self, number: usize) -> Option<&Episode> {
        self.all.get(number)
    }

    /// Steps of all of them.
    pub fn steps(&self) -> usize {
        self.ends.last().copied().unwrap_or(0)
    }

    /// The returns, one an episode, ascending.
    pub fn returns(&self) -> Vec<f64> {
        let mut all: Vec<f64> = self.all.iter().map(|one| one.trajectory.ret()).collect();
        all.sort_by(f64::total_cmp);
        all
    }

    /// Step number `step` of all of them; none beyond the last.
    pub fn at(&self, step: usize) -> Option<Place<'_>> {
        let number = self.ends.partition_point(|end| *end <= step);
        let episode = self.all.get(number)?;
        Some(Place { number, episode, t: step - (self.ends[number] - episode.trajectory.len()) })
    }

    /// The number of the first step of the episode of this number.
    pub fn first(&self, number: usize) -> usize {
        self.ends[number] - self.all[number].trajectory.len()
    }

    /// `count` steps that are drawn alike, with replacement.
    pub fn sample(&self, count: usize, rng: &mut Rng) -> impl Iterator<Item = Place<'_>> {
        let steps = self.steps();
        let drawn = move |_| self.at(rng.random_range(0..steps));
        (0..if steps > 0 { count } else { 0 }).filter_map(drawn)
    }
}

#[cfg(test)]
mod tests {
    use sparring_envs::ObsBuf;
    use sparring_sparse::Seed;

    use super::*;
    use crate::data::ActionBuf;

    #[test]
    fn steps_are_numbered_through_all_episodes() {
        let one = |steps: usize| Trajectory {
            seed: None,
            obs: ObsBuf::F32(vec![0.0; steps + 1]),
            actions: ActionBuf::Discrete(vec![0; steps]),
            rewards: (1..=steps).map(|r| r as f64).collect(),
            end: None,
        };
        let all: Episodes = [2, 3].map(one).into_iter().collect();
        assert_eq!((all.steps(), all.returns(), all.first(1)), (5, vec![3.0, 6.0], 2));
        assert_eq!(all.get(1).unwrap().to_go, [6.0, 5.0, 3.0]);
        let places: Vec<_> = (0..6).map(|i| all.at(i).map(|at| (at.number, at.t))).collect();
        let expected = [Some((0, 0)), Some((0, 1)), Some((1, 0)), Some((1, 1)), Some((1, 2)), None];
        assert_eq!(places, expected);
        assert_eq!(all.sample(7, &mut Seed::new(1).rng()).count(), 7);
        assert_eq!(Episodes::default().sample(7, &mut Seed::new(1).rng()).count(), 0);
    }
}
