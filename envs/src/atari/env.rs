//! A game as an env: frames skipped, pooled, shrunk and stacked; see the [module](super).

use serde::{Deserialize, Serialize};

use super::emulator::{Emulator, RAM};
use super::games::{GAMES, Game};
use super::options::OPTIONS;
use super::resize::Resize;
use super::rom;
use crate::env::generator;
use crate::wrappers::observation_noise::{Noise, ObservationNoise};
use crate::{
    Action, End, Env, EnvError, EnvRng, EnvSpec, ObsMut, Options, Picture, Space, Step, maker,
    state,
};

/// Columns of every screen.
const COLUMNS: usize = 160;
/// The time limit in frames: half an hour.
const MAX_FRAMES: u32 = 108_000;
/// ALE's action without effect.
const NOOP: i32 = 0;

/// The spec of the game with this id, one of the rows', and these options.
pub(super) fn spec(id: &'static str, options: &Options) -> Result<EnvSpec, EnvError> {
    let (game, view) = (find(id)?, View::new(options)?);
    let (rows, columns) = view.size(game);
    let noise = Noise::of(options)?;
    let make = |view: View| match noise.sigma > 0.0 {
        false => maker(move || Atari::new(game, view)),
        true => {
            maker(move || Ok(ObservationNoise::new(Atari::new(game, view)?, view.stack, noise)))
        }
    };
    let obs = Space::bytes(&[view.stack * view.planes(), rows, columns]);
    let action = Space::Discrete { n: if view.all_actions { game.legal } else { game.minimal } };
    let whole_games = View { life: false, ..view };
    let here = move || rom::find(game).map(drop);
    Ok(EnvSpec::new(obs, action, make(view).ready_if(here))
        .stacked(view.stack)
        .limit(MAX_FRAMES / view.skip)
        .evaluated_on(make(whole_games)))
}

fn find(id: &str) -> Result<&'static Game, EnvError> {
    GAMES.iter().find(|game| game.id == id).ok_or_else(|| EnvError::UnknownEnv {
        id: id.to_owned(),
        nearest: "those of `atari::GAMES`".to_owned(),
    })
}

/// The options of a game but for the noise.
#[derive(Debug, Clone, Copy)]
struct View {
    sticky: f64,
    skip: u32,
    pool: bool,
    gray: bool,
    size: usize,
    stack: usize,
    clip: bool,
    life: bool,
    noops: u32,
    all_actions: bool,
}

impl View {
    fn new(options: &Options) -> Result<Self, EnvError> {
        Ok(Self {
            sticky: options.f64("repeat_action_probability")?,
            skip: options.u32("frame_skip")?,
            pool: options.bool("max_pool")?,
            gray: options.bool("grayscale_obs")?,
            size: options.u32("screen_size")? as usize,
            stack: options.u32("stack_size")? as usize,
            clip: options.bool("reward_clipping")?,
            life: options.bool("terminal_on_life_loss")?,
            noops: options.u32("noop_max")?,
            all_actions: options.bool("full_action_space")?,
        })
    }

    fn planes(&self) -> usize {
        if self.gray { 1 } else { 3 }
    }

    /// Rows and columns of a plane.
    fn size(&self, game: &Game) -> (usize, usize) {
        if self.size == 0 { (game.rows, COLUMNS) } else { (self.size, self.size) }
    }
}

/// A game; see the [module](super).
pub struct Atari {
    game: &'static Game,
    view: View,
    emulator: Emulator,
    /// ALE's numbers of the actions.
    actions: Vec<i32>,
    /// The step's last screens, the newest first, as the emulator gives them.
    screens: [Vec<u8>; 2],
    /// One plane of a screen in colour.
    plane: Vec<u8>,
    resize: Option<Resize>,
    play: Play,
}

/// What changes from step to step, besides the emulator.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Play {
    rng: Option<EnvRng>,
    started: bool,
    /// Whether the last step ended the agent's episode, but not the game, by the loss of a life.
    lost: bool,
    /// The action that the console was last given.
    held: i32,
    lives: i32,
    /// The observation.
    stack: Vec<u8>,
}

/// A saved state.
#[derive(Serialize, Deserialize)]
struct Saved {
    play: Play,
    console: Vec<u8>,
    system: String,
}

impl Atari {
    /// The game with this id and these options, checked against those of its row.
    pub fn with(id: &'static str, options: &Options) -> Result<Self, EnvError> {
        Self::new(find(id)?, View::new(&options.resolve(id, OPTIONS)?)?)
    }

    fn new(game: &'static Game, view: View) -> Result<Self, EnvError> {
        let emulator = Emulator::new(&rom::find(game)?).map_err(|found| unlike(game, found))?;
        let actions = emulator.actions(view.all_actions);
        let (from, to) = (emulator.screen, view.size(game));
        let screen = vec![0; from.0 * from.1 * view.planes()];
        let stack = vec![0; view.stack * view.planes() * to.0 * to.1];
        Ok(Self {
            game,
            view,
            emulator,
            actions,
            screens: [screen.clone(), screen],
            plane: vec![0; from.0 * from.1],
            resize: (view.size > 0).then(|| Resize::new(from, to)),
            play: Play { rng: None, started: false, lost: false, held: NOOP, lives: 0, stack },
        })
    }

    /// How many lives are left.
    pub fn lives(&self) -> i32 {
        self.emulator.lives()
    }

    /// The console's memory.
    pub fn ram(&self) -> [u8; RAM] {
        self.emulator.ram()
    }

