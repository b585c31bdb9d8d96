//! Every cell, reward and end of the MinAtar games against the package `minatar` 1.0.15, which drew the same
//! numbers. The traces and their format: `traces/README.md`.

use std::collections::VecDeque;
use std::path::PathBuf;

use sparring_envs::minatar::asterix::Asterix;
use sparring_envs::minatar::breakout::Breakout;
use sparring_envs::minatar::freeway::Freeway;
use sparring_envs::minatar::seaquest::Seaquest;
use sparring_envs::minatar::space_invaders::SpaceInvaders;
use sparring_envs::minatar::{ABREAST, Boards, Draws, Frame, Lanes, Move, Rules};
use sparring_envs::{
    Action, Actions, EnvRng, GroupRows, ObsMut, OptionValue, Options, Row, Space, Step, find,
    registry,
};

/// Takes numbers off the front of a trace.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let (head, rest) = self.0.split_first_chunk().expect("the trace is cut short");
        self.0 = rest;
        *head
    }

    fn u8(&mut self) -> u8 {
        self.take::<1>()[0]
    }

    fn f64(&mut self) -> f64 {
        f64::from_le_bytes(self.take())
    }

    fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.take())
    }

    fn draws(&mut self) -> Recorded {
        Recorded((0..self.u8()).map(|_| self.draw()).collect())
    }

    fn draw(&mut self) -> Draw {
        match self.u8() {
            0 => Draw::Unit(self.f64()),
            n => Draw::Below(n.into(), self.u8().into()),
        }
    }

    /// Brings an observation up to date.
    fn cells(&mut self, obs: &mut [u8]) {
        for _ in 0..u16::from_le_bytes(self.take()) {
            obs[usize::from(u16::from_le_bytes(self.take()))] ^= 1;
        }
    }
}

#[derive(Debug, Clone)]
enum Draw {
    Unit(f64),
    Below(u32, u32),
}

/// The draws of the package in one step, to be drawn again in their order and of their kinds.
#[derive(Clone)]
struct Recorded(VecDeque<Draw>);

impl Draws for Recorded {
    fn unit(&mut self) -> f64 {
        match self.0.pop_front() {
            Some(Draw::Unit(value)) => value,
            other => panic!("drew a unit where the package drew {other:?}"),
        }
    }

    fn below(&mut self, n: u32) -> u32 {
        match self.0.pop_front() {
            Some(Draw::Below(found, value)) if found == n => value,
            other => panic!("drew below {n} where the package drew {other:?}"),
        }
    }
}

impl Recorded {
    fn assert_used(&self, place: &str) {
        assert!(self.0.is_empty(), "{place}: {} draws are left", self.0.len());
    }
}

/// Replays a trace in all lanes; returns the compared steps, the sum of rewards and the ends.
fn replay<R: Rules>(name: &str) -> (u32, i32, u32) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/traces")
        .join(format!("minatar-{name}.bin"));
    let bytes = std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut reader = Reader(&bytes);
    assert_eq!(&reader.take(), b"SPM1");
    let (mut compared, mut rewards, mut ends) = (0, 0, 0);
    for run in 0..reader.u32() {
        let sticky = reader.f64();
        let mut boards = Boards::<R>::new(reader.u8() == 1, sticky);
        let steps = reader.u32();
        let mut theirs = vec![0; 100 * R::CHANNELS];
        let mut ours = theirs.clone();
        let start =
            |boards: &mut Boards<R>, reader: &mut Reader<'_>, theirs: &mut [u8], place: &str| {
                let draws = reader.draws();
                for lane in 0..ABREAST {
                    let mut draws = draws.clone();
                    boards.start(lane, &mut draws);
                    draws.assert_used(place);
                }
                reader.cells(theirs);
            };
        let compare = |boards: &Boards<R>, ours: &mut [u8], theirs: &[u8], place: &str| {
            for lane in 0..ABREAST {
                boards.observe(lane..lane + 1, ours);
                assert_eq!(ours, theirs, "{place}, lane {lane}");
            }
        };
        start(&mut boards, &mut reader, &mut theirs, &format!("{name}, run {run}, start"));
        for step in 0..steps {
            let place = format!("{name}, run {run}, step {}", step + 1);
            compare(&boards, &mut ours, &theirs, &format!("{place}: before"));
            let action = Move::ALL[usize::from(reader.u8())];
            let mut draws = vec![reader.draws(); ABREAST];
            let frames = boards.step(&[action; ABREAST], &mut draws);
            reader.cells(&mut theirs);
            compare(&boards, &mut ours, &theirs, &format!("{place}: after {action:?}"));
            let expected = Frame { reward: reader.u8().into(), over: reader.u8() == 1 };
            for (lane, draws) in draws.iter().enumerate() {
                draws.assert_used(&place);
                assert_eq!(frames.lane(lane), expected, "{place}: {action:?}, lane {lane}");
            }
            rewards += expected.reward;
            compared += 1;
            if expected.over {
                ends += 1;
                start(&mut boards, &mut reader, &mut theirs, &place);
            }
        }
    }
    assert!(reader.0.is_empty(), "{name}: the trace is too long");
    (compared, rewards, ends)
}

