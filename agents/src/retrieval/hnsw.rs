//! Nearly the nearest neighbours, by a graph of small worlds (Malkov & Yashunin 2016, 1603.09320) of the crate `hnsw_rs`: a
//! query looks at a part of the keys that grows as their logarithm.
//!
//! Keys are added one after the other, and the crate draws their layers from a seed of its own that never changes, so that
//! the graph is a function of the keys. A true neighbour may be missed, and so may there be fewer than `k` where most of
//! what is near is excluded.

use hnsw_rs::prelude::{DistL2, Hnsw};

use super::index::Neighbour;

/// Edges of a key (`M` in the paper).
const EDGES: usize = 16;
/// Layers at most.
const LAYERS: usize = 16;
/// Candidates that a search keeps (`ef`), while the graph grows and later.
const CANDIDATES: usize = 200;

/// Keys by id, from 0.
pub struct Graph {
    dim: usize,
    graph: Hnsw<'static, f32, DistL2>,
}

impl Graph {
    /// Of `keys (n, dim)`.
    pub fn new(dim: usize, keys: &[f32]) -> Self {
        let dim = dim.max(1);
        let graph = Hnsw::new(EDGES, keys.len() / dim, LAYERS, CANDIDATES, DistL2 {});
        for (id, key) in keys.chunks_exact(dim).enumerate() {
            graph.insert((key, id));
        }
        Self { dim, graph }
    }

    /// About the `k` nearest of each of `queries (m, dim)`, the nearest first; a key of which `excluded(query, id)` holds
    /// is no neighbour.
    pub fn nearest(
        &self,
        queries: &[f32],
        k: usize,
        excluded: impl Fn(usize, u32) -> bool,
    ) -> Vec<Vec<Neighbour>> {
        let one = |(q, query): (usize, &[f32])| {
            let filter = |id: &usize| !excluded(q, *id as u32);
            let found = self.graph.search_filter(query, k, CANDIDATES.max(k), Some(&filter));
            let told = |one: &hnsw_rs::prelude::Neighbour| Neighbour {
                id: one.d_id as u32,
                distance: one.distance * one.distance,
            };
            let mut found: Vec<Neighbour> = found.iter().map(told).collect();
            found.sort_by(|a, b| a.distance.total_cmp(&b.distance).then(a.id.cmp(&b.id)));
            found
        };
        queries.chunks_exact(self.dim).enumerate().map(one).collect()
    }
}

#[cfg(test)]
mod tests {
    use rand::RngExt;
    use sparring_sparse::Seed;

    use super::super::index::Index;
    use super::*;

    #[test]
    fn most_neighbours_are_the_nearest_and_always_the_same() {
        let (dim, k, mut rng) = (8, 4, Seed::new(1).rng());
        let mut draw =
            |n: usize| (0..n * dim).map(|_| rng.random_range(-1.0..1.0)).collect::<Vec<f32>>();
        let (keys, queries) = (draw(3000), draw(200));
        let even = |_: usize, id: u32| id % 2 == 1;
        let exact = Index::new(dim, keys.clone()).nearest(&queries, k, even);
        let graph = Graph::new(dim, &keys);
        let found = graph.nearest(&queries, k, even);
        let mut hits = 0;
        for (found, exact) in found.iter().zip(&exact) {
            assert!(found.iter().all(|one| one.id % 2 == 0) && found.len() == k);
            assert!(found.windows(2).all(|pair| pair[0].distance <= pair[1].distance));
            hits += found.iter().filter(|one| exact.iter().any(|of| of.id == one.id)).count();
            // Of the same key the same distance.
            if found[0].id == exact[0].id {
                assert!((found[0].distance - exact[0].distance).abs() < 1e-4);
            }
        }
        assert!(hits >= 780, "{hits} of 800");
        assert_eq!(Graph::new(dim, &keys).nearest(&queries, k, even), found);
        assert!(Graph::new(dim, &[]).nearest(&queries[..dim], k, even)[0].is_empty());
    }
}
