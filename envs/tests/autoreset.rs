//! When the next episode begins: the modes of Gymnasium spelt out on the counting env, and that all of them play the
//! same episodes.

use crate::common::{Actor, is_slow, specs};
use sparring_envs::tiny::counter::Counter;
use sparring_envs::{
    Actions, Autoreset, End, EnvError, EnvSpec, Obs, Row, VectorConfig, VectorEnv, maker, spec,
};

const T: Row = Row::End(End::Terminated);
const S: Row = Row::Step;
const V: Row = Row::Void;

fn engine(spec: &EnvSpec, num_envs: usize, workers: usize, autoreset: Autoreset) -> VectorEnv {
    let seeds: Vec<u64> = (100..100 + num_envs as u64).collect();
    let config = VectorConfig { num_envs, workers, autoreset, ..VectorConfig::default() };
    VectorEnv::new(spec, &seeds, &config).unwrap()
}

/// Two that count to 3 and end.
fn counters(workers: usize, autoreset: Autoreset) -> VectorEnv {
    let make = maker(|| Ok(Counter::new(Some((3, End::Terminated)))));
    engine(&EnvSpec { make, ..spec("Counter-v0").unwrap() }, 2, workers, autoreset)
}

/// The rows, the rewards, the steps of finished episodes and what is shown after each of some steps.
type Line = ([Row; 2], [f64; 2], usize, [f32; 2]);

fn check(envs: &mut VectorEnv, table: &[Line]) {
    for (t, &(row, reward, finished, shown)) in table.iter().enumerate() {
        let batch = envs.step(Actions::Discrete(&[0, 0])).unwrap();
        assert_eq!((batch.row, batch.reward), (&row[..], &reward[..]), "step {t}");
        assert_eq!(batch.finished.len(), finished, "step {t}");
        assert!(batch.finished.iter().all(|one| (one.len, one.ret) == (3, 6.0)), "step {t}");
        assert_eq!(envs.obs(), Obs::F32(&shown), "step {t}");
    }
}

#[test]
fn the_next_step_begins_the_next_episode() {
    for workers in [0, 1] {
        let mut envs = counters(workers, Autoreset::NextStep);
        envs.step(Actions::Discrete(&[0, 0])).unwrap();
        envs.reset(1, None).unwrap();
        assert_eq!(envs.obs(), Obs::F32(&[1.0, 0.0]));
        check(
            &mut envs,
            &[
                ([S, S], [2.0, 1.0], 0, [2.0, 1.0]),
                ([T, S], [3.0, 2.0], 1, [3.0, 2.0]),
                ([V, T], [0.0, 3.0], 1, [0.0, 3.0]),
                ([S, V], [1.0, 0.0], 0, [1.0, 0.0]),
                ([S, S], [2.0, 1.0], 0, [2.0, 1.0]),
                ([T, S], [3.0, 2.0], 1, [3.0, 2.0]),
            ],
        );
        // One that waits has drawn its episode already.
        envs.reset(0, None).unwrap();
        assert_eq!(envs.obs(), Obs::F32(&[0.0, 2.0]));
        check(&mut envs, &[([S, T], [1.0, 3.0], 1, [1.0, 3.0])]);
    }
}

#[test]
fn where_nothing_begins_by_itself_one_that_ended_holds_all() {
    for workers in [0, 1] {
        let mut envs = counters(workers, Autoreset::Disabled);
        envs.step(Actions::Discrete(&[0, 0])).unwrap();
        envs.reset(1, Some(7)).unwrap();
        check(
            &mut envs,
            &[([S, S], [2.0, 1.0], 0, [2.0, 1.0]), ([T, S], [3.0, 2.0], 1, [3.0, 2.0])],
        );
        let over = EnvError::EpisodeOver { env: 0 };
        assert_eq!(envs.step(Actions::Discrete(&[0, 0])).unwrap_err(), over);
        assert_eq!(envs.save().unwrap_err(), over);
        assert_eq!(envs.obs(), Obs::F32(&[3.0, 2.0]));
        envs.reset(0, None).unwrap();
        check(&mut envs, &[([S, T], [1.0, 3.0], 1, [1.0, 3.0])]);
        let error = envs.reset(2, None).unwrap_err().to_string();
        assert!(error.contains("the env to reset is 2"), "{error}");
    }
}

