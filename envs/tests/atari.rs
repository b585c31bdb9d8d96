//! Atari against ale-py 0.12.1 and Gymnasium's AtariPreprocessing, as `record_atari.py` recorded them.
#![cfg(feature = "atari")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::common::{Actor, drive, engine};
use md5::{Digest, Md5};
use serde::Deserialize;
use sparring_envs::atari::{Atari, GAMES, Game};
use sparring_envs::{
    Action, Actions, Env, EnvError, EnvSpec, ObsBuf, ObsMut, OnFault, OptionValue, Options,
    check_env, find,
};

/// Frames between two checksums of a trace.
const EVERY: usize = 100;
/// The games that ALE 0.6 plays differently; the module `atari` says how.
const DIFFERING: [&str; 12] = [
    "Berzerk",
    "ElevatorAction",
    "Frogger",
    "KingKong",
    "Koolaid",
    "LostLuggage",
    "MrDo",
    "Tetris",
    "Trondead",
    "Turmoil",
    "WizardOfWor",
    "YarsRevenge",
];

#[derive(Deserialize)]
struct Trace {
    points: i64,
    md5: Vec<String>,
}

fn read(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/traces").join(name)).unwrap()
}

/// The actions of the recording.
fn actions() -> impl Iterator<Item = u32> {
    let mut x = 12345u32;
    std::iter::repeat_with(move || {
        x = x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (x >> 16) % 18
    })
}

/// Without chance and with all actions.
fn plain() -> Options {
    Options::default()
        .with("repeat_action_probability", OptionValue::Real(0.0))
        .with("full_action_space", OptionValue::Flag(true))
}

fn spec(id: &str, options: &Options) -> EnvSpec {
    find(id).unwrap().spec(options).unwrap()
}

/// Plays the trace of a game; the first checksum that differs is the error, by its frame.
fn play(game: &Game, trace: &Trace) -> Result<(), usize> {
    let options = plain()
        .with("frame_skip", OptionValue::Whole(1))
        .with("screen_size", OptionValue::Whole(1))
        .with("stack_size", OptionValue::Whole(1));
    let mut env = Atari::with(game.id, &options).unwrap();
    let (mut obs, mut md5, mut points) = ([0], Md5::new(), 0.0);
    env.reset(Some(0), ObsMut::U8(&mut obs)).unwrap();
    assert!(env.step(Action::Discrete(game.legal), ObsMut::U8(&mut obs)).is_err(), "{}", game.id);
    let frames = trace.md5.len() * EVERY;
    for (frame, action) in (1..=frames).zip(actions()) {
        let action = Action::Discrete(action % game.legal);
        let step = env.step(action, ObsMut::U8(&mut obs)).unwrap();
        points += step.reward;
        md5.update((step.reward as i32).to_le_bytes());
        md5.update(env.lives().to_le_bytes());
        md5.update(env.ram());
        md5.update(env.screen().2);
        if frame % EVERY == 0 {
            let sum = md5.clone().finalize();
            let sum: String = sum.iter().map(|byte| format!("{byte:02x}")).collect();
            if sum != trace.md5[frame / EVERY - 1] {
                return Err(frame);
            }
        }
        if step.end.is_some() || frame == frames / 2 {
            env.reset(None, ObsMut::U8(&mut obs)).unwrap();
        }
    }
    assert_eq!(points as i64, trace.points, "{}", game.id);
    Ok(())
}

#[test]
fn every_byte_is_that_of_ale_py() {
    let traces: BTreeMap<String, Trace> = serde_json::from_slice(&read("atari.json")).unwrap();
    assert_eq!(traces.len(), GAMES.len());
    for game in GAMES {
        let differs = DIFFERING.iter().any(|name| game.id == format!("ALE/{name}-v5"));
        let played = play(game, &traces[game.id]);
        assert_eq!(played.is_err(), differs, "{} by frame {played:?}", game.id);
    }
}

