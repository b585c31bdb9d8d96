//! The features of one layer boundary as slots: `channels × height × width` with a border of zeros.
//!
//! A linear layer has `1 × 1` planes without a border: its slots are its features. A convolution reads
//! its input through a border as wide as its padding, so that no product asks where an image ends.

use std::ops::Range;

use super::activation;
use super::entries::Strides;
use super::lanes::{LINE, Lanes};
use crate::layers::{Activation, Features};

/// Slots beside an image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Border {
    /// Rows above.
    pub top: usize,
    /// Rows below.
    pub bottom: usize,
    /// Columns before.
    pub left: usize,
    /// Columns behind.
    pub right: usize,
}

/// The shape of the features between two layers; features count `(channel, row, column)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plane {
    /// Channels.
    pub channels: usize,
    /// Rows of an image.
    pub height: usize,
    /// Columns of an image.
    pub width: usize,
    /// Zeros around each image.
    pub border: Border,
}

/// Numbers in the slots of a plane.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The slots of all tiles.
    pub data: &'a [f32],
    /// Where the features stand.
    pub plane: &'a Plane,
}

/// Numbers in the slots of a plane, to be written.
#[derive(Debug)]
pub struct ViewMut<'a> {
    /// The slots of all tiles.
    pub data: &'a mut [f32],
    /// Where the features stand.
    pub plane: &'a Plane,
}

impl Plane {
    /// `features` without a border.
    pub fn of(features: Features) -> Self {
        let Features { channels, height, width } = features;
        Self { channels, height, width, border: Border::default() }
    }

    /// `n` features without extent.
    pub fn flat(n: usize) -> Self {
        Self::of(Features::flat(n))
    }

    /// The same features without a border.
    pub fn without_border(self) -> Self {
        Self { border: Border::default(), ..self }
    }

    /// What stands in its slots.
    pub fn features(&self) -> Features {
        let Self { channels, height, width, .. } = *self;
        Features { channels, height, width }
    }

    /// Features.
    pub fn size(&self) -> usize {
        self.channels * self.height * self.width
    }

    /// Slots from one row to the next.
    pub fn row(&self) -> usize {
        self.border.left + self.width + self.border.right
    }

    /// Slots from one channel to the next.
    pub fn channel(&self) -> usize {
        (self.border.top + self.height + self.border.bottom) * self.row()
    }

    /// The slot of the first pixel.
    pub fn origin(&self) -> usize {
        self.border.top * self.row() + self.border.left
    }

    /// Slots.
    pub fn slots(&self) -> usize {
        self.channels * self.channel()
    }

    /// Where its pixels stand.
    pub(crate) fn strides(&self) -> Strides {
        Strides { origin: self.origin(), y: self.row(), x: 1, row: self.channel() }
    }

    /// Each row of each channel as (first feature, first slot).
    fn rows(&self) -> impl Iterator<Item = (usize, usize)> {
        let plane = *self;
        (0..plane.channels * plane.height).map(move |i| {
            let (channel, y) = (i / plane.height, i % plane.height);
            (i * plane.width, channel * plane.channel() + plane.origin() + y * plane.row())
        })
    }

    /// Lets `write` write slots without a border, and puts them into `slots` of this plane, by way of
    /// `beside` where it has one.
    pub(crate) fn fill(
        &self,
        lanes: Lanes,
        beside: &mut Vec<f32>,
        slots: &mut [f32],
        write: impl FnOnce(&mut [f32]),
    ) {
        if self.border == Border::default() {
            return write(slots);
        }
        beside.resize(self.size() * lanes.width(), 0.0);
        write(beside);
        for tile in lanes.tiles() {
            let (from, to) = (tile.of(beside, self.size()), tile.of_mut(slots, self.slots()));
            let row = self.width * tile.width;
            for (feature, slot) in self.rows() {
                to[slot * tile.width..][..row]
                    .copy_from_slice(&from[feature * tile.width..][..row]);
            }
        }
    }

    /// Turns `dL/dy` in slots of this plane into the gradient before `activation`, which gave `y` in
    /// slots of another plane of the same features.
    pub(crate) fn chain(&self, lanes: Lanes, activation: Activation, y: View<'_>, dy: &mut [f32]) {
        self.zip(lanes, y, dy, |y, dy| activation::chain(activation, y, dy));
    }

    /// `y ← x`, in slots of this plane from slots of another plane of the same features.
    pub(crate) fn copy(&self, lanes: Lanes, x: View<'_>, y: &mut [f32]) {
        self.zip(lanes, x, y, |x, y| y.copy_from_slice(x));
    }

