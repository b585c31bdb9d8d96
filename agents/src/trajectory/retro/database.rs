//! Chunks of episodes, their keys, and the nearest of a query.

use std::sync::Arc;

use rand_distr::{Distribution, StandardNormal};
use sparring_sparse::Seed;

use crate::data::{Dataset, Episodes, Place, Scales};
use crate::retrieval::{IndexName, Lookup};

/// Numbers of a key, at most.
const KEY: usize = 16;

/// What is chosen about chunks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunks {
    /// Steps of one, `m`.
    pub steps: usize,
    /// Neighbours of one, `k`.
    pub neighbours: usize,
    /// Chunks of the database, at most; the first ones of the episodes.
    pub most: Option<usize>,
    /// How they are found.
    pub index: IndexName,
}

/// The chunks of some episodes, by id.
pub struct Database {
    chunks: Chunks,
    data: Arc<Dataset>,
    /// The number of the first step of each.
    starts: Vec<usize>,
    /// The episode of each.
    numbers: Vec<usize>,
    keys: Keys,
    index: Lookup,
}

/// How a chunk becomes a key.
struct Keys {
    scales: Scales,
    dim: usize,
    /// `P (dim, obs_dim)`; none of the identity.
    projection: Option<Vec<f32>>,
}

impl Keys {
    fn new(scales: Scales) -> Self {
        let from = scales.obs_dim();
        let dim = from.min(KEY);
        let projection = (dim < from).then(|| {
            let mut rng = Seed::new(0).child("retrieval").rng();
            let rate = 1.0 / (from as f32).sqrt();
            (0..dim * from).map(|_| rate * sample(&mut rng)).collect()
        });
        Self { scales, dim, projection }
    }

    /// The key of a chunk that shows `obs`, step by step.
    fn of<'a>(&self, obs: impl Iterator<Item = &'a [f32]>) -> Vec<f32> {
        let from = self.scales.obs_dim();
        let (mut mean, mut scaled, mut count) = (vec![0.0; from], vec![0.0; from], 0usize);
        for obs in obs {
            self.scales.observation(obs, &mut scaled);
            mean.iter_mut().zip(&scaled).for_each(|(mean, x)| *mean += x);
            count += 1;
        }
        mean.iter_mut().for_each(|mean| *mean /= count.max(1) as f32);
        match &self.projection {
            None => mean,
            Some(p) => {
                let dot = |row: &[f32]| row.iter().zip(&mean).map(|(p, x)| p * x).sum();
                p.chunks_exact(from).map(dot).collect()
            }
        }
    }
}

fn sample(rng: &mut sparring_sparse::seed::Rng) -> f32 {
    StandardNormal.sample(rng)
}

impl Database {
    /// The chunks of the episodes that `data` has to learn from, with keys of observations by `scales`.
    pub fn new(chunks: Chunks, data: &Arc<Dataset>, scales: &Scales) -> Self {
        let keys = Keys::new(scales.clone());
        let (mut starts, mut numbers, mut all) = (Vec::new(), Vec::new(), Vec::new());
        let most = chunks.most.unwrap_or(usize::MAX);
        for (number, episode) in data.train.iter().enumerate() {
            let first = data.train.first(number);
            for t in (0..episode.trajectory.len()).step_by(chunks.steps) {
                if starts.len() >= most {
                    break;
                }
                starts.push(first + t);
                numbers.push(number);
                all.extend(key_at(&keys, Place { number, episode, t }, chunks.steps));
            }
        }
        let index = Lookup::new(chunks.index, keys.dim, all);
        Self { chunks, data: Arc::clone(data), starts, numbers, keys, index }
    }

    /// How many chunks it has.
    pub fn len(&self) -> usize {
        self.starts.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    /// The first step of the chunk of this id.
    pub fn place(&self, id: u32) -> Option<Place<'_>> {
        self.data.train.at(*self.starts.get(id as usize)?)
    }

    /// The ids of the neighbours of the chunk that shows `obs`, step by step, the nearest first.
    pub fn nearest<'a>(&self, obs: impl Iterator<Item = &'a [f32]>) -> Vec<u32> {
        let found = self.index.nearest(&self.keys.of(obs), self.chunks.neighbours, |_, _| false);
        found.into_iter().flatten().map(|one| one.id).collect()
    }

    /// Those of the chunks that begin at every step of `episodes`, `(steps)`. Of episodes that the database itself is made
    /// of, no chunk of the query's own is a neighbour.
    pub fn of_all(&self, episodes: &Episodes, own: bool) -> Vec<Vec<u32>> {
        let (mut queries, mut numbers) = (Vec::new(), Vec::new());
        for place in (0..episodes.steps()).filter_map(|step| episodes.at(step)) {
            numbers.push(place.number);
            queries.extend(key_at(&self.keys, place, self.chunks.steps));
        }
        let excluded = |query: usize, id: u32| own && self.numbers[id as usize] == numbers[query];
        let found = self.index.nearest(&queries, self.chunks.neighbours, excluded);
        found.into_iter().map(|all| all.into_iter().map(|one| one.id).collect()).collect()
    }
}

/// The key of the chunk of `steps` from `place` on; of fewer at the end of an episode.
fn key_at(keys: &Keys, place: Place<'_>, steps: usize) -> Vec<f32> {
    let (of, dim) = (&place.episode.trajectory, keys.scales.obs_dim());
    let end = of.len().min(place.t + steps);
    let obs: Vec<Vec<f32>> = (place.t..end).map(|t| of.obs_at(t, dim).values().collect()).collect();
    keys.of(obs.iter().map(Vec::as_slice))
}
