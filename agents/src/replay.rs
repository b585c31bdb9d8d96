//! A ring of transitions in flat arrays, sampled uniformly with replacement.

use rand::RngExt;
use sparring_sparse::seed::Rng;

use crate::returns::Transition;

/// Replay memory. All of it is taken at the start.
#[derive(Debug)]
pub struct Replay {
    capacity: usize,
    dim: usize,
    /// Transitions held.
    len: usize,
    /// Where the next one goes.
    cursor: usize,
    obs: Vec<f32>,
    next: Vec<f32>,
    action: Vec<u32>,
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
    /// `(batch)`.
    pub action: Vec<u32>,
    /// `(batch)`.
    pub reward: Vec<f32>,
    /// `(batch)`.
    pub discount: Vec<f32>,
}

impl Replay {
    /// Room for `capacity` transitions of `dim` numbers an observation.
    pub fn new(capacity: usize, dim: usize) -> Self {
        Self {
            capacity,
            dim,
            len: 0,
            cursor: 0,
            obs: vec![0.0; capacity * dim],
            next: vec![0.0; capacity * dim],
            action: vec![0; capacity],
            reward: vec![0.0; capacity],
            discount: vec![0.0; capacity],
        }
    }

    /// Bytes of a memory of `capacity` transitions.
    pub fn bytes(capacity: usize, dim: usize) -> u64 {
        let one = 2 * dim * size_of::<f32>() + size_of::<u32>() + 2 * size_of::<f32>();
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
        let (i, dim) = (self.cursor, self.dim);
        self.obs[i * dim..][..dim].copy_from_slice(transition.obs);
        self.next[i * dim..][..dim].copy_from_slice(transition.next);
        self.action[i] = transition.action;
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
            ..Sample::default()
        };
        for _ in 0..batch {
            let i = rng.random_range(0..self.len);
            sample.obs.extend_from_slice(&self.obs[i * self.dim..][..self.dim]);
            sample.next.extend_from_slice(&self.next[i * self.dim..][..self.dim]);
            sample.action.push(self.action[i]);
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
        let mut replay = Replay::new(capacity, 2);
        for t in 0..pushes {
            let (obs, next) = ([t as f32, -1.0], [t as f32 + 1.0, -2.0]);
            let (reward, discount) = (t as f32 * 10.0, t as f32 * 100.0);
            replay.push(Transition { obs: &obs, action: t, reward, discount, next: &next });
        }
        replay
    }

    #[test]
    fn the_parts_of_a_transition_stay_together() {
        let sample = filled(5, 3).sample(100, &mut Seed::new(1).rng());
        for (i, action) in sample.action.iter().enumerate() {
            let t = *action as f32;
            assert_eq!(sample.obs[2 * i..][..2], [t, -1.0]);
            assert_eq!(sample.next[2 * i..][..2], [t + 1.0, -2.0]);
            assert_eq!((sample.reward[i], sample.discount[i]), (t * 10.0, t * 100.0));
        }
        assert!((0..3).all(|t| sample.action.contains(&t)));
    }

    #[test]
    fn the_newest_take_the_place_of_the_oldest() {
        let replay = filled(5, 12);
        assert_eq!(replay.len(), 5);
        let sample = replay.sample(200, &mut Seed::new(1).rng());
        assert!(sample.action.iter().all(|t| (7..12).contains(t)));
        assert!((7..12).all(|t| sample.action.contains(&t)));
    }
}
