//! Marks on boards that are played abreast, without a branch: what stands where cannot be foreseen.

use std::ops::Range;

use super::rules::{ABREAST, Lanes, mask};
use super::screen::{LAST, SIDE, cells};

/// The first cells of these rows.
#[inline(always)]
pub(super) fn rows(y: &Lanes<i8>) -> Lanes<i8> {
    y.map(|y| y * SIDE as i8)
}

/// The cells of a channel in these columns, on the board, of rows with these first cells.
#[inline(always)]
pub(super) fn spots(channel: usize, x: &Lanes<i8>, row: &Lanes<i8>) -> Lanes<u16> {
    let mut spots = [0; ABREAST];
    for i in 0..ABREAST {
        spots[i] = cells(channel) as u16 + u16::from((row[i] + x[i]) as u8);
    }
    spots
}

/// The same where something is `shown` and its column is on the board; elsewhere a cell that is `marked` anyway.
#[inline(always)]
pub(super) fn spots_shown(
    channel: usize,
    x: &Lanes<i8>,
    row: &Lanes<i8>,
    shown: &Lanes<i8>,
    marked: &Lanes<u16>,
) -> Lanes<u16> {
    let mut spots = spots(channel, x, row);
    for i in 0..ABREAST {
        // As an unsigned number a column to the left of the board is large too.
        let seen = i16::from(shown[i] & mask(x[i] as u8 <= LAST as u8)) as u16;
        spots[i] = (spots[i] & seen) | (marked[i] & !seen);
    }
    spots
}

/// The columns behind what goes this way.
#[inline(always)]
pub(super) fn behind(x: &Lanes<i8>, dx: &Lanes<i8>) -> Lanes<i8> {
    let mut behind = [0; ABREAST];
    for i in 0..ABREAST {
        behind[i] = x[i] - dx[i];
    }
    behind
}

/// Marks a spot on the screen of each of these lanes.
#[inline(always)]
pub(super) fn mark<const CELLS: usize>(
    screens: &mut [[u8; CELLS]],
    lanes: &Range<usize>,
    spots: &Lanes<u16>,
) {
    for (screen, spot) in screens.iter_mut().zip(&spots[lanes.clone()]) {
        screen[usize::from(*spot)] = 1;
    }
}
