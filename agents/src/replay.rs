//! A ring of transitions in flat arrays, sampled with replacement: uniformly, or by priorities (Schaul et
//! al. 2016, 1511.05952, the proportional variant).

use rand::RngExt;
use sparring_sparse::seed::Rng;

use crate::priorities::Priorities;
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
    priorities: Option<Priorities>,
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
    /// Where each was found, `(batch)`.
    pub place: Vec<usize>,
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
            priorities: None,
        }
    }

    /// The same, sampled by priorities.
    pub fn prioritized(self) -> Self {
        Self { priorities: Some(Priorities::new(self.capacity)), ..self }
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
        if let Some(priorities) = &mut self.priorities {
            priorities.renew(i);
        }
        self.cursor = (i + 1) % self.capacity;
        self.len = (self.len + 1).min(self.capacity);
    }

    /// The priorities, of a memory that is sampled by them.
    pub fn priorities(&mut self) -> Option<&mut Priorities> {
        self.priorities.as_mut()
    }

    /// `batch` transitions drawn with replacement; the memory must hold one.
    pub fn sample(&self, batch: usize, rng: &mut Rng) -> Sample {
        let mut sample = Sample {
            obs: Vec::with_capacity(batch * self.dim),
            next: Vec::with_capacity(batch * self.dim),
            action: Vec::with_capacity(batch * self.act_dim),
            reward: Vec::with_capacity(batch),
            discount: Vec::with_capacity(batch),
            place: Vec::with_capacity(batch),
        };
        for _ in 0..batch {
            let i = match &self.priorities {
                None => rng.random_range(0..self.len),
                Some(priorities) => priorities.find(rng.random::<f64>() * priorities.total()),
            };
            sample.place.push(i);
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
    fn priorities_decide_how_often_each_is_drawn() {
        let mut replay = Replay::new(4, 2, 2).prioritized();
        for t in 0..6 {
            let x = [t as f32, 0.0];
            replay.push(Transition { obs: &x, action: &x, reward: 0.0, discount: 0.0, next: &x });
        }
        // Places hold 4, 5, 2, 3.
        for (place, priority) in [1.0, 0.0, 2.0, 5.0].into_iter().enumerate() {
            replay.priorities().unwrap().set(place, priority);
        }
        let sample = replay.sample(8000, &mut Seed::new(1).rng());
        for (place, held, expected) in [(0, 4.0, 1000.0), (1, 5.0, 0.0), (2, 2.0, 2000.0)] {
            let drawn = sample.place.iter().filter(|p| **p == place).count() as f64;
            // Four standard deviations are at most 155.
            assert!((drawn - expected).abs() < 155.0, "{place}: {drawn}");
            let rows = sample.place.iter().zip(sample.action.chunks(2));
            assert!(rows.filter(|(p, _)| **p == place).all(|(_, action)| action[0] == held));
        }
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
