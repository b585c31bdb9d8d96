//! Networks on a GPU: memory, kernels and graphs of a device, and a network's twin there.
//!
//! | file | what |
//! |---|---|
//! | `device.rs` | which device a config names, and how it is opened |
//! | `precision.rs` | how activations are stored |
//! | `memory.rs`, `slots.rs` | buffers, host memory that a device reads by itself, and features of a batch |
//! | `kernels.rs`, `kernels/*.cu` | the kernels, their arguments and launch shapes |
//! | `layer.rs`, `conv.rs`, `network.rs` | a network's parameters and structure on the device |
//! | `walk.rs`, `image.rs`, `norm.rs`, `dense.rs` | arguments of convolutions, of what else images need, of layer norms, and of dense layers |
//! | `tiles.rs`, `sample_tiles.rs`, `products.rs` | those of large sparse layers, and products side by side |
//! | `reading.rs`, `outputs.rs` | what a network reads, and what it gives |
//! | `activations.rs`, `pass.rs` | the memory of its passes, and they themselves |
//! | `repeated.rs` | work that is recorded once and asked for again and again |
//! | `trainer.rs` | gradients, moments and the step of the optimiser |
//! | `cuda/` (feature `cuda`) | [`Gpu`] by the driver of CUDA |
//! | `emulator.rs` (feature `emulate`) | [`Gpu`] by the same kernels on this machine's processor, for tests |
//!
//! A network in training stays on the host with all that it is; what a device has is a copy that runs ahead of it.
//! Steps in which a method does nothing but let the optimiser step ([`Trainer::rests`](crate::Trainer::rests)) are
//! taken on the device; before any other, and before anything is read, the host takes the values back. So methods
//! run as they do on the CPU, by the same code, whatever they look at.
//!
//! Activations stand with samples side by side, as on the CPU ([`crate::kernels::lanes`]), with one tile as wide as
//! the batch: a warp loads one feature of 32 samples (Gale, Zaharia, Young and Elsen, SC 2020, section 4). They and
//! their gradients may be stored as bf16 ([`Precision`]), which halves the bytes that sparse products load: what a
//! network reads is rounded, each feature behind its activation, and each gradient behind the slope. What the network
//! gives, weights, their gradients, moments, sums and losses are f32: a checkpoint is the same for both.

mod activations;
mod conv;
#[cfg(feature = "cuda")]
mod cuda;
mod dense;
mod device;
#[cfg(feature = "emulate")]
pub mod emulator;
mod image;
pub mod kernels;
mod layer;
mod memory;
mod network;
mod norm;
mod outputs;
mod pass;
mod precision;
mod products;
mod reading;
mod repeated;
mod sample_tiles;
mod slots;
mod tiles;
mod trainer;
mod walk;

use std::ffi::{c_char, c_void};
use std::fmt::Debug;

use crate::error::SparseError;

pub use activations::DevicePass;
pub use device::DeviceName;
pub use memory::{Buffer, Memory, Pinned, Plain};
pub use network::DeviceNetwork;
pub use outputs::Outputs;
pub use pass::{Use, backward, forward};
pub use precision::{Name, Precision};
pub use reading::{Numbers, Reading, read};
pub use repeated::{RECORDS, Repeated};
pub use slots::Slots;
pub use trainer::{DeviceTrainer, StepOf, lerp, rate, step};

/// What the host asks of a device. Work is done in the order in which it is asked for.
///
/// Addresses are the device's; whoever passes one has the memory behind it.
pub trait Gpu: Debug + Send + Sync {
    /// The device's name, its driver's version, and its memory.
    fn name(&self) -> String;

    /// Bytes of shared memory that a block may have.
    fn shared_bytes(&self) -> usize;

    /// `bytes` that mean nothing until they are written.
    ///
    /// # Errors
    /// No memory left.
    fn alloc(&self, bytes: usize) -> Result<Memory, SparseError>;

    /// `bytes` of the host's memory that [`Self::upload`] and [`Self::download`] may use.
    ///
    /// # Errors
    /// No memory left.
    fn pinned(&self, bytes: usize) -> Result<Pinned, SparseError>;

    /// Copies `from` to the device and waits for it.
    ///
    /// # Safety
    /// The memory at `to` is the device's and has as many bytes.
    ///
    /// # Errors
    /// Those of the device.
    unsafe fn write(&self, to: u64, from: &[u8]) -> Result<(), SparseError>;

    /// Copies to `into` once all work before it is done.
    ///
    /// # Safety
    /// The memory at `from` is the device's and has as many bytes.
    ///
    /// # Errors
    /// Those of the device, and of the work before.
    unsafe fn read(&self, from: u64, into: &mut [u8]) -> Result<(), SparseError>;

