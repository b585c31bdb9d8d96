//! What came of each action in situations that were met.

use candle_core::{DType, Device, Tensor};
use sparring_sparse::{Saved, Section, SparseError};

use crate::error::AgentError;
use crate::retrieval::{Index, Neighbour};

/// The layout of its section.
const VERSION: u32 = 1;

/// What is chosen about memories.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OfMemory {
    /// Numbers of a key.
    pub key_size: usize,
    /// Pairs of each action, at most.
    pub capacity: usize,
    /// Neighbours, `p`.
    pub neighbours: usize,
    /// `δ`.
    pub delta: f64,
    /// `α`.
    pub write_rate: f64,
}

/// The memory of one action.
#[derive(Debug)]
pub struct Memory {
    index: Index,
    values: Vec<f32>,
    /// When each pair was written or a neighbour, by the count of [`Memories`].
    used: Vec<u64>,
}

/// Of each action one.
#[derive(Debug)]
pub(super) struct Memories {
    of: OfMemory,
    all: Vec<Memory>,
    count: u64,
}

/// What was found for a key.
#[derive(Clone, Debug, PartialEq)]
pub struct Looked {
    /// `Q = Σ w v`; 0 of an empty memory.
    pub q: f32,
    /// Which pairs.
    pub ids: Vec<u32>,
    /// `w`.
    pub weights: Vec<f32>,
    /// `k`.
    kernels: Vec<f32>,
}

impl Memory {
    fn new(of: OfMemory) -> Self {
        Self { index: Index::new(of.key_size, Vec::new()), values: Vec::new(), used: Vec::new() }
    }

    fn looked(&self, found: &[Neighbour], delta: f64) -> Looked {
        let kernels: Vec<f32> =
            found.iter().map(|one| 1.0 / (one.distance + delta as f32)).collect();
        let sum: f32 = kernels.iter().sum();
        let weights: Vec<f32> = kernels.iter().map(|k| k / sum).collect();
        let ids: Vec<u32> = found.iter().map(|one| one.id).collect();
        let q = ids.iter().zip(&weights).map(|(id, w)| w * self.values[*id as usize]).sum();
        Looked { q, ids, weights, kernels }
    }
}

impl Memories {
    /// Empty ones.
    pub fn new(actions: usize, of: OfMemory) -> Self {
        Self { all: (0..actions).map(|_| Memory::new(of)).collect(), of, count: 0 }
    }

    /// How many actions.
    pub fn actions(&self) -> usize {
        self.all.len()
    }

    /// Pairs of all actions.
    pub fn len(&self) -> usize {
        self.all.iter().map(|memory| memory.values.len()).sum()
    }

    /// What `action` came to where `key` was.
    pub fn look(&self, action: usize, key: &[f32]) -> Looked {
        let memory = &self.all[action];
        let found = memory.index.nearest(key, self.of.neighbours, |_, _| false);
        memory.looked(found.first().map_or(&[], Vec::as_slice), self.of.delta)
    }

    /// `Q (n, actions)` of `keys (n, key_size)`.
    pub fn values(&self, keys: &[f32]) -> Vec<Vec<f32>> {
        let rows = keys.len() / self.of.key_size;
        let mut all = vec![vec![0.0; self.all.len()]; rows];
        for (action, memory) in self.all.iter().enumerate() {
            let found = memory.index.nearest(keys, self.of.neighbours, |_, _| false);
            for (row, found) in all.iter_mut().zip(&found) {
                row[action] = memory.looked(found, self.of.delta).q;
            }
        }
        all
    }

    /// Adds `rate · ∂Q/∂h` at `key`, of which `looked` was found, to `grad`.
    pub fn slope(&self, action: usize, looked: &Looked, key: &[f32], rate: f32, grad: &mut [f32]) {
        let memory = &self.all[action];
        let sum: f32 = looked.kernels.iter().sum();
        for (id, k) in looked.ids.iter().zip(&looked.kernels) {
            let by = rate * (memory.values[*id as usize] - looked.q) / sum * (-2.0 * k * k);
            let each = grad.iter_mut().zip(key).zip(memory.index.key(*id));
            each.for_each(|((grad, h), at)| *grad += by * (h - at));
        }
    }

