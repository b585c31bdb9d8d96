//! What swims in Seaquest: lists of it for boards that are played abreast.

#![allow(
    clippy::needless_range_loop,
    reason = "by index a loop over lanes is a vector instruction"
)]

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::minatar::rules::{ABREAST, Lanes, mask};
use crate::minatar::screen::LAST;

/// Room for all that can be in the water at once: an enemy a frame, each gone after 30.
const CAPACITY: usize = 40;

/// An enemy, a diver or a bullet. (The package removes the first that equals the one to be removed; no two
/// equal ones can be where that would show.) Bullets leave the timers at 0, only submarines have the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Swimmer {
    pub x: i8,
    pub y: i8,
    /// 1: to the right, -1: to the left.
    pub dx: i8,
    pub move_timer: i8,
    pub shot_timer: i8,
}

/// Those of one kind, for each board in the order in which they came.
#[derive(Debug, Clone)]
pub(super) struct Swimmers {
    len: Lanes<u8>,
    /// The largest of them.
    most: u8,
    places: [Place; CAPACITY],
}

/// The swimmers that have the same place in the lists of their boards.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub x: Lanes<i8>,
    pub y: Lanes<i8>,
    pub dx: Lanes<i8>,
    pub move_timer: Lanes<i8>,
    pub shot_timer: Lanes<i8>,
}

/// The lanes whose list is longer than this.
#[inline(always)]
fn longer(len: &Lanes<u8>, place: u8) -> Lanes<i8> {
    let mut longer = [0; ABREAST];
    for i in 0..ABREAST {
        longer[i] = mask(place < len[i]);
    }
    longer
}

impl Place {
    /// Where they are in these cells.
    #[inline(always)]
    pub fn at(&self, x: &Lanes<i8>, y: &Lanes<i8>) -> Lanes<i8> {
        let mut at = [0; ABREAST];
        for i in 0..ABREAST {
            at[i] = mask(self.x[i] == x[i]) & mask(self.y[i] == y[i]);
        }
        at
    }

    /// Those of `here` move.
    #[inline(always)]
    pub fn advance(&mut self, here: &Lanes<i8>) {
        for i in 0..ABREAST {
            self.x[i] += self.dx[i] & here[i];
        }
    }

    /// Those of `here` fire when their timer is up, which then starts from `pause`; gives which do.
    #[inline(always)]
    pub fn load(&mut self, here: &Lanes<i8>, pause: i8) -> Lanes<i8> {
        let mut fire = [0; ABREAST];
        for i in 0..ABREAST {
            fire[i] = here[i] & mask(self.shot_timer[i] == 0);
            self.shot_timer[i] += (here[i] & !fire[i]) + (fire[i] & pause);
        }
        fire
    }

    /// Those of `here` move when their timer is up, which then starts from `pause`.
    #[inline(always)]
    pub fn swim(&mut self, here: &Lanes<i8>, pause: &Lanes<i8>) {
        for i in 0..ABREAST {
            let up = here[i] & mask(self.move_timer[i] == 0);
            self.x[i] += self.dx[i] & up;
            self.move_timer[i] += (pause[i] & up) + (here[i] & !up);
        }
    }

    /// Where they are beside the board.
    #[inline(always)]
    pub fn outside(&self) -> Lanes<i8> {
        let mut outside = [0; ABREAST];
        for i in 0..ABREAST {
            outside[i] = mask(self.x[i] < 0) | mask(self.x[i] > LAST);
        }
        outside
    }
}

impl Swimmers {
    pub fn new() -> Self {
        let none = [0; ABREAST];
        let place = Place { x: none, y: none, dx: none, move_timer: none, shot_timer: none };
        Self { len: [0; ABREAST], most: 0, places: [place; CAPACITY] }
    }

    /// Each place that is taken on any board, and where it is.
    #[inline]
    pub fn taken(&self) -> impl Iterator<Item = (Lanes<i8>, &Place)> {
        self.first(self.most)
    }

    /// Each that is taken on any of these boards.
    #[inline]
    pub fn taken_on(&self, lanes: &Range<usize>) -> impl Iterator<Item = (Lanes<i8>, &Place)> {
        // One board is looked at where a game begins: nothing swims there.
        self.first(if lanes.len() == 1 { self.len[lanes.start] } else { self.most })
    }

