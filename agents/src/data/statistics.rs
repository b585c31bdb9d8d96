//! What a data set's numbers are like: scales for networks, and what a reader wants to know of rewards.

use serde::{Deserialize, Serialize};
use sparring_envs::{Dtype, Space};

use super::actions::ActionBuf;
use super::trajectory::Trajectory;

/// Mean and standard deviation, that of the whole, of each dimension.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Moments {
    /// Shape `(dim)`.
    pub mean: Vec<f64>,
    /// Shape `(dim)`.
    pub std: Vec<f64>,
}

/// The numbers of some episodes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Statistics {
    /// How many episodes.
    pub episodes: u64,
    /// Their steps.
    pub steps: u64,
    /// Of what was acted on, shape `(obs_dim)`; bytes, which all have the same scale, have one for all.
    pub observations: Moments,
    /// Of continuous actions, shape `(act_dim)`; empty of discrete ones.
    pub actions: Moments,
    /// How often each discrete action was taken, shape `(n)`; empty of continuous ones.
    pub action_counts: Vec<u64>,
    /// Of rewards, shape `(1)`.
    pub rewards: Moments,
    /// Of returns, shape `(1)`.
    pub returns: Moments,
}

/// Welford's running moments, dimension by dimension (Welford 1962; Knuth, volume 2, 4.2.2).
#[derive(Clone, Debug)]
struct Running {
    count: f64,
    mean: Vec<f64>,
    squares: Vec<f64>,
}

impl Running {
    fn new(dim: usize) -> Self {
        Self { count: 0.0, mean: vec![0.0; dim], squares: vec![0.0; dim] }
    }

    fn add(&mut self, values: impl Iterator<Item = f64>) {
        self.count += 1.0;
        for ((mean, squares), x) in self.mean.iter_mut().zip(&mut self.squares).zip(values) {
            let before = x - *mean;
            *mean += before / self.count;
            *squares += before * (x - *mean);
        }
    }

    fn moments(&self) -> Moments {
        let std = |squares: &f64| (squares / self.count.max(1.0)).sqrt();
        Moments { mean: self.mean.clone(), std: self.squares.iter().map(std).collect() }
    }
}

/// Statistics in the making, episode by episode.
#[derive(Clone, Debug)]
pub struct Summing {
    obs_dim: usize,
    act_dim: usize,
    episodes: u64,
    observations: Running,
    actions: Running,
    action_counts: Vec<u64>,
    rewards: Running,
    returns: Running,
}

impl Summing {
    /// Of no episode yet.
    pub fn new(obs: &Space, action: &Space) -> Self {
        let scales = match obs.dtype() {
            Dtype::F32 => obs.dim(),
            Dtype::U8 => 1,
        };
        let (act_dim, counts) = match action {
            Space::Discrete { n } => (0, *n as usize),
            Space::Box { .. } => (action.dim(), 0),
        };
        Self {
            obs_dim: obs.dim(),
            act_dim,
            episodes: 0,
            observations: Running::new(scales),
            actions: Running::new(act_dim),
            action_counts: vec![0; counts],
            rewards: Running::new(1),
            returns: Running::new(1),
        }
    }

    /// Takes an episode of the spaces in.
    pub fn add(&mut self, of: &Trajectory) {
        self.episodes += 1;
        let per_dimension = self.observations.mean.len() == self.obs_dim;
        for t in 0..of.len() {
            let seen = of.obs_at(t, self.obs_dim).values().map(f64::from);
            match per_dimension {
                true => self.observations.add(seen),
                false => seen.for_each(|x| self.observations.add([x].into_iter())),
            }
        }
        match &of.actions {
            ActionBuf::Discrete(all) => {
                for action in all {
                    if let Some(count) = self.action_counts.get_mut(*action as usize) {
                        *count += 1;
                    }
                }
            }
            ActionBuf::Continuous(all) => {
                for action in all.chunks_exact(self.act_dim.max(1)) {
                    self.actions.add(action.iter().map(|x| f64::from(*x)));
                }
            }
        }
        of.rewards.iter().for_each(|reward| self.rewards.add([*reward].into_iter()));
        self.returns.add([of.ret()].into_iter());
    }

    /// What it has come to.
    pub fn finish(&self) -> Statistics {
        Statistics {
            episodes: self.episodes,
            steps: self.rewards.count as u64,
            observations: self.observations.moments(),
            actions: self.actions.moments(),
            action_counts: self.action_counts.clone(),
            rewards: self.rewards.moments(),
            returns: self.returns.moments(),
        }
    }
}

#[cfg(test)]
mod tests {
    use sparring_envs::ObsBuf;

    use super::*;

    fn close(found: &Moments, mean: &[f64], std: &[f64]) {
        let near = |a: &[f64], b: &[f64]| {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-12)
        };
        assert!(near(&found.mean, mean) && near(&found.std, std), "{found:?}");
    }

    #[test]
    fn they_are_those_of_the_definition() {
        let (obs, action) = (Space::uniform(&[2], -9.0, 9.0), Space::uniform(&[1], -1.0, 1.0));
        let mut summing = Summing::new(&obs, &action);
        let of = |obs: [f32; 6], actions: [f32; 2], rewards: [f64; 2]| Trajectory {
            seed: None,
            obs: ObsBuf::F32(obs.to_vec()),
            actions: ActionBuf::Continuous(actions.to_vec()),
            rewards: rewards.to_vec(),
            end: None,
        };
        summing.add(&of([1.0, 0.0, 3.0, 0.0, 99.0, 99.0], [1.0, -1.0], [1.0, 2.0]));
        summing.add(&of([5.0, 4.0, 7.0, 4.0, 99.0, 99.0], [1.0, -1.0], [3.0, 4.0]));
        let found = summing.finish();
        assert_eq!((found.episodes, found.steps), (2, 4));
        // The last observation of an episode is not acted on.
        close(&found.observations, &[4.0, 2.0], &[5.0f64.sqrt(), 2.0]);
        close(&found.actions, &[0.0], &[1.0]);
        close(&found.rewards, &[2.5], &[1.25f64.sqrt()]);
        close(&found.returns, &[5.0], &[2.0]);
    }

    #[test]
    fn bytes_have_one_scale_and_discrete_actions_counts() {
        let (obs, action) = (Space::bytes(&[2, 2]), Space::Discrete { n: 3 });
        let mut summing = Summing::new(&obs, &action);
        summing.add(&Trajectory {
            seed: None,
            obs: ObsBuf::U8(vec![0, 0, 10, 10, 255, 255, 255, 255]),
            actions: ActionBuf::Discrete(vec![2]),
            rewards: vec![1.0],
            end: None,
        });
        let found = summing.finish();
        close(&found.observations, &[5.0], &[5.0]);
        assert_eq!((found.action_counts, found.actions.mean.len()), (vec![0, 0, 1], 0));
    }
}
