//! The kernels of networks: their arguments, as `kernels/common.h` has them, and how they are laid out.
//!
//! Each kernel does the same for up to [`MOST`] networks at once, the blocks of a network side by side in `z`: at the
//! sizes of reinforcement learning launches cost more than work. Slots are `(features, ld)`, stored as the kernel's
//! [`Name`] or its argument says.

use super::precision::both;
use super::{Gpu, Kernels, Launch, Name, Precision};
use crate::error::SparseError;
use crate::layers::Activation;

/// Networks of one launch.
pub const MOST: usize = 4;

/// Those of this crate.
pub static KERNELS: Kernels = Kernels {
    #[cfg(feature = "cuda")]
    image: include_bytes!(concat!(env!("OUT_DIR"), "/sparse.fatbin")),
    #[cfg(not(feature = "cuda"))]
    image: &[],
    #[cfg(feature = "emulate")]
    host: Some(sparring_sparse_launch),
    #[cfg(not(feature = "emulate"))]
    host: None,
};

#[cfg(feature = "emulate")]
unsafe extern "C" {
    fn sparring_sparse_launch(
        name: *const std::ffi::c_char,
        grid: *const u32,
        block: *const u32,
        shared: u32,
        argument: *const std::ffi::c_void,
        order: u64,
    ) -> bool;
}

/// The argument of a kernel, a struct of C.
///
/// # Safety
/// `#[repr(C)]`, aligned to 8 bytes and without padding; addresses are a device's.
pub unsafe trait Argument: Copy {}

/// Lets the kernel `name` run for `each`, as many of them in one launch as it can take.
///
/// # Safety
/// `each` are the arguments of that kernel, and the memory behind their addresses is as it says.
///
/// # Errors
/// Those of the device.
pub unsafe fn launch<T: Argument>(
    gpu: &dyn Gpu,
    kernels: &'static Kernels,
    name: &'static str,
    each: &[T],
    shape: impl Fn(&T) -> Launch,
) -> Result<(), SparseError> {
    for some in each.chunks(MOST) {
        let mut at = Launch { grid: [1, 1, some.len() as u32], block: [1; 3], shared: 0 };
        for Launch { grid, block, shared } in some.iter().map(&shape) {
            at.grid = [at.grid[0].max(grid[0]), at.grid[1].max(grid[1]), at.grid[2]];
            (at.block, at.shared) = (block, at.shared.max(shared));
        }
        let words = size_of::<T>() / size_of::<u64>();
        let mut argument = vec![0u64; MOST * words];
        for (place, one) in argument.chunks_exact_mut(words).zip(some) {
            // SAFETY: `Argument`: as many whole words.
            unsafe { std::ptr::from_mut(place).cast::<T>().write_unaligned(*one) };
        }
        // SAFETY: the caller's.
        unsafe { gpu.launch(kernels, name, at, &argument)? };
    }
    Ok(())
}

/// Samples side by side: a batch, rounded up to whole warps.
pub fn ld(batch: usize) -> usize {
    batch.next_multiple_of(32)
}

/// An activation as a kernel knows it.
pub fn activation(activation: Activation) -> u32 {
    match activation {
        Activation::Identity => 0,
        Activation::Relu => 1,
        Activation::Tanh => 2,
    }
}

/// Of `rows_in` and `rows_out`: `rows (batch, width)` and `slots (width, ld)`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Rows {
    /// Samples one after the other.
    pub rows: u64,
    /// Features one after the other.
    pub slots: u64,
    /// Samples.
    pub batch: u32,
    /// Samples, rounded up.
    pub ld: u32,
    /// Features.
    pub width: u32,
    /// How slots are stored.
    pub stored: Precision,
}

/// Of `gather`: `to (rows, ld)` from `from`, see [`crate::kernels::gather`].
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Gather {
    /// Bounds of the rows.
    pub ptr: u64,
    /// The slot of each entry.
    pub index: u64,
    /// Which value each entry has; 0 for its own.
    pub perm: u64,
    /// `(nnz)`.
    pub value: u64,
    /// `(rows)`, or 0.
    pub bias: u64,
    /// What is gathered.
    pub from: u64,
    /// What the layer below gave, for the way back; 0 for the way forward.
    pub y: u64,
    /// `(rows, ld)`.
    pub to: u64,
    /// Rows.
    pub rows: u32,
    /// Samples, rounded up.
    pub ld: u32,
    /// The layer's, or that of the layer below.
    pub activation: u32,
    /// How `to` is stored: as what is read, or `f32`.
    pub gives: Precision,
}

/// Of `sample`: `dw (nnz) = dy (rows, ld) · xᵀ` where weights are active, and `db (rows)`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Sample {
    /// Bounds of the rows.
    pub ptr: u64,
    /// The slot of each entry.
    pub index: u64,
    /// `(rows, ld)`.
    pub dy: u64,
    /// `(cols, ld)`.
    pub x: u64,
    /// `(nnz)`.
    pub dw: u64,
    /// `(rows)`, or 0.
    pub db: u64,
    /// Rows.
    pub rows: u32,
    /// Samples, rounded up.
    pub ld: u32,
}

