//! How estimates are resampled.

use sparring_sparse::Seed;

use crate::statistics::Bootstrap;

/// Resamples of a bootstrap: with other ones the ends of an interval move by about a hundredth of its length.
const RESAMPLES: usize = 10_000;

/// Resamples for what is named: the same every time.
pub fn bootstrap(of: &str) -> Bootstrap {
    let seed = Seed::new(0).child("bootstrap").child(of);
    Bootstrap { resamples: RESAMPLES, seed, threads: 1 }
}
