//! What is chosen about a block of experts.

use super::balance::Balance;
use super::row::{Router, Way};
use crate::layers::Features;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tokens {
    /// The channels of a pixel: `h · w` tokens of `c` numbers.
    Pixels,
    /// The pixels of a channel: `c` tokens of `h · w` numbers.
    Channels,
    /// All features of a sample: one token.
    Batch,
}

/// What is chosen about a block.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Routing {
    /// Who says which experts read what.
    pub router: Router,
    /// `E`.
    pub experts: usize,
    /// Experts of a token, of a router that chooses.
    pub k: usize,
    /// What a token is.
    pub tokens: Tokens,
    /// Places, or slots, over tokens.
    pub capacity: f64,
    /// What keeps gates from leaving experts without tokens.
    pub balance: Balance,
    /// The standard deviation of what is added to logits in training, times `E`.
    pub noise: f64,
    /// Whether the router reads tokens of length 1.
    pub normalize: bool,
}

impl Routing {
    /// `experts` of which `router` gives each sample one, with places enough and nothing else.
    pub fn of(router: Router, experts: usize) -> Self {
        Self {
            router,
            experts,
            k: 1,
            tokens: Tokens::Batch,
            capacity: experts as f64,
            balance: Balance::default(),
            noise: 0.0,
            normalize: false,
        }
    }

    /// Experts of a token, whatever the router.
    pub fn choices(&self) -> usize {
        match self.router.way() {
            Way::Chooses { .. } => self.k,
            Way::Hashes | Way::Mixes => 1,
        }
    }

    /// The standard deviation of the noise of logits.
    pub fn deviation(&self) -> f32 {
        (self.noise / self.experts as f64) as f32
    }

    /// Layers of a block.
    pub fn layers(&self) -> usize {
        usize::from(self.router.is_learned()) + 2 * self.experts
    }

    /// `(tokens, numbers of a token)` of a sample's `features`.
    pub fn tokens_of(&self, features: Features) -> [usize; 2] {
        let Features { channels, height, width } = features;
        match self.tokens {
            Tokens::Pixels => [height * width, channels],
            Tokens::Channels => [channels, height * width],
            Tokens::Batch => [1, features.size()],
        }
    }

    /// `p`: slots of an expert, for `tokens` tokens.
    pub fn slots(&self, tokens: usize) -> usize {
        ((tokens as f64 * self.capacity / self.experts as f64).ceil() as usize).max(1)
    }

    /// Outputs of the router over `tokens` tokens a sample.
    pub fn logits(&self, tokens: usize) -> usize {
        match self.router.way() {
            Way::Mixes => self.experts * self.slots(tokens),
            Way::Chooses { .. } | Way::Hashes => self.experts,
        }
    }
}