/// How many steps each trace holds, what was won and how many games ended, so that a trace that lost what
/// it is to show is noticed.
#[test]
fn every_step_equals_the_package() {
    assert_eq!(replay::<Asterix>("asterix"), (10_500, 427, 42));
    assert_eq!(replay::<Breakout>("breakout"), (10_500, 806, 235));
    assert_eq!(replay::<Lanes<Freeway>>("freeway"), (10_500, 102, 2));
    assert_eq!(replay::<Seaquest>("seaquest"), (10_500, 491, 66));
    assert_eq!(replay::<Lanes<SpaceInvaders>>("space_invaders"), (10_500, 1242, 45));
}

/// Games of different seeds, of more than two rows of lanes and the last not full, against each alone.
#[test]
fn games_abreast_are_the_games_alone() {
    const COUNT: usize = 2 * ABREAST + 5;
    for env_row in registry().iter().filter(|row| row.id.starts_with("MinAtar/")) {
        let (id, spec) = (env_row.id, env_row.spec(&Options::default()).unwrap());
        let (dim, Space::Discrete { n }) = (spec.obs.dim(), spec.action) else { panic!() };
        let mut group = spec.make.group();
        let mut alone = Vec::new();
        let (mut next, mut own) = (vec![0; COUNT * dim], vec![0; dim]);
        for env in 0..COUNT {
            group.push().unwrap();
            alone.push(spec.make.one().unwrap());
            group.reset(env, Some(env as u64), ObsMut::U8(&mut own)).unwrap();
            alone[env].reset(Some(env as u64), ObsMut::U8(&mut own)).unwrap();
        }
        let mut rng = EnvRng::new(5);
        let mut ends = 0;
        for step in 0..2600 {
            let actions: Vec<u32> = (0..COUNT).map(|_| rng.integers(n)).collect();
            let (mut reward, mut row) = ([0.0; COUNT], [Row::Void; COUNT]);
            let rows = GroupRows {
                held: &[],
                actions: Actions::Discrete(&actions),
                next: ObsMut::U8(&mut next),
                reward: &mut reward,
                row: &mut row,
            };
            group.step(&mut 0, rows).unwrap();
            for env in 0..COUNT {
                let action = Action::Discrete(actions[env]);
                let expected = alone[env].step(action, ObsMut::U8(&mut own)).unwrap();
                let found = Step { reward: reward[env], end: row[env].end() };
                assert_eq!(found, expected, "{id}, env {env}, step {step}");
                let obs = &next[env * dim..(env + 1) * dim];
                assert_eq!(obs, own, "{id}, env {env}, step {step}");
                if found.end.is_some() {
                    ends += 1;
                    group.reset(env, None, ObsMut::U8(&mut own)).unwrap();
                    alone[env].reset(None, ObsMut::U8(&mut own)).unwrap();
                }
            }
        }
        assert!(ends > COUNT / 2, "{id}: {ends} ends");
    }
}

