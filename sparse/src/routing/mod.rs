//! Layers of which each token takes a few (Clark et al. 2022, 2202.01169; in deep RL Obando-Ceron et al. 2024,
//! 2402.08609): experts, and the router that says which of them reads what.
//!
//! A *token* `x (d)` is a part of a sample's features, or all of them ([`Tokens`]). An expert is
//! `y = W₁ relu(W₀ x + b₀) + b₁`, back to `d` numbers, so that a block of them keeps the shape of its features. With the
//! gates `P = softmax(x W)` over the `E` experts, token by token and without biases:
//!
//! | router | where a token goes | what it gets |
//! |---|---|---|
//! | [`soft`] | to every slot a little | mixtures of what experts make of mixtures |
//! | [`top_k`] | to the experts of its `k` largest gates, while they have places | `Σ P_e · y_e` |
//! | [`s_base`] | in training to the largest entry of the balanced gates, else to its largest gate | `P_e · y_e` |
//! | [`hash`] | where a hash of what the network read, or of its position, says | `y_e` |
//! | [`reinforce`] | in training to a draw from its gates, else to its largest gate | `y_e` |
//!
//! A token without an expert gets zeros. Ties go to the lower index. Outside of training no sample's value depends on
//! another's: nothing is balanced then, nothing drawn, and no place of an expert is shared between samples.
//!
//! In training [`top_k`] may have noise: its gates are those of logits with a draw from `N(0, (noise / E)²)` in each
//! (Riquelme et al. 2021, 2106.05974, section 2.1).
//!
//! The layers of a block are layers of the network like any other, its router first and then those of expert after
//! expert: every method works inside experts. Routers' weights always stay dense, and their biases 0. What a router adds
//! to the loss ([`balance`], [`reinforce`]) is part of the gradients of a pass that trains
//! ([`Ctx::rng`](crate::Ctx::rng)).
//!
//! What is here are functions over plain numbers. A new router is a file and a row.

pub mod balance;
mod block;
mod choice;
pub mod hash;
mod load;
pub mod reinforce;
mod row;
pub mod s_base;
pub mod soft;
pub mod softmax;
pub mod top_k;

pub use balance::Balance;
pub use block::{Block, Member, Runs};
pub use choice::{Routing, Tokens};
pub use load::Load;
pub use row::{Asked, Capacity, Router, RouterRow, Way};

/// The routers of this crate.
pub static ROUTERS: [&RouterRow; 5] =
    [&soft::ROW, &top_k::ROW, &s_base::ROW, &hash::ROW, &reinforce::ROW];
