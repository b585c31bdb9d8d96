//! The kernels of losses and policies: their arguments, as `kernels/losses.h` has them, and how they are laid out.
//!
//! `rows` are as the host has them, `(batch, width)`; slots are `(features, ld)`, those of actions and gradients as
//! `stored` says, those of a network's outputs `f32`.

use sparring_sparse::gpu::kernels::Argument;
use sparring_sparse::gpu::{Kernels, Launch, Precision};

/// Those of this crate.
pub static KERNELS: Kernels = Kernels {
    #[cfg(feature = "cuda")]
    image: include_bytes!(concat!(env!("OUT_DIR"), "/agents.fatbin")),
    #[cfg(not(feature = "cuda"))]
    image: &[],
    #[cfg(feature = "emulate")]
    host: Some(sparring_agents_launch),
    #[cfg(not(feature = "emulate"))]
    host: None,
};

#[cfg(feature = "emulate")]
unsafe extern "C" {
    fn sparring_agents_launch(
        name: *const std::ffi::c_char,
        grid: *const u32,
        block: *const u32,
        shared: u32,
        argument: *const std::ffi::c_void,
        order: u64,
    ) -> bool;
}

/// Of `draw`: actions and their log-probabilities, see [`crate::tanh_normal`].
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Draw {
    /// Slots `(2 · act_dim, ld)`.
    pub head: u64,
    /// Rows `(batch, act_dim)`.
    pub noise: u64,
    /// Slots `(act_dim · copies, ld)`.
    pub action: u64,
    /// `(ld)`.
    pub log_prob: u64,
    /// Samples.
    pub batch: u32,
    /// Samples, rounded up.
    pub ld: u32,
    /// Numbers of an action.
    pub act_dim: u32,
    /// How often a critic sees each.
    pub copies: u32,
    /// Bounds of `log σ`.
    pub log_std: [f32; 2],
    /// How slots are stored.
    pub stored: Precision,
    /// Nothing.
    pub pad: u32,
}

/// Of `soft_critic`, see [`crate::losses::soft::critic`].
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct SoftCritic {
    /// `(ld)` each.
    pub q_next: [u64; 2],
    /// `(ld)` each.
    pub q: [u64; 2],
    /// `(ld)`, of the successors' actions.
    pub log_prob: u64,
    /// `(batch)`.
    pub reward: u64,
    /// `(batch)`.
    pub discount: u64,
    /// `log α`.
    pub log_alpha: u64,
    /// `(ld)` each.
    pub dq: [u64; 2],
    /// The sum of both losses, and the mean of the first critic.
    pub metrics: u64,
    /// Samples.
    pub batch: u32,
    /// Samples, rounded up.
    pub ld: u32,
    /// What rewards are multiplied by.
    pub reward_scale: f32,
    /// How slots are stored.
    pub stored: Precision,
}

/// Of `soft_actor`, see [`crate::losses::soft::actor`], with the step of the temperature.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct SoftActor {
    /// `(ld)`.
    pub log_prob: u64,
    /// `(ld)` each.
    pub q: [u64; 2],
    /// `(ld)` each.
    pub dq: [u64; 2],
    /// One number.
    pub by_log_prob: u64,
    /// `log α` and its two moments.
    pub log_alpha: u64,
    /// The loss, and the mean of the log-probabilities.
    pub metrics: u64,
    /// The temperature's learning rate with the corrections of its step.
    pub rate: u64,
    /// Samples.
    pub batch: u32,
    /// Samples, rounded up.
    pub ld: u32,
    /// Whether the temperature is learnt.
    pub learns: u32,
    /// Of all dimensions.
    pub target_entropy: f32,
    /// `β₁`.
    pub beta1: f32,
    /// `β₂`.
    pub beta2: f32,
    /// `ε`.
    pub eps: f32,
    /// How slots are stored.
    pub stored: Precision,
}

/// Of `draw_grad`, see [`crate::tanh_normal`].
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct DrawGrad {
    /// Slots `(2 · act_dim, ld)`.
    pub head: u64,
    /// Rows `(batch, act_dim)`.
    pub noise: u64,
    /// Slots `(act_dim · copies, ld)` of each critic.
    pub dx: [u64; 2],
    /// One number.
    pub by_log_prob: u64,
    /// Slots `(2 · act_dim, ld)`.
    pub dhead: u64,
    /// Samples.
    pub batch: u32,
    /// Samples, rounded up.
    pub ld: u32,
    /// Numbers of an action.
    pub act_dim: u32,
    /// How often a critic sees each.
    pub copies: u32,
    /// Bounds of `log σ`.
    pub log_std: [f32; 2],
    /// How slots are stored.
    pub stored: Precision,
    /// Nothing.
    pub pad: u32,
}

