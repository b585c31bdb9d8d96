//! A figure: what is seen, and the words around it.

use super::footage::Film;
use crate::chart::Panel;

/// A picture and what is said of it.
#[derive(Clone, Debug)]
pub struct Figure {
    /// Names its files: `learning-curves`.
    pub id: String,
    /// Above it.
    pub title: String,
    /// Below it: of how many seeds, with which interval, of which config.
    pub caption: String,
    /// The command that draws it again.
    pub command: String,
    /// What is seen.
    pub content: Content,
}

/// What is seen.
#[derive(Clone, Debug)]
pub enum Content {
    /// Charts.
    Panels(Vec<Panel>),
    /// Animations.
    Films(Vec<Film>),
}
