//! Every row around an episode's end, spelt out on the counting env: obs, next, reward, end.

use crate::common::engine;
use sparring_envs::tiny::counter::Counter;
use sparring_envs::{Actions, End, EnvSpec, Episode, Obs, OnFault, Row, maker, spec};

const T: Option<End> = Some(End::Terminated);
const C: Option<End> = Some(End::Truncated);

fn terminates_at_3() -> Counter {
    Counter::new(Some((3, End::Terminated)))
}

fn truncates_at_3() -> Counter {
    Counter::new(Some((3, End::Truncated)))
}

fn never_ends() -> Counter {
    Counter::new(None)
}

/// obs, next, reward, end, and what obs() shows after the step.
type Line = (f32, f32, f64, Option<End>, f32);

fn check(make: fn() -> Counter, max_episode_steps: Option<u32>, table: &[Line]) {
    let make = maker(move || Ok(make()));
    let spec = EnvSpec { max_episode_steps, make, ..spec("Counter-v0").unwrap() };
    for workers in [0, 1] {
        let mut envs = engine(&spec, 2, workers, OnFault::Stop);
        assert_eq!(envs.obs(), Obs::F32(&[0.0; 2]));
        let (mut len, mut ret) = (0, 0.0);
        for (t, &(obs, next, reward, end, after)) in table.iter().enumerate() {
            let batch = envs.step(Actions::Discrete(&[0, 1])).unwrap();
            (len, ret) = (len + 1, ret + reward);
            assert_eq!(batch.obs, Obs::F32(&[obs; 2]), "obs at step {t}");
            assert_eq!(batch.next, Obs::F32(&[next; 2]), "next at step {t}");
            assert_eq!(batch.reward, [reward; 2], "reward at step {t}");
            assert_eq!(batch.row, [Row::from(end); 2], "row at step {t}");
            let episode = |env| end.map(|end| Episode { env, ret, len, end });
            let finished: Vec<Episode> = [0, 1].into_iter().filter_map(episode).collect();
            assert_eq!(batch.finished, finished, "finished at step {t}");
            if end.is_some() {
                (len, ret) = (0, 0.0);
            }
            assert_eq!(envs.obs(), Obs::F32(&[after; 2]), "obs() after step {t}");
        }
    }
}

#[test]
fn the_env_terminates() {
    check(
        terminates_at_3,
        None,
        &[
            (0.0, 1.0, 1.0, None, 1.0),
            (1.0, 2.0, 2.0, None, 2.0),
            (2.0, 3.0, 3.0, T, 0.0),
            (0.0, 1.0, 1.0, None, 1.0),
            (1.0, 2.0, 2.0, None, 2.0),
            (2.0, 3.0, 3.0, T, 0.0),
            (0.0, 1.0, 1.0, None, 1.0),
        ],
    );
}

#[test]
fn the_env_truncates() {
    check(
        truncates_at_3,
        Some(5),
        &[
            (0.0, 1.0, 1.0, None, 1.0),
            (1.0, 2.0, 2.0, None, 2.0),
            (2.0, 3.0, 3.0, C, 0.0),
            (0.0, 1.0, 1.0, None, 1.0),
        ],
    );
}

#[test]
fn the_time_limit_truncates() {
    check(
        never_ends,
        Some(2),
        &[
            (0.0, 1.0, 1.0, None, 1.0),
            (1.0, 2.0, 2.0, C, 0.0),
            (0.0, 1.0, 1.0, None, 1.0),
            (1.0, 2.0, 2.0, C, 0.0),
            (0.0, 1.0, 1.0, None, 1.0),
        ],
    );
}

#[test]
fn terminated_wins_on_the_last_permitted_step() {
    check(
        terminates_at_3,
        Some(3),
        &[
            (0.0, 1.0, 1.0, None, 1.0),
            (1.0, 2.0, 2.0, None, 2.0),
            (2.0, 3.0, 3.0, T, 0.0),
            (0.0, 1.0, 1.0, None, 1.0),
        ],
    );
}

#[test]
fn the_limit_before_the_end_truncates_and_the_count_starts_anew() {
    check(
        terminates_at_3,
        Some(2),
        &[
            (0.0, 1.0, 1.0, None, 1.0),
            (1.0, 2.0, 2.0, C, 0.0),
            (0.0, 1.0, 1.0, None, 1.0),
            (1.0, 2.0, 2.0, C, 0.0),
        ],
    );
}

#[test]
fn a_limit_of_one_ends_every_step() {
    check(never_ends, Some(1), &[(0.0, 1.0, 1.0, C, 0.0), (0.0, 1.0, 1.0, C, 0.0)]);
}

#[test]
fn without_a_limit_nothing_ends() {
    let make = maker(|| Ok(never_ends()));
    let spec = EnvSpec { max_episode_steps: None, make, ..spec("Counter-v0").unwrap() };
    let mut envs = engine(&spec, 1, 0, OnFault::Stop);
    for t in 1..=10_000 {
        let batch = envs.step(Actions::Discrete(&[0])).unwrap();
        assert_eq!((batch.row[0], batch.next), (Row::Step, Obs::F32(&[t as f32])));
    }
}
