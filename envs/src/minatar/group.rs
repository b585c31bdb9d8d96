//! Many games that are stepped together, so many abreast at a time.

use super::boards::{ABREAST, Boards, Lanes};
use super::game::{Frame, Move, cells};
use super::play::{Play, Played};
use crate::{
    Action, Actions, End, EnvError, EnvGroup, EnvRng, GroupRows, ObsMut, Row as Outcome, state,
};

/// The state of a game: its generator, if that has been seeded.
type Saved<G> = (Option<EnvRng>, Played<G>);

/// Games of one kind.
#[derive(Debug, Clone)]
pub(super) struct MinAtarGroup<B> {
    id: &'static str,
    /// The move of each action.
    moves: &'static [Move],
    /// What a row of new boards begins as.
    new: Play<B>,
    /// All but the last are full.
    rows: Vec<Row<B>>,
    len: usize,
}

/// Up to [`ABREAST`] games.
#[derive(Debug, Clone)]
struct Row<B> {
    play: Play<B>,
    rngs: Vec<EnvRng>,
    /// Whether the generator has been seeded.
    seeded: Lanes<bool>,
}

impl<B: Boards> MinAtarGroup<B> {
    pub fn new(id: &'static str, moves: &'static [Move], new: Play<B>) -> Self {
        Self { id, moves, new, rows: Vec::new(), len: 0 }
    }

    /// Whether a game has been reset with a seed.
    pub fn seeded(&self, env: usize) -> bool {
        let (row, lane) = place(env);
        self.rows[row].seeded[lane]
    }

    /// Writes what there is to see of a game.
    pub fn observe(&self, env: usize, obs: &mut [u8]) {
        let (row, lane) = place(env);
        self.rows[row].play.observe(lane..lane + 1, obs);
    }

    fn move_of(&self, action: u32) -> Result<Move, EnvError> {
        let action = Action::Discrete(action).discrete(self.moves.len() as u32)?;
        Ok(self.moves[action as usize])
    }
}

/// The place of an env: its row and its lane.
fn place(env: usize) -> (usize, usize) {
    (env / ABREAST, env % ABREAST)
}

fn outcome(frame: Frame) -> (f64, Outcome) {
    (frame.reward.into(), frame.over.then_some(End::Terminated).into())
}

impl<B: Boards> EnvGroup for MinAtarGroup<B> {
    fn len(&self) -> usize {
        self.len
    }

    fn push(&mut self) -> Result<(), EnvError> {
        if self.len.is_multiple_of(ABREAST) {
            let rngs = Vec::with_capacity(ABREAST);
            self.rows.push(Row { play: self.new.clone(), rngs, seeded: [false; ABREAST] });
        }
        let (row, _) = place(self.len);
        self.rows[row].rngs.push(EnvRng::new(0));
        self.len += 1;
        Ok(())
    }

    fn renew(&mut self, env: usize) -> Result<(), EnvError> {
        let (row, lane) = place(env);
        self.rows[row].play.set(lane, self.new.get(lane));
        self.rows[row].seeded[lane] = false;
        Ok(())
    }

    fn reset(&mut self, env: usize, seed: Option<u64>, obs: ObsMut<'_>) -> Result<(), EnvError> {
        let obs = obs.bytes(cells(B::CHANNELS))?;
        let (row, lane) = place(env);
        let Row { play, rngs, seeded } = &mut self.rows[row];
        if let Some(seed) = seed {
            (rngs[lane], seeded[lane]) = (EnvRng::new(seed), true);
            // A seed alone says what follows, so nothing of the past may stick.
            play.forget(lane);
        }
        if !seeded[lane] {
            return Err(EnvError::SeedNeeded);
        }
        play.start(lane, &mut rngs[lane]);
        play.observe(lane..lane + 1, obs);
        Ok(())
    }

    fn step(&mut self, turn: &mut usize, rows: GroupRows<'_>) -> Result<(), EnvError> {
        let GroupRows { actions, next, reward, row: outcomes } = rows;
        let Actions::Discrete(actions) = actions else {
            return Err(EnvError::ActionKind { found: "continuous", allowed: "discrete" });
        };
        let dim = cells(B::CHANNELS);
        let next = next.bytes(self.len * dim)?;
        while *turn < self.len {
            let first = *turn;
            let (row, lane) = place(first);
            let wanted = self.move_of(actions[first])?;
            if lane != 0 {
                // Only after a fault of one before it is a row not begun at its beginning.
                let Row { play, rngs, .. } = &mut self.rows[row];
                let frame = play.step_one(lane, wanted, &mut rngs[lane]);
                play.observe(lane..lane + 1, &mut next[first * dim..(first + 1) * dim]);
                (reward[first], outcomes[first]) = outcome(frame);
                *turn += 1;
                continue;
            }
            let used = self.rows[row].rngs.len();
            let mut all_wanted = [wanted; ABREAST];
            for (wanted, &action) in all_wanted.iter_mut().zip(&actions[first..first + used]) {
                *wanted = self.move_of(action)?;
            }
            let Row { play, rngs, .. } = &mut self.rows[row];
            let frames = play.step(&all_wanted, rngs);
            play.observe(0..used, &mut next[first * dim..(first + used) * dim]);
            for lane in 0..used {
                (reward[first + lane], outcomes[first + lane]) = outcome(frames.lane(lane));
            }
            *turn += used;
        }
        Ok(())
    }

    fn reward_range(&self) -> Option<(f64, f64)> {
        None
    }

    fn save(&self, env: usize) -> Result<Vec<u8>, EnvError> {
        let (row, lane) = place(env);
        let Row { play, rngs, seeded } = &self.rows[row];
        let rng = seeded[lane].then(|| rngs[lane].clone());
        let saved: Saved<B::Board> = (rng, play.get(lane));
        state::pack(self.id, &saved)
    }

    fn restore(&mut self, env: usize, bytes: &[u8]) -> Result<(), EnvError> {
        let (rng, played): Saved<B::Board> = state::unpack(self.id, bytes)?;
        let (row, lane) = place(env);
        let Row { play, rngs, seeded } = &mut self.rows[row];
        seeded[lane] = rng.is_some();
        if let Some(rng) = rng {
            rngs[lane] = rng;
        }
        play.set(lane, played);
        Ok(())
    }

    fn bytes(&self, num_envs: usize) -> usize {
        num_envs.div_ceil(ABREAST) * (size_of::<Row<B>>() + ABREAST * size_of::<EnvRng>())
    }
}
