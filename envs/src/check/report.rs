//! The outcome of a check.

/// What [`crate::check_env`] found out about an env that keeps the contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckReport {
    /// The id of the env.
    pub id: &'static str,
    /// The names of the checks, all passed.
    pub checks: Vec<&'static str>,
    /// Whether another seed gave another course under the same actions.
    pub random: bool,
    /// Episodes that ended by themselves or at the time limit while one seed was followed.
    pub episodes: usize,
}