    /// Lets the device copy all of `from` to `to`, without waiting.
    ///
    /// # Safety
    /// As [`Self::write`]; `from` is not changed before [`Self::wait`].
    ///
    /// # Errors
    /// Those of the device.
    unsafe fn upload(&self, to: u64, from: &Pinned) -> Result<(), SparseError>;

    /// As [`Self::upload`], but beside the work that was asked for before, which does not touch `to`; what is asked for
    /// next comes after it.
    ///
    /// # Safety
    /// As [`Self::upload`].
    ///
    /// # Errors
    /// Those of the device.
    unsafe fn upload_ahead(&self, to: u64, from: &Pinned) -> Result<(), SparseError> {
        // SAFETY: the caller's.
        unsafe { self.upload(to, from) }
    }

    /// Lets the device fill `into` from `from`, without waiting.
    ///
    /// # Safety
    /// As [`Self::read`]; `into` is not read before [`Self::wait`].
    ///
    /// # Errors
    /// Those of the device.
    unsafe fn download(&self, from: u64, into: &Pinned) -> Result<(), SparseError>;

    /// Lets the kernel `name` of `kernels` run.
    ///
    /// # Safety
    /// `argument` holds the one argument of that kernel, and what it points to is as the
    /// kernel says.
    ///
    /// # Errors
    /// A kernel that is not there, and what the device refuses.
    unsafe fn launch(
        &self,
        kernels: &'static Kernels,
        name: &'static str,
        shape: Launch,
        argument: &[u64],
    ) -> Result<(), SparseError>;

    /// Lets what `work` asks for run beside what is asked for next, until [`Self::join`]: after all before it.
    ///
    /// # Errors
    /// Those of `work`.
    fn beside(&self, work: &mut dyn FnMut() -> Result<(), SparseError>) -> Result<(), SparseError> {
        work()
    }

    /// Lets what is asked for next come after all that runs [beside](Self::beside).
    ///
    /// # Errors
    /// Those of the device.
    fn join(&self) -> Result<(), SparseError> {
        Ok(())
    }

    /// A mark among the work that is asked for.
    ///
    /// # Errors
    /// Those of the device.
    fn mark(&self) -> Result<Box<dyn Mark>, SparseError>;

    /// Waits until all work is done.
    ///
    /// # Errors
    /// Those of that work.
    fn wait(&self) -> Result<(), SparseError>;

    /// Keeps what `work` launches and copies as one piece that can be run again, without running it.
    ///
    /// # Errors
    /// Those of `work`.
    fn record(
        &self,
        work: &mut dyn FnMut() -> Result<(), SparseError>,
    ) -> Result<Box<dyn Graph>, SparseError>;

    /// What it was asked for so far; what a graph repeats counts each time.
    fn asked(&self) -> Asked;
}

/// A place between what was asked for and what will be.
pub trait Mark: Debug + Send + Sync {
    /// Stands behind all that was asked for so far.
    ///
    /// # Errors
    /// Those of the device.
    fn set(&self) -> Result<(), SparseError>;

    /// Waits until all before it is done.
    ///
    /// # Errors
    /// Those of that work.
    fn wait(&self) -> Result<(), SparseError>;
}

/// Work that is asked for as one piece. The memory that it names must be there still.
pub trait Graph: Debug + Send {
    /// Lets it run once more.
    ///
    /// # Errors
    /// Those of the device.
    fn replay(&self) -> Result<(), SparseError>;
}

/// How often a device was asked for what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// Kernels.
    pub launches: u64,
    /// Copies to the device.
    pub uploads: u64,
    /// Copies from the device.
    pub downloads: u64,
    /// Times that the host waited.
    pub waits: u64,
    /// Pieces of memory.
    pub allocations: u64,
    /// Their bytes.
    pub allocated: u64,
}

/// How a kernel is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Launch {
    /// Blocks.
    pub grid: [u32; 3],
    /// Threads of a block.
    pub block: [u32; 3],
    /// Bytes of dynamic shared memory.
    pub shared: u32,
}

/// The kernels of a crate.
#[derive(Debug)]
pub struct Kernels {
    /// What `nvcc` made of them; nothing without the feature `cuda`.
    pub image: &'static [u8],
    /// The same kernels on the host, with the feature `emulate`.
    pub host: Option<HostLaunch>,
}

/// Runs a kernel on the host: its name, grid, block, dynamic shared memory and argument, and a seed by which the
/// order of its threads is drawn. False where there is no such kernel.
pub type HostLaunch =
    unsafe extern "C" fn(*const c_char, *const u32, *const u32, u32, *const c_void, u64) -> bool;

/// An error of a device.
pub(crate) fn failed(what: &str, why: impl std::fmt::Display) -> SparseError {
    SparseError::Device { problem: format!("{what}: {why}") }
}
