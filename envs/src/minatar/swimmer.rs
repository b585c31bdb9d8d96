//! What swims in Seaquest.

use serde::{Deserialize, Serialize};

use super::game::{Frame, LAST};

/// An enemy, a diver or a bullet. (The package removes the first that equals the one to be removed; no two
/// equal ones can be where that would show.) Bullets leave the timers at 0, only submarines have the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Swimmer {
    pub x: i8,
    pub y: i8,
    /// 1: to the right, -1: to the left.
    pub dx: i8,
    pub move_timer: i8,
    pub shot_timer: i8,
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

    /// Whether it moved: it does when its timer is up, which then starts from `pause`.
    pub fn swim(&mut self, pause: i8) -> bool {
        if self.move_timer > 0 {
            self.move_timer -= 1;
            return false;
        }
        self.move_timer = pause;
        self.x += self.dx;
        true
    }

    /// Moves an enemy on: it may meet the player, leave, or meet a bullet. Gives whether it is gone, the
    /// bullet already is.
    pub fn hunt(
        &mut self,
        pause: i8,
        (x, y): (i8, i8),
        bullets: &mut Vec<Self>,
        frame: &mut Frame,
    ) -> bool {
        frame.over |= self.at(x, y);
        if !self.swim(pause) {
            return false;
        }
        if self.at(x, y) {
            frame.over = true;
            return false;
        }
        if !self.inside() {
            return true;
        }
        let hit = remove_at(bullets, self.x, self.y);
        frame.reward += i32::from(hit);
        hit
    }
}

/// Removes the first swimmer in this cell; gives whether there was one.
pub(super) fn remove_at(swimmers: &mut Vec<Swimmer>, x: i8, y: i8) -> bool {
    let found = swimmers.iter().position(|other| other.at(x, y));
    if let Some(i) = found {
        swimmers.remove(i);
    }
    found.is_some()
}