/// Of `td`, see [`crate::losses::td`].
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Td {
    /// Slots `(width, ld)`.
    pub q: u64,
    /// Slots `(width, ld)` of the target network.
    pub next: u64,
    /// Slots `(width, ld)` by which the next action is chosen; 0 for `next` itself.
    pub chooses: u64,
    /// `(batch)`.
    pub action: u64,
    /// `(batch)`.
    pub reward: u64,
    /// `(batch)`.
    pub discount: u64,
    /// `(batch)`.
    pub weight: u64,
    /// Slots `(width, ld)`.
    pub dq: u64,
    /// `(batch)`.
    pub delta: u64,
    /// The loss, and the mean of what was taken.
    pub metrics: u64,
    /// Samples.
    pub batch: u32,
    /// Samples, rounded up.
    pub ld: u32,
    /// Actions.
    pub actions: u32,
    /// Whether the head duels.
    pub dueling: u32,
    /// Whether the loss is Huber's.
    pub huber: u32,
    /// How slots are stored.
    pub stored: Precision,
}

/// Of `surrogate`, see [`crate::losses::surrogate`].
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Surrogate {
    /// Slots `(width, ld)`.
    pub head: u64,
    /// Rows `(batch, act_dim)`.
    pub action: u64,
    /// `(batch)`.
    pub log_prob: u64,
    /// `(batch)`.
    pub advantage: u64,
    /// `b (width)`.
    pub std_param: u64,
    /// Slots `(width, ld)`.
    pub dhead: u64,
    /// `(width)`.
    pub dstd: u64,
    /// The loss, the divergence, the fraction that is clipped, the entropy.
    pub metrics: u64,
    /// Samples.
    pub batch: u32,
    /// Samples, rounded up.
    pub ld: u32,
    /// Outputs of the head.
    pub width: u32,
    /// Whether actions are points of a box.
    pub gaussian: u32,
    /// `ε`.
    pub clip: f32,
    /// `c`.
    pub entropy_coef: f32,
    /// How slots are stored.
    pub stored: Precision,
    /// Nothing.
    pub pad: u32,
}

/// Of `value_loss`, see [`crate::losses::surrogate`].
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Value {
    /// `(ld)`.
    pub value: u64,
    /// `(batch)`.
    pub old: u64,
    /// `(batch)`.
    pub ret: u64,
    /// `(ld)`.
    pub dvalue: u64,
    /// The loss.
    pub metrics: u64,
    /// Samples.
    pub batch: u32,
    /// Samples, rounded up.
    pub ld: u32,
    /// Whether values are clipped.
    pub clips: u32,
    /// `ε_v`.
    pub clip: f32,
    /// `c_v`.
    pub coef: f32,
    /// How slots are stored.
    pub stored: Precision,
}

// SAFETY: structs of C whose fields of 8 bytes come first and whose sizes are multiples of 8.
unsafe impl Argument for Draw {}
// SAFETY: as above.
unsafe impl Argument for SoftCritic {}
// SAFETY: as above.
unsafe impl Argument for SoftActor {}
// SAFETY: as above.
unsafe impl Argument for DrawGrad {}
// SAFETY: as above.
unsafe impl Argument for Td {}
// SAFETY: as above.
unsafe impl Argument for Surrogate {}
// SAFETY: as above.
unsafe impl Argument for Value {}

/// One block that sums over the batch in a fixed order.
pub fn one_block<T>(_: &T) -> Launch {
    Launch { grid: [1, 1, 1], block: [256, 1, 1], shared: 0 }
}

impl Draw {
    /// 32 samples a warp, and the numbers of an action by all warps of a block.
    pub fn shape(&self) -> Launch {
        samples(self.ld)
    }
}

impl DrawGrad {
    /// 32 samples a warp, and the numbers of an action by all warps of a block.
    pub fn shape(&self) -> Launch {
        samples(self.ld)
    }
}

fn samples(ld: u32) -> Launch {
    Launch { grid: [ld / 32, 1, 1], block: [32, 8, 1], shared: 0 }
}
