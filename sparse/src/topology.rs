//! Which weights of a layer exist: immutable structure, apart from the values.
//!
//! A layer of `rows` outputs and `cols` inputs has the positions `row · cols + col`. A topology
//! keeps the active ones in ascending order, as row pointers and columns (CSR), and the same entries
//! by column (CSC) with the permutation between the two, so that the input gradient needs no second
//! copy of the values. For example, with `x` for active weights,
//!
//! ```text
//!          col 0 1 2
//!  row 0     [ x . x ]     row_ptr 0 2 3       col_ptr 0 2 2 3
//!  row 1     [ x . . ]     col     0 2 0       row     0 1 0
//!                          values  a b c       perm    0 2 1     (by column: a c b)
//! ```
//!
//! A layer in which every weight is active carries no index at all.

use crate::error::SparseError;
use crate::kernels::entries::Entries;

/// The structure of one layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topology {
    rows: usize,
    cols: usize,
    sparse: Option<Csr>,
}

/// Compressed sparse rows with their transposed order.
///
/// # Invariants (checked where it is made)
/// - `row_ptr` ascends from 0 to `nnz` and has `rows + 1` entries; `col_ptr` likewise over columns
/// - columns ascend strictly within a row, rows within a column
/// - `perm` is a permutation of `0..nnz`: entry `k` by column is entry `perm[k]` by row
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Csr {
    row_ptr: Vec<u32>,
    col: Vec<u32>,
    col_ptr: Vec<u32>,
    row: Vec<u32>,
    perm: Vec<u32>,
}

impl Topology {
    /// Every weight is active.
    pub fn dense(rows: usize, cols: usize) -> Result<Self, SparseError> {
        match u32::try_from(rows * cols) {
            Ok(_) => Ok(Self { rows, cols, sparse: None }),
            Err(_) => Err(SparseError::TooLarge { rows, cols }),
        }
    }

    /// The weights at `positions`, strictly ascending, are active. All of them is [`Self::dense`].
    pub fn new(rows: usize, cols: usize, positions: &[u32]) -> Result<Self, SparseError> {
        let mut topology = Self::dense(rows, cols)?;
        let size = (rows * cols) as u32;
        for (index, &found) in positions.iter().enumerate() {
            if found >= size || (index > 0 && positions[index - 1] >= found) {
                return Err(SparseError::Position { index, found, rows, cols });
            }
        }
        if positions.len() < rows * cols {
            topology.sparse = Some(Csr::new(rows, cols, positions));
        }
        Ok(topology)
    }

    /// Outputs of the layer.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Inputs of the layer.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// Weights of the dense layer.
    pub fn size(&self) -> usize {
        self.rows * self.cols
    }

    /// Active weights.
    pub fn nnz(&self) -> usize {
        self.sparse.as_ref().map_or(self.size(), |csr| csr.col.len())
    }

    /// Active weights over all weights.
    pub fn density(&self) -> f64 {
        self.nnz() as f64 / self.size() as f64
    }

    /// Inputs that no active weight reads. A unit that feeds nothing else learns nothing.
    pub fn unread(&self) -> usize {
        self.sparse.as_ref().map_or(0, |csr| Csr::empty(&csr.col_ptr))
    }

    /// Outputs that no active weight feeds, which are their bias alone.
    pub fn unfed(&self) -> usize {
        self.sparse.as_ref().map_or(0, |csr| Csr::empty(&csr.row_ptr))
    }

    /// The index arrays; none where every weight is active.
    pub fn csr(&self) -> Option<&Csr> {
        self.sparse.as_ref()
    }

    /// The active positions, ascending.
    pub fn positions(&self) -> impl Iterator<Item = u32> + '_ {
        (0..self.rows).flat_map(move |row| {
            let first = (row * self.cols) as u32;
            let (sparse, dense) = match &self.sparse {
                Some(csr) => (&csr.col[csr.row(row)], 0..0),
                None => (&[][..], 0..self.cols as u32),
            };
            sparse.iter().copied().chain(dense).map(move |col| first + col)
        })
    }

    /// Puts `values (nnz)` at their positions of `all (size)`, whose others stay.
    pub(crate) fn scatter(&self, values: &[f32], all: &mut [f32]) {
        let Some(csr) = &self.sparse else { return all.copy_from_slice(values) };
        for (row, all) in all.chunks_exact_mut(self.cols).enumerate() {
            let entries = csr.row(row);
            for (col, value) in csr.col[entries.clone()].iter().zip(&values[entries]) {
                all[*col as usize] = *value;
            }
        }
    }

    /// Takes what stands at the active positions of `all (size)` into `values (nnz)`.
    pub(crate) fn pick(&self, all: &[f32], values: &mut [f32]) {
        let Some(csr) = &self.sparse else { return values.copy_from_slice(all) };
        for (row, all) in all.chunks_exact(self.cols).enumerate() {
            let entries = csr.row(row);
            for (col, value) in csr.col[entries.clone()].iter().zip(&mut values[entries]) {
                *value = all[*col as usize];
            }
        }
    }

    /// Bytes of the index arrays.
    pub fn bytes(&self) -> usize {
        self.sparse.as_ref().map_or(0, |_| Csr::bytes(self.rows, self.cols, self.nnz()))
    }
}