#[test]
fn screens_are_within_one_grey_level_of_gymnasiums() {
    const EACH: usize = 4;
    const STEPS_BETWEEN: usize = 30;
    const LEN: usize = 84 * 84;
    let recorded = read("atari-screens.bin");
    let (mut screens, mut unequal) = (recorded.chunks(LEN), 0);
    for id in ["ALE/AirRaid-v5", "ALE/Breakout-v5", "ALE/MsPacman-v5", "ALE/Pooyan-v5"] {
        let mut env = spec(id, &plain()).make.one().unwrap();
        let mut obs = vec![0; 4 * LEN];
        env.reset(Some(0), ObsMut::U8(&mut obs)).unwrap();
        for (step, action) in (1..=EACH * STEPS_BETWEEN).zip(actions()) {
            let before = obs.clone();
            let end = env.step(Action::Discrete(action), ObsMut::U8(&mut obs)).unwrap().end;
            assert_eq!((end, &obs[..3 * LEN]), (None, &before[LEN..]), "{id} {step}");
            if step % STEPS_BETWEEN == 0 {
                for (&ours, &theirs) in obs[3 * LEN..].iter().zip(screens.next().unwrap()) {
                    assert!(ours.abs_diff(theirs) <= 1, "{id} {step}: {ours} for {theirs}");
                    unequal += usize::from(ours != theirs);
                }
            }
        }
    }
    // Means that lie half-way between two levels are rare.
    assert!(unequal * 1000 < recorded.len(), "{unequal} of {} differ", recorded.len());
}

#[test]
fn the_table_of_games_is_that_of_the_emulator() {
    for game in GAMES {
        let mut env = Atari::with(game.id, &Options::default()).unwrap();
        assert_eq!((env.screen().0, env.screen().1), (game.rows, 160), "{}", game.id);
        let (mut obs, n) = (vec![0; 4 * 84 * 84], game.minimal);
        env.reset(Some(1), ObsMut::U8(&mut obs)).unwrap();
        env.step(Action::Discrete(n - 1), ObsMut::U8(&mut obs)).unwrap();
        let error = env.step(Action::Discrete(n), ObsMut::U8(&mut obs)).unwrap_err();
        assert_eq!(error, EnvError::ActionIndex { found: n, n }, "{}", game.id);
    }
}

#[test]
fn every_option_keeps_the_contract() {
    let variants = [
        Options::default()
            .with("grayscale_obs", OptionValue::Flag(false))
            .with("screen_size", OptionValue::Whole(20))
            .with("stack_size", OptionValue::Whole(2))
            .with("max_pool", OptionValue::Flag(false))
            .with("terminal_on_life_loss", OptionValue::Flag(true))
            .with("noop_max", OptionValue::Whole(30)),
        Options::default()
            .with("noise_sigma", OptionValue::Real(5.0))
            .with("screen_size", OptionValue::Whole(20))
            .with("frame_skip", OptionValue::Whole(3)),
    ];
    for options in variants {
        let report = check_env(&spec("ALE/Breakout-v5", &options)).unwrap();
        assert!(report.random, "{options:?}");
    }
    let whole = plain()
        .with("screen_size", OptionValue::Whole(0))
        .with("stack_size", OptionValue::Whole(1));
    let report = check_env(&spec("ALE/Pong-v5", &whole)).unwrap();
    assert!(!report.random);
}

/// Plays the same actions by a spec until `ends` episodes ended; the returns of those, and the steps.
fn returns(spec: &EnvSpec, ends: usize) -> (Vec<f64>, u32) {
    let mut envs = engine(spec, 1, 0, OnFault::Stop);
    let (mut returns, mut steps) = (Vec::new(), 0);
    for action in actions().map(|action| action % 4) {
        let batch = envs.step(Actions::Discrete(&[action])).unwrap();
        returns.extend(batch.finished.iter().map(|episode| episode.ret));
        steps += 1;
        if returns.len() == ends {
            break;
        }
    }
    (returns, steps)
}