/// All transitions of each env, its own actions drawn step by step: observation, successor, reward, end.
fn episodes(spec: &EnvSpec, autoreset: Autoreset, steps: usize) -> Vec<Vec<Vec<u64>>> {
    const N: usize = 11;
    let mut envs = engine(spec, N, 1, autoreset);
    let mut actors: Vec<_> = (0..N as u64).map(Actor::new).collect();
    let mut seen = vec![Vec::new(); N];
    let mut waits = [false; N];
    while seen.iter().any(|of: &Vec<_>| of.len() < steps) {
        let (mut discrete, mut continuous) = (Vec::new(), Vec::new());
        for (actor, waits) in actors.iter_mut().zip(&waits) {
            let mut other = Actor::new(99);
            match if *waits { &mut other } else { actor }.act(&spec.action, 1) {
                Actions::Discrete(one) => discrete.extend_from_slice(one),
                Actions::Continuous(one) => continuous.extend_from_slice(one),
            }
        }
        let actions = match continuous.is_empty() {
            true => Actions::Discrete(&discrete),
            false => Actions::Continuous(&continuous),
        };
        let batch = envs.step(actions).unwrap();
        for step in batch.rows() {
            let mut line: Vec<_> = step.obs.values().map(|x| u64::from(x.to_bits())).collect();
            line.extend(step.next.values().map(|x| u64::from(x.to_bits())));
            line.push(step.reward.to_bits());
            line.push(step.end.map_or(0, |end| 1 + u64::from(end == End::Truncated)));
            seen[step.env].push(line);
        }
        let ended: Vec<_> = batch.row.iter().map(|row| row.end().is_some()).collect();
        match autoreset {
            Autoreset::SameStep => {}
            Autoreset::NextStep => waits.copy_from_slice(&ended),
            Autoreset::Disabled => {
                let over = (0..N).filter(|env| ended[*env]);
                over.for_each(|env| envs.reset(env, None).unwrap());
            }
        }
    }
    seen.iter_mut().for_each(|of| of.truncate(steps));
    seen
}

#[test]
fn every_mode_plays_the_same_episodes() {
    for spec in specs().iter().filter(|spec| !is_slow(spec)) {
        let spec = spec.clone().limit(spec.max_episode_steps.map_or(90, |limit| limit.min(90)));
        let same = episodes(&spec, Autoreset::SameStep, 300);
        assert!(same.iter().flatten().any(|line| line.last() != Some(&0)), "{}", spec.id);
        for other in [Autoreset::NextStep, Autoreset::Disabled] {
            assert!(same == episodes(&spec, other, 300), "{} with {other:?}", spec.id);
        }
    }
}

#[test]
fn a_reset_with_a_seed_is_a_new_engine() {
    for spec in specs().iter().filter(|spec| !is_slow(spec)) {
        for autoreset in [Autoreset::SameStep, Autoreset::NextStep, Autoreset::Disabled] {
            let (mut used, mut new) =
                (engine(spec, 9, 1, autoreset), engine(spec, 9, 1, autoreset));
            let mut actor = Actor::new(3);
            for _ in 0..3 {
                used.step(actor.act(&spec.action, 9)).unwrap();
                for env in (0..9).filter(|_| autoreset == Autoreset::Disabled) {
                    used.reset(env, None).unwrap();
                }
            }
            for env in 0..9 {
                used.reset(env, Some(100 + env as u64)).unwrap();
            }
            assert_eq!(used.obs(), new.obs(), "{}", spec.id);
            let actions = actor.act(&spec.action, 9);
            let (used, new) = (used.step(actions).unwrap(), new.step(actions).unwrap());
            assert_eq!((used.next, used.reward), (new.next, new.reward), "{}", spec.id);
        }
    }
}

#[test]
fn each_env_is_drawn_as_it_would_be_alone() {
    for id in ["CartPole-v1", "MinAtar/Breakout-v1"] {
        let spec = spec(id).unwrap();
        let mut envs = engine(&spec, 9, 1, Autoreset::SameStep);
        envs.step(Actions::Discrete(&[1; 9])).unwrap();
        for env in [0, 8] {
            let mut alone = spec.make.one().unwrap();
            let mut obs = sparring_envs::ObsBuf::zeros(spec.obs.dtype(), spec.obs.dim());
            alone.reset(Some(100 + env as u64), obs.view_mut()).unwrap();
            alone.step(sparring_envs::Action::Discrete(1), obs.view_mut()).unwrap();
            assert_eq!(envs.render(env).unwrap(), alone.render().unwrap(), "{id}");
        }
        assert!(envs.render(9).is_err());
    }
}
