//! The count of what a network has computed.

use std::iter::Sum;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

/// Floating-point operations that a network has executed since it was made, those that its forms of
/// computing really take: `2` a multiply-add of an active weight, or of every weight of a layer that
/// is computed dense. What products leave out of units that are zero in a whole batch ([`crate::kernels::live`]) is
/// counted: it depends on the batch, not on the network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Executed {
    /// Of forward passes.
    pub forward: u64,
    /// Of backward passes, probes included.
    pub backward: u64,
}

impl Executed {
    /// Of all passes.
    pub fn total(self) -> u64 {
        self.forward + self.backward
    }
}

impl Sum for Executed {
    fn sum<I: Iterator<Item = Self>>(networks: I) -> Self {
        networks.fold(Self::default(), |sum, one| Self {
            forward: sum.forward + one.forward,
            backward: sum.backward + one.backward,
        })
    }
}

/// A count that the passes of a network share.
#[derive(Debug, Default)]
pub(crate) struct Counter {
    forward: AtomicU64,
    backward: AtomicU64,
}

impl Counter {
    /// Counts a pass.
    pub fn add(&self, pass: Executed) {
        self.forward.fetch_add(pass.forward, Ordering::Relaxed);
        self.backward.fetch_add(pass.backward, Ordering::Relaxed);
    }

    /// The count so far.
    pub fn get(&self) -> Executed {
        let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Executed { forward: load(&self.forward), backward: load(&self.backward) }
    }

    /// Goes on from `executed`.
    pub fn set(&self, executed: Executed) {
        self.forward.store(executed.forward, Ordering::Relaxed);
        self.backward.store(executed.backward, Ordering::Relaxed);
    }
}
