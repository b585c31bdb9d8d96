//! What a router did in training, for logs.

use serde::{Deserialize, Serialize};

/// Sums over what one block of experts did.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Load {
    /// Passes.
    pub passes: u64,
    /// Tokens.
    pub tokens: u64,
    /// Tokens that went to each expert, once for each of a token's `k`; of a router that mixes the weight that its slots
    /// have in the outputs. `(E)`.
    pub experts: Vec<f64>,
    /// Choices that found no place.
    pub dropped: u64,
    /// Tokens whose first choice is not their largest gate.
    pub shifted: u64,
    /// Entropies of the gates in nats; 0 of a router that has none.
    pub entropy: f64,
    /// Importance losses, before their coefficient.
    pub importance: f64,
    /// Load losses, before their coefficient; 0 without noise.
    pub imbalance: f64,
}

impl Load {
    /// What was done in both.
    pub fn add(&mut self, other: &Self) {
        self.passes += other.passes;
        self.tokens += other.tokens;
        self.experts.resize(self.experts.len().max(other.experts.len()), 0.0);
        self.experts.iter_mut().zip(&other.experts).for_each(|(sum, one)| *sum += one);
        self.dropped += other.dropped;
        self.shifted += other.shifted;
        self.entropy += other.entropy;
        self.importance += other.importance;
        self.imbalance += other.imbalance;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums() {
        let one =
            Load { passes: 1, tokens: 4, experts: vec![3.0, 1.0], dropped: 1, ..Load::default() };
        let mut sum = Load::default();
        sum.add(&one);
        sum.add(&one);
        assert_eq!((sum.passes, sum.tokens, sum.dropped), (2, 8, 2));
        assert_eq!(sum.experts, [6.0, 2.0]);
    }
}