    /// `y ← y + x`, in slots of this plane from slots of another plane of the same features.
    pub(crate) fn add(&self, lanes: Lanes, x: View<'_>, y: &mut [f32]) {
        self.zip(lanes, x, y, |x, y| y.iter_mut().zip(x).for_each(|(y, x)| *y += x));
    }

    /// Calls `each` with every row of pixels of another plane and the same of this one.
    fn zip(&self, lanes: Lanes, x: View<'_>, y: &mut [f32], each: impl Fn(&[f32], &mut [f32])) {
        let View { data: x, plane } = x;
        for tile in lanes.tiles() {
            let (x, y) = (tile.of(x, plane.slots()), tile.of_mut(y, self.slots()));
            let row = self.width * tile.width;
            for ((_, from), (_, to)) in plane.rows().zip(self.rows()) {
                each(&x[from * tile.width..][..row], &mut y[to * tile.width..][..row]);
            }
        }
    }

    /// `rows (batch, features)` into `slots`; lanes beyond the batch become zero.
    pub fn from_rows(&self, lanes: Lanes, rows: &[f32], slots: &mut [f32]) {
        if lanes.is_in_rows() {
            return slots.copy_from_slice(rows);
        }
        let size = self.size();
        for tile in lanes.tiles() {
            let slots = tile.of_mut(slots, self.slots());
            let rows = &rows[tile.first * size..][..tile.samples * size];
            self.by_line(|features, of_slots| {
                for (sample, row) in rows.chunks_exact(size).enumerate() {
                    for (x, slot) in row[features.clone()].iter().zip(of_slots) {
                        slots[slot * tile.width + sample] = *x;
                    }
                }
                for slot in of_slots {
                    slots[slot * tile.width..][tile.samples..tile.width].fill(0.0);
                }
            });
        }
    }

    /// `slots` into `rows (batch, features)`.
    pub fn to_rows(&self, lanes: Lanes, slots: &[f32], rows: &mut [f32]) {
        if lanes.is_in_rows() {
            return rows.copy_from_slice(slots);
        }
        let size = self.size();
        for tile in lanes.tiles() {
            let slots = tile.of(slots, self.slots());
            let rows = &mut rows[tile.first * size..][..tile.samples * size];
            self.by_line(|features, of_slots| {
                for (sample, row) in rows.chunks_exact_mut(size).enumerate() {
                    for (x, slot) in row[features.clone()].iter_mut().zip(of_slots) {
                        *x = slots[slot * tile.width + sample];
                    }
                }
            });
        }
    }

    /// Runs `each(features, their slots)` over as many features as a line of the cache has: rows and slots are far apart,
    /// and few enough of both stay near.
    fn by_line(&self, mut each: impl FnMut(Range<usize>, &[usize])) {
        let (mut first, mut line, mut filled) = (0, [0; LINE], 0);
        for slot in self.rows().flat_map(|(_, slot)| slot..slot + self.width) {
            line[filled] = slot;
            filled += 1;
            if filled == LINE {
                each(first..first + LINE, &line);
                (first, filled) = (first + LINE, 0);
            }
        }
        each(first..first + filled, &line[..filled]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_and_borders_stay_zero() {
        let border = Border { top: 1, bottom: 2, left: 0, right: 1 };
        for (batch, plane) in [
            (1, Plane::flat(3)),
            (80, Plane::flat(5)),
            (130, Plane { channels: 2, height: 3, width: 4, border }),
        ] {
            let lanes = Lanes::new(batch);
            let rows: Vec<f32> = (1..=batch * plane.size()).map(|i| i as f32).collect();
            let mut slots = lanes.zeros(plane.slots());
            plane.from_rows(lanes, &rows, &mut slots);
            let filled = slots.iter().filter(|value| **value != 0.0).count();
            assert_eq!(filled, rows.len(), "everything else is border or beyond the batch");
            let mut back = vec![0.0; rows.len()];
            plane.to_rows(lanes, &slots, &mut back);
            assert_eq!(back, rows);
        }
    }

    #[test]
    fn a_slot_is_a_feature_of_a_tile() {
        let (lanes, plane) = (Lanes::new(80), Plane::flat(3));
        let rows: Vec<f32> = (0..240).map(|i| i as f32).collect();
        let mut slots = lanes.zeros(3);
        plane.from_rows(lanes, &rows, &mut slots);
        // Sample 2, feature 1; sample 66, feature 2.
        assert_eq!((slots[64 + 2], slots[3 * 64 + 2 * 16 + 2]), (7.0, 200.0));
    }
}
