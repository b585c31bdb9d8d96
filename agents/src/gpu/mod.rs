//! Agents on a device: what a gradient step takes there and back, and the kernels of its losses.
//!
//! An agent keeps its networks on the host and a copy on the device that runs ahead; see [`sparring_sparse::gpu`].
//! One gradient step is one copy there, one graph of kernels, one copy back, which the host reads after it has asked for
//! the next step. Nothing is allocated and nobody waits within.
//!
//! | file | what |
//! |---|---|
//! | `kernels.rs`, `kernels/*.cu` | the kernels of losses and policies, and their arguments |
//! | `turns.rs` | the steps that are under way |
//! | `slab.rs` | the numbers of a gradient step, in one piece |
//! | `newest.rs` | where the newest values are, and acting by them |

pub(crate) mod kernels;
pub(crate) mod newest;
pub(crate) mod slab;
pub(crate) mod turns;
