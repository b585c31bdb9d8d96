//! What there is to see in Seaquest. A list of swimmers is as long on all boards as on the one that has most, so
//! that the marks need no branch.

use std::ops::Range;

use super::swimmers::Place;
use super::{GAUGE, MAX_OXYGEN, Seaquest};
use crate::minatar::rules::{ABREAST, Rules, mask};
use crate::minatar::screen::{LAST, Screen, cells};
use crate::minatar::spots::{behind, mark, rows, spots, spots_shown};

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
    pub(super) fn show(&self, lanes: Range<usize>, screens: &mut [u8]) {
        let (screens, _) = screens.as_chunks_mut::<{ cells(Seaquest::CHANNELS) }>();
        let all = [mask(true); ABREAST];
        let row = rows(&self.y);
        let front = spots(FRONT, &self.x, &row);
        mark(screens, &lanes, &front);
        let back = behind(&self.x, &self.dx);
        mark(screens, &lanes, &spots_shown(BACK, &back, &row, &all, &front));
        for (channel, bullets) in [(BULLET, &self.bullets), (ENEMY_BULLET, &self.enemy_bullets)] {
            for (here, Place { x, y, .. }) in bullets.taken_on(&lanes) {
                mark(screens, &lanes, &spots_shown(channel, x, &rows(y), &here, &front));
            }
        }
        let others = [(FISH, &self.fish), (ENEMY_SUB, &self.subs), (DIVER, &self.divers)];
        for (channel, swimmers) in others {
            for (here, Place { x, y, dx, .. }) in swimmers.taken_on(&lanes) {
                let row = rows(y);
                mark(screens, &lanes, &spots_shown(channel, x, &row, &here, &front));
                mark(screens, &lanes, &spots_shown(TRAIL, &behind(x, dx), &row, &here, &front));
            }
        }
        for (lane, screen) in lanes.zip(screens) {
            let oxygen = self.oxygen[lane].max(0) * GAUGE / MAX_OXYGEN;
            let mut screen = Screen(screen);
            screen.bar(OXYGEN_GAUGE, 0, oxygen.into());
            let last = i32::from(LAST);
            screen.bar(DIVER_GAUGE, last - self.divers_on_board[lane], last);
        }
    }
}
