//! What moves by itself in Seaquest: for all boards at once, and then by board where something leaves or meets.

use super::swimmers::{Swimmer, Swimmers, both, join, lanes_of};
use super::{DIVER_PAUSE, ENEMY_SHOT_PAUSE, MAX_DIVERS, Seaquest};
use crate::minatar::rules::{ABREAST, Frames, Lanes};

impl Seaquest {
    pub(super) fn move_bullets(&mut self, frames: &mut Frames) {
        let mut events = [0; ABREAST];
        for (here, bullets) in self.bullets.taken_mut() {
            bullets.advance(&here);
            join(&mut events, &both(&here, &bullets.outside()));
            for enemies in [&self.fish, &self.subs] {
                for (there, enemies) in enemies.taken() {
                    let hit = both(&there, &enemies.at(&bullets.x, &bullets.y));
                    join(&mut events, &both(&here, &hit));
                }
            }
        }
        for lane in lanes_of(events) {
            for place in (0..self.bullets.len(lane)).rev() {
                let bullet = self.bullets.get(lane, place);
                let Swimmer { x, y, .. } = bullet;
                if !bullet.inside() {
                    self.bullets.remove(lane, place);
                } else if self.fish.remove_at(lane, x, y) || self.subs.remove_at(lane, x, y) {
                    self.bullets.remove(lane, place);
                    frames.reward[lane] += 1;
                }
            }
        }
    }

    pub(super) fn move_divers(&mut self) {
        let mut events = [0; ABREAST];
        for (here, divers) in self.divers.taken_mut() {
            let before = divers.at(&self.x, &self.y);
            divers.swim(&here, &[DIVER_PAUSE; ABREAST]);
            for event in [before, divers.at(&self.x, &self.y), divers.outside()] {
                join(&mut events, &both(&here, &event));
            }
        }
        for lane in lanes_of(events) {
            let (x, y) = (self.x[lane], self.y[lane]);
            for place in (0..self.divers.len(lane)).rev() {
                let diver = self.divers.get(lane, place);
                // Also one that would have moved on is rescued where it was.
                let moved = diver.move_timer == DIVER_PAUSE;
                let met = diver.at(x, y) || (moved && diver.at(x + diver.dx, y));
                let rescued = met && self.divers_on_board[lane] < MAX_DIVERS;
                if rescued || !diver.inside() {
                    self.divers.remove(lane, place);
                }
                self.divers_on_board[lane] += i32::from(rescued);
            }
        }
    }

    pub(super) fn move_subs(&mut self, frames: &mut Frames) {
        let player = (&self.x, &self.y);
        let mut events = hunt(&mut self.subs, &self.move_pause, player, &self.bullets, frames);
        for (here, subs) in self.subs.taken_mut() {
            join(&mut events, &subs.load(&here, ENEMY_SHOT_PAUSE));
        }
        for lane in lanes_of(events) {
            for place in (0..self.subs.len(lane)).rev() {
                let sub = self.subs.get(lane, place);
                let gone = self.is_gone(lane, &sub, frames);
                // Also one that is just gone fires; a timer is at its start only then.
                if sub.shot_timer == ENEMY_SHOT_PAUSE {
                    self.enemy_bullets.push(lane, Swimmer::bullet(sub.x, sub.y, sub.dx));
                }
                if gone {
                    self.subs.remove(lane, place);
                }
            }
        }
    }

    pub(super) fn move_enemy_bullets(&mut self, frames: &mut Frames) {
        let mut events = [0; ABREAST];
        for (here, shots) in self.enemy_bullets.taken_mut() {
            let before = shots.at(&self.x, &self.y);
            shots.advance(&here);
            for met in [before, shots.at(&self.x, &self.y)] {
                join(&mut frames.over, &both(&here, &met));
            }
            join(&mut events, &both(&here, &shots.outside()));
        }
        for lane in lanes_of(events) {
            for place in (0..self.enemy_bullets.len(lane)).rev() {
                if !self.enemy_bullets.get(lane, place).inside() {
                    self.enemy_bullets.remove(lane, place);
                }
            }
        }
    }

    pub(super) fn move_fish(&mut self, frames: &mut Frames) {
        let player = (&self.x, &self.y);
        let events = hunt(&mut self.fish, &self.move_pause, player, &self.bullets, frames);
        for lane in lanes_of(events) {
            for place in (0..self.fish.len(lane)).rev() {
                let fish = self.fish.get(lane, place);
                if self.is_gone(lane, &fish, frames) {
                    self.fish.remove(lane, place);
                }
            }
        }
    }

    /// Whether an enemy has just left or met a bullet, which is then gone too.
    fn is_gone(&mut self, lane: usize, enemy: &Swimmer, frames: &mut Frames) -> bool {
        if !enemy.inside() {
            return true;
        }
        let meets_player = enemy.at(self.x[lane], self.y[lane]);
        let hit = !meets_player && self.bullets.remove_at(lane, enemy.x, enemy.y);
        frames.reward[lane] += i8::from(hit);
        hit
    }
}

/// Moves enemies on and ends the games in which one meets the player. Gives the lanes in which one leaves or
/// meets a bullet; only one that moves can, for a bullet that came to one has met it then.
fn hunt(
    enemies: &mut Swimmers,
    pause: &Lanes<i8>,
    player: (&Lanes<i8>, &Lanes<i8>),
    bullets: &Swimmers,
    frames: &mut Frames,
) -> Lanes<i8> {
    let mut events = [0; ABREAST];
    for (here, enemies) in enemies.taken_mut() {
        let before = enemies.at(player.0, player.1);
        enemies.swim(&here, pause);
        for met in [before, enemies.at(player.0, player.1)] {
            join(&mut frames.over, &both(&here, &met));
        }
        join(&mut events, &both(&here, &enemies.outside()));
        for (there, bullets) in bullets.taken() {
            let hit = both(&there, &enemies.at(&bullets.x, &bullets.y));
            join(&mut events, &both(&here, &hit));
        }
    }
    events
}
