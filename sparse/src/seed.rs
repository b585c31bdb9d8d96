//! Named seed streams: every consumer of randomness has its own, derived from one run seed.
//!
//! `key(child) = SHA-256("sparring seed 1" ‖ key(parent) ‖ name)`, and a stream is ChaCha8 under its
//! key. Names are hashed, never added, so the streams of run seed 1 share nothing with those of run
//! seed 2, which `seed + i` cannot promise.

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use sha2::{Digest, Sha256};

/// The generator of agents and methods: portable, and the same on every platform.
pub type Rng = ChaCha8Rng;

/// A node in the tree of seeds.
///
/// ```
/// use sparring_sparse::seed::Seed;
/// let run = Seed::new(1);
/// assert_eq!(run.child("env").child("3").value(), run.child("env").child("3").value());
/// assert_ne!(run.child("explore").value(), run.child("replay").value());
/// assert_ne!(run.child("env").value(), Seed::new(2).child("env").value());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seed {
    key: [u8; 32],
}

impl Seed {
    /// The root of a run.
    pub fn new(run_seed: u64) -> Self {
        Self::derive(&[0; 32], &run_seed.to_le_bytes())
    }

    /// The stream `name` below this one.
    pub fn child(&self, name: &str) -> Self {
        Self::derive(&self.key, name.as_bytes())
    }

    /// A generator at the start of this stream.
    pub fn rng(&self) -> Rng {
        Rng::from_seed(self.key)
    }

    /// 64 bits of this stream, for a consumer that seeds a generator of its own (an environment).
    pub fn value(&self) -> u64 {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&self.key[..8]);
        u64::from_le_bytes(bytes)
    }

    fn derive(parent: &[u8; 32], name: &[u8]) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"sparring seed 1");
        hash.update(parent);
        hash.update(name);
        Self { key: hash.finalize().into() }
    }
}
