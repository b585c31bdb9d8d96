//! Networks over images: the sizes that the paper gives, and DQN learning from pixels with each.

use crate::common::{MethodChoice, dense, fixed, methods, sparse};
use rand::RngExt;
use sparring_agents::networks::bro::Bro;
use sparring_agents::networks::image::image;
use sparring_agents::networks::impala::{Impala, impala};
use sparring_agents::networks::minatar::{Minatar, minatar};
use sparring_agents::networks::mlp::Mlp;
use sparring_agents::networks::nature::{NatureCnn, nature};
use sparring_agents::networks::simba::Simba;
use sparring_agents::{
    AgentConfig, AgentError, DqnConfig, EnvRows, Epsilon, Loss, Mode, NetworkConfig, PpoConfig,
    RunLength, SacConfig, Temperature,
};
use sparring_envs::{Actions, Batch, End, EnvSpec, Obs, Row, Space, spec};
use sparring_sparse::config::*;
use sparring_sparse::layers::Features;
use sparring_sparse::shares::shares;
use sparring_sparse::{LayerCost, LayerSpec, OptimizerConfig, Seed};

fn atari() -> Features {
    image(&Space::bytes(&[4, 84, 84]), "test").unwrap()
}

fn weights(layers: &[LayerSpec]) -> Vec<usize> {
    layers.iter().map(|layer| layer.shape.rows() * layer.shape.cols()).collect()
}

fn parameters(layers: &[LayerSpec]) -> usize {
    weights(layers).iter().sum::<usize>()
        + layers.iter().map(|layer| layer.shape.rows()).sum::<usize>()
}

/// Active weights of each layer at a sparsity, as ERK spreads them.
fn erk(layers: &[LayerSpec], sparsity: f64) -> Vec<usize> {
    let config = SparsityConfig { sparsity, ..sparse(fixed()) };
    shares(layers, &config).unwrap().iter().map(|share| share.nnz).collect()
}

/// The counts of Mnih et al. 2015 with padding, as Graesser et al. 2022 have it.
#[test]
fn the_nature_cnn_has_the_papers_size() {
    let layers = nature(atari(), 6, 1.0, 0.0);
    let kernels = [8 * 8 * 4 * 32, 4 * 4 * 32 * 64, 3 * 3 * 64 * 64, 7744 * 512, 512 * 6];
    assert_eq!((weights(&layers), parameters(&layers)), (kernels.to_vec(), 4_046_502));
    let nnz = erk(&layers, 0.9);
    assert_eq!(nnz, [2444, 4887, 6296, 387_889, 3072]);
    let biases = 32 + 64 + 64 + 512 + 6;
    assert_eq!(nnz.iter().sum::<usize>() + biases, 405_266);
    // Two operations an active weight and one a bias, at each pixel of the output.
    let pixels = [441, 121, 121, 1, 1];
    let outputs = [32, 64, 64, 512, 6];
    for (l, layer) in layers.iter().enumerate() {
        let cost = LayerCost::new(&layer.shape, layer.algebra, nnz[l], l == 0);
        let expected = pixels[l] * (2 * nnz[l] + outputs[l]);
        assert_eq!(cost.forward_flops(), expected as u64);
        let input = if l == 0 { 0 } else { 2 * nnz[l] * pixels[l] };
        assert_eq!(cost.backward_flops(), (input + expected) as u64);
    }
}

/// 15 convolutions and two linear layers; the paper's 0.87 million parameters at 80 %.
#[test]
fn impala_has_the_papers_size() {
    let layers = impala(atari(), 6, 1.0, 0.0);
    assert_eq!(layers.len(), 15 + 2);
    let block = |channels: usize| 9 * channels * channels;
    let mut kernels = vec![9 * 4 * 32];
    kernels.extend([block(32); 4]);
    kernels.push(9 * 32 * 64);
    kernels.extend([block(64); 9]);
    kernels.extend([7744 * 512, 512 * 6]);
    assert_eq!((weights(&layers), parameters(&layers)), (kernels, 4_357_542));
    let active = erk(&layers, 0.8).iter().sum::<usize>() + 5 * 32 + 10 * 64 + 512 + 6;
    assert_eq!(format!("{:.2}", active as f64 / 1e6), "0.87");
    let names: Vec<&str> = layers.iter().map(|layer| layer.name.as_str()).collect();
    assert_eq!(names[..3], ["stack.0.conv", "stack.0.block.0.conv.0", "stack.0.block.0.conv.1"]);
    assert_eq!(names[14..], ["stack.2.block.1.conv.1", "hidden.0", "head"]);
    let pixels: Vec<usize> = layers.iter().map(|layer| layer.shape.positions()).collect();
    let (a, b, c, d) = (84 * 84, 42 * 42, 21 * 21, 11 * 11);
    assert_eq!(pixels, [a, b, b, b, b, b, c, c, c, c, c, d, d, d, d, 1, 1]);
}

