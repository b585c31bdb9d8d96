//! An algebra as a row: its name, and the block by which its elements multiply.

use std::fmt;

/// An algebra by name.
#[derive(Debug)]
pub struct AlgebraRow {
    /// The `kind` of the section `algebra`.
    pub name: &'static str,
    /// One line.
    pub about: &'static str,
    /// `q`: the columns of an element.
    pub columns: usize,
    /// `L(w) (m, m)`: `i + 1` where part `i` of `w` stands, `−(i + 1)` where its negative does, 0 where nothing does.
    pub block: &'static [&'static [i8]],
}

/// One place of a block at which a part stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Term {
    /// Which part of the weight.
    pub part: usize,
    /// Whether its negative stands there.
    pub negative: bool,
}

impl AlgebraRow {
    /// What stands in row `row` and column `col` of a block.
    fn term(&self, row: usize, col: usize) -> Option<Term> {
        let entry = self.block[row][col];
        let part = usize::from(entry.unsigned_abs()).checked_sub(1)?;
        Some(Term { part, negative: entry < 0 })
    }
}

/// What the weights and features of a layer are elements of.
#[derive(Clone, Copy)]
pub struct Algebra {
    row: &'static AlgebraRow,
}

impl Algebra {
    /// The algebra of a row.
    pub const fn of(row: &'static AlgebraRow) -> Self {
        Self { row }
    }

    /// Its row.
    pub fn row(self) -> &'static AlgebraRow {
        self.row
    }

    /// Whether its elements are single numbers.
    pub fn is_real(self) -> bool {
        self.order() == 1
    }

    /// `n`: the numbers of an element.
    pub fn order(self) -> usize {
        self.side() * self.columns()
    }

    /// `m`: rows, and columns, of a block.
    pub fn side(self) -> usize {
        self.row.block.len()
    }

    /// `q`: columns that a block multiplies.
    pub fn columns(self) -> usize {
        self.row.columns
    }

    /// Places of a block at which a part stands.
    pub fn terms(self) -> usize {
        let places = self.row.block.iter().flat_map(|row| row.iter());
        places.filter(|entry| **entry != 0).count()
    }

    /// What stands in row `row` and column `col` of a block.
    pub(crate) fn term(self, row: usize, col: usize) -> Option<Term> {
        self.row.term(row, col)
    }

    /// Multiplications of one sample by `weights` real numbers, whole elements of them.
    pub fn multiplications(self, weights: usize) -> usize {
        weights / self.order() * self.terms() * self.columns()
    }

    /// How many terms the sum of one component of the output has where a row has as many as `inputs` real numbers in
    /// elements: the mean over the rows of a block.
    pub fn fan(self, inputs: usize) -> f64 {
        inputs as f64 * self.terms() as f64 / (self.side() * self.order()) as f64
    }
}

impl Default for Algebra {
    fn default() -> Self {
        Self::REAL
    }
}

impl PartialEq for Algebra {
    fn eq(&self, other: &Self) -> bool {
        self.row.name == other.row.name
    }
}

impl Eq for Algebra {}

impl fmt::Debug for Algebra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.row.name)
    }
}
