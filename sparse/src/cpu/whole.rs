//! All weights that the products of a layer take, where the active ones are not that.

use std::sync::Arc;

use crate::algebra::Folded;
use crate::topology::Topology;

/// Memory for them, used again and again.
#[derive(Debug, Default)]
pub(crate) struct Whole {
    values: Vec<f32>,
    /// Of which the inactive positions are zeros.
    zeros: Option<Arc<Topology>>,
}

impl Whole {
    /// None.
    pub fn clear(&mut self) {
        self.values.clear();
        self.zeros = None;
    }

    /// The active `values` of `topology`, and zeros: those are written once a topology, not once a pass.
    pub fn spread(&mut self, topology: &Arc<Topology>, values: &[f32]) -> &[f32] {
        if !self.zeros.as_ref().is_some_and(|zeros| Arc::ptr_eq(zeros, topology)) {
            self.values.clear();
            self.values.resize(topology.size(), 0.0);
            self.zeros = Some(topology.clone());
        }
        topology.scatter(values, &mut self.values);
        &self.values
    }

    /// The entries of the real matrix that elements of an algebra stand for.
    pub fn expand(&mut self, folded: &Folded, values: &[f32]) -> &[f32] {
        self.zeros = None;
        folded.expand(values, &mut self.values);
        &self.values
    }

    /// What the last pass took.
    pub fn values(&self) -> &[f32] {
        &self.values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_stand_where_the_topology_of_the_pass_has_no_weight() {
        let topology = |positions: &[u32]| Arc::new(Topology::new(2, 3, positions).unwrap());
        let (first, second) = (topology(&[0, 2, 3]), topology(&[1, 3]));
        let mut whole = Whole::default();
        assert_eq!(whole.spread(&first, &[1.0, 2.0, 3.0]), [1.0, 0.0, 2.0, 3.0, 0.0, 0.0]);
        assert_eq!(whole.spread(&first, &[4.0, 0.0, 6.0]), [4.0, 0.0, 0.0, 6.0, 0.0, 0.0]);
        assert_eq!(whole.spread(&second, &[7.0, 8.0]), [0.0, 7.0, 0.0, 8.0, 0.0, 0.0]);
        assert_eq!(whole.spread(&first, &[1.0, 2.0, 3.0]), [1.0, 0.0, 2.0, 3.0, 0.0, 0.0]);
        whole.clear();
        assert!(whole.values().is_empty());
        assert_eq!(whole.spread(&first, &[1.0, 2.0, 3.0]), [1.0, 0.0, 2.0, 3.0, 0.0, 0.0]);
    }
}
