//! Exact nearest neighbours by squared distance, in tiles of a matrix product.
//!
//! ```text
//! |q − x|² = |q|² + |x|² − 2 q·x
//! ```
//!
//! `|q|²` changes no order and is added in the end; a key stands with `|x|²` behind its numbers, which a 1 behind those of
//! `−2 q` picks up in the product. A tile of products is looked through in groups of which most hold no
//! number below the last of the `k` best so far, so that looking costs a part of multiplying. Of neighbours that are as
//! near the lower id comes first.

use sparring_sparse::kernels::Par;
use sparring_sparse::kernels::dense::{Matrix, product};

/// Keys of a tile.
const TILE: usize = 512;
/// Queries of a tile.
const QUERIES: usize = 256;
/// Products that are looked at together.
const GROUP: usize = 64;

/// Keys by id, from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct Index {
    dim: usize,
    /// `(n, dim + 1)`: each with `|x|²` behind it.
    keys: Vec<f32>,
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Neighbour {
    /// Which key.
    pub id: u32,
    /// `|q − x|²`, up to rounding, and never below 0.
    pub distance: f32,
}

/// The best so far of one query: `|x|² − 2 q·x` and id, ascending.
#[derive(Clone, Debug)]
struct Best {
    found: Vec<(f32, u32)>,
    /// What a better one is below.
    bound: f32,
}

impl Index {
    /// Of `keys (n, dim)`.
    pub fn new(dim: usize, keys: Vec<f32>) -> Self {
        let mut index = Self { dim, keys: Vec::new() };
        index.extend(&keys);
        index
    }

    /// Adds `keys (n, dim)`.
    pub fn extend(&mut self, keys: &[f32]) {
        for key in keys.chunks_exact(self.dim.max(1)) {
            self.keys.extend_from_slice(key);
            self.keys.push(key.iter().map(|x| x * x).sum());
        }
    }

    /// Puts `key (dim)` in the place of that of `id`, which there is.
    pub fn set(&mut self, id: u32, key: &[f32]) {
        let start = id as usize * (self.dim + 1);
        let place = &mut self.keys[start..start + self.dim + 1];
        place[..self.dim].copy_from_slice(key);
        place[self.dim] = key.iter().map(|x| x * x).sum();
    }