/// Parameters that decay alike.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[repr(C)]
pub struct Part {
    /// The first.
    pub start: u32,
    /// The one behind the last.
    pub end: u32,
    /// How strongly they pull on their gradient.
    pub l2: f32,
    /// What decoupled decay keeps of them.
    pub keep: f32,
}

// SAFETY: numbers without padding.
unsafe impl super::Plain for Part {}

/// Of `squares`: block `b` sums its share of `(g + l2 w)²` into `partial[b]`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Squares {
    /// `(n)`.
    pub w: u64,
    /// `(n)`.
    pub g: u64,
    /// [`Part`]s.
    pub parts: u64,
    /// `(blocks)`, in double precision.
    pub partial: u64,
    /// Parameters.
    pub n: u32,
    /// How many parts.
    pub num_parts: u32,
}

/// Of `step`: a step of the optimiser, see [`crate::optim`].
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Step {
    /// `(n)`.
    pub w: u64,
    /// `(n)`.
    pub g: u64,
    /// `(n)`.
    pub m: u64,
    /// `(n)`, or 0.
    pub v: u64,
    /// [`Part`]s.
    pub parts: u64,
    /// What `squares` gave.
    pub partial: u64,
    /// One number: the learning rate, with the rule's corrections for this step.
    pub rate: u64,
    /// One number: where the norm goes.
    pub norm: u64,
    /// Parameters.
    pub n: u32,
    /// How many parts.
    pub num_parts: u32,
    /// Sums of squares.
    pub blocks: u32,
    /// 1 for Adam, 0 for SGD.
    pub adam: u32,
    /// `β₁`, or the momentum.
    pub beta1: f32,
    /// `β₂`.
    pub beta2: f32,
    /// `ε`.
    pub eps: f32,
    /// Largest norm; 0 for any.
    pub max_norm: f32,
}

/// Of `lerp`: `target ← (1 − τ) target + τ online`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Lerp {
    /// `(n)`.
    pub target: u64,
    /// `(n)`.
    pub online: u64,
    /// Parameters.
    pub n: u32,
    /// `τ`.
    pub tau: f32,
}

/// Threads of the kernels that walk over parameters, and their most blocks: eight for each of 132 multiprocessors.
const WALKERS: u32 = 256;
const MOST_BLOCKS: u32 = 1056;

fn walk(n: u32, most: u32) -> Launch {
    let blocks = n.div_ceil(WALKERS).clamp(1, most);
    Launch { grid: [blocks, 1, 1], block: [WALKERS, 1, 1], shared: 0 }
}

impl Rows {
    /// Tiles of 32 features and 32 samples.
    pub fn shape(&self) -> Launch {
        let grid = [self.width.div_ceil(32), self.ld / 32, 1];
        Launch { grid, block: [32, 8, 1], shared: 0 }
    }
}

/// Most samples of which `gather_thin` is faster, by `scripts/gpu/kernels.py` on an H200.
const THIN: u32 = 64;

impl Gather {
    /// Which kernel takes it where it is not tiled: one of a row a warp for few samples, else of four.
    pub fn kernel(&self) -> Name {
        if self.ld <= THIN { both!("gather_thin") } else { both!("gather") }
    }

    /// The shape of [`Self::kernel`] that reads slots of `precision`.
    pub fn shape(&self, precision: Precision) -> Launch {
        let [rows, samples] = if self.ld <= THIN { [4, 32] } else { [16, 8 * precision.samples()] };
        let grid = [self.rows.div_ceil(rows), self.ld.div_ceil(samples), 1];
        Launch { grid, block: [32, 4, 1], shared: 0 }
    }
}

impl Sample {
    /// A row a block, whose warps share its samples and entries.
    pub fn shape(&self) -> Launch {
        Launch { grid: [self.rows, 1, 1], block: [32, 8, 1], shared: 0 }
    }
}

impl Squares {
    /// Most blocks, and so most partial sums.
    pub const MOST: u32 = 512;

    /// One partial sum a block, eight parameters a thread.
    pub fn shape(&self) -> Launch {
        walk(self.n.div_ceil(8), Self::MOST)
    }
}

impl Step {
    /// Over all parameters.
    pub fn shape(&self) -> Launch {
        walk(self.n, MOST_BLOCKS)
    }
}

impl Lerp {
    /// Over all parameters.
    pub fn shape(&self) -> Launch {
        walk(self.n, MOST_BLOCKS)
    }
}

// SAFETY: structs of C whose fields of 8 bytes come first and whose sizes are multiples of 8.
unsafe impl Argument for Rows {}
// SAFETY: as above.
unsafe impl Argument for Gather {}
// SAFETY: as above.
unsafe impl Argument for Sample {}
// SAFETY: as above.
unsafe impl Argument for Squares {}
// SAFETY: as above.
unsafe impl Argument for Step {}
// SAFETY: as above.
unsafe impl Argument for Lerp {}
