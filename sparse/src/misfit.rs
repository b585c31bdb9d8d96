//! Why the layers of a network cannot have what was chosen for them, as data. Whoever read the choice knows
//! the words for it.

use crate::pattern::Pattern;

/// A sparsity that the layers of a network cannot have.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Misfit {
    /// A sparsity outside `[0, 1)`.
    #[error("a sparsity of {sparsity} is not in [0, 1)")]
    Range {
        /// The layer that it was chosen for, if for one alone.
        layer: Option<String>,
        /// What was chosen.
        sparsity: f64,
    },
    /// A choice for a layer that is not there.
    #[error("there is no layer `{name}`: the layers are {}", known.join(", "))]
    UnknownLayer {
        /// What was chosen for it.
        choice: OfLayer,
        /// Its name.
        name: String,
        /// The names of those that are there.
        known: Vec<String>,
    },
    /// A sparsity for every layer beside one of the network, which no layer is left to reach.
    #[error("every layer has a sparsity of its own, and the network's is {sparsity}")]
    NoneLeft {
        /// That of the network.
        sparsity: f64,
    },
    /// A layer that keeps less than one weight.
    #[error("the sparsity {sparsity} leaves layer `{layer}` less than one of its {size} weights")]
    Empty {
        /// Its name.
        layer: String,
        /// Its weights where all are active.
        size: usize,
        /// What was chosen, for the network or for it alone.
        sparsity: f64,
        /// Whether it was chosen for it alone.
        is_own: bool,
    },
    /// A layer that its pattern does not fit.
    #[error("the pattern {pattern} does not fit layer `{layer}`: {why}")]
    Pattern {
        /// What was chosen.
        pattern: Pattern,
        /// Its name.
        layer: String,
        /// What does not fit.
        why: PatternMisfit,
    },
}

/// What may be chosen for a layer alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OfLayer {
    /// Its sparsity.
    Sparsity,
    /// The form in which it is computed.
    Compute,
}

/// Why a pattern does not fit a layer.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum PatternMisfit {
    /// It is one that no layer has: groups that keep none or all, or blocks without a side.
    #[error("no layer can have it")]
    OfNone,
    /// Groups that do not divide the layer's inputs.
    #[error("its groups do not divide {0} inputs")]
    Inputs(usize),
    /// Groups of another sparsity.
    #[error("the layer has the sparsity {layer}, and a group {group}")]
    Sparsity {
        /// That of the layer.
        layer: f64,
        /// That of a group, `1 − n/m`.
        group: f64,
    },
    /// Blocks that do not tile the layer.
    #[error("its blocks do not tile {outputs}x{inputs}")]
    Tiles {
        /// Of the layer.
        outputs: usize,
        /// Of the layer.
        inputs: usize,
    },
    /// One of a layer whose weights come and go as the elements of its algebra.
    #[error("its weights come and go as the elements of its algebra")]
    Elements,
    /// Blocks of which less than one is kept.
    #[error("a sparsity of {sparsity} leaves less than one of {blocks} blocks")]
    NoBlock {
        /// That of the layer.
        sparsity: f64,
        /// Blocks of the layer.
        blocks: usize,
    },
}