/// Young and Tian 2019, for the 4 channels of Breakout.
#[test]
fn minatars_network_has_its_papers_size() {
    let breakout = image(&Space::bytes_to(&[4, 10, 10], 1), "test").unwrap();
    let layers = minatar(breakout, 3, 1.0, 0.0).unwrap();
    assert_eq!(weights(&layers), [9 * 4 * 16, 8 * 8 * 16 * 128, 128 * 3]);
    let tiny = image(&Space::bytes_to(&[4, 2, 10], 1), "test").unwrap();
    let error = minatar(tiny, 3, 1.0, 0.0).unwrap_err().to_string();
    assert!(error.contains("2 x 10") && error.contains("at least 3 x 3"), "{error}");
}

/// By the formula of the header of each, for 17 numbers and 6 actions of HalfCheetah: SimBa's critic of 2 × 512 and
/// actor of 1 × 128, BRO's critic of 2 × 512.
#[test]
fn residual_networks_have_their_papers_sizes() {
    let halfcheetah = EnvSpec {
        obs: Space::uniform(&[17], -1.0, 1.0),
        action: Space::uniform(&[6], -1.0, 1.0),
        ..spec("Pendulum-v1").unwrap()
    };
    let config = SacConfig {
        network: Some(Bro::default().into()),
        actor_network: Some(Simba { hidden: 128, blocks: 1, ..Simba::default() }.into()),
        ..SacConfig::paper()
    };
    let [actor, critic] = config.layers(&halfcheetah).unwrap();
    let names = |layers: &[LayerSpec]| -> Vec<String> {
        layers.iter().map(|layer| layer.name.clone()).collect()
    };
    assert_eq!(names(&actor), ["embed", "block.0.dense.0", "block.0.dense.1", "head"]);
    assert_eq!(weights(&actor), [17 * 128, 128 * 512, 512 * 128, 128 * 12]);
    assert_eq!(weights(&critic), [23 * 512, 512 * 512, 512 * 512, 512 * 512, 512 * 512, 512]);
    let normed = |layers: &[LayerSpec]| layers.iter().map(LayerSpec::normed).sum::<usize>();
    assert_eq!((normed(&actor), normed(&critic)), (2 * 128, 5 * 512));
    let simba = Some(Simba::default().into());
    let config = SacConfig { critic_network: simba, ..config };
    let [_, critic] = config.layers(&halfcheetah).unwrap();
    let block = 512 * 2048;
    assert_eq!(weights(&critic), [23 * 512, block, block, block, block, 512]);
    assert_eq!(normed(&critic), 3 * 512);
    // A tenth of the width has a hundredth of the weights within.
    let config = SacConfig {
        network: Some(Simba { width: 0.1, ..Simba::default() }.into()),
        ..SacConfig::paper()
    };
    let [_, critic] = config.layers(&halfcheetah).unwrap();
    assert_eq!(weights(&critic), [23 * 52, 52 * 205, 205 * 52, 52 * 205, 205 * 52, 52]);
    // What is always there counts in the estimate: biases, γ and β.
    let critic = &config.estimate(&halfcheetah, 1, 1000).unwrap().networks[1];
    let all: u64 = critic.costs().iter().map(|layer| layer.parameters()).sum();
    let [biases, norms] = [52 + 2 * (205 + 52) + 1, 2 * 3 * 52];
    assert_eq!(all, (23 * 52 + 4 * 52 * 205 + 52 + biases + norms) as u64);
}

