//! A saved engine goes on in a new one with the same bits, whatever its envs are and however many threads it has;
//! bytes that are not its own are refused with a reason.

use crate::common::{Actor, Record, drive, engine, is_slow, specs};
use sparring_envs::tiny::chain::Chain;
use sparring_envs::wrappers::frame_stack::FrameStack;
use sparring_envs::wrappers::time_limit::TimeLimit;
use sparring_envs::{
    Action, End, Env, EnvError, EnvRng, EnvSpec, ObsBuf, ObsMut, OnFault, OptionValue, Options,
    Row, VectorConfig, VectorEnv, check_env, find, maker, spec,
};

/// The chain as its row has it.
fn chain() -> Chain {
    Chain::new(spec("Chain-v0").unwrap().obs.dim() as u32)
}

/// Its last three observations.
fn stacked() -> EnvSpec {
    let alone = spec("Chain-v0").unwrap();
    let make = maker(|| Ok(FrameStack::new(chain(), 3)));
    EnvSpec { obs: FrameStack::<Chain>::space(3, &alone.obs), make, ..alone }
}

/// With a limit of its own.
fn timed() -> EnvSpec {
    let make = maker(|| Ok(TimeLimit::new(chain(), 7)));
    EnvSpec { make, ..spec("Chain-v0").unwrap() }
}

#[test]
fn the_wrappers_keep_the_contract_of_an_env() {
    check_env(&stacked()).unwrap();
    check_env(&timed()).unwrap();
    let mut env = FrameStack::new(chain(), 3);
    let dim = spec("Chain-v0").unwrap().obs.dim();
    let mut obs = vec![7.0; 3 * dim];
    env.reset(Some(1), ObsMut::F32(&mut obs)).unwrap();
    let first = obs[..dim].to_vec();
    assert!(obs.chunks(dim).all(|frame| frame == first), "the first one is repeated");
    env.step(Action::Discrete(1), ObsMut::F32(&mut obs)).unwrap();
    assert!(obs[..2 * dim].chunks(dim).all(|frame| frame == first) && obs[2 * dim..] != first);
    let (mut env, mut ends) = (TimeLimit::new(chain(), 2), Vec::new());
    env.reset(Some(1), ObsMut::F32(&mut obs[..dim])).unwrap();
    for _ in 0..2 {
        ends.push(env.step(Action::Discrete(0), ObsMut::F32(&mut obs[..dim])).unwrap().end);
    }
    assert_eq!(ends, [None, Some(End::Truncated)]);
}

/// All of [`specs`], some with a time limit that falls into the test, and games of Atari in their variants.
fn all() -> Vec<EnvSpec> {
    let mut all = specs();
    let limited: Vec<EnvSpec> = all.iter().map(|spec| spec.clone().limit(11)).collect();
    all.extend(limited);
    let small = || Options::default().with("screen_size", OptionValue::Whole(20));
    let variants = [
        small(),
        small()
            .with("terminal_on_life_loss", OptionValue::Flag(true))
            .with("repeat_action_probability", OptionValue::Real(0.25))
            .with("noop_max", OptionValue::Whole(30)),
        small()
            .with("noise_sigma", OptionValue::Real(5.0))
            .with("stack_size", OptionValue::Whole(3)),
    ];
    all.extend([stacked(), timed()]);
    let row = find("ALE/Breakout-v5").unwrap();
    if row.missing().is_none() {
        all.extend(variants.map(|options| row.spec(&options).unwrap()));
    }
    all
}

/// So many steps, and the state behind them.
fn going_on(envs: &mut VectorEnv, steps: usize) -> (Vec<Record>, Vec<u8>) {
    let records = drive(envs, &mut Actor::new(5), steps);
    (records, envs.save().unwrap())
}

