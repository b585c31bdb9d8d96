//! The options of the classic envs against Gymnasium 1.4.0: `make(id, **arguments).unwrapped`, then
//! `reset(seed=123, options=...)` and the same actions give these very bits.

use sparring_envs::{Action, ObsBuf, ObsMut, OptionValue, Options, find};

/// What Gymnasium gave: the first and the last observation, the steps and the sum of rewards.
struct Course<'a> {
    first: &'a [u32],
    last: &'a [u32],
    steps: u32,
    ret: f64,
}

fn options(values: &[(&'static str, f64)]) -> Options {
    let with = |options: Options, &(key, value)| options.with(key, OptionValue::Real(value));
    values.iter().fold(Options::default(), with)
}

/// Plays an episode, or as many steps as Gymnasium did.
fn play(id: &str, options: &Options, action: impl Fn(u32) -> Action<'static>, course: &Course) {
    let spec = find(id).unwrap().spec(options).unwrap();
    let mut env = spec.make.one().unwrap();
    let mut obs = vec![0.0; course.first.len()];
    let bits = |obs: &[f32]| obs.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
    env.reset(Some(123), ObsMut::F32(&mut obs)).unwrap();
    assert_eq!(bits(&obs), course.first, "{id}");
    let (mut ret, mut steps) = (0.0, 0);
    while steps < course.steps {
        let step = env.step(action(steps), ObsMut::F32(&mut obs)).unwrap();
        (ret, steps) = (ret + step.reward, steps + 1);
        if step.end.is_some() {
            break;
        }
    }
    assert_eq!((steps, ret.to_bits()), (course.steps, course.ret.to_bits()), "{id}: {ret}");
    assert_eq!(bits(&obs), course.last, "{id}");

    // A saved state brings no options along: they are of the spec.
    let mut other = spec.make.one().unwrap();
    other.restore(&env.save().unwrap()).unwrap();
    let mut theirs = ObsBuf::zeros(spec.obs.dtype(), obs.len());
    env.reset(None, ObsMut::F32(&mut obs)).unwrap();
    other.reset(None, theirs.view_mut()).unwrap();
    assert!(theirs.view().values().eq(obs.iter().copied()), "{id}");
}

#[test]
fn cart_pole() {
    let turns = |t: u32| Action::Discrete(t % 2);
    let chosen = options(&[("low", -0.2), ("high", 0.1)])
        .with("sutton_barto_reward", OptionValue::Flag(true));
    let course = Course {
        first: &[0x3b9a_3117, 0xbe3c_4425, 0xbe09_1aff, 0xbe14_2936],
        last: &[0xbd90_1bce, 0xbe1d_00f1, 0xbe5d_96e2, 0xbf55_c2c1],
        steps: 14,
        ret: -1.0,
    };
    play("CartPole-v1", &chosen, turns, &course);
    let course = Course {
        first: &[0xbc14_6bbb, 0xbd3f_92ad, 0xbd16_a4f5, 0xbd1f_7d21],
        last: &[0xbe0a_1540, 0xbb87_4706, 0xbe5d_febd, 0xbf80_229a],
        steps: 48,
        ret: 48.0,
    };
    play("CartPole-v0", &options(&[("high", 0.01)]), turns, &course);
}

#[test]
fn pendulum() {
    let chosen = options(&[("g", 9.81), ("x_init", 0.5), ("y_init", 0.25)]);
    let course = Course {
        first: &[0x3f7b_c168, 0x3e39_b1f7, 0xbe64_7192],
        last: &[0x3ea5_562d, 0xbf72_48ec, 0x40d3_d7f0],
        steps: 20,
        ret: -112.384_497_162_454_2,
    };
    play("Pendulum-v1", &chosen, |_| Action::Continuous(&[1.5]), &course);
}

#[test]
fn acrobot() {
    let course = Course {
        first: &[0x3f7d_73ff, 0x3e10_159c, 0x3f7c_2cb8, 0xbe30_5c24, 0xbdb7_f395, 0xbddc_cda3],
        last: &[0x3f7f_e991, 0xbcd6_527a, 0x3f7e_a8a2, 0xbdd1_5ea6, 0x3eb3_ca79, 0xbf69_d885],
        steps: 20,
        ret: -20.0,
    };
    let turns = |t: u32| Action::Discrete(t % 3);
    play("Acrobot-v1", &options(&[("low", -0.2), ("high", 0.3)]), turns, &course);
}

#[test]
fn mountain_cars() {
    // At the goal they are too slow, and go on.
    let chosen = options(&[("low", 0.49), ("high", 0.5), ("goal_velocity", 0.02)]);
    let course = Course {
        first: &[0x3efe_5fa7, 0],
        last: &[0x3f19_999a, 0x3ca6_8f99],
        steps: 18,
        ret: -18.0,
    };
    play("MountainCar-v0", &chosen, |_| Action::Discrete(2), &course);
    let chosen = options(&[("low", 0.44), ("high", 0.45), ("goal_velocity", 0.04)]);
    let course = Course {
        first: &[0x3ee4_c60d, 0],
        last: &[0x3f19_999a, 0x3d26_8d0a],
        steps: 26,
        ret: f64::from_bits(0x4058_5999_9999_999a),
    };
    play("MountainCarContinuous-v0", &chosen, |_| Action::Continuous(&[1.0]), &course);
}

#[test]
fn bounds_that_cross_are_refused_by_name() {
    for id in ["CartPole-v1", "Acrobot-v1", "MountainCar-v0", "MountainCarContinuous-v0"] {
        let crossed = options(&[("low", 2.0), ("high", 1.5)]);
        let error = find(id).unwrap().spec(&crossed).unwrap_err().to_string();
        assert!(error.contains("`low`") && error.contains("1.5"), "{error}");
    }
}
