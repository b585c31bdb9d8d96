//! Memory of one layer in training, as its method uses it.

use crate::algebra::Algebra;
use crate::cpu::structure_bytes;
use crate::layers::Shape;

/// Copies of a gradient (measured; see `agents/tests/memory.rs`).
pub(crate) const GRADIENT: usize = 1;
/// Floats a position that the probe of a dense gradient takes: its variable, the gradient layer by layer, and whole.
pub(crate) const PROBE: usize = 1 + 2;
/// Floats a block that a choice takes: scores, candidates and keys.
pub const CHOICE: usize = 1 + 2 + 2;
/// Floats a weight that a rewiring takes: what is old and new side by side, where it comes from, and a
/// choice.
pub const REWIRING: usize = 12;

/// One layer as its method's memory depends on it.
#[derive(Clone, Copy, Debug)]
pub struct LayerMemory {
    /// What the layer computes.
    pub shape: Shape,
    /// What its weights are elements of.
    pub algebra: Algebra,
    /// Active weights at the end.
    pub active: usize,
    /// Weights that training updates.
    pub trained: usize,
    /// Copies of every value: itself, its moments, its gradients, and its target.
    pub copies: usize,
    /// Whether a target trails it, with a topology of its own for a while.
    pub target: bool,
}

impl LayerMemory {
    /// Weights where all are active.
    pub fn size(&self) -> usize {
        self.shape.rows() / self.algebra.order() * self.shape.cols()
    }

    /// Floats of `count` weights. Dense products pack them; sparse ones keep the values in another order, and of those that
    /// meet no zeros the slots and the places. Of a method that starts from dense that is less than a rewiring takes.
    pub fn values(&self, count: usize) -> usize {
        let beside = if count == self.size() { 1 } else { 3 };
        (self.copies + beside) * count
    }

    /// Bytes of the index arrays of `count` active weights.
    pub fn structure(&self, count: usize) -> usize {
        structure_bytes(&self.shape, self.algebra, count)
    }

    /// Of a method that replaces weights of a topology of `count`, old and new side by side.
    pub fn rewired(&self, count: usize) -> MethodMemory {
        self.changing(count, self.structure(count))
    }

    /// Of a method that starts from dense, by way of a topology that may be nearly full.
    pub fn from_dense(&self) -> MethodMemory {
        let nearly_all = self.size().saturating_sub(1);
        self.changing(self.size(), self.structure(nearly_all))
    }

    /// Of `count` weights whose index arrays take `structure` bytes, and as many again while they change.
    fn changing(&self, count: usize, structure: usize) -> MethodMemory {
        MethodMemory {
            values: self.values(count),
            passing: REWIRING * count + structure.div_ceil(size_of::<f32>()),
            structure: (1 + usize::from(self.target)) * structure,
            ..MethodMemory::default()
        }
    }
}

/// What one layer takes under a method.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MethodMemory {
    /// Floats of weights, moments, gradients, and what the method keeps.
    pub values: usize,
    /// Floats for the time of a rewiring.
    pub passing: usize,
    /// Bytes of index arrays.
    pub structure: usize,
    /// Bytes that the method keeps beside weights and moments, which `values` counts.
    pub kept: usize,
    /// Whether a dense gradient fits in what is counted, or none is ever formed.
    pub probes: bool,
}

impl MethodMemory {
    /// The same with dense gradients, and a choice among all positions.
    pub fn by_dense_gradient(self, layer: &LayerMemory) -> Self {
        Self {
            values: self.values + PROBE * layer.size(),
            passing: self.passing + CHOICE * layer.size(),
            probes: true,
            ..self
        }
    }
}
