//! What a page is filled with.

use crate::report::figure::Figure;
use crate::table::Table;

/// What stands on a page beside what a comparison says of itself.
#[derive(Clone, Copy, Debug)]
pub struct Content<'a> {
    /// Its sentences, the first the largest.
    pub headline: &'a [String],
    /// Its tables.
    pub tables: &'a [Table],
    /// What a reader should know.
    pub notes: &'a [String],
    /// Its figures.
    pub figures: &'a [Figure],
}
