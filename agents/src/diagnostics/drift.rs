//! How far a topology is from where it began.
//!
//! With `A₀` the active weights at the start and `A` those of today, `drift = |A \ A₀| / |A|`, the share
//! of today's weights that were not there at the start, and `jaccard = |A ∩ A₀| / |A ∪ A₀|`. A network
//! that only loses weights has no drift, and a Jaccard index that falls.

use std::sync::Arc;

use sparring_sparse::{Network, Topology};

/// Counts of a change, which add up over layers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drift {
    /// `|A₀|`.
    pub start: usize,
    /// `|A|`.
    pub today: usize,
    /// `|A ∩ A₀|`.
    pub shared: usize,
}

impl Drift {
    /// From `start` to `today`, of the same layer.
    pub fn between(start: &Arc<Topology>, today: &Arc<Topology>) -> Self {
        let (from, to) = (start.nnz(), today.nnz());
        let shared = match Arc::ptr_eq(start, today) {
            true => to,
            false => {
                let mut before = start.positions().peekable();
                let shared = today.positions().filter(|position| {
                    while before.next_if(|gone| gone < position).is_some() {}
                    before.next_if_eq(position).is_some()
                });
                shared.count()
            }
        };
        Self { start: from, today: to, shared }
    }

    /// The sum over layers.
    pub fn sum(layers: impl Iterator<Item = Self>) -> Self {
        layers.fold(Self::default(), |sum, one| Self {
            start: sum.start + one.start,
            today: sum.today + one.today,
            shared: sum.shared + one.shared,
        })
    }

    /// `|A \ A₀| / |A|`; 0 where nothing is active.
    pub fn share(&self) -> f64 {
        (self.today - self.shared) as f64 / self.today.max(1) as f64
    }

    /// `|A ∩ A₀| / |A ∪ A₀|`; 1 where nothing ever was active.
    pub fn jaccard(&self) -> f64 {
        match self.start + self.today - self.shared {
            0 => 1.0,
            union => self.shared as f64 / union as f64,
        }
    }
}

/// The topologies of `network`, from input to output.
pub fn topologies(network: &Network) -> Vec<Arc<Topology>> {
    network.layers().iter().map(|layer| layer.topology().clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(start: &[u32], today: &[u32]) -> Drift {
        let topology = |positions| Arc::new(Topology::new(2, 4, positions).unwrap());
        Drift::between(&topology(start), &topology(today))
    }

    #[test]
    fn known_moves_by_hand() {
        // 1 and 6 go, 0 and 7 come; 3 and 4 stay.
        let moved = of(&[1, 3, 4, 6], &[0, 3, 4, 7]);
        assert_eq!(moved, Drift { start: 4, today: 4, shared: 2 });
        assert_eq!((moved.share(), moved.jaccard()), (0.5, 2.0 / 6.0));
        // Pruning alone.
        let pruned = of(&[0, 1, 2, 3, 4, 5, 6, 7], &[2, 5]);
        assert_eq!((pruned.share(), pruned.jaccard()), (0.0, 0.25));
        // From nothing to all, and nothing throughout.
        assert_eq!((of(&[], &[3]).share(), of(&[], &[3]).jaccard()), (1.0, 0.0));
        assert_eq!((of(&[], &[]).share(), of(&[], &[]).jaccard()), (0.0, 1.0));
        let sum = Drift::sum([moved, pruned].into_iter());
        assert_eq!((sum.share(), sum.jaccard()), (2.0 / 6.0, 4.0 / 14.0));
    }

    #[test]
    fn a_topology_that_stayed_has_not_drifted() {
        let topology = Arc::new(Topology::new(2, 4, &[1, 2, 7]).unwrap());
        let same = Drift::between(&topology, &topology);
        assert_eq!((same.share(), same.jaccard()), (0.0, 1.0));
        assert_eq!(same, of(&[1, 2, 7], &[1, 2, 7]));
    }
}
