//! The five games as one task: an episode is one of a game, and an observation says which. For networks of many tasks,
//! as those of "Bigger, Regularized, Categorical" (Nauman et al. 2025, 2505.23150), beside networks of one.
//!
//! Action: one of six, the moves in the order of the package. Obs: u8, shape `(15, 10, 10)`: the channels of the game,
//! then channels of 0 up to the ten of Seaquest, then one for each game, of 1 where it is the one that is played. The
//! first layer of a network multiplies these by weights of its own: an embedding of the task that is learned.
//!
//! An episode is of the game of which this env has played the fewest frames, so that long games take no more of a run
//! than short ones; between equals in an order that the seed draws. Option `game` plays one of them alone, as one
//! scores a policy on each: `robustness: {options: {game: [..]}}`. Options `asterix_reward` to `space_invaders_reward`
//! multiply the rewards of a game (1), so that one game's returns do not outweigh another's; those of the games
//! themselves hold for all five.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::env::{RAMPING, RAMPS, STICKS, STICKY};
use super::rules::Move;
use super::screen::{SIDE, cells};
use super::{asterix, breakout, freeway, seaquest, space_invaders};
use crate::env::generator;
use crate::{
    Action, Env, EnvError, EnvOption, EnvRng, EnvRow, EnvSpec, Limits, ObsMut, OptionValue,
    Options, Picture, Space, Step, maker, state,
};

const ID: &str = "MinAtar/Five-v0";

/// How many games there are.
const COUNT: usize = 5;

/// Channels of the game with the most of them.
const MOST: usize = 10;

const CHANNELS: usize = MOST + COUNT;

/// The games with all six actions, in the order of [`NAMES`].
const GAMES: [&EnvRow; COUNT] = [
    &asterix::ROW_V0,
    &breakout::ROW_V0,
    &freeway::ROW_V0,
    &seaquest::ROW_V0,
    &space_invaders::ROW_V0,
];

/// What `game` calls them.
const NAMES: [&str; COUNT] = ["asterix", "breakout", "freeway", "seaquest", "space_invaders"];

const GAME: &str = "game";
const ALL: &str = "all";

/// The keys of what multiplies the rewards of each.
const REWARDS: [&str; COUNT] = [
    "asterix_reward",
    "breakout_reward",
    "freeway_reward",
    "seaquest_reward",
    "space_invaders_reward",
];

const fn reward(key: &'static str) -> EnvOption {
    EnvOption {
        key,
        default: OptionValue::Real(1.0),
        limits: Limits::AtLeast(0.0),
        about: "what multiplies the rewards of this game",
    }
}

static OPTIONS: [EnvOption; COUNT + 3] = [
    EnvOption {
        key: GAME,
        default: OptionValue::Text(Cow::Borrowed(ALL)),
        limits: Limits::OneOf(&[ALL, NAMES[0], NAMES[1], NAMES[2], NAMES[3], NAMES[4]]),
        about: "which game is played; all plays as many frames of each",
    },
    reward(REWARDS[0]),
    reward(REWARDS[1]),
    reward(REWARDS[2]),
    reward(REWARDS[3]),
    reward(REWARDS[4]),
    STICKS,
    RAMPS,
];

/// The row of MinAtar/Five-v0.
pub const ROW: EnvRow =
    EnvRow::new(ID, "all five games, one an episode and as many frames of each", spec)
        .options(&OPTIONS);