#[test]
fn a_saved_engine_goes_on_with_the_same_bits_and_any_workers() {
    for spec in &all() {
        let (n, before, after) = if is_slow(spec) { (3, 17, 40) } else { (5, 137, 300) };
        let mut envs = engine(spec, n, 0, OnFault::Stop);
        drive(&mut envs, &mut Actor::new(4), before);
        let bytes = envs.save().unwrap();
        let obs: Vec<u32> = envs.obs().values().map(f32::to_bits).collect();
        let expected = going_on(&mut envs, after);
        for workers in [0, 2] {
            // Other seeds, so that everything must come from the bytes.
            let config = VectorConfig { num_envs: n, workers, ..VectorConfig::default() };
            let mut other = VectorEnv::new(spec, &vec![9; n], &config).unwrap();
            drive(&mut other, &mut Actor::new(6), before / 2);
            other.restore(&bytes).unwrap();
            assert_eq!(other.last().row, vec![Row::Void; n], "of the last step nothing is left");
            assert!(other.obs().values().map(f32::to_bits).eq(obs.iter().copied()), "{}", spec.id);
            assert!(other.save().unwrap() == bytes, "{}", spec.id);
            assert!(going_on(&mut other, after) == expected, "{}", spec.id);
        }
    }
}

#[test]
fn broken_bytes_are_refused_and_change_nothing() {
    let mut rng = EnvRng::new(8);
    for spec in &all() {
        let mut envs = engine(spec, 2, 0, OnFault::Stop);
        drive(&mut envs, &mut Actor::new(4), 10);
        let bytes = envs.save().unwrap();
        for _ in 0..20 {
            let at = rng.integers(bytes.len() as u32) as usize;
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << rng.integers(8);
            for broken in [&flipped, &bytes[..at]] {
                let error = envs.restore(broken).unwrap_err();
                let EnvError::State { id, .. } = &error else { panic!("{error}") };
                assert!(id.contains(spec.id), "{error}");
            }
        }
        assert!(envs.save().unwrap() == bytes, "{}", spec.id);
    }
}

#[test]
fn foreign_bytes_are_refused_by_name() {
    let all = specs();
    let saved = |spec, n| engine(spec, n, 0, OnFault::Stop).save().unwrap();
    for (one, other) in all.iter().zip(all.iter().skip(1)) {
        let mut envs = engine(one, 2, 0, OnFault::Stop);
        let before = envs.save().unwrap();
        let error = envs.restore(&saved(other, 2)).unwrap_err().to_string();
        assert!(error.contains(&format!("`2 x {}`", one.id)), "{error}");
        assert!(error.contains(&format!("`2 x {}`", other.id)), "{error}");
        let error = envs.restore(&saved(one, 1)).unwrap_err().to_string();
        assert!(error.contains("`2 x ") && error.contains("`1 x "), "{error}");
        assert!(envs.save().unwrap() == before);
    }
    // The same env with other options, whose observations are others.
    if let Some(row) = find("ALE/Breakout-v5").ok().filter(|row| row.missing().is_none()) {
        let of = |side| Options::default().with("screen_size", OptionValue::Whole(side));
        let [small, large] = [20, 30].map(|side| row.spec(&of(side)).unwrap());
        let mut envs = engine(&small, 1, 0, OnFault::Stop);
        let error = envs.restore(&saved(&large, 1)).unwrap_err().to_string();
        assert!(error.contains("observations of") && error.contains("not"), "{error}");
    }
}

/// Bytes whose checksum is right and whose content is not: they are refused or taken, and nothing worse. What is
/// taken may be a state that no game comes to; a panic in its step is then a fault of that env.
#[test]
fn forged_bytes_do_no_harm() {
    for id in ["CartPole-v1", "Chain-v0", "Recall-v0", "MinAtar/Seaquest-v1", "MinAtar/Freeway-v1"]
    {
        let spec = spec(id).unwrap();
        let mut env = spec.make.one().unwrap();
        let mut obs = ObsBuf::zeros(spec.obs.dtype(), spec.obs.dim());
        env.reset(Some(3), obs.view_mut()).unwrap();
        let mut rng = EnvRng::new(1);
        for _ in 0..30 {
            env.step(spec.action.sample(&mut rng).as_action(), obs.view_mut()).unwrap();
        }
        let bytes = env.save().unwrap();
        for _ in 0..2000 {
            let mut body = bytes[4..].to_vec();
            for _ in 0..=rng.integers(3) {
                let at = rng.integers(body.len() as u32) as usize;
                body[at] = rng.next_u32() as u8;
            }
            body.truncate(body.len() - rng.integers(2) as usize * rng.integers(20) as usize);
            let forged = [crc32fast::hash(&body).to_le_bytes().as_slice(), &body].concat();
            if env.restore(&forged).is_err() {
                assert!(env.save().is_ok());
            }
        }
    }
}
