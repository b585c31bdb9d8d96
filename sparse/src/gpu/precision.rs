//! How a device stores slots: what stands between layers, and the gradients of it.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a device stores activations and their gradients; all else is `f32`, and so is all arithmetic. In kernels'
/// arguments it is a number, as `kernels/stored.h` has it.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[repr(u32)]
pub enum Precision {
    /// As they are.
    #[default]
    F32,
    /// Half of the bytes: the upper half of an `f32`, rounded to the nearest, ties to even (8 bits of precision).
    Bf16,
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
        })
    }
}

impl Precision {
    /// Bytes of a number.
    pub const fn bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::Bf16 => 2,
        }
    }

    /// Samples of a slot in 16 bytes.
    pub(super) const fn samples(self) -> u32 {
        16 / self.bytes() as u32
    }
}

/// A kernel's name for each [`Precision`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name {
    pub(super) f32: &'static str,
    pub(super) bf16: &'static str,
}

impl Name {
    /// That of the kernel that reads slots of `precision`.
    pub fn of(self, precision: Precision) -> &'static str {
        match precision {
            Precision::F32 => self.f32,
            Precision::Bf16 => self.bf16,
        }
    }
}

/// The [`Name`] of a kernel that `kernels/common.h` makes for both.
macro_rules! both {
    ($name:literal) => {
        $crate::gpu::precision::Name { f32: $name, bf16: concat!($name, "_bf16") }
    };
}
pub(super) use both;
