//! Scaled dot-product attention between the tokens of a sequence (Vaswani et al. 2017, 1706.03762, equation 1).
//!
//! The rows of a batch are the tokens of its sequences, sequence by sequence. The layer before gives each of them `3 d`
//! numbers: query, key and value. Head `h` of `H` has `d/H` numbers of each, and with `Q K V (T, d/H)` of one sequence
//!
//! ```text
//! P = softmax(Q Kᵀ / √(d/H) + M) (T, T)        Y = P V (T, d/H)
//! dV = Pᵀ dY      dP = dY Vᵀ      dS = P ⊙ (dP − Σ dP ⊙ P)      dQ = dS K / √(d/H)      dK = dSᵀ Q / √(d/H)
//! ```
//!
//! where `M` is −∞ at what a token does not see ([`Sees`]): a token of a causal sequence sees itself and those before it,
//! so that whatever follows a sequence's last token on its way to `T` changes nothing of what comes before. Of a token
//! this takes `4 T d` operations forward and `8 T d` back ([`FORWARD_FLOPS`], [`BACKWARD_FLOPS`]); what is masked is
//! computed, too.
//!
//! A policy that writes a sequence token by token keeps keys and values in a [`Cache`], and computes new tokens alone.

mod cache;
mod sees;

pub use cache::Cache;
pub use sees::{Retrieved, Sees};

/// Operations forward, a token, a token that it sees, and a feature.
pub const FORWARD_FLOPS: u64 = 4;

/// Operations back.
pub const BACKWARD_FLOPS: u64 = 8;

/// What is chosen about attention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attention {
    /// `H`, a divisor of `d`.
    pub heads: usize,
    /// `T`: tokens of a sequence.
    pub tokens: usize,
    /// What a token sees.
    pub sees: Sees,
}

impl Attention {
    /// `d`, of a layer with `outputs`.
    pub fn width(outputs: usize) -> usize {
        outputs / 3
    }

    /// What is wrong with it behind a layer with `outputs`, if anything is.
    pub(crate) fn misfit(self, outputs: usize) -> Option<&'static str> {
        if !outputs.is_multiple_of(3) {
            return Some("attention behind a layer that does not give queries, keys and values");
        }
        let divides = self.heads > 0 && Self::width(outputs).is_multiple_of(self.heads);
        match (divides, self.tokens) {
            (false, _) => Some("attention with a number of heads that does not divide its width"),
            (true, 0) => Some("attention between no tokens"),
            (true, _) => None,
        }
    }
}