#[test]
fn widths_are_multiplied_and_rounded_as_in_the_paper() {
    let rows = |layers: Vec<LayerSpec>| -> Vec<usize> {
        layers.iter().map(|layer| layer.shape.rows()).collect()
    };
    // ⌈10.56⌉, ⌈21.12⌉, ⌈168.96⌉.
    assert_eq!(rows(nature(atari(), 6, 0.33, 0.0)), [11, 22, 22, 169, 6]);
    let wide = rows(impala(atari(), 6, 3.0, 0.0));
    assert_eq!((wide[0], wide[5], wide[15], wide[16]), (96, 192, 1536, 6));
    let obs = Space::uniform(&[4], -1.0, 1.0);
    let mlp = |width| {
        let network = NetworkConfig::from(Mlp { hidden: vec![512, 10], width });
        rows(DqnConfig { network, ..DqnConfig::paper() }.layers(&obs, 2).unwrap())
    };
    assert_eq!((mlp(0.33), mlp(0.001)), (vec![168, 3, 2], vec![1, 1, 2]));
}

/// Two-channel images of 7 × 6 pixels of which the left or the right half is bright: which, is the
/// action that is rewarded.
struct Halves {
    obs: Vec<u8>,
    right: Vec<bool>,
}

const SHAPE: [usize; 3] = [2, 7, 6];

impl Halves {
    fn draw(n: usize, rng: &mut impl RngExt) -> Self {
        let (mut obs, mut right) = (Vec::new(), Vec::new());
        for _ in 0..n {
            let bright: bool = rng.random();
            for pixel in 0..SHAPE.iter().product() {
                let lit = (pixel % SHAPE[2] >= SHAPE[2] / 2) == bright;
                obs.push(rng.random_range(0..=if lit { 255 } else { 100 }));
            }
            right.push(bright);
        }
        Self { obs, right }
    }

    /// 1 for each action that is right; of two numbers, less their distances from ½ or −½.
    fn score(&self, actions: Actions<'_>) -> Vec<f64> {
        match actions {
            Actions::Discrete(actions) => {
                let right = |(action, right): (&u32, &bool)| f64::from((*action == 1) == *right);
                actions.iter().zip(&self.right).map(right).collect()
            }
            Actions::Continuous(actions) => {
                let near = |(action, right): (&[f32], &bool)| {
                    let wanted = if *right { 0.5 } else { -0.5 };
                    1.0 - action.iter().map(|a| f64::from((a - wanted).abs())).sum::<f64>()
                };
                actions.chunks_exact(2).zip(&self.right).map(near).collect()
            }
        }
    }
}

fn images() -> EnvSpec {
    EnvSpec { obs: Space::bytes(&SHAPE), ..spec("CartPole-v1").unwrap() }
}

fn small(network: NetworkConfig, method: MethodChoice) -> DqnConfig {
    DqnConfig {
        network,
        sparsity: SparsityConfig { sparsity: 0.5, ..sparse(method) },
        optimizer: OptimizerConfig::adam(1e-3),
        loss: Loss::Huber,
        batch_size: 20,
        replay_capacity: 500,
        warmup_env_steps: 100,
        train_every_env_steps: 10,
        gradient_steps: 4,
        epsilon: Epsilon { start: 1.0, end: 0.1, decay_env_steps: 1000, eval: 0.0 },
        ..DqnConfig::paper()
    }
}

/// The part of images that the agent tells apart after a training of `steps` rounds of 10.
fn accuracy(config: &AgentConfig, spec: &EnvSpec, steps: usize) -> f64 {
    let mut agent = config.build(spec, 10, &Seed::new(1)).unwrap();
    let mut rng = Seed::new(2).rng();
    let rows = EnvRows::new(10);
    for _ in 0..steps {
        let halves = Halves::draw(10, &mut rng);
        let reward =
            halves.score(agent.act(rows.observations(Obs::U8(&halves.obs)), Mode::Train).unwrap());
        let batch = Batch {
            envs: &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
            obs: Obs::U8(&halves.obs),
            next: Obs::U8(&halves.obs),
            reward: &reward,
            row: &[Row::End(End::Terminated); 10],
            finished: &[],
        };
        agent.learn(&batch).unwrap();
    }
    let halves = Halves::draw(100, &mut rng);
    let rows = EnvRows::new(100);
    let seen = rows.observations(Obs::U8(&halves.obs));
    halves.score(agent.act(seen, Mode::Eval).unwrap()).iter().sum::<f64>() / 100.0
}

