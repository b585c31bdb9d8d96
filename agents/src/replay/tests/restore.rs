//! A memory that is written down in pieces and read again, against the one that was never gone.

use proptest::prelude::*;
use sparring_sparse::Seed;

use super::super::*;
use super::stream::{Stream, streams};

/// All that is held, in order, with its priorities.
fn held(replay: &Replay) -> Vec<String> {
    let mut sample = Sample::default();
    sample.fit(1, &replay.config);
    let places = (0..replay.len()).map(|i| replay.state.ring.place(i));
    let rows = places.map(|place| {
        replay.state.ring.copy(place, 0, &mut sample).unwrap();
        format!("{sample:?} {:?}", replay.priorities().map(|all| all.get(place)))
    });
    rows.collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Written down now and then, copied after `at` steps, both play on.
    #[test]
    fn a_restored_memory_goes_on(
        stream in streams(), capacity in 1usize..40, n_step in 1usize..4, at in 0usize..100,
        longest in 1u64..20, seed: u64,
    ) {
        let Stream { num_envs, .. } = stream;
        let config = ReplayConfig {
            n_step,
            prioritized: seed % 2 == 0,
            ..ReplayConfig::new(&stream.spec(), num_envs, capacity, 0.5)
        };
        let (mut replay, mut restored) = (Replay::new(config), None::<Replay>);
        let (mut pieces, mut end, mut t) = (Vec::<(u64, Vec<u8>)>::new(), 0, 0);
        stream.play(seed, |_, _, batch, actions| {
            let actions = Actions::Discrete(actions);
            for memory in [Some(&mut replay), restored.as_mut()].into_iter().flatten() {
                memory.store(batch, actions).unwrap();
                if let Some(priorities) = memory.priorities_mut()
                    && t % 3 == 0
                    && priorities.get(t % capacity) > 0.0
                {
                    priorities.set(t % capacity, 0.5 + t as f64);
                }
            }
            if t == at || t % 7 == 0 {
                let rows = replay.rows();
                pieces.retain(|(end, _)| *end > rows.start);
                end = end.max(rows.start);
                while end < rows.end {
                    let piece = replay.piece(end..(end + longest).min(rows.end));
                    end = (end + longest).min(rows.end);
                    pieces.push((end, piece));
                }
            }
            if t == at {
                let bytes = replay.save().unwrap().to_bytes().unwrap();
                let mut memory = Replay::new(config);
                memory.load(&Section::from_bytes(&bytes).unwrap()).unwrap();
                let mut pieces = pieces.iter().map(|(_, piece)| Ok(piece.clone()));
                memory.restore(replay.rows(), &mut pieces).unwrap();
                assert_eq!(held(&memory), held(&replay));
                restored = Some(memory);
            }
            t += 1;
        });
        if let Some(restored) = restored {
            prop_assert_eq!(restored.rows(), replay.rows());
            prop_assert_eq!(held(&restored), held(&replay));
            let totals = [&restored, &replay].map(|all| all.priorities().map(|p| p.total().to_bits()));
            prop_assert_eq!(totals[0], totals[1]);
            if !replay.is_empty() {
                let sample = |memory: &Replay| {
                    let mut sample = Sample::default();
                    memory.sample(9, &mut Seed::new(seed).rng(), &mut sample).unwrap();
                    format!("{sample:?}")
                };
                prop_assert_eq!(sample(&restored), sample(&replay));
            }
        }
    }
}
