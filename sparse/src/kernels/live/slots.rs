//! Slots that are not zero in a whole batch, and what of a matrix stands on them.

use pulp::{Simd, WithSimd};

use crate::kernels::args::Below;
use crate::kernels::dispatch::dispatch;
use crate::kernels::lanes::Lanes;
use crate::kernels::vector;
use crate::layers::Activation;

/// Slots of a buffer that are not zero throughout, ascending.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Live {
    slots: Vec<u32>,
    /// Of how many.
    pub of: usize,
}

impl Live {
    /// Those of a buffer of `of` slots.
    pub fn new(lanes: Lanes, of: usize, data: &[f32]) -> Self {
        struct Find<'a>(Lanes, &'a mut [bool], &'a [f32]);
        impl WithSimd for Find<'_> {
            type Output = ();
            #[inline(always)]
            fn with_simd<S: Simd>(self, _: S) {
                let Self(lanes, live, data) = self;
                for tile in lanes.tiles() {
                    let slots = tile.of(data, live.len()).chunks_exact(tile.width);
                    for (live, slot) in live.iter_mut().zip(slots) {
                        *live = *live || !vector::is_zero(slot);
                    }
                }
            }
        }
        let mut live = vec![false; of];
        dispatch(Find(lanes, &mut live, data));
        Self { slots: (0..of as u32).filter(|slot| live[*slot as usize]).collect(), of }
    }

    /// Inputs whose gradient is asked for: those that a ReLU `below` passes it to.
    pub fn below(lanes: Lanes, of: usize, below: Below<'_>) -> Self {
        match below.activation {
            Activation::Relu => Self::new(lanes, of, below.y),
            Activation::Identity | Activation::Tanh => Self { slots: (0..of as u32).collect(), of },
        }
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Which.
    pub fn places(&self) -> impl Iterator<Item = usize> {
        self.slots.iter().map(|slot| *slot as usize)
    }

    /// Live slots of a tile, one after the other.
    pub fn take(&self, width: usize, tile: &[f32], to: &mut Vec<f32>) {
        to.clear();
        self.places().for_each(|slot| to.extend_from_slice(&tile[slot * width..][..width]));
    }

    /// Back to where they stand in a tile, and zeros elsewhere.
    pub fn give(&self, width: usize, from: &[f32], tile: &mut [f32]) {
        tile.fill(0.0);
        for (slot, from) in self.places().zip(from.chunks_exact(width)) {
            tile[slot * width..][..width].copy_from_slice(from);
        }
    }

    /// The part of `w (rows, of)` on `rows` and on these columns.
    pub fn part(&self, w: &[f32], rows: impl Iterator<Item = usize>, to: &mut Vec<f32>) {
        to.clear();
        for row in rows {
            let row = &w[row * self.of..][..self.of];
            to.extend(self.places().map(|col| row[col]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_live_that_any_sample_wakes() {
        let lanes = Lanes::new(70);
        let mut data = lanes.zeros(4);
        let second = lanes.tiles().nth(1).unwrap();
        (data[64 + 5], data[128]) = (f32::NAN, -0.0);
        second.of_mut(&mut data, 4)[3 * second.width + 2] = 1e-40;
        assert_eq!(Live::new(lanes, 4, &data), Live { slots: vec![1, 3], of: 4 });
    }
}
