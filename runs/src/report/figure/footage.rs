//! An animation of a policy.

/// An animation.
#[derive(Clone, Debug)]
pub struct Film {
    /// Who plays.
    pub label: String,
    /// What.
    pub env: String,
    /// The run seed of the policy.
    pub seed: u64,
    /// A GIF file.
    pub gif: Vec<u8>,
}
