//! A policy that is laid open acts as the agent does, by plain loops.

use crate::common::{dense, fixed, learn, sparse};
use sparring_agents::networks::bro::Bro;
use sparring_agents::networks::impala::Impala;
use sparring_agents::networks::minatar::Minatar;
use sparring_agents::networks::nature::NatureCnn;
use sparring_agents::networks::simba::Simba;
use sparring_agents::policy_view::{After, LayerNorm, PolicyLayer};
use sparring_agents::{
    Agent, AgentConfig, DqnConfig, EnvRows, Epsilon, Mode, NetworkConfig, PolicyView, PpoConfig,
    SacConfig,
};
use sparring_envs::{Actions, EnvSpec, Obs, ObsBuf, Space, VectorConfig, VectorEnv, spec};
use sparring_sparse::layers::{Conv2d, Features, MaxPool};
use sparring_sparse::{Activation, Join, Seed, Shape};

fn activate(activation: Activation, x: f32) -> f32 {
    match activation {
        Activation::Identity => x,
        Activation::Relu => x.max(0.0),
        Activation::Tanh => x.tanh(),
    }
}

/// The pixels under each window of `conv` at `(out row, out column)` of a channel of `x`: its place in the
/// kernel, and its number.
fn window(conv: &Conv2d, x: &[f32], channel: usize, at: [usize; 2]) -> Vec<(usize, f32)> {
    let ([height, width], mut seen) = (conv.size, Vec::new());
    for ky in 0..conv.kernel[0] {
        for kx in 0..conv.kernel[1] {
            let y = (at[0] * conv.stride + ky).checked_sub(conv.padded(0).0);
            let x_at = (at[1] * conv.stride + kx).checked_sub(conv.padded(1).0);
            if let (Some(y), Some(x_at)) = (y, x_at)
                && y < height
                && x_at < width
            {
                let pixel = x[(channel * height + y) * width + x_at];
                seen.push((ky * conv.kernel[1] + kx, pixel));
            }
        }
    }
    seen
}

fn places(out: Features) -> impl Iterator<Item = [usize; 3]> {
    let columns = move |c, y| (0..out.width).map(move |x| [c, y, x]);
    (0..out.channels).flat_map(move |c| (0..out.height).flat_map(move |y| columns(c, y)))
}

fn pool(pool: &MaxPool, from: Features, x: &[f32]) -> Vec<f32> {
    let windows = pool.windows(&from);
    let largest = |[channel, y, x_at]: [usize; 3]| {
        let seen = window(&windows, x, channel, [y, x_at]);
        seen.into_iter().map(|(_, pixel)| pixel).fold(f32::NEG_INFINITY, f32::max)
    };
    places(pool.output(&from)).map(largest).collect()
}

fn through(layer: &PolicyLayer, x: &[f32]) -> Vec<f32> {
    let (weights, cols) = (layer.dense(), layer.shape.cols());
    let row = |row: usize| &weights[row * cols..][..cols];
    match &layer.shape {
        Shape::Linear { outputs, .. } => (0..*outputs)
            .map(|o| layer.bias[o] + row(o).iter().zip(x).map(|(w, x)| w * x).sum::<f32>())
            .collect(),
        Shape::Conv2d(conv) => {
            let area = conv.kernel[0] * conv.kernel[1];
            let one = |[o, y, x_at]: [usize; 3]| {
                let of_channel = |c: usize| -> f32 {
                    let seen = window(conv, x, c, [y, x_at]);
                    seen.into_iter().map(|(k, pixel)| row(o)[c * area + k] * pixel).sum()
                };
                layer.bias[o] + (0..conv.in_channels).map(of_channel).sum::<f32>()
            };
            places(conv.output()).map(one).collect()
        }
    }
}

fn norm(norm: &LayerNorm<'_>, x: &mut [f32]) {
    let mean = x.iter().sum::<f32>() / x.len() as f32;
    let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f32>() / x.len() as f32;
    for (x, (scale, shift)) in x.iter_mut().zip(norm.scale.iter().zip(norm.shift)) {
        *x = scale * (*x - mean) / (variance + 1e-6).sqrt() + shift;
    }
}

fn act(view: &PolicyView, obs: &[f32]) -> Vec<f32> {
    let mut x: Vec<f32> = obs.iter().map(|x| x / view.before.divisor).collect();
    if let Some(scale) = &view.before.scale {
        for (i, x) in x.iter_mut().enumerate() {
            let scaled = (f64::from(*x) - scale.mean[i]) / scale.deviation[i];
            *x = scaled.clamp(-scale.clip, scale.clip) as f32;
        }
    }
    let mut kept = Vec::new();
    for layer in &view.layers {
        x = through(layer, &x).into_iter().map(|x| activate(layer.activation, x)).collect();
        let mut features = layer.shape.output();
        let mut norms = layer.norms().into_iter();
        for join in &layer.then {
            match join {
                Join::LayerNorm => norm(&norms.next().unwrap(), &mut x),
                Join::Save => kept = x.clone(),
                Join::Add => x.iter_mut().zip(&kept).for_each(|(x, kept)| *x += kept),
                Join::Relu => x.iter_mut().for_each(|x| *x = x.max(0.0)),
                Join::MaxPool(of) => {
                    x = pool(of, features, &x);
                    features = of.output(&features);
                }
                Join::Routed(_) | Join::Attention(_) => {
                    unreachable!("no view has blocks of experts or attention")
                }
            }
        }
    }
    match &view.after {
        After::Largest { first } => {
            let all = &x[*first..];
            let best = (0..all.len()).fold(0, |best, a| if all[a] > all[best] { a } else { best });
            vec![best as f32]
        }
        After::Tanh { low, high } => {
            let bounds = low.iter().zip(high);
            let scaled = |(x, (low, high)): (&f32, (&f32, &f32))| {
                let a = x.tanh();
                low * 0.5 * (1.0 - a) + high * 0.5 * (1.0 + a)
            };
            x.iter().zip(bounds).map(scaled).collect()
        }
    }
}

