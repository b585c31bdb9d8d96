//! Priorities of what a replay memory holds, in a tree of sums: drawing and changing one take
//! `O(log n)`.
//!
//! A leaf holds a priority, every other node the sum of the two below it, which is formed anew on each
//! change, so that rounding does not gather.

use sparring_sparse::{Section, SparseError};

use crate::alloc::Alloc;
use crate::column::Column;

/// The layout of its section.
const VERSION: u32 = 1;

/// Priorities of `capacity` places.
#[derive(Debug)]
pub struct Priorities {
    capacity: usize,
    /// The first leaf; a power of two.
    leaves: usize,
    /// Node `i` sums nodes `2i` and `2i + 1`; node 1 is the root.
    sums: Column<f64>,
    /// What a new place gets: the largest priority so far.
    largest: f64,
}

impl Priorities {
    /// All 0.
    pub fn new(alloc: &mut Alloc, capacity: usize) -> Self {
        let leaves = capacity.checked_next_power_of_two().unwrap_or(usize::MAX);
        Self { capacity, leaves, sums: Column::new(alloc, leaves, 2), largest: 1.0 }
    }

    /// Writes down the priorities of all places.
    ///
    /// # Errors
    /// None that a user could cause.
    pub fn save(&self) -> Result<Section, SparseError> {
        let mut all = Section::new(VERSION);
        let places = &self.sums[self.leaves..][..self.capacity];
        let bits: Vec<u64> = places.iter().map(|priority| priority.to_bits()).collect();
        all.put_u64("places", &bits);
        all.put("largest", &self.largest)?;
        Ok(all)
    }

    /// Takes back what [`Self::save`] wrote.
    ///
    /// # Errors
    /// What is missing, and what does not fit.
    pub fn load(&mut self, from: &Section) -> Result<(), SparseError> {
        let places: Vec<f64> = from.u64("places")?.into_iter().map(f64::from_bits).collect();
        if places.len() != self.capacity {
            let expected = format!("priorities of {} places", self.capacity);
            return Err(from.misfit("places", expected, places.len()));
        }
        let largest: f64 = from.get("largest")?;
        let is_priority = |x: &f64| x.is_finite() && *x >= 0.0;
        if let Some(found) = places.iter().chain([&largest]).find(|x| !is_priority(x)) {
            return Err(from.misfit("places", "priorities of at least 0", found));
        }
        self.sums[self.leaves..][..self.capacity].copy_from_slice(&places);
        for node in (1..self.leaves).rev() {
            self.sums[node] = self.sums[2 * node] + self.sums[2 * node + 1];
        }
        self.largest = largest;
        Ok(())
    }

    /// Forgets the priorities of all places; what a new one gets stays.
    pub fn clear(&mut self) {
        self.sums.fill(0.0);
    }

    /// The sum of all.
    pub fn total(&self) -> f64 {
        self.sums[1]
    }

    /// The priority of `place`.
    pub fn get(&self, place: usize) -> f64 {
        self.sums[self.leaves + place]
    }

    /// Changes one.
    pub fn set(&mut self, place: usize, priority: f64) {
        self.largest = self.largest.max(priority);
        let mut node = self.leaves + place;
        self.sums[node] = priority;
        while node > 1 {
            node /= 2;
            self.sums[node] = self.sums[2 * node] + self.sums[2 * node + 1];
        }
    }

    /// Gives `place`, which holds something new, the largest priority so far.
    pub fn renew(&mut self, place: usize) {
        self.set(place, self.largest);
    }

    /// The place at which the running sum of priorities passes `sum`, in `[0, total)`.
    pub fn find(&self, mut sum: f64) -> usize {
        let mut node = 1;
        while node < self.leaves {
            let left = self.sums[2 * node];
            // Rounding must not lead into a part that holds nothing.
            node = match sum < left || self.sums[2 * node + 1] == 0.0 {
                true => 2 * node,
                false => {
                    sum -= left;
                    2 * node + 1
                }
            };
        }
        node - self.leaves
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn finds_what_the_running_sum_finds(
            priorities in prop::collection::vec(0.0f64..5.0, 1..40), at in 0.0f64..1.0
        ) {
            let mut tree = Priorities::new(&mut Alloc::Taken, priorities.len());
            priorities.iter().enumerate().for_each(|(place, p)| tree.set(place, *p));
            let total: f64 = priorities.iter().sum();
            prop_assert!((tree.total() - total).abs() < 1e-9);
            let found = tree.find(at * tree.total());
            let before: f64 = priorities[..found].iter().sum();
            prop_assert!(before <= at * total + 1e-9);
            prop_assert!(at * total < before + priorities[found] + 1e-9);
        }
    }

    #[test]
    fn a_new_place_gets_the_largest_priority_so_far() {
        let mut tree = Priorities::new(&mut Alloc::Taken, 3);
        tree.renew(0);
        assert_eq!((tree.get(0), tree.total()), (1.0, 1.0));
        tree.set(1, 7.0);
        tree.set(1, 0.5);
        tree.renew(2);
        assert_eq!((tree.get(2), tree.total()), (7.0, 8.5));
        // The end of the range still finds a place that holds something.
        tree.set(2, 0.0);
        assert_eq!(tree.find(tree.total()), 1);
    }
}
