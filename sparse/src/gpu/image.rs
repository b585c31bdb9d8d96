//! The kernels of images but convolutions: their arguments, as `kernels/planes.h` has them, and how they are laid out.

use super::kernels::Argument;
use super::{Launch, Precision};
use crate::kernels::Plane;

/// Features as slots.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Pixelled {
    channels: u32,
    height: u32,
    width: u32,
    origin: u32,
    row: u32,
    channel: u32,
}

impl From<&Plane> for Pixelled {
    fn from(of: &Plane) -> Self {
        let all = [of.channels, of.height, of.width, of.origin(), of.row(), of.channel()];
        let [channels, height, width, origin, row, channel] = all.map(|slots| slots as u32);
        Self { channels, height, width, origin, row, channel }
    }
}

impl Pixelled {
    fn features(&self) -> u32 {
        self.channels * self.height * self.width
    }
}

/// Of `bytes_in` and `floats_in`: rows `(batch, features)` to the slots of a plane.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Images {
    /// Bytes or floats.
    pub rows: u64,
    /// The slots.
    pub slots: u64,
    /// Samples.
    pub batch: u32,
    /// Samples, rounded up.
    pub ld: u32,
    /// Where features stand.
    pub plane: Pixelled,
    /// What each number is divided by.
    pub divisor: f32,
    /// How slots are stored.
    pub stored: Precision,
}

/// Of `pool_forward` and `pool_backward`, see [`crate::kernels::pool`].
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Pool {
    /// What is pooled.
    pub x: u64,
    /// What came of it.
    pub y: u64,
    /// Its gradient.
    pub dy: u64,
    /// What is written.
    pub to: u64,
    /// Rows of a window.
    pub kernel_y: u32,
    /// Its columns.
    pub kernel_x: u32,
    /// From window to window.
    pub stride: u32,
    /// Rows of windows above the image.
    pub top: u32,
    /// Columns before it.
    pub left: u32,
    /// Samples, rounded up.
    pub ld: u32,
    /// Where `x` stands.
    pub x_plane: Pixelled,
    /// Where `y` stands.
    pub y_plane: Pixelled,
    /// Where `dy` stands.
    pub dy_plane: Pixelled,
    /// Where `to` stands.
    pub to_plane: Pixelled,
    /// How all are stored but what comes of it.
    pub stored: Precision,
    /// How that is.
    pub y_stored: Precision,
}

/// What `pixels` does with each feature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum What {
    /// `to = from`.
    Copy,
    /// `to += from`.
    Add,
    /// `to = act(from)`.
    Activate,
    /// `to *= act′(from)`.
    Chain,
}

/// Of `pixels`: between planes of the same features.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Pixels {
    /// What is read.
    pub from: u64,
    /// What is changed.
    pub to: u64,
    /// Where the first stands.
    pub from_plane: Pixelled,
    /// Where the second stands.
    pub to_plane: Pixelled,
    /// Samples, rounded up.
    pub ld: u32,
    /// [`What`].
    pub what: u32,
    /// Which function.
    pub activation: u32,
    /// How the first is stored.
    pub from_stored: Precision,
    /// How the second is.
    pub to_stored: Precision,
    /// Nothing.
    pub pad: u32,
}

impl Images {
    /// 128 features of 32 samples a block.
    pub fn shape(&self) -> Launch {
        let grid = [self.plane.features().div_ceil(128), self.ld / 32, 1];
        Launch { grid, block: [32, 8, 1], shared: 0 }
    }
}

impl Pool {
    /// Forward, eight outputs of 32 samples a block.
    pub fn shape(&self) -> Launch {
        by_eight(self.to_plane, self.ld)
    }

    /// Back, eight inputs.
    pub fn back_shape(&self) -> Launch {
        by_eight(self.x_plane, self.ld)
    }
}

impl Pixels {
    /// Eight features of 32 samples a block.
    pub fn shape(&self) -> Launch {
        by_eight(self.from_plane, self.ld)
    }
}

fn by_eight(plane: Pixelled, ld: u32) -> Launch {
    Launch { grid: [plane.features().div_ceil(8), ld / 32, 1], block: [32, 8, 1], shared: 0 }
}

// SAFETY: structs of C whose fields of 8 bytes come first and whose sizes are multiples of 8.
unsafe impl Argument for Images {}
// SAFETY: as above.
unsafe impl Argument for Pool {}
// SAFETY: as above.
unsafe impl Argument for Pixels {}
