//! The crate gymnasium-rs beside ours: the same episodes through either door, and where its cart-pole
//! differs from CartPole-v1.
#![cfg(feature = "gymnasium-rs")]

use std::collections::HashMap;

use gymnasium_rs::core::{Env as TheirEnv, Space as TheirSpace};
use gymnasium_rs::envs::cartpole::CartPole;
use gymnasium_rs::wrappers::timelimit::TimeLimitWrapper;
use ndarray::{Array1, Array3, array};
use sparring_envs::gymnasium_rs::{Ours, theirs};
use sparring_envs::{
    Action, Actions, End, Env, EnvRng, Obs, ObsMut, Row, Space, VectorConfig, VectorEnv, check_env,
    spec, state,
};

type Stepped = (Array1<f32>, f32, bool, bool, HashMap<String, serde_json::Value>);

/// An env of theirs with continuous actions: the sum of what it was given, from its seed on.
struct Sum(Array1<f32>);

impl TheirEnv<Array1<f32>, Array1<f32>> for Sum {
    fn observation_space(&self) -> TheirSpace {
        TheirSpace::Box { low: array![f32::MIN, f32::MIN], high: array![f32::MAX, f32::MAX] }
    }

    fn action_space(&self) -> TheirSpace {
        TheirSpace::Box { low: array![-1.0, 0.0], high: array![1.0, 2.0] }
    }

    fn reset(
        &mut self,
        seed: Option<i32>,
        _: HashMap<String, serde_json::Value>,
    ) -> (Array1<f32>, HashMap<String, serde_json::Value>) {
        self.0 = array![(seed.unwrap() % 1000) as f32, 0.0];
        (self.0.clone(), HashMap::new())
    }

    fn step(&mut self, action: Array1<f32>) -> Stepped {
        self.0 = &self.0 + &action;
        (self.0.clone(), action[0], false, self.0[1] > 20.0, HashMap::new())
    }

    fn render(&self) -> Option<Array3<u8>> {
        None
    }

    fn close(&mut self) {}
}

fn sum() -> Sum {
    Sum(array![0.0, 0.0])
}

#[test]
fn theirs_keep_our_contract() {
    assert_eq!(check_env(&spec("gymnasium-rs/CartPole-v1").unwrap()).unwrap().checks.len(), 11);
    let sum = theirs::spec("gymnasium-rs/Sum-v0", None, sum).unwrap();
    assert_eq!(sum.obs, Space::vector(&[f32::NEG_INFINITY; 2], &[f32::INFINITY; 2]));
    assert_eq!(sum.action, Space::vector(&[-1.0, 0.0], &[1.0, 2.0]));
    assert_eq!(check_env(&sum).unwrap().checks.len(), 11);
}

#[test]
fn the_engine_steps_theirs_as_they_step_themselves() {
    let spec = theirs::spec("gymnasium-rs/CartPole-v1", Some(8), CartPole::new).unwrap();
    let seeds = [3, 4, 5];
    for workers in [0, 2] {
        let config = VectorConfig { num_envs: 3, workers, ..VectorConfig::default() };
        let mut envs = VectorEnv::new(&spec, &seeds, &config).unwrap();
        let mut alone: Vec<_> = seeds.iter().map(|_| CartPole::new()).collect();
        // The limit of the engine is their wrapper's.
        let mut limited: Vec<_> =
            alone.iter_mut().map(|env| TimeLimitWrapper::new(env, 8)).collect();
        let starts: Vec<f32> = limited
            .iter_mut()
            .zip(seeds)
            .flat_map(|(env, seed)| env.reset_seed(seed as i32).0)
            .collect();
        assert_eq!(envs.obs(), Obs::F32(&starts));
        let mut ended = false;
        for t in 0..8 {
            let actions = [t % 2, 1, (t / 2) % 2];
            let batch = envs.step(Actions::Discrete(&actions)).unwrap();
            for (i, env) in limited.iter_mut().enumerate() {
                let (obs, reward, terminated, truncated, _) = env.step(actions[i] as i32);
                let Obs::F32(next) = batch.next else { panic!("{:?}", batch.next) };
                assert_eq!(next[4 * i..4 * i + 4], obs.to_vec());
                assert_eq!(batch.reward[i], f64::from(reward));
                assert_eq!(batch.row[i] == Row::End(End::Terminated), terminated);
                assert_eq!(batch.row[i] == Row::End(End::Truncated), truncated && !terminated);
                ended |= truncated;
            }
            assert!(batch.finished.is_empty() || t == 7);
        }
        assert!(ended);
    }
}

#[test]
fn ours_step_behind_their_trait_as_they_step_themselves() {
    for (id, seed) in [("CartPole-v1", 7), ("Acrobot-v1", -1)] {
        let spec = spec(id).unwrap();
        let mut inner = Ours::new(&spec).unwrap();
        let mut env = TimeLimitWrapper::<Array1<f32>, i32>::new(&mut inner, 9);
        let mut alone = spec.make.one().unwrap();
        let mut obs = vec![0.0; spec.obs.dim()];
        alone.reset(Some(u64::from(seed as u32)), ObsMut::F32(&mut obs)).unwrap();
        let (first, info) = env.reset_seed(seed);
        assert!(first.to_vec() == obs && info.is_empty());
        for t in 1..=9 {
            let step = alone.step(Action::Discrete(t % 2), ObsMut::F32(&mut obs)).unwrap();
            let (next, reward, terminated, truncated, info) = env.step((t % 2) as i32);
            assert!(next.to_vec() == obs && info.is_empty());
            assert_eq!(f64::from(reward), step.reward);
            assert_eq!((terminated, truncated), (step.end.is_some(), t == 9));
        }
        let shown = env.render().unwrap();
        let picture = alone.render().unwrap();
        assert_eq!(shown.shape(), [picture.height(), picture.width(), 3]);
        assert!(shown.iter().eq(picture.rgb()));
        let (_, reward, _, truncated, info) = env.step(9);
        assert!(reward == 0.0 && truncated && info["error"].as_str().unwrap().contains("0 to "));
    }
}