fn spec(options: &Options) -> Result<EnvSpec, EnvError> {
    let shared = Options::default()
        .with(STICKY, OptionValue::Real(options.f64(STICKY)?))
        .with(RAMPING, OptionValue::Flag(options.bool(RAMPING)?));
    let game = options.text(GAME)?;
    let only = NAMES.iter().position(|name| *name == game);
    let specs = GAMES.map(|row| row.spec(&shared));
    let specs = specs.into_iter().collect::<Result<Vec<_>, _>>()?;
    let rewards = REWARDS.map(|reward| options.f64(reward));
    let rewards = rewards.into_iter().collect::<Result<Vec<_>, _>>()?;
    let make = maker(move || {
        let game = |(spec, &reward): (&EnvSpec, &f64)| {
            Ok(Game { env: spec.make.one()?, cells: spec.obs.dim(), reward })
        };
        let games = specs.iter().zip(&rewards).map(game).collect::<Result<_, EnvError>>()?;
        Ok(Five { games, only, rng: None, progress: Progress::default() })
    });
    let obs = Space::bytes_to(&[CHANNELS, SIDE, SIDE], 1);
    Ok(EnvSpec::new(obs, Space::Discrete { n: Move::ALL.len() as u32 }, make))
}

/// One of the games.
struct Game {
    env: Box<dyn Env>,
    /// Values of its observations.
    cells: usize,
    /// What multiplies its rewards.
    reward: f64,
}

/// The env; see the [module](self).
struct Five {
    games: Vec<Game>,
    /// The game that alone is played.
    only: Option<usize>,
    rng: Option<EnvRng>,
    progress: Progress,
}

/// What has been played since the last seed.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Progress {
    /// The games in the order in which they come, where all have as many frames.
    order: [usize; COUNT],
    /// Frames of each game.
    frames: [u64; COUNT],
    /// The game of the present episode.
    playing: Option<usize>,
}

/// The whole state. A game that is not played begins from a seed, whatever it was.
#[derive(Serialize, Deserialize)]
struct Saved {
    rng: Option<EnvRng>,
    progress: Progress,
    /// That of the game that is played.
    game: Option<Vec<u8>>,
}

impl Progress {
    /// Nothing yet, in an order of its own (Fisher and Yates).
    fn new(rng: &mut EnvRng) -> Self {
        let mut order = std::array::from_fn(|game| game);
        for last in (1..COUNT).rev() {
            order.swap(last, rng.integers(last as u32 + 1) as usize);
        }
        Self { order, ..Self::default() }
    }

    /// The game of which there are the fewest frames.
    fn next(&self) -> usize {
        let fewest = self.order.iter().min_by_key(|game| self.frames[**game]);
        fewest.copied().unwrap_or_default()
    }
}

/// The observation of `game`, of which `cells` are written, is finished by its task.
fn finish(obs: &mut [u8], game: usize, cells_of_game: usize) {
    obs[cells_of_game..].fill(0);
    obs[cells(MOST + game)..cells(MOST + game + 1)].fill(1);
}

impl Five {
    fn playing(&self) -> Result<usize, EnvError> {
        self.progress.playing.ok_or(EnvError::ResetNeeded)
    }
}

impl Env for Five {
    fn reset(&mut self, seed: Option<u64>, obs: ObsMut<'_>) -> Result<(), EnvError> {
        let obs = obs.bytes(cells(CHANNELS))?;
        let rng = generator(&mut self.rng, seed)?;
        if seed.is_some() {
            self.progress = Progress::new(rng);
        }
        let playing = self.only.unwrap_or_else(|| self.progress.next());
        let game = &mut self.games[playing];
        game.env.reset(Some(rng.next_u64()), ObsMut::U8(&mut obs[..game.cells]))?;
        finish(obs, playing, game.cells);
        self.progress.playing = Some(playing);
        Ok(())
    }

    fn step(&mut self, action: Action<'_>, obs: ObsMut<'_>) -> Result<Step, EnvError> {
        let playing = self.playing()?;
        let obs = obs.bytes(cells(CHANNELS))?;
        let game = &mut self.games[playing];
        let Step { reward, end } = game.env.step(action, ObsMut::U8(&mut obs[..game.cells]))?;
        finish(obs, playing, game.cells);
        self.progress.frames[playing] += 1;
        Ok(Step { reward: reward * game.reward, end })
    }

    fn render(&self) -> Result<Picture, EnvError> {
        self.games[self.playing()?].env.render()
    }

