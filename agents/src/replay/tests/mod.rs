//! What is held and drawn, against what was shown.

mod frames;
mod restore;
mod stream;

use sparring_envs::{Row, spec};
use sparring_sparse::Seed;

use super::*;

fn config(capacity: usize) -> ReplayConfig {
    let spec = spec("CartPole-v1").unwrap();
    ReplayConfig { obs_dim: 2, act_dim: 2, ..ReplayConfig::new(&spec, 1, capacity, 0.5) }
}

/// Transitions of one environment: obs `(t, −1)`, action `(t, t + ½)`, reward `10 t`.
fn filled(config: ReplayConfig, steps: u32) -> Replay {
    let mut replay = Replay::new(config);
    for t in 0..steps {
        let t = t as f32;
        let batch = Batch {
            envs: &[0],
            obs: Obs::F32(&[t, -1.0]),
            next: Obs::F32(&[t + 1.0, -2.0]),
            reward: &[f64::from(t) * 10.0],
            row: &[Row::Step],
            finished: &[],
        };
        replay.store(&batch, Actions::Continuous(&[t, t + 0.5])).unwrap();
    }
    replay
}

fn sampled(replay: &Replay, batch: usize) -> Sample {
    let mut sample = Sample::default();
    replay.sample(batch, &mut Seed::new(1).rng(), &mut sample).unwrap();
    sample
}

#[test]
fn the_parts_of_a_transition_stay_together() {
    let sample = sampled(&filled(config(5), 3), 100);
    for (i, action) in sample.action.chunks(2).enumerate() {
        let t = action[0];
        assert_eq!(action[1], t + 0.5);
        assert_eq!(sample.obs.view().slice(2 * i..2 * i + 2), Obs::F32(&[t, -1.0]));
        assert_eq!(sample.next.view().slice(2 * i..2 * i + 2), Obs::F32(&[t + 1.0, -2.0]));
        assert_eq!((sample.reward[i], sample.discount[i]), (t * 10.0, 0.5));
    }
    assert!((0..3).all(|t| sample.action.contains(&(t as f32))));
}

#[test]
fn the_newest_take_the_place_of_the_oldest() {
    let replay = filled(config(5), 12);
    assert_eq!(replay.len(), 5);
    let sample = sampled(&replay, 200);
    let firsts: Vec<u32> = sample.action.chunks(2).map(|action| action[0] as u32).collect();
    assert!(firsts.iter().all(|t| (7..12).contains(t)));
    assert!((7..12).all(|t| firsts.contains(&t)));
}

#[test]
fn priorities_decide_how_often_each_is_drawn() {
    let mut replay = filled(ReplayConfig { prioritized: true, ..config(4) }, 6);
    // Places hold 4, 5, 2, 3.
    for (place, priority) in [1.0, 0.0, 2.0, 5.0].into_iter().enumerate() {
        replay.priorities_mut().unwrap().set(place, priority);
    }
    let sample = sampled(&replay, 8000);
    for (place, held, expected) in [(0, 4.0, 1000.0), (1, 5.0, 0.0), (2, 2.0, 2000.0)] {
        let drawn = sample.place.iter().filter(|p| **p == place).count() as f64;
        // Four standard deviations are at most 155.
        assert!((drawn - expected).abs() < 155.0, "{place}: {drawn}");
        let rows = sample.place.iter().zip(sample.action.chunks(2));
        assert!(rows.filter(|(p, _)| **p == place).all(|(_, action)| action[0] == held));
    }
}

#[test]
fn other_observations_are_refused() {
    let mut replay = Replay::new(config(4));
    let batch = |obs| Batch {
        envs: &[0],
        obs,
        next: obs,
        reward: &[0.0],
        row: &[Row::Step],
        finished: &[],
    };
    let actions = Actions::Continuous(&[0.0; 2]);
    let error = replay.store(&batch(Obs::U8(&[0; 2])), actions).unwrap_err().to_string();
    assert!(error.contains("expected f32") && error.contains("found u8"), "{error}");
    let error = replay.store(&batch(Obs::F32(&[0.0; 3])), actions).unwrap_err().to_string();
    assert!(error.contains("expected 2") && error.contains("found 3"), "{error}");
    assert!(replay.is_empty());
}
