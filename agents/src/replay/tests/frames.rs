//! Stacks of frames, against what was shown.

use std::collections::HashMap;

use proptest::prelude::*;
use sparring_envs::{End, EnvSpec, ObsBuf, Row, spec};
use sparring_sparse::Seed;

use super::super::*;
use super::stream::{Stream, streams};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Beside a memory that keeps all whole stacks as numbers, on the same stream: each transition that the
    /// frames still hold is the same, bit for bit, after every step. Its action tells which it is.
    #[test]
    fn stacks_are_what_was_shown(
        stream in streams(), capacity in 1usize..40, n_step in 1usize..4, seed: u64,
    ) {
        let Stream { num_envs, frames, size, .. } = stream;
        let (dim, spec) = (frames * size, stream.spec());
        let prioritized = seed % 2 == 0;
        let config = ReplayConfig {
            n_step, prioritized, ..ReplayConfig::new(&spec, num_envs, capacity, 0.5)
        };
        let mut replay = Replay::new(config);
        let mut naive = Replay::new(ReplayConfig { dtype: Dtype::F32, capacity: 1000, ..config });
        let mut place_of = HashMap::new();
        let (mut found, mut expected) = (Sample::default(), Sample::default());
        let mut broken = None;
        let mut whole_episodes = 0;
        stream.play(seed, |obs, next, batch, actions| {
            let actions = Actions::Discrete(actions);
            replay.store(batch, actions).unwrap();
            let floats = |bytes: &[u8]| bytes.iter().map(|b| f32::from(*b)).collect::<Vec<_>>();
            let (obs, next) = (floats(obs), floats(next));
            let shown = Batch { obs: Obs::F32(&obs), next: Obs::F32(&next), ..*batch };
            naive.store(&shown, actions).unwrap();
            found.fit(1, &replay.config);
            expected.fit(1, &naive.config);
            for place in place_of.len()..naive.len() {
                naive.state.ring.copy(place, 0, &mut expected).unwrap();
                place_of.insert(expected.action[0] as u32, place);
            }
            whole_episodes += batch.rows().filter(|step| step.end.is_some()).count();
            for i in 0..replay.len() {
                let place = replay.state.ring.place(i);
                replay.state.ring.copy(place, 0, &mut found).unwrap();
                naive.state.ring.copy(place_of[&(found.action[0] as u32)], 0, &mut expected).unwrap();
                let same = found.obs.view().values().eq(expected.obs.view().values())
                    && found.next.view().values().eq(expected.next.view().values())
                    && found.action == expected.action
                    && found.reward == expected.reward
                    && found.discount == expected.discount;
                if !same {
                    broken.get_or_insert(format!("{place}: {found:?} against {expected:?}"));
                }
                if prioritized && replay.priorities().unwrap().get(place) == 0.0 {
                    broken.get_or_insert(format!("{place} is held and never drawn"));
                }
            }
            if prioritized {
                let total = replay.priorities().unwrap().total();
                let sum = replay.len() as f64;
                if total != sum {
                    broken.get_or_insert(format!("priorities of {total} for {sum} places"));
                }
            }
            let (held, all) = (replay.len(), naive.len());
            let lawful = stream.torn == 0 && stream.voids == 0 && stream.late == 0;
            // Lawful streams bring at most two frames a transition, and waiting ones some more.
            let least = all.min((capacity / 2).saturating_sub(num_envs * (n_step + 1)));
            if held > all || (lawful && held < least) {
                broken.get_or_insert(format!("{held} of {all} held"));
            }
            if lawful && whole_episodes == 0 && n_step == 1 && held != all.min(capacity) {
                broken.get_or_insert(format!("{held} of {all} held without an episode's end"));
            }
        });
        prop_assert!(broken.is_none(), "{}", broken.unwrap());
        let mut rng = Seed::new(seed).rng();
        if !replay.is_empty() {
            replay.sample(5, &mut rng, &mut found).unwrap();
            prop_assert_eq!(found.obs.view().len(), 5 * dim);
        }
    }
}