    fn save(&self) -> Result<Vec<u8>, EnvError> {
        let game = self.progress.playing.map(|playing| self.games[playing].env.save());
        let (rng, progress) = (self.rng.clone(), self.progress.clone());
        state::pack(ID, &Saved { rng, progress, game: game.transpose()? })
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), EnvError> {
        let Saved { rng, progress, game } = state::unpack(ID, bytes)?;
        if let (Some(playing), Some(game)) = (progress.playing, game) {
            let misfit = || EnvError::State { id: ID.to_owned(), found: format!("game {playing}") };
            self.games.get_mut(playing).ok_or_else(misfit)?.env.restore(&game)?;
        }
        (self.rng, self.progress) = (rng, progress);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn env(options: Options) -> Box<dyn Env> {
        ROW.spec(&options).unwrap().make.one().unwrap()
    }

    /// Which game an observation is of, and that it is all that it says besides its own channels.
    fn game_of(obs: &[u8]) -> usize {
        let tasks = obs[cells(MOST)..].chunks_exact(cells(1));
        let set: Vec<_> =
            tasks.map(|plane| plane.iter().map(|&cell| u32::from(cell)).sum()).collect();
        let game = set.iter().position(|&sum: &u32| sum == cells(1) as u32).unwrap();
        assert_eq!(set.iter().sum::<u32>(), cells(1) as u32);
        let own = GAMES[game].spec(&Options::default()).unwrap().obs.dim();
        assert!(obs[own..cells(MOST)].iter().all(|&cell| cell == 0));
        assert!(obs[..own].contains(&1));
        game
    }

    #[test]
    fn all_games_have_as_many_frames_but_for_the_last_episodes() {
        let mut env = env(Options::default());
        let (mut obs, mut rng) = (vec![0; cells(CHANNELS)], EnvRng::new(3));
        let (mut frames, mut longest, mut episode) = ([0u32; COUNT], 0, 0);
        env.reset(Some(1), ObsMut::U8(&mut obs)).unwrap();
        let mut games = vec![game_of(&obs)];
        for _ in 0..30_000 {
            let action = Action::Discrete(rng.integers(6));
            let end = env.step(action, ObsMut::U8(&mut obs)).unwrap().end;
            frames[game_of(&obs)] += 1;
            episode += 1;
            if end.is_some() {
                (longest, episode) = (longest.max(episode), 0);
                env.reset(None, ObsMut::U8(&mut obs)).unwrap();
                games.push(game_of(&obs));
            }
        }
        let [fewest, most] = [frames.iter().min(), frames.iter().max()].map(|n| *n.unwrap());
        assert!(fewest > 0 && most - fewest <= longest.max(episode), "{frames:?}, {longest}");
        // Each comes once before one comes again.
        assert_eq!(games[..COUNT].iter().collect::<BTreeSet<_>>().len(), COUNT);
    }

    #[test]
    fn one_game_alone_is_that_game_with_its_rewards_multiplied() {
        let breakout = |reward| {
            let options = Options::default()
                .with(GAME, OptionValue::Text("breakout".into()))
                .with("breakout_reward", OptionValue::Real(reward));
            let mut env = env(options);
            let (mut obs, mut rng) = (vec![0; cells(CHANNELS)], EnvRng::new(3));
            env.reset(Some(1), ObsMut::U8(&mut obs)).unwrap();
            let mut rewards = Vec::new();
            for _ in 0..2_000 {
                let action = Action::Discrete(rng.integers(6));
                let step = env.step(action, ObsMut::U8(&mut obs)).unwrap();
                assert_eq!(game_of(&obs), 1);
                rewards.push(step.reward);
                if step.end.is_some() {
                    env.reset(None, ObsMut::U8(&mut obs)).unwrap();
                }
            }
            rewards
        };
        let (plain, scaled) = (breakout(1.0), breakout(0.25));
        assert!(plain.iter().sum::<f64>() > 5.0);
        assert!(plain.iter().zip(&scaled).all(|(plain, scaled)| *scaled == 0.25 * plain));
    }
}