/// A saved state names its values: in another order it is the same state, and what has another name is refused.
#[test]
fn saved_boards_go_by_names() {
    let mut boards = Boards::<Breakout>::new(true, 0.1);
    let mut rng = EnvRng::new(7);
    boards.start(3, &mut rng);
    for _ in 0..20 {
        boards.step_one(3, Move::Left, &mut rng);
    }
    let saved = boards.save(3).unwrap();
    let fields = ["\"board\":{\"paddle\":", "\"x\":", "\"bricks\":", "\"last\":\"Left\""];
    assert!(fields.iter().all(|field| saved.contains(field)), "{saved}");
    let mut other = Boards::<Breakout>::new(true, 0.1);
    // A map of serde_json sorts the names.
    let sorted: serde_json::Value = serde_json::from_str(&saved).unwrap();
    assert_ne!(sorted.to_string(), saved);
    other.restore(0, &sorted.to_string()).unwrap();
    assert_eq!(other.save(0).unwrap(), saved);
    let error = other.restore(0, &saved.replace("\"dx\"", "\"speed\"")).unwrap_err().to_string();
    assert!(error.contains("speed"), "{error}");
    assert!(other.restore(0, &saved[..saved.len() / 2]).is_err());
    assert_eq!(other.save(0).unwrap(), saved);
}

/// The last of some observations of Freeway from seed 3, and when it ended.
fn freeway(sticky: f64, action: u32) -> (Vec<u8>, Option<usize>) {
    let options = Options::default().with("sticky_action_prob", OptionValue::Real(sticky));
    let spec = find("MinAtar/Freeway-v1").unwrap().spec(&options).unwrap();
    let mut env = spec.make.one().unwrap();
    let mut obs = vec![0; 700];
    env.reset(Some(3), ObsMut::U8(&mut obs)).unwrap();
    for step in 1..=3000 {
        let action = Action::Discrete(action);
        if env.step(action, ObsMut::U8(&mut obs)).unwrap().end.is_some() {
            return (obs, Some(step));
        }
    }
    (obs, None)
}

#[test]
fn a_sticky_probability_of_one_never_listens_and_freeway_ends_after_2501_frames() {
    assert_eq!(freeway(1.0, 0), freeway(1.0, 1));
    assert_ne!(freeway(0.0, 0).0, freeway(0.0, 1).0);
    assert_eq!(freeway(0.1, 1).1, Some(2501));
    let options = Options::default().with("sticky_action_prob", OptionValue::Real(1.5));
    let error = find("MinAtar/Freeway-v1").unwrap().spec(&options).unwrap_err().to_string();
    assert!(error.contains("sticky_action_prob") && error.contains("[0, 1]"), "{error}");
}

/// Breakout's observations from seed 5 under `options`: at the start, then step by step.
fn breakout(options: &Options) -> Vec<Vec<u8>> {
    let spec = find("MinAtar/Breakout-v1").unwrap().spec(options).unwrap();
    let (mut env, mut obs) = (spec.make.one().unwrap(), vec![9; spec.obs.dim()]);
    env.reset(Some(5), ObsMut::U8(&mut obs)).unwrap();
    let mut seen = vec![obs.clone()];
    for step in 0..8 {
        env.step(Action::Discrete(step % 3), ObsMut::U8(&mut obs)).unwrap();
        seen.push(obs.clone());
    }
    seen
}

#[test]
fn grey_levels_are_the_same_cells_as_pixels_and_may_have_noise() {
    let grey = Options::default().with("grey_levels", OptionValue::Flag(true));
    let (cells, pixels) = (breakout(&Options::default()).concat(), breakout(&grey).concat());
    assert!(cells.iter().zip(&pixels).all(|(cell, pixel)| *pixel == 255 * cell));
    let high =
        |options: &Options| match find("MinAtar/Breakout-v1").unwrap().spec(options).unwrap().obs {
            Space::Box { high, .. } => high[0],
            Space::Discrete { .. } => panic!("an observation of planes"),
        };
    assert_eq!((high(&Options::default()), high(&grey)), (1.0, 255.0));

    let clipped = grey
        .clone()
        .with("noise_sigma", OptionValue::Real(10.0))
        .with("noise_mode", OptionValue::Text("clip".into()));
    let noisy = breakout(&clipped).concat();
    let off: Vec<_> = noisy.iter().zip(&pixels).map(|(a, b)| a.abs_diff(*b)).collect();
    assert!(off.iter().all(|off| *off < 60) && off.iter().any(|off| *off > 5));
    assert_eq!(noisy, breakout(&clipped).concat());

    let cells = Options::default().with("noise_sigma", OptionValue::Real(10.0));
    let error = find("MinAtar/Breakout-v1").unwrap().spec(&cells).unwrap_err().to_string();
    assert!(error.contains("noise_sigma") && error.contains("grey_levels is true"), "{error}");
}
