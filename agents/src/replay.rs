//! A ring of transitions in flat arrays, sampled uniformly with replacement.

use rand::RngExt;
use sparring_sparse::seed::Rng;

use crate::returns::Transition;

/// Replay memory. All of it is taken at the start.
#[derive(Debug)]
pub struct Replay {
    capacity: usize,
    dim: usize,
    act_dim: usize,
    /// Transitions held.
    len: usize,
    /// Where the next one goes.
    cursor: usize,
    obs: Vec<f32>,
    next: Vec<f32>,
    action: Vec<f32>,
    reward: Vec<f32>,
    discount: Vec<f32>,
}

/// A batch of transitions, as [`Transition`] names them.
#[derive(Debug, Default)]
pub struct Sample {
    /// `(batch, obs_dim)`.
    pub obs: Vec<f32>,
    /// `(batch, obs_dim)`.
    pub next: Vec<f32>,
    /// `(batch, act_dim)`.
    pub action: Vec<f32>,
    /// `(batch)`.
    pub reward: Vec<f32>,
    /// `(batch)`.
    pub discount: Vec<f32>,
}

impl Replay {
    /// Room for `capacity` transitions of `dim` numbers an observation and `act_dim` an action.
    pub fn new(capacity: usize, dim: usize, act_dim: usize) -> Self {
        Self {
            capacity,
            dim,
            act_dim,
            len: 0,
            cursor: 0,
            obs: vec![0.0; capacity * dim],
            next: vec![0.0; capacity * dim],
            action: vec![0.0; capacity * act_dim],
            reward: vec![0.0; capacity],
            discount: vec![0.0; capacity],
        }
    }

    /// Bytes of a memory of `capacity` transitions.
    pub fn bytes(capacity: usize, dim: usize, act_dim: usize) -> u64 {
        let one = (2 * dim + act_dim + 2) * size_of::<f32>();
        (capacity as u64).saturating_mul(one as u64)
    }

    /// Transitions held.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether none is held.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Stores a transition over the oldest one where the memory is full.
    pub fn push(&mut self, transition: Transition<'_>) {
        let (i, dim, act_dim) = (self.cursor, self.dim, self.act_dim);
        self.obs[i * dim..][..dim].copy_from_slice(transition.obs);
        self.next[i * dim..][..dim].copy_from_slice(transition.next);
        self.action[i * act_dim..][..act_dim].copy_from_slice(transition.action);
        self.reward[i] = transition.reward;
        self.discount[i] = transition.discount;
        self.cursor = (i + 1) % self.capacity;
        self.len = (self.len + 1).min(self.capacity);
    }

    /// `batch` transitions drawn uniformly with replacement; the memory must hold one.
    pub fn sample(&self, batch: usize, rng: &mut Rng) -> Sample {
        let mut sample = Sample {
            obs: Vec::with_capacity(batch * self.dim),
            next: Vec::with_capacity(batch * self.dim),
            action: Vec::with_capacity(batch * self.act_dim),
            reward: Vec::with_capacity(batch),
            discount: Vec::with_capacity(batch),
        };
        for _ in 0..batch {
            let i = rng.random_range(0..self.len);
            sample.obs.extend_from_slice(&self.obs[i * self.dim..][..self.dim]);
            sample.next.extend_from_slice(&self.next[i * self.dim..][..self.dim]);
            sample.action.extend_from_slice(&self.action[i * self.act_dim..][..self.act_dim]);
            sample.reward.push(self.reward[i]);
            sample.discount.push(self.discount[i]);
        }
        sample
    }
}

#[cfg(test)]
mod tests {
    use sparring_sparse::Seed;

    use super::*;

    fn filled(capacity: usize, pushes: u32) -> Replay {
        let mut replay = Replay::new(capacity, 2, 2);
        for t in 0..pushes {
            let (obs, next) = ([t as f32, -1.0], [t as f32 + 1.0, -2.0]);
            let (reward, discount) = (t as f32 * 10.0, t as f32 * 100.0);
            let action = [t as f32, t as f32 + 0.5];
            replay.push(Transition { obs: &obs, action: &action, reward, discount, next: &next });
        }
        replay
    }

    #[test]
    fn the_parts_of_a_transition_stay_together() {
        let sample = filled(5, 3).sample(100, &mut Seed::new(1).rng());
        for (i, action) in sample.action.chunks(2).enumerate() {
            let t = action[0];
            assert_eq!(action[1], t + 0.5);
            assert_eq!(sample.obs[2 * i..][..2], [t, -1.0]);
            assert_eq!(sample.next[2 * i..][..2], [t + 1.0, -2.0]);
            assert_eq!((sample.reward[i], sample.discount[i]), (t * 10.0, t * 100.0));
        }
        assert!((0..3).all(|t| sample.action.contains(&(t as f32))));
    }

    #[test]
    fn all_of_it_is_counted() {
        let Replay { obs, next, action, reward, discount, .. } = Replay::new(10, 17, 6);
        let values =
            [obs, next, action, reward, discount].map(|v| v.capacity()).iter().sum::<usize>();
        assert_eq!(Replay::bytes(10, 17, 6), (values * size_of::<f32>()) as u64);
        assert_eq!(Replay::bytes(10, 17, 6), 10 * 4 * (17 + 17 + 6 + 1 + 1));
    }

    #[test]
    fn the_newest_take_the_place_of_the_oldest() {
        let replay = filled(5, 12);
        assert_eq!(replay.len(), 5);
        let sample = replay.sample(200, &mut Seed::new(1).rng());
        let firsts: Vec<u32> = sample.action.chunks(2).map(|action| action[0] as u32).collect();
        assert!(firsts.iter().all(|t| (7..12).contains(t)));
        assert!((7..12).all(|t| firsts.contains(&t)));
    }
}
