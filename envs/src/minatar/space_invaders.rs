//! MinAtar's Space Invaders: shoot down waves of aliens that come closer and shoot back.
//!
//! | channel | what |
//! |---|---|
//! | 0 | cannon, in row 9 |
//! | 1 | aliens |
//! | 2 | aliens, while they go to the left |
//! | 3 | aliens, while they go to the right |
//! | 4 | the player's bullets |
//! | 5 | the aliens' bullets |
//!
//! Moves: left, right and fire (once in five frames). Reward: 1 an alien. Over: where an alien or a bullet of
//! theirs is at the cannon after it moved, or the aliens should descend below row 9. Start: the cannon in
//! column 5, four rows of six aliens above, going to the left.
//!
//! Bullets fly a cell a frame. Aliens move every 12 frames, or every n once only n < 12 are left; at a
//! side they descend and turn. Every 10 frames the lowest alien of the nearest column shoots (of two
//! equally near, the left one). A wave that is cleared is followed by the next; ramping: it moves one
//! frame sooner, down to every 6. Nothing is random.

use serde::{Deserialize, Serialize};

use super::env::{OPTIONS, spec};
use super::rules::{Draws, Frame, Lanes, Move, OneByOne};
use super::screen::{LAST, Plane, SIDE, Screen};
use crate::EnvRow;

const CANNON: usize = 0;
const ALIEN: usize = 1;
const ALIEN_LEFT: usize = 2;
const ALIEN_RIGHT: usize = 3;
const BULLET: usize = 4;
const ALIEN_BULLET: usize = 5;

const START: i8 = 5;
const SHOT_INTERVAL: i8 = 5;
const ALIEN_SHOT_INTERVAL: i8 = 10;
const MOVE_INTERVAL: i8 = 12;
const FASTEST: i8 = 6;
const BOTTOM: usize = LAST as usize;
const EMPTY: Plane = [[0; SIDE]; SIDE];

/// The aliens of a new wave: rows 0 to 3, columns 2 to 7.
const WAVE: Plane = {
    const ROW: [u8; SIDE] = [0, 0, 1, 1, 1, 1, 1, 1, 0, 0];
    let mut wave = EMPTY;
    wave[0] = ROW;
    wave[1] = ROW;
    wave[2] = ROW;
    wave[3] = ROW;
    wave
};

/// The row of MinAtar/SpaceInvaders-v0: all six actions.
pub const ROW_V0: EnvRow = EnvRow::new(
    "MinAtar/SpaceInvaders-v0",
    "shoot down waves of aliens that come closer and shoot back",
    |options| spec::<Lanes<SpaceInvaders>>("MinAtar/SpaceInvaders-v0", &Move::ALL, options),
)
.options(&OPTIONS);

/// The row of MinAtar/SpaceInvaders-v1: the actions that do something.
pub const ROW_V1: EnvRow = EnvRow {
    id: "MinAtar/SpaceInvaders-v1",
    spec: |options| {
        spec::<Lanes<SpaceInvaders>>("MinAtar/SpaceInvaders-v1", &SpaceInvaders::MOVES, options)
    },
    ..ROW_V0
};

/// The game; see the [module](self).
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpaceInvaders {
    ramping: bool,
    x: i8,
    bullets: Plane,
    alien_bullets: Plane,
    aliens: Plane,
    /// 1: the aliens go to the right, -1: to the left.
    dx: i8,
    move_interval: i8,
    move_timer: i8,
    alien_shot_timer: i8,
    shot_timer: i8,
}

fn count(plane: &Plane) -> u8 {
    plane.as_flattened().iter().sum()
}

impl SpaceInvaders {
    pub(super) const MOVES: [Move; 4] = [Move::Noop, Move::Left, Move::Right, Move::Fire];

