//! The real matrix that a layer of elements stands for, its entries tied.

use std::sync::Arc;

use super::Algebra;
use crate::error::SparseError;
use crate::layers::Shape;
use crate::topology::Topology;

/// Where nothing stands in a block. Past the end of any layer's values.
const NOTHING: u32 = u32::MAX >> 1;

/// The bit that says that the negative stands.
const NEGATIVE: u32 = 1 << 31;

/// How many elements a layer of `shape` has, and in what order its features stand.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Elements {
    algebra: Algebra,
    /// `C`: elements that it reads at one place of a kernel.
    inputs: usize,
    /// Places of a kernel.
    area: usize,
    /// Copies of a block for the columns of an element; 1 where columns are lanes of a product.
    copies: usize,
}

impl Elements {
    /// Columns as lanes of a linear layer's products, or as copies.
    pub fn new(algebra: Algebra, shape: &Shape, columns_are_lanes: bool) -> Self {
        let area = shape.area();
        let copies = if columns_are_lanes { 1 } else { algebra.columns() };
        Self { algebra, inputs: shape.cols() / area / algebra.order(), area, copies }
    }

    /// Rows and columns of the real matrix of `rows` rows of elements.
    pub fn dims(&self, rows: usize) -> [usize; 2] {
        let side = self.algebra.side() * self.copies;
        [rows * side, self.inputs * side * self.area]
    }

    /// Multiplications of one sample by the elements of `weights` real numbers, where the places of blocks at which
    /// nothing stands take part as zeros.
    pub fn multiplications_of_all(&self, weights: usize) -> usize {
        let side = self.algebra.side() * self.copies;
        weights / self.algebra.order() * side * side * self.algebra.columns() / self.copies
    }

    /// Entries of the real matrix that `weights` real numbers make.
    pub fn entries(&self, weights: usize) -> usize {
        weights / self.algebra.order() * self.algebra.terms() * self.copies
    }
}

/// The real matrix of a topology of elements, and where its entries come from.
#[derive(Debug)]
pub(crate) struct Folded {
    topology: Arc<Topology>,
    /// For each of its entries the weight that stands there, with [`NEGATIVE`], or [`NOTHING`].
    source: Vec<u32>,
}

impl Folded {
    /// Of `topology`, `(K, C · area · n)`, whose active weights are whole elements; `all` has the places of inactive
    /// ones and those of blocks at which nothing stands, as zeros.
    ///
    /// # Errors
    /// A matrix that is too large to index.
    pub fn new(elements: Elements, topology: &Topology, all: bool) -> Result<Self, SparseError> {
        let (algebra, order) = (elements.algebra, elements.algebra.order());
        let (side, copies, area) = (algebra.side(), elements.copies, elements.area);
        let [rows, across] = elements.dims(topology.rows());
        let dense = Topology::dense(rows, across)?;
        let (mut positions, mut source) = (Vec::new(), Vec::new());
        if all {
            source.resize(dense.size(), NOTHING);
        }
        // The elements of a row: where each stands, and its first weight.
        let mut active =
            topology.positions().step_by(order).zip((0u32..).step_by(order)).peekable();
        let mut here: Vec<(usize, u32)> = Vec::new();
        for k in 0..topology.rows() {
            here.clear();
            let end = ((k + 1) * topology.cols()) as u32;
            while let Some((position, first)) = active.next_if(|(position, _)| *position < end) {
                here.push((position as usize % topology.cols() / order, first));
            }
            for (r, copy) in (0..side).flat_map(|r| (0..copies).map(move |copy| (r, copy))) {
                let row = (k * side + r) * copies + copy;
                for channel in here.chunk_by(|a, b| a.0 / area == b.0 / area) {
                    for j in 0..side {
                        let Some(term) = algebra.term(r, j) else { continue };
                        for (element, first) in channel {
                            let (c, place) = (element / area, element % area);
                            let col = ((c * side + j) * copies + copy) * area + place;
                            let sign = if term.negative { NEGATIVE } else { 0 };
                            let from = (first + term.part as u32) | sign;
                            match all {
                                true => source[row * across + col] = from,
                                false => {
                                    positions.push((row * across + col) as u32);
                                    source.push(from);
                                }
                            }
                        }
                    }
                }
            }
        }
        let topology = if all { dense } else { Topology::new(rows, across, &positions)? };
        Ok(Self { topology: Arc::new(topology), source })
    }

    /// The real matrix.
    pub fn topology(&self) -> &Arc<Topology> {
        &self.topology
    }

    /// The entries of the real matrix, from `values`, one a weight.
    pub fn expand(&self, values: &[f32], entries: &mut Vec<f32>) {
        let entry = |from: &u32| {
            let value = values.get((from & !NEGATIVE) as usize).copied().unwrap_or(0.0);
            f32::from_bits(value.to_bits() ^ (from & NEGATIVE))
        };
        entries.clear();
        entries.extend(self.source.iter().map(entry));
    }

    /// The gradient of each weight, `⟨B_i, dL⟩`, from that of the entries.
    pub fn fold(&self, entries: &[f32], grad: &mut [f32]) {
        grad.fill(0.0);
        for (from, entry) in self.source.iter().zip(entries) {
            if let Some(grad) = grad.get_mut((from & !NEGATIVE) as usize) {
                *grad += f32::from_bits(entry.to_bits() ^ (from & NEGATIVE));
            }
        }
    }
}