#[test]
fn dqn_learns_from_pixels_with_every_network() {
    let [dense, .., pruning] = methods();
    let rigl = methods()[3].clone();
    for (network, method, dueling) in [
        (NetworkConfig::from(NatureCnn { width: 0.25 }), dense.clone(), true),
        (NetworkConfig::from(NatureCnn { width: 0.25 }), rigl, false),
        (NetworkConfig::from(Impala { width: 0.1 }), dense, false),
        (NetworkConfig::from(Impala { width: 0.1 }), pruning, true),
        (NetworkConfig::from(Minatar { width: 0.5 }), fixed(), false),
        (NetworkConfig::mlp(&[32]), fixed(), false),
        (Simba { hidden: 16, blocks: 1, ..Simba::default() }.into(), methods()[3].clone(), true),
        (Bro { hidden: 32, blocks: 1, width: 1.0 }.into(), fixed(), false),
    ] {
        let config = DqnConfig { dueling, ..small(network, method) };
        let found = accuracy(&AgentConfig::of(config.clone()), &images(), 150);
        assert!(found >= 0.95, "{found} {config:?}");
    }
}

/// Actor and critic have a network each; SAC's critics see the action as planes of the image.
#[test]
fn ppo_and_sac_learn_from_pixels() {
    let points = EnvSpec { action: Space::uniform(&[2], -1.0, 1.0), ..images() };
    for network in [
        NetworkConfig::from(NatureCnn { width: 0.25 }),
        NetworkConfig::from(Impala { width: 0.1 }),
        NetworkConfig::from(Minatar { width: 0.5 }),
    ] {
        let sparsity = SparsityConfig { sparsity: 0.5, ..sparse(fixed()) };
        let network = Some(network);
        let paper = PpoConfig::paper(2000);
        let ppo = AgentConfig::of(PpoConfig {
            network: network.clone(),
            actor_sparsity: sparsity.clone(),
            optimizer: OptimizerConfig { learning_rate: 1e-3, ..paper.optimizer },
            rollout_steps: 10,
            minibatch_size: 50,
            epochs: 8,
            ..paper
        });
        let sac = AgentConfig::of(SacConfig {
            network,
            actor_sparsity: sparsity.clone(),
            critic_sparsity: sparsity,
            optimizer: OptimizerConfig::adam(1e-3),
            weight_decay: 0.0,
            temperature: Temperature::Fixed { alpha: 0.01 },
            batch_size: 20,
            replay_capacity: 500,
            warmup_env_steps: 100,
            train_every_env_steps: 10,
            gradient_steps: 4,
            reward_scale: 1.0,
            ..SacConfig::paper()
        });
        for (config, spec) in [(&ppo, &images()), (&ppo, &points), (&sac, &points)] {
            let found = accuracy(config, spec, 200);
            // Acting by chance gives ½ of two actions, and less than 0 of points.
            assert!(found >= 0.75, "{found} {config:?}");
        }
    }
}

/// By the formula of the header of SAC: a critic reads the image, then a plane for each number.
#[test]
fn an_action_becomes_a_plane_for_each_number() {
    let spec = EnvSpec { action: Space::uniform(&[3], -1.0, 1.0), ..images() };
    let network = Some(NetworkConfig::from(Minatar { width: 1.0 }));
    let config = SacConfig { network, ..SacConfig::paper() };
    let [actor, critic] = config.layers(&spec).unwrap();
    assert_eq!((actor[0].shape.cols(), critic[0].shape.cols()), (9 * 2, 9 * (2 + 3)));
    assert_eq!(config.action_copies(&spec).unwrap(), 7 * 6);
    assert_eq!(SacConfig::paper().action_copies(&spec).unwrap(), 1);
    let error = config.layers(&self::spec("Pendulum-v1").unwrap()).unwrap_err();
    assert!(matches!(&error, AgentError::Network { network: "minatar", .. }), "{error}");
}

#[test]
fn flat_observations_are_refused_by_convolutions() {
    let config = small(NetworkConfig::from(Impala { width: 1.0 }), dense());
    let cartpole = &spec("CartPole-v1").unwrap();
    let built = AgentConfig::of(config.clone()).build(cartpole, 1, &Seed::new(1)).err().unwrap();
    let estimated =
        AgentConfig::of(config).estimate(cartpole, &RunLength::of(1000, 1)).unwrap_err();
    for error in [built, estimated] {
        assert!(matches!(&error, AgentError::Network { network: "impala", .. }), "{error}");
    }
}
