//! Which SIMD a product runs on.

use pulp::{Arch, WithSimd};

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
