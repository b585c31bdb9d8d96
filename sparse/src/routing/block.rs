//! A block of experts in its network: which features are its tokens, and which layers it has.

use super::choice::{Routing, Tokens};
use super::row::{Capacity, Way};
use crate::layers::{Activation, Features, Join, Shape};

/// A block in its place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Block {
    /// What is chosen about it.
    pub routing: Routing,
    /// The layer behind which it stands.
    pub behind: usize,
    /// Its first layer.
    pub first: usize,
    /// Tokens of a sample.
    pub tokens: usize,
    /// Numbers of a token.
    pub size: usize,
    /// Features between a token's first number and the next token's.
    pub between: usize,
    /// Features between a token's numbers.
    pub within: usize,
}

/// A layer of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Member {
    /// Its router.
    Router,
    /// The first or the second layer of an expert.
    Expert {
        /// Which expert.
        expert: usize,
        /// 0 or 1.
        layer: usize,
    },
}

/// How often a layer runs, on the average: `times` for `samples` samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Runs {
    /// Rows that it reads.
    pub times: usize,
    /// Of so many samples.
    pub samples: usize,
}

impl Runs {
    /// Once a sample.
    pub const ONE: Self = Self { times: 1, samples: 1 };
}

impl Block {
    /// One that reads `features` behind layer `behind`, with layers from `first` on.
    pub(crate) fn new(routing: Routing, features: Features, behind: usize, first: usize) -> Self {
        let [tokens, size] = routing.tokens_of(features);
        let pixels = features.height * features.width;
        let (between, within) = match routing.tokens {
            Tokens::Pixels => (1, pixels),
            Tokens::Channels => (pixels, 1),
            Tokens::Batch => (1, 1),
        };
        Self { routing, behind, first, tokens, size, between, within }
    }

    /// Its router, of one that is learned.
    pub fn router(&self) -> Option<usize> {
        self.routing.router.is_learned().then_some(self.first)
    }

    /// The layers of expert `expert`.
    pub fn expert(&self, expert: usize) -> [usize; 2] {
        let first = self.first + usize::from(self.routing.router.is_learned()) + 2 * expert;
        [first, first + 1]
    }

    /// Its layers in their order.
    pub(crate) fn members(&self) -> impl Iterator<Item = Member> + use<> {
        let router = self.routing.router.is_learned().then_some(Member::Router);
        let expert = |expert| [0, 1].map(|layer| Member::Expert { expert, layer });
        router.into_iter().chain((0..self.routing.experts).flat_map(expert))
    }

    /// Rows that a layer of it reads, on the average.
    pub(crate) fn runs(&self, member: Member) -> Runs {
        let Routing { router, experts, k, .. } = self.routing;
        match (member, router.way()) {
            (Member::Router, _) => Runs { times: self.tokens, samples: 1 },
            (Member::Expert { .. }, Way::Mixes) => {
                Runs { times: self.routing.slots(self.tokens), samples: 1 }
            }
            (Member::Expert { .. }, Way::Chooses { .. }) => {
                Runs { times: k * self.tokens, samples: experts }
            }
            (Member::Expert { .. }, Way::Hashes) => Runs { times: self.tokens, samples: experts },
        }
    }

    /// How many places experts have among the tokens of `samples` samples; none where they have enough.
    pub(crate) fn capacity(&self, samples: usize, training: bool) -> Option<Capacity> {
        let among = match (self.routing.tokens, training) {
            (Tokens::Pixels | Tokens::Channels, _) => self.tokens,
            (Tokens::Batch, true) => samples,
            // One sample must not take the place of another.
            (Tokens::Batch, false) => return None,
        };
        Some(Capacity { among, places: self.routing.slots(among) })
    }

    /// What is wrong with `member` of these `shape`, `activation` and joins, if anything is; `hidden` is what the first
    /// layer of an expert gives.
    pub(crate) fn misfit(
        &self,
        member: Member,
        (shape, activation, then): (Shape, Activation, &[Join]),
        hidden: &mut usize,
    ) -> Option<&'static str> {
        let Shape::Linear { inputs, outputs } = shape else {
            return Some("a layer of a block of experts that is not linear");
        };
        let fits = match member {
            Member::Router => {
                let logits = self.routing.logits(self.tokens);
                activation == Activation::Identity && [inputs, outputs] == [self.size, logits]
            }
            Member::Expert { layer: 0, .. } => {
                *hidden = outputs;
                activation == Activation::Relu && inputs == self.size
            }
            Member::Expert { .. } => {
                activation == Activation::Identity && [inputs, outputs] == [*hidden, self.size]
            }
        };
        match (fits, then) {
            (true, []) => None,
            (true, [_, ..]) => Some("a step after a layer of a block of experts"),
            (false, _) => Some("a router or an expert that does not fit the tokens"),
        }
    }
}