    #[inline]
    fn first(&self, count: u8) -> impl Iterator<Item = (Lanes<i8>, &Place)> {
        let taken = (0..count).zip(&self.places);
        taken.map(|(place, swimmers)| (longer(&self.len, place), swimmers))
    }

    /// Each that is taken on any board, to be moved.
    #[inline]
    pub fn taken_mut(&mut self) -> impl Iterator<Item = (Lanes<i8>, &mut Place)> {
        let Self { len, most, places } = self;
        let taken = (0..*most).zip(places);
        taken.map(|(place, swimmers)| (longer(len, place), swimmers))
    }

    /// How many there are on a board.
    pub fn len(&self, lane: usize) -> usize {
        self.len[lane].into()
    }

    pub fn get(&self, lane: usize, place: usize) -> Swimmer {
        let Place { x, y, dx, move_timer, shot_timer } = &self.places[place];
        Swimmer {
            x: x[lane],
            y: y[lane],
            dx: dx[lane],
            move_timer: move_timer[lane],
            shot_timer: shot_timer[lane],
        }
    }

    fn put(&mut self, lane: usize, place: usize, swimmer: Swimmer) {
        let Place { x, y, dx, move_timer, shot_timer } = &mut self.places[place];
        (x[lane], y[lane], dx[lane]) = (swimmer.x, swimmer.y, swimmer.dx);
        (move_timer[lane], shot_timer[lane]) = (swimmer.move_timer, swimmer.shot_timer);
    }

    /// One more, if there is room.
    pub fn push(&mut self, lane: usize, swimmer: Swimmer) {
        let place = self.len(lane);
        if place < CAPACITY {
            self.put(lane, place, swimmer);
            self.len[lane] += 1;
            self.most = self.most.max(self.len[lane]);
        }
    }

    pub fn remove(&mut self, lane: usize, place: usize) {
        for place in place + 1..self.len(lane) {
            self.put(lane, place - 1, self.get(lane, place));
        }
        self.shorten(lane, self.len[lane] - 1);
    }

    fn shorten(&mut self, lane: usize, len: u8) {
        let before = std::mem::replace(&mut self.len[lane], len);
        if before == self.most {
            self.most = self.len.iter().fold(0, |most, &len| most.max(len));
        }
    }

    /// Removes the first in this cell; gives whether there was one.
    pub fn remove_at(&mut self, lane: usize, x: i8, y: i8) -> bool {
        let here =
            |place: &usize| self.places[*place].x[lane] == x && self.places[*place].y[lane] == y;
        let found = (0..self.len(lane)).find(here);
        if let Some(place) = found {
            self.remove(lane, place);
        }
        found.is_some()
    }

    /// All on a board.
    pub fn on(&self, lane: usize) -> impl Iterator<Item = Swimmer> {
        (0..self.len(lane)).map(move |place| self.get(lane, place))
    }

    /// Puts others in their place.
    pub fn set(&mut self, lane: usize, swimmers: &[Swimmer]) {
        self.shorten(lane, 0);
        for swimmer in swimmers {
            self.push(lane, *swimmer);
        }
    }
}

impl Swimmer {
    pub fn bullet(x: i8, y: i8, dx: i8) -> Self {
        Self { x, y, dx, move_timer: 0, shot_timer: 0 }
    }

    pub fn at(&self, x: i8, y: i8) -> bool {
        self.x == x && self.y == y
    }

    pub fn inside(&self) -> bool {
        (0..=LAST).contains(&self.x)
    }
}

/// The lanes of a mask, ascending.
pub(super) fn lanes_of(mask: Lanes<i8>) -> impl Iterator<Item = usize> {
    let all = if mask == [0; ABREAST] { 0 } else { ABREAST };
    (0..all).filter(move |&lane| mask[lane] != 0)
}

/// The lanes of either.
#[inline(always)]
pub(super) fn join(lanes: &mut Lanes<i8>, others: &Lanes<i8>) {
    for (lane, other) in lanes.iter_mut().zip(others) {
        *lane |= other;
    }
}

/// The lanes that both have.
#[inline(always)]
pub(super) fn both(lanes: &Lanes<i8>, others: &Lanes<i8>) -> Lanes<i8> {
    let mut both = *lanes;
    for (lane, other) in both.iter_mut().zip(others) {
        *lane &= other;
    }
    both
}