/// Frames by hand: two of one byte are stacked; the episode of 1, 2, 3 ends, and 9 begins the next.
#[test]
fn a_stack_never_reaches_across_an_episodes_start() {
    let spec = spec("Recall-v0").unwrap();
    let config = ReplayConfig { obs_dim: 2, ..ReplayConfig::new(&spec, 1, 8, 0.5) };
    let mut replay = Replay::new(config);
    let steps =
        [([0, 1], [1, 2], None), ([1, 2], [2, 3], Some(End::Truncated)), ([0, 9], [9, 8], None)];
    for (obs, next, end) in steps {
        let (obs, next) = (Obs::U8(&obs), Obs::U8(&next));
        let row = &[Row::from(end)];
        let batch = Batch { envs: &[0], obs, next, reward: &[0.0], row, finished: &[] };
        replay.store(&batch, Actions::Discrete(&[0])).unwrap();
    }
    let mut sample = Sample::default();
    sample.fit(3, &replay.config);
    (0..3).for_each(|place| replay.state.ring.copy(place, place, &mut sample).unwrap());
    assert_eq!(sample.obs, ObsBuf::U8(vec![0, 1, 1, 2, 0, 9]));
    assert_eq!(sample.next, ObsBuf::U8(vec![1, 2, 2, 3, 9, 8]));
}

/// Two frames of one byte. While environment 0 is away, the other's frames go round the ring; its stack is
/// taken anew when it is back, and nothing of it is lost. A return that began before it left is.
#[test]
fn a_late_environment_shows_its_stack_anew() {
    let spec = spec("Recall-v0").unwrap();
    for n_step in [1, 2] {
        let config = ReplayConfig { obs_dim: 2, n_step, ..ReplayConfig::new(&spec, 2, 8, 0.5) };
        let mut replay = Replay::new(config);
        let mut step = |env: usize, obs: [u8; 2], next: [u8; 2]| {
            let (obs, next) = (Obs::U8(&obs), Obs::U8(&next));
            let (row, reward) = (&[Row::Step], &[0.0]);
            let batch = Batch { envs: &[env], obs, next, reward, row, finished: &[] };
            replay.store(&batch, Actions::Discrete(&[0])).unwrap();
        };
        step(0, [0, 101], [101, 102]);
        (1..=200).for_each(|t| step(1, [t, t + 1], [t + 1, t + 2]));
        step(0, [101, 102], [102, 103]);
        step(0, [102, 103], [103, 104]);
        let mut sample = Sample::default();
        sample.fit(1, &replay.config);
        let mut held = |i: usize| {
            replay.state.ring.copy(replay.state.ring.place(i), 0, &mut sample).unwrap();
            (sample.obs.clone(), sample.next.clone())
        };
        let bytes = |obs: [u8; 2], next: [u8; 2]| (ObsBuf::U8(obs.into()), ObsBuf::U8(next.into()));
        let newest: Vec<_> = (0..8).map(&mut held).collect();
        match n_step {
            1 => {
                assert!(newest.contains(&bytes([101, 102], [102, 103])), "{newest:?}");
                assert!(newest.contains(&bytes([102, 103], [103, 104])), "{newest:?}");
            }
            _ => {
                assert!(newest.contains(&bytes([101, 102], [103, 104])), "{newest:?}");
                assert!(newest.iter().all(|(_, next)| *next != ObsBuf::U8(vec![102, 103])));
            }
        }
    }
}

/// Of 640 places, 650 frames may come after a transition. An episode of one step brings two frames a
/// transition: 325 come after the one that is just held.
#[test]
fn short_episodes_forget_early_and_long_ones_do_not() {
    let spec = spec("Recall-v0").unwrap();
    let held = |ends: usize| {
        let mut replay = Replay::new(ReplayConfig::new(&spec, 1, 640, 0.9));
        let mut obs = [0, 0, 0, 0, 1, 1, 1, 1];
        for t in 1..=2000usize {
            let mut next = obs;
            next.rotate_left(4);
            next[4..].fill(1 + (t % 250) as u8);
            let row = [t.is_multiple_of(ends).then_some(End::Truncated).into()];
            let batch = Batch {
                envs: &[0],
                obs: Obs::U8(&obs),
                next: Obs::U8(&next),
                reward: &[0.0],
                row: &row,
                finished: &[],
            };
            replay.store(&batch, Actions::Discrete(&[0])).unwrap();
            obs = next;
            if row[0] != Row::Step {
                obs[..4].fill(0);
            }
        }
        replay.len()
    };
    assert_eq!([1, 64, 1_000_000].map(held), [326, 640, 640]);
}

/// The memory of the paper's Atari agents: a million transitions of 84 × 84, four stacked.
#[test]
fn a_million_transitions_of_atari_take_less_than_7_3_gb() {
    let spec = EnvSpec {
        obs: sparring_envs::Space::bytes(&[4, 84, 84]),
        frames: 4,
        ..spec("Recall-v0").unwrap()
    };
    let bytes = ReplayConfig::new(&spec, 1, 1_000_000, 0.99).bytes();
    assert!(bytes < 7_300_000_000 && bytes > 7_056_000_000, "{bytes}");
}
