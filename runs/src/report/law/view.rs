//! A law over jobs as a row: how jobs become its rows, and how its fit is drawn.

use super::fitted::Fitted;
use super::row::Recipe;
use crate::chart::Panel;

/// A law over jobs. It is a file and a row of [`super::VIEWS`].
#[derive(Debug)]
pub struct LawView {
    /// How jobs become its rows.
    pub recipe: Recipe,
    /// Of its figure.
    pub title: &'static str,
    /// What its figure shows.
    pub caption: &'static str,
    /// What is drawn of a fit.
    pub panels: fn(&Fitted<'_>) -> Vec<Panel>,
}