    /// The key of `id`, `(dim)`.
    pub fn key(&self, id: u32) -> &[f32] {
        &self.keys[id as usize * (self.dim + 1)..][..self.dim]
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.keys.len() / (self.dim + 1)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The `k` nearest of each of `queries (m, dim)`, the nearest first, fewer where there are not so many; a key of which
    /// `excluded(query, id)` holds is no neighbour.
    pub fn nearest(
        &self,
        queries: &[f32],
        k: usize,
        excluded: impl Fn(usize, u32) -> bool,
    ) -> Vec<Vec<Neighbour>> {
        let dim = self.dim.max(1);
        let mut all = Vec::with_capacity(queries.len() / dim);
        let mut products = vec![0.0; QUERIES * TILE];
        for (tile, queries) in queries.chunks(QUERIES * dim).enumerate() {
            let (first, count) = (tile * QUERIES, queries.len() / dim);
            let of =
                |query: &[f32]| query.iter().map(|x| -2.0 * x).chain([1.0]).collect::<Vec<_>>();
            let scaled: Vec<f32> = queries.chunks_exact(dim).flat_map(of).collect();
            let left = Matrix::new(&scaled, count, dim + 1);
            let empty = Best { found: Vec::with_capacity(k + 1), bound: f32::INFINITY };
            let mut best = vec![empty; count];
            for (at, keys) in self.keys.chunks(TILE * (dim + 1)).enumerate() {
                let size = keys.len() / (dim + 1);
                let right = Matrix::new(keys, size, dim + 1).t();
                product(left, right, &mut products, size, false, Par::Serial);
                for (q, (row, best)) in products.chunks_exact(size).zip(&mut best).enumerate() {
                    let is_excluded = |id| excluded(first + q, id);
                    best.look(row, (at * TILE) as u32, k, &is_excluded);
                }
            }
            all.extend(best.into_iter().zip(queries.chunks_exact(dim)).map(told));
        }
        all
    }
}

impl Best {
    /// Takes what is better of a `row` of `|x|² − 2 q·x` whose first id is `first`.
    fn look(&mut self, row: &[f32], first: u32, k: usize, excluded: &dyn Fn(u32) -> bool) {
        for (group, row) in row.chunks(GROUP).enumerate() {
            if least(row) >= self.bound {
                continue;
            }
            for (i, value) in row.iter().copied().enumerate() {
                let id = first + (group * GROUP + i) as u32;
                if value < self.bound && !excluded(id) {
                    let place = self.found.partition_point(|(other, _)| *other <= value);
                    self.found.insert(place, (value, id));
                    self.found.truncate(k);
                    if self.found.len() == k {
                        self.bound = self.found.last().map_or(f32::NEG_INFINITY, |last| last.0);
                    }
                }
            }
        }
    }
}

/// The least of a group.
fn least(row: &[f32]) -> f32 {
    const LANES: usize = 16;
    let mut lanes = [f32::INFINITY; LANES];
    let (whole, rest) = row.as_chunks::<LANES>();
    for row in whole {
        for (lane, value) in lanes.iter_mut().zip(row) {
            *lane = if value < lane { *value } else { *lane };
        }
    }
    let rest = rest.iter().copied();
    lanes.into_iter().chain(rest).fold(f32::INFINITY, |a, b| if b < a { b } else { a })
}

/// What was found for a query, with its distances.
fn told((best, query): (Best, &[f32])) -> Vec<Neighbour> {
    let own: f32 = query.iter().map(|x| x * x).sum();
    let neighbour = |(value, id): (f32, u32)| Neighbour { id, distance: (value + own).max(0.0) };
    best.found.into_iter().map(neighbour).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::RngExt;
    use sparring_sparse::Seed;

    use super::*;

    fn numbers(n: usize, seed: u64) -> Vec<f32> {
        let mut rng = Seed::new(seed).rng();
        (0..n).map(|_| rng.random_range(-1.0..1.0)).collect()
    }

    /// All ids by distance in f64.
    fn sorted(keys: &[f32], query: &[f32], dim: usize) -> Vec<(f64, u32)> {
        let distance = |key: &[f32]| {
            let of = |(x, q): (&f32, &f32)| (f64::from(*x) - f64::from(*q)).powi(2);
            key.iter().zip(query).map(of).sum::<f64>()
        };
        let mut all: Vec<(f64, u32)> =
            keys.chunks_exact(dim).zip(0..).map(|(key, id)| (distance(key), id)).collect();
        all.sort_by(|a, b| a.0.total_cmp(&b.0));
        all
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn they_are_the_nearest(
            dim in 1usize..20, count in 0usize..1200, queries in 1usize..300, k in 1usize..12, seed in any::<u64>(),
        ) {
            let (keys, asked) = (numbers(count * dim, seed), numbers(queries * dim, !seed));
            let index = Index::new(dim, keys.clone());
            prop_assert_eq!((index.len(), index.is_empty()), (count, count == 0));
            let excluded = |query: usize, id: u32| (query + id as usize).is_multiple_of(5);
            let found = index.nearest(&asked, k, excluded);
            prop_assert_eq!(found.len(), queries);
            for (q, (found, query)) in found.iter().zip(asked.chunks_exact(dim)).enumerate() {
                let mut all = sorted(&keys, query, dim);
                all.retain(|(_, id)| !excluded(q, *id));
                prop_assert_eq!(found.len(), all.len().min(k));
                for (one, (distance, _)) in found.iter().zip(&all) {
                    prop_assert!((f64::from(one.distance) - distance).abs() < 1e-5);
                    prop_assert!(!excluded(q, one.id));
                }
                prop_assert!(found.windows(2).all(|pair| pair[0].distance <= pair[1].distance + 1e-6));
            }
        }
    }

    #[test]
    fn ties_go_to_the_lower_id_and_pieces_are_the_whole() {
        let index = Index::new(2, [1.0, 0.0].repeat(700));
        let found = index.nearest(&[1.0, 0.0], 3, |_, id| id == 1);
        assert_eq!(found[0].iter().map(|one| one.id).collect::<Vec<_>>(), [0, 2, 3]);
        assert!(found[0].iter().all(|one| one.distance == 0.0));
        let keys = numbers(900 * 4, 1);
        let (whole, mut parts) = (Index::new(4, keys.clone()), Index::new(4, Vec::new()));
        keys.chunks(400).for_each(|part| parts.extend(part));
        assert_eq!(whole, parts);
        (0..900).for_each(|id| parts.set(id, &keys[4 * (899 - id as usize)..][..4]));
        assert_eq!((parts.key(0), parts.key(899)), (whole.key(899), whole.key(0)));
        assert_eq!(parts.nearest(whole.key(7), 1, |_, _| false)[0][0].id, 892);
        assert!(whole.nearest(&[], 3, |_, _| false).is_empty());
    }
}