    /// The screen as the console draws it: rows, columns and its pixels, red, green and blue in turn.
    pub fn screen(&self) -> (usize, usize, Vec<u8>) {
        let (rows, columns) = self.emulator.screen;
        let mut pixels = vec![0; rows * columns * 3];
        self.emulator.rgb(&mut pixels);
        (rows, columns, pixels)
    }

    /// Emulates one frame; gives its points.
    #[inline]
    fn frame(&mut self, action: i32) -> Result<i32, EnvError> {
        let sticky = self.view.sticky;
        if sticky == 0.0 || generator(&mut self.play.rng, None)?.random() >= sticky {
            self.play.held = action;
        }
        Ok(self.emulator.act(self.play.held))
    }

    /// Takes the emulator's screen as the newest.
    #[inline]
    fn look(&mut self) {
        self.screens.swap(0, 1);
        match self.view.gray {
            true => self.emulator.gray(&mut self.screens[0]),
            false => self.emulator.rgb(&mut self.screens[0]),
        }
    }

    /// Puts the newest screen onto the stack, pooled with the one before it or not.
    fn push(&mut self, pool: bool) {
        let [newest, older] = &mut self.screens;
        if pool {
            for (pixel, &other) in newest.iter_mut().zip(older.iter()) {
                *pixel = (*pixel).max(other);
            }
        }
        let (stack, planes) = (&mut self.play.stack, self.view.planes());
        let len = stack.len() / self.view.stack;
        stack.copy_within(len.., 0);
        let last = stack.len() - len;
        for (i, target) in stack[last..].chunks_exact_mut(len / planes).enumerate() {
            let source = match planes {
                1 => &*newest,
                _ => {
                    let colours = newest[i..].iter().step_by(planes);
                    self.plane.iter_mut().zip(colours).for_each(|(to, &from)| *to = from);
                    &self.plane
                }
            };
            match &mut self.resize {
                Some(resize) => resize.apply(source, target),
                None => target.copy_from_slice(source),
            }
        }
    }
}

impl Env for Atari {
    fn reset(&mut self, seed: Option<u64>, obs: ObsMut<'_>) -> Result<(), EnvError> {
        let obs = obs.bytes(self.play.stack.len())?;
        let rng = generator(&mut self.play.rng, seed)?;
        if std::mem::take(&mut self.play.lost) && seed.is_none() {
            // The game goes on: the screen after the loss is the first of the next life.
            let before = self.play.stack.len() - self.play.stack.len() / self.view.stack;
            self.play.stack[..before].fill(0);
            obs.copy_from_slice(&self.play.stack);
            return Ok(());
        }
        let noops = if self.view.noops == 0 { 0 } else { 1 + rng.integers(self.view.noops) };
        let started = match seed {
            Some(_) => self.emulator.restart(),
            None => self.emulator.reset(),
        };
        started.map_err(|found| unlike(self.game, found))?;
        for _ in 0..noops {
            self.emulator.act(NOOP);
            if self.emulator.over() {
                self.emulator.reset().map_err(|found| unlike(self.game, found))?;
            }
        }
        self.play.stack.fill(0);
        self.look();
        self.push(false);
        (self.play.started, self.play.held) = (true, NOOP);
        self.play.lives = self.emulator.lives();
        obs.copy_from_slice(&self.play.stack);
        Ok(())
    }

    fn step(&mut self, action: Action<'_>, obs: ObsMut<'_>) -> Result<Step, EnvError> {
        if !self.play.started {
            return Err(EnvError::ResetNeeded);
        }
        let action = self.actions[action.discrete(self.actions.len() as u32)? as usize];
        let obs = obs.bytes(self.play.stack.len())?;
        let (skip, shown) = (self.view.skip, if self.view.pool { 2 } else { 1 });
        let (mut points, mut seen, mut over) = (0, 0, false);
        for frame in 1..=skip {
            points += self.frame(action)?;
            over = self.emulator.over();
            if frame + shown > skip || over {
                self.look();
                seen += 1;
            }
            if over {
                break;
            }
        }
        self.push(seen > 1);
        obs.copy_from_slice(&self.play.stack);
        let lives = self.emulator.lives();
        self.play.lost = self.view.life && lives < self.play.lives && !over;
        self.play.lives = lives;
        let end = (over || self.play.lost).then_some(End::Terminated);
        Ok(Step { reward: f64::from(points), end })
    }

    fn reward_range(&self) -> Option<(f64, f64)> {
        self.view.clip.then_some((-1.0, 1.0))
    }

    fn render(&self) -> Result<Picture, EnvError> {
        if !self.play.started {
            return Err(EnvError::ResetNeeded);
        }
        let (_, columns, pixels) = self.screen();
        // The console shows 60 frames a second, of which a step takes some.
        Ok(Picture::from_rgb(columns, pixels, (60 / self.view.skip).max(1)))
    }

    fn save(&self) -> Result<Vec<u8>, EnvError> {
        let saved = Saved {
            play: self.play.clone(),
            console: self.emulator.save(),
            system: self.emulator.system().to_owned(),
        };
        state::pack(self.game.id, &saved)
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), EnvError> {
        let Saved { play, console, system } = state::unpack(self.game.id, bytes)?;
        if play.stack.len() != self.play.stack.len() {
            let (found, here) = (play.stack.len(), self.play.stack.len());
            let found = format!("observations of {found} bytes, not {here}, so of other options");
            return Err(EnvError::State { id: self.game.id.to_owned(), found });
        }
        self.emulator.restore(&console);
        self.emulator.set_system(system);
        self.play = play;
        Ok(())
    }
}

fn unlike(game: &Game, found: String) -> EnvError {
    EnvError::Emulator { id: game.id, found }
}
