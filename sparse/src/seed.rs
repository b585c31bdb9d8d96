//! Named seed streams: every consumer of randomness has its own, derived from one run seed.
//!
//! `key(child) = SHA-256("sparring seed 1" ‖ key(parent) ‖ name)`, and a stream is ChaCha8 under its
//! key. Names are hashed, never added, so the streams of run seed 1 share nothing with those of run
//! seed 2, which `seed + i` cannot promise.

use std::convert::Infallible;

use rand::rngs::ChaCha8Rng;
use rand::{SeedableRng, TryRng};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

/// The generator of agents and methods: portable, and the same on every platform. It is saved as its key and
/// its place.
#[derive(Debug, PartialEq, Eq)]
pub struct Rng(ChaCha8Rng);

impl TryRng for Rng {
    type Error = Infallible;

    #[inline]
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.0.try_next_u32()
    }

    #[inline]
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.0.try_next_u64()
    }

    #[inline]
    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.0.try_fill_bytes(bytes)
    }
}

impl Serialize for Rng {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.0.serialize_state().as_slice().serialize(to)
    }
}

impl<'de> Deserialize<'de> for Rng {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let bytes = Vec::<u8>::deserialize(from)?;
        let found = bytes.len();
        let state = bytes
            .as_slice()
            .try_into()
            .map_err(|_| D::Error::invalid_length(found, &"the bytes of a ChaCha8 stream"))?;
        Ok(Self(ChaCha8Rng::deserialize_state(state)))
    }
}

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
        Rng(ChaCha8Rng::from_seed(self.key))
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

#[cfg(test)]
mod tests {
    use rand::RngExt;

    use super::*;

    #[test]
    fn a_stream_goes_on_where_it_stood() {
        let mut rng = Seed::new(1).rng();
        assert_ne!([(); 5].map(|()| rng.random::<u32>()), [0; 5]);
        let saved = serde_json::to_string(&rng).unwrap();
        let mut again = serde_json::from_str::<Rng>(&saved).unwrap();
        let mut whole = Seed::new(1).rng();
        assert_ne!([(); 5].map(|()| whole.random::<u32>()), [0; 5]);
        assert!((0..100).all(|_| again.random::<u64>() == whole.random::<u64>()));
        assert!(serde_json::from_str::<Rng>("[1,2]").is_err());
    }
}
