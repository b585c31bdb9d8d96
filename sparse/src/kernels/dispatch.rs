//! Which SIMD a product runs on.

use std::fmt;

use pulp::{Arch, WithSimd};

/// The sets of SIMD instructions that products are written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SimdLevel {
    /// AVX-512: 16 numbers at once.
    Avx512,
    /// AVX2 with FMA: 8 numbers at once.
    Avx2,
    /// NEON: 4 numbers at once.
    Neon,
    /// None.
    Plain,
}

impl SimdLevel {
    /// The widest of this machine, on which all products run.
    pub fn of_this_machine() -> Self {
        match Arch::new() {
            #[cfg(target_arch = "x86_64")]
            Arch::V4(_) => Self::Avx512,
            #[cfg(target_arch = "x86_64")]
            Arch::V3(_) => Self::Avx2,
            #[cfg(target_arch = "aarch64")]
            Arch::Neon(_) => Self::Neon,
            _ => Self::Plain,
        }
    }
}

impl fmt::Display for SimdLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Avx512 => "AVX-512",
            Self::Avx2 => "AVX2",
            Self::Neon => "NEON",
            Self::Plain => "no SIMD",
        })
    }
}

/// Runs `work` on the widest SIMD of this machine: AVX-512, AVX2 with FMA, NEON, or plain.
pub(crate) fn dispatch<W: WithSimd>(work: W) -> W::Output {
    #[cfg(test)]
    if let Some(level) = tests::LEVEL.get() {
        return tests::on(level, work);
    }
    Arch::new().dispatch(work)
}

/// Lets tests choose.
#[cfg(test)]
pub(crate) mod tests {
    use std::cell::Cell;

    use pulp::{Scalar, Simd};

    use super::*;

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) enum Level {
        Avx2,
        Plain,
    }

    /// Every level, the machine's own first.
    pub(crate) const LEVELS: [Option<Level>; 3] = [None, Some(Level::Avx2), Some(Level::Plain)];

    thread_local! {
        /// What this thread runs on; none is the machine's own.
        pub(crate) static LEVEL: Cell<Option<Level>> = const { Cell::new(None) };
    }

    pub(super) fn on<W: WithSimd>(level: Level, work: W) -> W::Output {
        match level {
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => match pulp::x86::V3::try_new() {
                Some(v3) => Simd::vectorize(v3, work),
                None => Arch::new().dispatch(work),
            },
            #[cfg(not(target_arch = "x86_64"))]
            Level::Avx2 => Arch::new().dispatch(work),
            Level::Plain => Simd::vectorize(Scalar::new(), work),
        }
    }
}