    /// Moves the aliens on, or down at a side; gives whether there was no room below.
    fn move_aliens(&mut self) -> bool {
        let side = if self.dx < 0 { 0 } else { SIDE - 1 };
        if self.aliens.iter().any(|row| row[side] == 1) {
            self.dx = -self.dx;
            let landed = self.aliens[BOTTOM] != [0; SIDE];
            self.aliens.rotate_right(1);
            return landed;
        }
        for row in &mut self.aliens {
            if self.dx < 0 {
                row.rotate_left(1);
            } else {
                row.rotate_right(1);
            }
        }
        false
    }

    /// The lowest alien, `(x, y)`, of the column nearest to the cannon.
    fn shooter(&self) -> Option<(usize, usize)> {
        let lowest = |x: i8| {
            let x = usize::try_from(x).ok().filter(|&x| x < SIDE)?;
            (0..SIDE).rev().find(|&y| self.aliens[y][x] == 1).map(|y| (x, y))
        };
        (0..=LAST).find_map(|away| lowest(self.x - away).or_else(|| lowest(self.x + away)))
    }

    /// Takes aliens and bullets that meet off the board; gives how many aliens.
    fn hit(&mut self) -> i32 {
        let mut hits = 0;
        let aliens = self.aliens.as_flattened_mut().iter_mut();
        for (alien, bullet) in aliens.zip(self.bullets.as_flattened_mut()) {
            let both = *alien & *bullet;
            *alien ^= both;
            *bullet ^= both;
            hits += i32::from(both);
        }
        hits
    }
}

impl OneByOne for SpaceInvaders {
    const CHANNELS: usize = 6;

    fn new(ramping: bool) -> Self {
        Self { ramping, ..Self::default() }
    }

    fn reset(&mut self, _: &mut impl Draws) {
        *self = Self {
            ramping: self.ramping,
            x: START,
            bullets: EMPTY,
            alien_bullets: EMPTY,
            aliens: WAVE,
            dx: -1,
            move_interval: MOVE_INTERVAL,
            move_timer: MOVE_INTERVAL,
            alien_shot_timer: ALIEN_SHOT_INTERVAL,
            shot_timer: 0,
        };
    }

    fn play(&mut self, action: Move, _: &mut impl Draws) -> Frame {
        let mut frame = Frame::default();
        if action == Move::Fire && self.shot_timer == 0 {
            self.bullets[BOTTOM][self.x as usize] = 1;
            self.shot_timer = SHOT_INTERVAL;
        }
        self.x = (self.x + action.dx()).clamp(0, LAST);
        let x = self.x as usize;

        self.bullets.copy_within(1.., 0);
        self.bullets[BOTTOM] = [0; SIDE];
        self.alien_bullets.copy_within(..BOTTOM, 1);
        self.alien_bullets[0] = [0; SIDE];
        frame.over = self.alien_bullets[BOTTOM][x] == 1 || self.aliens[BOTTOM][x] == 1;
        if self.move_timer == 0 {
            self.move_timer = (count(&self.aliens) as i8).min(self.move_interval);
            frame.over |= self.move_aliens();
            frame.over |= self.aliens[BOTTOM][x] == 1;
        }
        if self.alien_shot_timer == 0 {
            self.alien_shot_timer = ALIEN_SHOT_INTERVAL;
            if let Some((x, y)) = self.shooter() {
                self.alien_bullets[y][x] = 1;
            }
        }
        frame.reward = self.hit();

        self.shot_timer = (self.shot_timer - 1).max(0);
        self.move_timer -= 1;
        self.alien_shot_timer -= 1;
        if self.aliens == EMPTY {
            if self.ramping && self.move_interval > FASTEST {
                self.move_interval -= 1;
            }
            self.aliens = WAVE;
        }
        frame
    }

    fn observe(&self, screen: &mut Screen<'_>) {
        screen.mark(CANNON, self.x, LAST);
        screen.fill(ALIEN, &self.aliens);
        screen.fill(if self.dx < 0 { ALIEN_LEFT } else { ALIEN_RIGHT }, &self.aliens);
        screen.fill(BULLET, &self.bullets);
        screen.fill(ALIEN_BULLET, &self.alien_bullets);
    }
}
