//! How the nearest keys are found.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[cfg(feature = "hnsw")]
use super::hnsw::Graph;
use super::index::{Index, Neighbour};

/// Which way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum IndexName {
    /// Every key is looked at.
    #[default]
    Exact,
    /// By a graph of small worlds, in a build with the feature `hnsw`.
    Hnsw,
}

impl IndexName {
    /// Whether this build has it.
    pub fn is_built(self) -> bool {
        match self {
            Self::Exact => true,
            Self::Hnsw => cfg!(feature = "hnsw"),
        }
    }
}

/// Keys by id, from 0.
pub enum Lookup {
    /// See [`IndexName::Exact`].
    Exact(Index),
    /// See [`IndexName::Hnsw`].
    #[cfg(feature = "hnsw")]
    Graph(Graph),
}

impl Lookup {
    /// Of `keys (n, dim)`. A build without what `name` says, which configs are refused in, looks at every key.
    pub fn new(name: IndexName, dim: usize, keys: Vec<f32>) -> Self {
        match name {
            #[cfg(feature = "hnsw")]
            IndexName::Hnsw => Self::Graph(Graph::new(dim, &keys)),
            #[cfg(not(feature = "hnsw"))]
            IndexName::Hnsw => Self::Exact(Index::new(dim, keys)),
            IndexName::Exact => Self::Exact(Index::new(dim, keys)),
        }
    }

    /// See [`Index::nearest`].
    pub fn nearest(
        &self,
        queries: &[f32],
        k: usize,
        excluded: impl Fn(usize, u32) -> bool,
    ) -> Vec<Vec<Neighbour>> {
        match self {
            Self::Exact(index) => index.nearest(queries, k, excluded),
            #[cfg(feature = "hnsw")]
            Self::Graph(graph) => graph.nearest(queries, k, excluded),
        }
    }
}
