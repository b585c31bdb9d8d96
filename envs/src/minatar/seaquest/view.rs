//! What there is to see in Seaquest. A list of swimmers is as long on all boards as on the one that has most, so
//! that the marks need no branch.

use std::ops::Range;

use super::{GAUGE, MAX_OXYGEN, Seaquest};
use crate::minatar::boards::{ABREAST, Boards, Lanes, mask};
use crate::minatar::game::{Board, LAST, SIDE, cells};

const FRONT: usize = 0;
const BACK: usize = 1;
const BULLET: usize = 2;
const TRAIL: usize = 3;
const ENEMY_BULLET: usize = 4;
const FISH: usize = 5;
const ENEMY_SUB: usize = 6;
const OXYGEN_GAUGE: usize = 7;
const DIVER_GAUGE: usize = 8;
const DIVER: usize = 9;

impl Seaquest {
    /// Marks what there is to see.
    pub(super) fn mark(&self, lanes: Range<usize>, boards: &mut [u8]) {
        const CELLS: usize = cells(Seaquest::CHANNELS);
        let all = [mask(true); ABREAST];
        let front = spots(FRONT, &self.x, &self.y, &all, &[0; ABREAST]);
        let behind = |x: &Lanes<i8>, dx: &Lanes<i8>| {
            let mut behind = *x;
            for (behind, dx) in behind.iter_mut().zip(dx) {
                *behind -= dx;
            }
            behind
        };
        let back = spots(BACK, &behind(&self.x, &self.dx), &self.y, &all, &front);
        let (boards, _) = boards.as_chunks_mut::<CELLS>();
        let mut mark = |spots: &Lanes<u16>| {
            for (board, spot) in boards.iter_mut().zip(&spots[lanes.clone()]) {
                board[usize::from(*spot)] = 1;
            }
        };
        mark(&front);
        mark(&back);
        for (channel, swimmers) in [(BULLET, &self.bullets), (ENEMY_BULLET, &self.enemy_bullets)] {
            for (here, swimmers) in swimmers.taken_on(&lanes) {
                mark(&spots(channel, &swimmers.x, &swimmers.y, &here, &front));
            }
        }
        let others = [(FISH, &self.fish), (ENEMY_SUB, &self.subs), (DIVER, &self.divers)];
        for (channel, swimmers) in others {
            for (here, swimmers) in swimmers.taken_on(&lanes) {
                mark(&spots(channel, &swimmers.x, &swimmers.y, &here, &front));
                let behind = behind(&swimmers.x, &swimmers.dx);
                mark(&spots(TRAIL, &behind, &swimmers.y, &here, &front));
            }
        }
        for (lane, board) in lanes.zip(boards) {
            let oxygen = self.oxygen[lane].max(0) * GAUGE / MAX_OXYGEN;
            let mut board = Board(board);
            board.bar(OXYGEN_GAUGE, 0, oxygen.into());
            let last = i32::from(LAST);
            board.bar(DIVER_GAUGE, last - self.divers_on_board[lane], last);
        }
    }
}

/// Where to mark what is `shown` on each board: its cell of the channel, or a cell that is marked anyway.
#[inline(always)]
fn spots(
    channel: usize,
    x: &Lanes<i8>,
    y: &Lanes<i8>,
    shown: &Lanes<i8>,
    marked: &Lanes<u16>,
) -> Lanes<u16> {
    let mut spots = [0; ABREAST];
    for i in 0..ABREAST {
        // As an unsigned number a column to the left of the board is large too.
        let column = x[i] as u8;
        let seen = i16::from(shown[i] & mask(column <= LAST as u8)) as u16;
        let cell = u16::from((y[i] as u8 * SIDE as u8).wrapping_add(column));
        spots[i] = ((cells(channel) as u16 + cell) & seen) | (marked[i] & !seen);
    }
    spots
}