    /// Moves the values of what was found against their gradient, of which `rate` is the part of the loss.
    pub fn learn(&mut self, action: usize, looked: &Looked, rate: f32) {
        self.count += 1;
        let memory = &mut self.all[action];
        for (id, weight) in looked.ids.iter().zip(&looked.weights) {
            memory.values[*id as usize] -= rate * weight;
            memory.used[*id as usize] = self.count;
        }
    }

    /// Writes that `action` came to `y` where `key` was.
    pub fn write(&mut self, action: usize, key: &[f32], y: f32) {
        self.count += 1;
        let memory = &mut self.all[action];
        let nearest = memory.index.nearest(key, 1, |_, _| false);
        let same = nearest.first().and_then(|all| all.first());
        let same = same.filter(|one| memory.index.key(one.id) == key).map(|one| one.id as usize);
        if let Some(at) = same {
            memory.values[at] += self.of.write_rate as f32 * (y - memory.values[at]);
            memory.used[at] = self.count;
        } else if memory.values.len() < self.of.capacity {
            memory.index.extend(key);
            memory.values.push(y);
            memory.used.push(self.count);
        } else {
            let oldest = memory.used.iter().enumerate().min_by_key(|(_, used)| **used);
            let at = oldest.map_or(0, |(at, _)| at);
            memory.index.set(at as u32, key);
            (memory.values[at], memory.used[at]) = (y, self.count);
        }
    }

    /// All of them as a section.
    pub fn save(&self) -> Section {
        let mut to = Section::new(VERSION);
        to.put_u64("count", &[self.count]);
        for (action, memory) in self.all.iter().enumerate() {
            to.put_f32(format!("{action}.keys"), &memory.keys());
            to.put_f32(format!("{action}.values"), &memory.values);
            to.put_u64(format!("{action}.used"), &memory.used);
        }
        to
    }

    /// Takes back what [`Self::save`] gave.
    ///
    /// # Errors
    /// What is missing, and what does not fit.
    pub fn load(&mut self, from: &Section) -> Result<(), AgentError> {
        from.require_version(VERSION)?;
        let count = from.u64("count")?;
        self.count = count.first().copied().unwrap_or(0);
        for action in 0..self.all.len() {
            let (keys, values) = (format!("{action}.keys"), format!("{action}.values"));
            let values = from.f32(&values)?;
            let keys = from.f32_of(&keys, values.len() * self.of.key_size)?;
            let used = from.u64(&format!("{action}.used"))?;
            self.take_one(action, keys, values, used)?;
        }
        Ok(())
    }

    /// Puts what acting takes into `saved`.
    ///
    /// # Errors
    /// Those of candle.
    pub fn put(&self, saved: &mut Saved) -> Result<(), AgentError> {
        for (action, memory) in self.all.iter().enumerate() {
            let (rows, size) = (memory.values.len(), self.of.key_size);
            let keys = Tensor::from_vec(memory.keys(), (rows, size), &Device::Cpu)?;
            let values = Tensor::from_slice(&memory.values, rows, &Device::Cpu)?;
            saved.insert(format!("memory/{action}/keys"), keys);
            saved.insert(format!("memory/{action}/values"), values);
        }
        Ok(())
    }

    /// Takes back what [`Self::put`] gave.
    ///
    /// # Errors
    /// What is missing, and what does not fit.
    pub fn take(&mut self, saved: &Saved) -> Result<(), AgentError> {
        let of = |name: String| -> Result<Vec<f32>, AgentError> {
            let found = saved.get(&name).ok_or(SparseError::NotSaved { tensor: name })?;
            Ok(found.to_dtype(DType::F32)?.flatten_all()?.to_vec1()?)
        };
        for action in 0..self.all.len() {
            let keys = of(format!("memory/{action}/keys"))?;
            let values = of(format!("memory/{action}/values"))?;
            let used = vec![0; values.len()];
            self.take_one(action, keys, values, used)?;
        }
        Ok(())
    }