fn same(agent: &mut dyn Agent, obs: Obs<'_>) {
    let view = agent.policy_view().unwrap().unwrap();
    let numbers: Vec<f32> = obs.values().collect();
    let seen = EnvRows::new(1);
    let found: Vec<f32> = match agent.act(seen.observations(obs), Mode::Eval).unwrap() {
        Actions::Discrete(actions) => actions.iter().map(|action| *action as f32).collect(),
        Actions::Continuous(actions) => actions.to_vec(),
    };
    let expected = act(&view, &numbers);
    assert_eq!(found.len(), expected.len());
    let near = |(a, b): (&f32, &f32)| (a - b).abs() <= 1e-5 * (1.0 + b.abs());
    assert!(found.iter().zip(&expected).all(near), "{found:?} {expected:?}");
}

/// After a short training, on what an episode shows.
fn acts_alike(config: &AgentConfig, env: &str) {
    let (mut agent, _) = learn(config, env, 2, 120, 1);
    let vector = VectorConfig { num_envs: 1, ..VectorConfig::default() };
    let mut envs = VectorEnv::new(&spec(env).unwrap(), &[3], &vector).unwrap();
    let mut rows = EnvRows::new(1);
    for _ in 0..40 {
        same(&mut *agent, envs.obs());
        let actions = agent.act(rows.observations(envs.obs()), Mode::Eval).unwrap();
        let batch = envs.step(actions).unwrap();
        rows.follow(&batch);
    }
}

fn greedy() -> Epsilon {
    Epsilon { eval: 0.0, ..Epsilon::default() }
}

#[test]
fn perceptrons_of_every_agent() {
    for method in [dense(), fixed()] {
        for dueling in [false, true] {
            acts_alike(
                &AgentConfig::of(DqnConfig {
                    network: NetworkConfig::mlp(&[24, 16]),
                    sparsity: sparse(method.clone()),
                    warmup_env_steps: 40,
                    batch_size: 8,
                    dueling,
                    epsilon: greedy(),
                    ..DqnConfig::paper()
                }),
                "CartPole-v1",
            );
        }
        acts_alike(
            &AgentConfig::of(SacConfig {
                actor_hidden: vec![24],
                critic_hidden: vec![16],
                actor_sparsity: sparse(method.clone()),
                warmup_env_steps: 40,
                batch_size: 8,
                replay_capacity: 100,
                ..SacConfig::paper()
            }),
            "Pendulum-v1",
        );
        for env in ["Pendulum-v1", "CartPole-v1"] {
            acts_alike(
                &AgentConfig::of(PpoConfig {
                    actor_hidden: vec![24],
                    critic_hidden: vec![16],
                    actor_sparsity: sparse(method.clone()),
                    rollout_steps: 20,
                    minibatch_size: 10,
                    ..PpoConfig::paper(120)
                }),
                env,
            );
        }
    }
}

#[test]
fn convolutions_residuals_and_poolings() {
    for network in [
        NetworkConfig::from(Minatar { width: 0.3 }),
        NetworkConfig::from(NatureCnn { width: 0.1 }),
        NetworkConfig::from(Impala { width: 0.1 }),
    ] {
        let obs = Space::bytes(&[3, 13, 10]);
        let spec = EnvSpec { obs, ..spec("CartPole-v1").unwrap() };
        for method in [dense(), fixed()] {
            let config = DqnConfig {
                network: network.clone(),
                sparsity: sparse(method),
                replay_capacity: 10,
                epsilon: greedy(),
                ..DqnConfig::paper()
            };
            let mut agent = AgentConfig::of(config).build(&spec, 1, &Seed::new(1)).unwrap();
            let pixels: Vec<u8> = (0..3 * 13 * 10).map(|i| (i * 37 % 256) as u8).collect();
            same(&mut *agent, ObsBuf::U8(pixels).view());
        }
    }
}

#[test]
fn layer_norms_and_residual_sums() {
    let simba = NetworkConfig::from(Simba { hidden: 12, ..Simba::default() });
    let bro = NetworkConfig::from(Bro { hidden: 16, ..Bro::default() });
    for method in [dense(), fixed()] {
        let sac = SacConfig {
            actor_network: Some(simba.clone()),
            critic_network: Some(bro.clone()),
            actor_sparsity: sparse(method.clone()),
            critic_sparsity: sparse(method.clone()),
            warmup_env_steps: 40,
            batch_size: 8,
            replay_capacity: 100,
            ..SacConfig::paper()
        };
        acts_alike(&AgentConfig::of(sac), "Pendulum-v1");
        let ppo = PpoConfig {
            network: Some(bro.clone()),
            actor_sparsity: sparse(method),
            rollout_steps: 20,
            minibatch_size: 10,
            ..PpoConfig::paper(120)
        };
        acts_alike(&AgentConfig::of(ppo), "CartPole-v1");
    }
}
