//! Which device a config names.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::Gpu;
use crate::error::SparseError;

/// The name of a device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum DeviceName {
    /// This machine's processor.
    #[default]
    Cpu,
    /// CUDA's device of this number.
    Cuda(usize),
    /// CUDA's kernels on this machine's processor: for tests of results, not of speed.
    Emulator,
}

impl fmt::Display for DeviceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu => f.write_str("cpu"),
            Self::Cuda(0) => f.write_str("cuda"),
            Self::Cuda(number) => write!(f, "cuda:{number}"),
            Self::Emulator => f.write_str("emulator"),
        }
    }
}

impl FromStr for DeviceName {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        match name.split_once(':') {
            Some(("cuda", number)) => number.parse().map(Self::Cuda).map_err(|_| ()),
            None if name == "cpu" => Ok(Self::Cpu),
            None if name == "cuda" => Ok(Self::Cuda(0)),
            None if name == "emulator" => Ok(Self::Emulator),
            Some(_) | None => Err(()),
        }
    }
}

impl DeviceName {
    /// The feature that brings it, where this build is without.
    pub fn missing(self) -> Option<&'static str> {
        match self {
            Self::Cuda(_) => (!cfg!(feature = "cuda")).then_some("cuda"),
            Self::Emulator => (!cfg!(feature = "emulate")).then_some("emulate"),
            Self::Cpu => None,
        }
    }

    /// Opens it, with work and memory of its own; none for the processor, on which networks run as they are.
    ///
    /// # Errors
    /// A build without the feature that it takes, no driver, and no such device.
    pub fn open(self) -> Result<Option<Arc<dyn Gpu>>, SparseError> {
        match self {
            Self::Cpu => Ok(None),
            #[cfg(feature = "cuda")]
            Self::Cuda(number) => Ok(Some(Arc::new(super::cuda::Cuda::open(number)?))),
            #[cfg(feature = "emulate")]
            Self::Emulator => Ok(Some(Arc::new(super::emulator::Emulator::new(1)))),
            #[cfg(not(feature = "cuda"))]
            Self::Cuda(_) => Err(self.without("cuda")),
            #[cfg(not(feature = "emulate"))]
            Self::Emulator => Err(self.without("emulate")),
        }
    }

    #[cfg(not(all(feature = "cuda", feature = "emulate")))]
    fn without(self, feature: &str) -> SparseError {
        let why = format!("this build is without it: build with `--features {feature}`");
        super::failed(&self.to_string(), why)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_shown() {
        for name in ["cpu", "cuda", "cuda:3", "emulator"] {
            assert_eq!(name.parse::<DeviceName>().unwrap().to_string(), name);
        }
        for name in ["gpu", "cuda:", "cuda:x", "cpu:0", "", "CUDA"] {
            assert!(name.parse::<DeviceName>().is_err(), "{name}");
        }
    }
}