#[test]
fn ours_with_continuous_actions_and_without_a_seed() {
    let spec = spec("Pendulum-v1").unwrap();
    let mut env = Ours::new(&spec).unwrap();
    let env: &mut dyn TheirEnv<Array1<f32>, Array1<f32>> = &mut env;
    assert_eq!(env.action_space(), TheirSpace::Box { low: array![-2.0], high: array![2.0] });
    let mut alone = spec.make.one().unwrap();
    let mut obs = [0.0; 3];
    alone.reset(Some(0), ObsMut::F32(&mut obs)).unwrap();
    assert_eq!(env.reset_default().0.to_vec(), obs);
    let step = alone.step(Action::Continuous(&[0.5]), ObsMut::F32(&mut obs)).unwrap();
    let (next, reward, ..) = env.step(array![0.5]);
    assert_eq!((next.to_vec(), reward), (obs.to_vec(), step.reward as f32));
    alone.reset(None, ObsMut::F32(&mut obs)).unwrap();
    assert_eq!(env.reset_default().0.to_vec(), obs);
    let (_, _, _, truncated, info) = env.step(array![f32::NAN]);
    assert!(truncated && info.contains_key("error"));
}

/// The velocities after a step of the cart-pole, in f64, by the equations with this total mass and this
/// factor of the pole's acceleration in the cart's.
fn velocities([_, x_dot, theta, theta_dot]: [f64; 4], force: f64, mass: f64, arm: f64) -> [f64; 2] {
    let (sin, cos) = theta.sin_cos();
    let push = (force + 0.05 * theta_dot * theta_dot * sin) / mass;
    let theta_acc = (9.8 * sin - cos * push) / (0.5 * (4.0 / 3.0 - 0.1 * cos * cos / mass));
    [x_dot + 0.02 * (push - arm * theta_acc * cos / mass), theta_dot + 0.02 * theta_acc]
}

/// CartPole-v1 in this state.
fn placed(at: [f64; 4]) -> Box<dyn Env> {
    let mut env = spec("CartPole-v1").unwrap().make.one().unwrap();
    let [x, x_dot, theta, theta_dot] = at;
    let of = (Some(EnvRng::new(0)), false, x, x_dot, theta, theta_dot);
    env.restore(&state::pack("CartPole", &of).unwrap()).unwrap();
    env
}

#[test]
fn their_cart_pole_is_not_cart_pole_v1() {
    let mut lengths = Vec::new();
    for seed in 0..10 {
        let mut theirs = CartPole::new();
        let (start, _) = theirs.reset_seed(seed);
        // Another generator: the start is another.
        let mut obs = [0.0; 4];
        let mut ours = spec("CartPole-v1").unwrap().make.one().unwrap();
        ours.reset(Some(seed as u64), ObsMut::F32(&mut obs)).unwrap();
        assert_ne!(start.to_vec(), obs);

        // From the same start: the same positions, other velocities, for the reasons that are named.
        let at: [f64; 4] = std::array::from_fn(|i| f64::from(start[i]));
        let mut ours = placed(at);
        ours.step(Action::Discrete(1), ObsMut::F32(&mut obs)).unwrap();
        let (next, ..) = theirs.step(1);
        for i in [0, 2] {
            assert!((next[i] - obs[i]).abs() < 1e-7, "{next} {obs:?}");
        }
        let [named, true_ones] = [velocities(at, 10.0, 1.0, 0.5), velocities(at, 10.0, 1.1, 0.05)];
        for (i, at) in [1, 3].into_iter().enumerate() {
            assert!((f64::from(next[at]) - named[i]).abs() < 1e-5, "{next} {named:?}");
            assert!((f64::from(obs[at]) - true_ones[i]).abs() < 1e-5, "{obs:?} {true_ones:?}");
            assert!((next[at] - obs[at]).abs() > 0.02, "{next} {obs:?}");
        }

        // To the end: another length, and no reward for the last step.
        let mut count = [1, 1];
        loop {
            let (obs, reward, terminated, ..) = theirs.step(1);
            count[0] += 1;
            assert_eq!(reward, if terminated { 0.0 } else { 1.0 });
            if terminated {
                // Their space ends at 12°, and they go beyond.
                let TheirSpace::Box { high, .. } = theirs.observation_space() else { panic!() };
                assert!(obs[2].abs() > high[2], "{obs}");
                break;
            }
        }
        loop {
            let step = ours.step(Action::Discrete(1), ObsMut::F32(&mut obs)).unwrap();
            count[1] += 1;
            assert_eq!(step.reward, 1.0);
            if step.end.is_some() {
                break;
            }
        }
        lengths.push(count);
    }
    let mean = |at: usize| lengths.iter().map(|pair| f64::from(pair[at])).sum::<f64>() / 10.0;
    println!("steps under a constant push, theirs and ours: {} and {}", mean(0), mean(1));
    assert!(mean(0) < mean(1), "{lengths:?}");
}