impl Csr {
    fn new(rows: usize, cols: usize, positions: &[u32]) -> Self {
        let nnz = positions.len();
        let mut row_ptr = vec![0; rows + 1];
        let mut col_ptr = vec![0; cols + 1];
        let mut col = Vec::with_capacity(nnz);
        for &position in positions {
            let (r, c) = (position as usize / cols, position as usize % cols);
            row_ptr[r + 1] += 1;
            col_ptr[c + 1] += 1;
            col.push(c as u32);
        }
        for ptr in [&mut row_ptr, &mut col_ptr] {
            for i in 1..ptr.len() {
                ptr[i] += ptr[i - 1];
            }
        }
        let (mut row, mut perm) = (vec![0; nnz], vec![0; nnz]);
        let mut next = col_ptr.clone();
        for (k, &position) in positions.iter().enumerate() {
            let slot = &mut next[col[k] as usize];
            row[*slot as usize] = (position as usize / cols) as u32;
            perm[*slot as usize] = k as u32;
            *slot += 1;
        }
        Self { row_ptr, col, col_ptr, row, perm }
    }

    /// Bytes of the index arrays of a `rows × cols` layer with `nnz` active weights.
    pub fn bytes(rows: usize, cols: usize, nnz: usize) -> usize {
        (rows + 1 + cols + 1 + 3 * nnz) * size_of::<u32>()
    }

    /// How many rows, or columns, have no entry.
    fn empty(ptr: &[u32]) -> usize {
        ptr.windows(2).filter(|pair| pair[0] == pair[1]).count()
    }

    fn row(&self, row: usize) -> std::ops::Range<usize> {
        self.row_ptr[row] as usize..self.row_ptr[row + 1] as usize
    }

    /// The entries row by row, the column of each.
    pub fn by_row(&self) -> Entries<'_> {
        // SAFETY: the invariants of this type.
        unsafe { Entries::new(&self.row_ptr, &self.col, self.col_ptr.len() - 1) }
    }

    /// The entries column by column, the row of each.
    pub fn by_col(&self) -> Entries<'_> {
        // SAFETY: the invariants of this type.
        unsafe { Entries::new(&self.col_ptr, &self.row, self.row_ptr.len() - 1) }
    }

    /// Where the entries by column stand in the order of rows.
    pub fn perm(&self) -> &[u32] {
        &self.perm
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_example_of_the_module() {
        let topology = Topology::new(2, 3, &[0, 2, 3]).unwrap();
        let csr = topology.csr().unwrap();
        assert_eq!((csr.row_ptr.as_slice(), csr.col.as_slice()), (&[0, 2, 3][..], &[0, 2, 0][..]));
        assert_eq!(
            (csr.col_ptr.as_slice(), csr.row.as_slice()),
            (&[0, 2, 2, 3][..], &[0, 1, 0][..])
        );
        assert_eq!(csr.perm.as_slice(), [0, 2, 1]);
        assert_eq!((topology.nnz(), topology.size()), (3, 6));
        assert_eq!((topology.unread(), topology.unfed()), (1, 0));
    }

    #[test]
    fn values_go_to_their_positions_and_back() {
        for positions in [&[0, 2, 3][..], &[], &[0, 1, 2, 3, 4, 5]] {
            let topology = Topology::new(2, 3, positions).unwrap();
            let values: Vec<f32> = positions.iter().map(|p| *p as f32 + 1.0).collect();
            let (mut all, mut back) = (vec![9.0; 6], vec![0.0; values.len()]);
            topology.scatter(&values, &mut all);
            let at = |p: u32| if positions.contains(&p) { p as f32 + 1.0 } else { 9.0 };
            assert_eq!(all, (0..6).map(at).collect::<Vec<_>>());
            topology.pick(&all, &mut back);
            assert_eq!(back, values);
        }
    }

    #[test]
    fn all_positions_are_dense_and_none_is_allowed() {
        let full = Topology::new(2, 2, &[0, 1, 2, 3]).unwrap();
        assert_eq!(full, Topology::dense(2, 2).unwrap());
        assert_eq!(full.positions().collect::<Vec<_>>(), [0, 1, 2, 3]);
        assert_eq!((full.unread(), full.unfed()), (0, 0));
        let none = Topology::new(2, 3, &[]).unwrap();
        assert_eq!((none.nnz(), none.unread(), none.unfed()), (0, 3, 2));
    }

    #[test]
    fn wrong_positions_are_refused() {
        for positions in [&[0, 0][..], &[3, 1], &[4]] {
            let error = Topology::new(2, 2, positions).unwrap_err();
            assert!(matches!(error, SparseError::Position { rows: 2, cols: 2, .. }), "{error}");
        }
        assert!(matches!(Topology::dense(1 << 20, 1 << 20), Err(SparseError::TooLarge { .. })));
    }

    proptest! {
        #[test]
        fn both_orders_name_the_same_entries(
            rows in 1usize..9, cols in 1usize..9, bits in any::<u64>(), more in any::<u64>()
        ) {
            let mask = (u128::from(more) << 64) | u128::from(bits);
            let positions: Vec<u32> =
                (0..(rows * cols) as u32).filter(|p| mask >> p & 1 == 1).collect();
            let topology = Topology::new(rows, cols, &positions).unwrap();
            prop_assert_eq!(topology.positions().collect::<Vec<_>>(), positions.clone());
            let Some(csr) = topology.csr() else { return Ok(()) };
            let mut by_column = Vec::new();
            for c in 0..cols {
                for k in csr.col_ptr[c] as usize..csr.col_ptr[c + 1] as usize {
                    let position = positions[csr.perm.as_slice()[k] as usize];
                    prop_assert_eq!(position, csr.row.as_slice()[k] * cols as u32 + c as u32);
                    by_column.push(position);
                }
            }
            by_column.sort_unstable();
            prop_assert_eq!(by_column, positions);
        }
    }
}
