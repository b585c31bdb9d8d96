//! A router as a row: its name, and its way with tokens.

use std::fmt;

use crate::seed::Rng;

/// A router by name.
#[derive(Debug)]
pub struct RouterRow {
    /// `router` in a section `experts`.
    pub name: &'static str,
    /// One line.
    pub about: &'static str,
    /// What becomes of tokens.
    pub way: Way,
}

/// What becomes of tokens.
#[derive(Clone, Copy, Debug)]
pub enum Way {
    /// Experts read mixtures of all tokens of a sample.
    Mixes,
    /// Tokens go to a few experts, by gates that are learned.
    Chooses {
        /// The experts of each token, `(tokens, k)`; none where its expert has no place left. With a generator in
        /// training, without one elsewhere.
        choose: fn(&Asked<'_>, Option<&mut Rng>) -> Vec<Option<u32>>,
        /// Whether what an expert gives counts by the gate.
        gated: bool,
    },
    /// Tokens go to an expert by what they come from, whatever the weights.
    Hashes,
}

/// What a router chooses by.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// `P (tokens, experts)`.
    pub gates: &'a [f32],
    /// `E`.
    pub experts: usize,
    /// Experts of a token.
    pub k: usize,
    /// How many places experts have; none where they have enough.
    pub capacity: Option<Capacity>,
}

/// Places of experts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// So many tokens that follow each other share them.
    pub among: usize,
    /// Of each expert.
    pub places: usize,
}

/// A router.
#[derive(Clone, Copy)]
pub struct Router {
    row: &'static RouterRow,
}

impl Router {
    /// That of a row.
    pub const fn of(row: &'static RouterRow) -> Self {
        Self { row }
    }

    /// Its row.
    pub fn row(self) -> &'static RouterRow {
        self.row
    }

    /// Its way with tokens.
    pub fn way(self) -> Way {
        self.row.way
    }

    /// Whether it has weights.
    pub fn is_learned(self) -> bool {
        match self.row.way {
            Way::Mixes | Way::Chooses { .. } => true,
            Way::Hashes => false,
        }
    }
}

impl PartialEq for Router {
    fn eq(&self, other: &Self) -> bool {
        self.row.name == other.row.name
    }
}

impl fmt::Debug for Router {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.row.name)
    }
}