#[test]
fn a_lost_life_ends_the_agents_episode_and_the_game_goes_on() {
    // Breakout has five lives. With the same draws and actions five episodes of a life are one game.
    let by_life = Options::default().with("terminal_on_life_loss", OptionValue::Flag(true));
    let by_life = spec("ALE/Breakout-v5", &by_life);
    let (lives, steps) = returns(&by_life, 5);
    let game = returns(&spec("ALE/Breakout-v5", &Options::default()), 1);
    assert_eq!((vec![lives.iter().sum::<f64>()], steps), game);
    // An evaluation plays whole games.
    assert_eq!(returns(&by_life.for_evaluation(), 1), game);
    // After the game the next one has all lives again.
    let (two_games, _) = returns(&by_life, 10);
    assert_eq!(two_games[..5], lives);

    // The first observation of a life is the screen on which the last one was lost, after black ones; a
    // reset with a seed begins a game.
    let options = Options::default().with("terminal_on_life_loss", OptionValue::Flag(true));
    let mut env = Atari::with("ALE/Breakout-v5", &options).unwrap();
    let mut obs = vec![0; 4 * 84 * 84];
    env.reset(Some(1), ObsMut::U8(&mut obs)).unwrap();
    for action in actions() {
        let step = env.step(Action::Discrete(action % 4), ObsMut::U8(&mut obs)).unwrap();
        if step.end.is_some() {
            break;
        }
    }
    let (lost, ram) = (obs.clone(), env.ram());
    env.reset(None, ObsMut::U8(&mut obs)).unwrap();
    assert_eq!((env.lives(), env.ram()), (4, ram));
    assert!(obs[..3 * 84 * 84].iter().all(|&pixel| pixel == 0));
    assert_eq!(obs[3 * 84 * 84..], lost[3 * 84 * 84..]);
    env.reset(Some(1), ObsMut::U8(&mut obs)).unwrap();
    assert_eq!(env.lives(), 5);
}

#[test]
fn a_saved_game_goes_on_in_another_console() {
    for id in ["Pong", "Assault", "BeamRider", "Breakout", "MsPacman", "VideoPinball", "Tutankham"]
    {
        let spec = spec(&format!("ALE/{id}-v5"), &Options::default());
        let actions: Vec<_> = actions().map(|action| action % 4).take(60).collect();
        let new = || (spec.make.one().unwrap(), ObsBuf::zeros(spec.obs.dtype(), spec.obs.dim()));
        let (mut first, mut obs) = new();
        first.reset(Some(3), obs.view_mut()).unwrap();
        for &action in &actions {
            first.step(Action::Discrete(action), obs.view_mut()).unwrap();
        }
        let (mut second, mut other) = new();
        second.reset(Some(9), other.view_mut()).unwrap();
        second.restore(&first.save().unwrap()).unwrap();
        for round in 0..2 {
            for &action in &actions {
                let steps = (
                    first.step(Action::Discrete(action), obs.view_mut()).unwrap(),
                    second.step(Action::Discrete(action), other.view_mut()).unwrap(),
                );
                assert_eq!(steps.0, steps.1, "{id} in round {round}");
                assert!(obs == other, "{id} in round {round}");
            }
            first.reset(None, obs.view_mut()).unwrap();
            second.reset(None, other.view_mut()).unwrap();
        }
    }
}

#[test]
fn the_number_of_workers_changes_nothing() {
    let options = Options::default().with("screen_size", OptionValue::Whole(21));
    let spec = spec("ALE/Breakout-v5", &options);
    let mut runs = [0, 1, 2].map(|workers| {
        let mut envs = engine(&spec, 5, workers, OnFault::Stop);
        drive(&mut envs, &mut Actor::new(7), 120)
    });
    assert!(runs[0].iter().any(|record| record.reward.iter().any(|&reward| reward > 0)));
    let last = runs[2].split_off(0);
    assert!(runs[0] == runs[1] && runs[0] == last);
}

#[test]
fn stickiness_is_as_likely_as_it_should_be() {
    // With stickiness 1 no action ever arrives, so all games without one are the same game.
    let stuck = Options::default().with("repeat_action_probability", OptionValue::Real(1.0));
    let last = |options: &Options, action: u32| {
        let mut env = Atari::with("ALE/Pong-v5", options).unwrap();
        let mut obs = vec![0; 4 * 84 * 84];
        env.reset(Some(5), ObsMut::U8(&mut obs)).unwrap();
        for _ in 0..30 {
            env.step(Action::Discrete(action), ObsMut::U8(&mut obs)).unwrap();
        }
        obs
    };
    assert!(last(&stuck, 2) == last(&stuck, 0));
    assert!(last(&Options::default(), 2) != last(&Options::default(), 0));
}

#[test]
fn nothing_is_printed() {
    const CHILD: &str = "SPARRING_TEST_OF_SILENCE";
    if std::env::var_os(CHILD).is_some() {
        drop(Atari::with("ALE/Pong-v5", &Options::default()).unwrap());
        return;
    }
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["atari::nothing_is_printed", "--exact", "--nocapture", "--quiet"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    assert!(child.status.success());
    assert_eq!(String::from_utf8_lossy(&child.stderr), "");
    let out = String::from_utf8_lossy(&child.stdout).into_owned();
    assert!(!out.contains("A.L.E") && !out.contains("ROM") && out.len() < 200, "{out}");
}
