//! The normalised returns that a law's rows are of.

/// What a law takes as thresholds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Thresholds {
    /// It takes none.
    None,
    /// A fit for each.
    Apart {
        /// Unless said; none where the law is then of final scores.
        usual: Option<f64>,
    },
    /// Several in one fit, these unless said.
    Together(&'static [f64]),
}

impl Thresholds {
    /// Those unless said.
    pub fn usual(self) -> Vec<f64> {
        match self {
            Self::None => Vec::new(),
            Self::Apart { usual } => usual.into_iter().collect(),
            Self::Together(usual) => usual.to_vec(),
        }
    }
}