    fn take_one(
        &mut self,
        action: usize,
        keys: Vec<f32>,
        values: Vec<f32>,
        used: Vec<u64>,
    ) -> Result<(), AgentError> {
        let expected = values.len() * self.of.key_size;
        for (what, expected, found) in [
            ("keys of a memory", expected, keys.len()),
            ("times of a memory", values.len(), used.len()),
        ] {
            if expected != found {
                return Err(AgentError::Length { what, expected, found });
            }
        }
        let index = Index::new(self.of.key_size, keys);
        self.all[action] = Memory { index, values, used };
        Ok(())
    }
}

impl Memory {
    /// `(pairs, key_size)`.
    fn keys(&self) -> Vec<f32> {
        (0..self.index.len() as u32).flat_map(|id| self.index.key(id).iter().copied()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(capacity: usize) -> OfMemory {
        OfMemory { key_size: 2, capacity, neighbours: 3, delta: 1e-3, write_rate: 0.5 }
    }

    #[test]
    fn values_and_slopes_are_those_of_the_formula() {
        let mut memories = Memories::new(2, of(10));
        assert_eq!(memories.look(0, &[0.0; 2]).q, 0.0);
        let pairs = [([0.1, 0.0], 1.0), ([0.0, -0.4], 3.0), ([0.5, 0.5], -2.0), ([9.0, 9.0], 50.0)];
        pairs.iter().for_each(|(key, y)| memories.write(0, key, *y));
        let q = |h: [f64; 2]| -> f64 {
            let k = |key: &[f32; 2]| {
                let d: f64 = (0..2).map(|i| (h[i] - f64::from(key[i])).powi(2)).sum();
                1.0 / (d + 1e-3)
            };
            let all: Vec<(f64, f64)> =
                pairs[..3].iter().map(|(key, v)| (k(key), f64::from(*v))).collect();
            all.iter().map(|(k, v)| k * v).sum::<f64>() / all.iter().map(|(k, _)| k).sum::<f64>()
        };
        let looked = memories.look(0, &[0.2, 0.1]);
        assert!((f64::from(looked.q) - q([0.2, 0.1])).abs() < 1e-4);
        let mut grad = [0.0; 2];
        memories.slope(0, &looked, &[0.2, 0.1], 2.0, &mut grad);
        for i in 0..2 {
            let at = |delta: f64| {
                let mut h = [0.2, 0.1];
                h[i] += delta;
                q(h)
            };
            let slope = 2.0 * (at(1e-5) - at(-1e-5)) / 2e-5;
            assert!((f64::from(grad[i]) - slope).abs() < 1e-2 * slope.abs(), "{i}");
        }
        assert_eq!(memories.values(&[0.2, 0.1])[0], [looked.q, 0.0]);
        let before = looked.q;
        memories.learn(0, &looked, 0.1);
        assert!(memories.look(0, &[0.2, 0.1]).q < before);
    }

    #[test]
    fn a_known_key_is_updated_and_the_one_longest_unused_makes_room() {
        let mut memories = Memories::new(1, of(3));
        let keys = [[1.0, 0.0], [2.0, 0.0], [3.0, 0.0]];
        keys.iter().for_each(|key| memories.write(0, key, 4.0));
        memories.write(0, &keys[0], 8.0);
        assert_eq!((memories.len(), memories.all[0].values[0]), (3, 6.0));
        // The second is the oldest now.
        memories.write(0, &[7.0, 0.0], 1.0);
        assert_eq!(memories.all[0].index.key(1), [7.0, 0.0]);
        assert_eq!(memories.all[0].values, [6.0, 1.0, 4.0]);

        let mut saved = Saved::new();
        memories.put(&mut saved).unwrap();
        let mut policy = Memories::new(1, of(3));
        policy.take(&saved).unwrap();
        let mut resumed = Memories::new(1, of(3));
        resumed.load(&memories.save()).unwrap();
        for other in [&policy, &resumed] {
            assert_eq!(other.look(0, &[5.0, 1.0]), memories.look(0, &[5.0, 1.0]));
        }
        assert_eq!(resumed.all[0].used, memories.all[0].used);
        let none = Memories::new(1, of(3));
        let mut saved = Saved::new();
        none.put(&mut saved).unwrap();
        policy.take(&saved).unwrap();
        assert_eq!(policy.len(), 0);
    }
}
