//! Pictures of envs: they show the state, and nothing but the state.

use sparring_envs::picture::{AMBER, PAPER};
use sparring_envs::{Action, Env, EnvError, EnvRng, ObsBuf, ObsMut, registry, spec};

/// The ids whose envs must have a picture.
const DRAWN: [&str; 9] = [
    "CartPole-v0",
    "CartPole-v1",
    "MountainCar-v0",
    "MountainCarContinuous-v0",
    "Acrobot-v1",
    "Pendulum-v1",
    "MinAtar/Breakout-v1",
    "MinAtar/Seaquest-v1",
    "MinAtar/SpaceInvaders-v0",
];

/// An env after a reset and some random steps.
fn played(id: &str, seed: u64, steps: u32) -> Box<dyn Env> {
    let spec = spec(id).unwrap();
    let mut env = spec.make.one().unwrap();
    let mut obs = ObsBuf::zeros(spec.obs.dtype(), spec.obs.dim());
    env.reset(Some(seed), obs.view_mut()).unwrap();
    let mut rng = EnvRng::new(seed);
    for _ in 0..steps {
        env.step(spec.action.sample(&mut rng).as_action(), obs.view_mut()).unwrap();
    }
    env
}

#[test]
fn a_picture_shows_the_state() {
    for id in DRAWN {
        let picture = |seed, steps| played(id, seed, steps).render().unwrap();
        assert_eq!(picture(1, 8), picture(1, 8), "{id}");
        assert_ne!(picture(1, 8).rgb(), picture(2, 8).rgb(), "{id}");
        assert_ne!(picture(1, 8).rgb(), picture(1, 0).rgb(), "{id}");
        let (one, other) = (picture(1, 8), picture(2, 0));
        assert_eq!((one.width(), one.height()), (other.width(), other.height()), "{id}");
        assert_eq!(one.rgb().len(), 3 * one.width() * one.height(), "{id}");
    }
}

#[test]
fn drawing_moves_nothing() {
    for id in DRAWN {
        let env = played(id, 3, 5);
        let before = env.save().unwrap();
        env.render().unwrap();
        assert_eq!(env.save().unwrap(), before, "{id}");
    }
}

/// MuJoCo's renderer wants EGL; where there is none, the error says so.
#[cfg(feature = "mujoco")]
#[test]
fn a_robot_is_drawn_where_egl_is() {
    for id in ["HalfCheetah-v5", "Reacher-v5"] {
        let env = played(id, 1, 8);
        let before = env.save().unwrap();
        let picture = match env.render() {
            Ok(picture) => picture,
            Err(EnvError::NoPicture { why }) => {
                assert!(why.contains("EGL"), "{why}");
                continue;
            }
            Err(error) => panic!("{id}: {error}"),
        };
        assert_eq!(env.save().unwrap(), before, "{id}");
        assert_eq!((picture.width(), picture.height()), (480, 480));
        let colours: std::collections::HashSet<_> = picture.rgb().chunks_exact(3).collect();
        assert!(colours.len() > 30, "{id}: {} colours", colours.len());
        // Another model in between takes the stage, and gives it back.
        played("Hopper-v5", 1, 0).render().unwrap();
        assert_eq!(played(id, 1, 8).render().unwrap(), picture, "{id}");
        assert_ne!(played(id, 2, 8).render().unwrap(), picture, "{id}");
    }
}

#[test]
fn nothing_is_drawn_before_the_first_reset() {
    // Of Atari's games, which all draw alike, one.
    let other_game = |id: &str| id.starts_with("ALE/") && id != "ALE/Pong-v5";
    for row in registry().iter().filter(|row| row.missing().is_none() && !other_game(row.id)) {
        let Ok(spec) = spec(row.id) else { continue };
        match spec.make.one().unwrap().render() {
            Err(EnvError::ResetNeeded | EnvError::NoPicture { .. }) => {}
            other => panic!("{}: {other:?}", row.id),
        }
    }
}

/// Where the pole leans, by the pixels alone: the mean over the upper part of it.
fn lean(env: &dyn Env, x: f64) -> f64 {
    let picture = env.render().unwrap();
    let heights = (40..90).map(|percent| f64::from(percent) / 100.0);
    let angles: Vec<f64> = heights
        .filter_map(|height| {
            let across = (-160..160).map(|step| f64::from(step) / 160.0);
            let hit: Vec<f64> =
                across.filter(|dx| picture.at([x + dx, 0.1 + height]) == AMBER).collect();
            let middle = hit.iter().sum::<f64>() / hit.len() as f64;
            (!hit.is_empty()).then(|| middle.atan2(height))
        })
        .collect();
    assert!(angles.len() > 30, "{angles:?}");
    angles.iter().sum::<f64>() / angles.len() as f64
}

#[test]
fn the_pole_leans_by_its_angle() {
    let spec = spec("CartPole-v1").unwrap();
    let mut env = spec.make.one().unwrap();
    let mut obs = vec![0.0; 4];
    env.reset(Some(1), ObsMut::F32(&mut obs)).unwrap();
    // Pushed to the left, it falls to the right.
    let mut looks = 0;
    while obs[2] < 0.35 {
        let [x, theta] = [f64::from(obs[0]), f64::from(obs[2])];
        assert!((lean(&*env, x) - theta).abs() < 0.01, "{} for {theta}", lean(&*env, x));
        env.step(Action::Discrete(0), ObsMut::F32(&mut obs)).unwrap();
        looks += 1;
    }
    assert!(looks > 8, "{looks}");
}

#[test]
fn a_pendulum_stands_where_its_cosine_and_sine_say() {
    let spec = spec("Pendulum-v1").unwrap();
    let mut obs = vec![0.0; 3];
    for seed in 0..10 {
        let mut env = spec.make.one().unwrap();
        env.reset(Some(seed), ObsMut::F32(&mut obs)).unwrap();
        let picture = env.render().unwrap();
        // The angle is counted from upright against the clock.
        let [up, left] = [f64::from(obs[0]), f64::from(obs[1])];
        assert_eq!(picture.at([-left * 0.9, up * 0.9]), AMBER, "{obs:?}");
        assert_eq!(picture.at([left * 0.9, -up * 0.9]), PAPER, "{obs:?}");
    }
}
