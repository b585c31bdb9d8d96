//! Transformers over episodes: what they learn, and that acting token by token is what they learnt.

use rand::RngExt;
use sparring_agents::data::{Episodes, Scales, Statistics, Summing, Vocabulary};
use sparring_agents::losses::cross_entropy::cross_entropy;
use sparring_agents::networks::ExpertKeys;
use sparring_agents::networks::mlp::mlp;
use sparring_agents::networks::style::MlpStyle;
use sparring_agents::networks::transformer::Size;
use sparring_agents::offline::Model;
use sparring_agents::trajectory::{
    Decoder, Denoiser, Layout, PlanLayout, Plans, Sampling, Training, Under, Windows,
};
use sparring_agents::{ActionBuf, Trajectory};
use sparring_envs::{EnvSpec, ObsBuf, Space, spec};
use sparring_sparse::config::{Distribution, SparsityConfig};
use sparring_sparse::methods::rigl::Rigl;
use sparring_sparse::{Activation, Init, OptimizerConfig, Seed, Trainer, Wanted};

/// An env of which only the spaces are used: two numbers to see.
fn env(action: Space) -> EnvSpec {
    EnvSpec { obs: Space::uniform(&[2], -1.0, 1.0), action, ..spec("CartPole-v1").unwrap() }
}

fn statistics(env: &EnvSpec, all: &[Trajectory]) -> Statistics {
    let mut summing = Summing::new(&env.obs, &env.action);
    all.iter().for_each(|one| summing.add(one));
    summing.finish()
}

fn layout(env: &EnvSpec, all: &[Trajectory], steps: usize, conditioned: bool) -> Layout {
    let words = Vocabulary::of(env, 8).unwrap();
    Layout { words, conditioned, steps, scales: Scales::of(2, &statistics(env, all), &[]) }
}

/// An episode of discrete actions.
fn episode(obs: Vec<[f32; 2]>, actions: Vec<u32>, rewards: Vec<f64>) -> Trajectory {
    let obs = ObsBuf::F32(obs.into_iter().chain([[0.0; 2]]).flatten().collect());
    Trajectory { seed: None, obs, actions: ActionBuf::Discrete(actions), rewards, end: None }
}

fn decoder(layout: &Layout, sparsity: &SparsityConfig) -> Decoder {
    routed_decoder(layout, sparsity, None)
}

fn routed_decoder(
    layout: &Layout,
    sparsity: &SparsityConfig,
    experts: Option<ExpertKeys>,
) -> Decoder {
    let optimizer = OptimizerConfig::adam(3e-3);
    let of =
        Training { size: Size::Xs, algebra: None, experts, weight_decay: 0.0, sparsity, optimizer };
    Decoder::new(layout.clone(), &of, &Seed::new(1)).unwrap()
}

fn train(decoder: &mut Decoder, episodes: &Episodes, updates: usize) {
    let (mut rng, mut windows) = (Seed::new(2).rng(), Windows::default());
    for _ in 0..updates {
        windows.sample(decoder.layout(), episodes, 16, &mut rng);
        decoder.teach(&windows).unwrap();
    }
}

fn likeliest(logits: &[f32]) -> u32 {
    (0..logits.len()).max_by(|a, b| logits[*a].total_cmp(&logits[*b])).unwrap() as u32
}

/// The cue of the first step says which action is right in the last one, four steps later.
fn recall(count: usize, seed: u64) -> Vec<Trajectory> {
    let mut rng = Seed::new(seed).rng();
    let one = |_| {
        let cue: u32 = rng.random_range(0..2);
        let mut obs = vec![[0.0, 1.0]; 5];
        obs[0] = [cue as f32 * 2.0 - 1.0, 0.0];
        obs[4] = [0.0, -1.0];
        let mut actions: Vec<u32> = (0..4).map(|_| rng.random_range(0..2)).collect();
        actions.push(cue);
        episode(obs, actions, vec![0.0, 0.0, 0.0, 0.0, 1.0])
    };
    (0..count).map(one).collect()
}

#[test]
fn a_cue_is_remembered_dense_and_sparse() {
    let env = env(Space::Discrete { n: 2 });
    let (data, held_out) = (recall(200, 1), recall(40, 2));
    let layout = layout(&env, &data, 5, false);
    let rigl = SparsityConfig {
        distribution: Distribution::Uniform,
        ..SparsityConfig::new(Rigl::default(), 0.5, 400)
    };
    for sparsity in [SparsityConfig::dense(), rigl] {
        let mut decoder = decoder(&layout, &sparsity);
        train(&mut decoder, &data.iter().cloned().collect(), 400);
        let right = held_out.iter().filter(|episode| {
            let mut under = Under::new(0.0);
            let mut last = 0;
            for t in 0..5 {
                let obs: Vec<f32> = episode.obs_at(t, 2).values().collect();
                let network = decoder.trainer().network();
                last = under.act(&layout, network, &obs, likeliest).unwrap()[0];
                under.reward(0.0);
            }
            ActionBuf::Discrete(vec![last]).at(0, 1) == episode.actions.at(4, 1)
        });
        assert!(right.count() >= 38);
        // Four of five actions are chance: ln 2 each.
        let loss =
            decoder.loss(&held_out.iter().cloned().collect(), &mut Seed::new(1).rng()).unwrap();
        let chance = 0.8 * 2f64.ln();
        assert!((loss - chance).abs() < 0.12, "{loss} {chance}");
    }
}

#[test]
fn a_return_that_is_asked_for_is_played_for() {
    let env = env(Space::Discrete { n: 2 });
    let of =
        |action: u32| episode(vec![[0.5, 0.0]; 6], vec![action; 6], vec![f64::from(action); 6]);
    let data: Vec<Trajectory> = (0..40).map(|i| of(i % 2)).collect();
    let layout = layout(&env, &data, 4, true);
    let mut decoder = decoder(&layout, &SparsityConfig::dense());
    let episodes: Episodes = data.into_iter().collect();
    train(&mut decoder, &episodes, 200);
    assert_eq!(
        (episodes.steps(), episodes.returns().first(), episodes.returns().last()),
        (240, Some(&0.0), Some(&6.0))
    );
    for target in [0.0, 6.0] {
        let (mut under, mut sum) = (Under::new(target), 0.0);
        for _ in 0..6 {
            let network = decoder.trainer().network();
            let action = under.act(&layout, network, &[0.5, 0.0], likeliest).unwrap()[0];
            under.reward(action as f32);
            sum += action as f32;
        }
        assert_eq!(sum, target);
    }
}

/// Both numbers of an action are of one sign or the other: what comes first decides what comes second.
#[test]
fn later_tokens_of_an_action_know_the_earlier_ones() {
    let env = env(Space::uniform(&[2], -1.0, 1.0));
    let mut rng = Seed::new(3).rng();
    let one = |_| {
        let signs: Vec<f32> = (0..3).map(|_| if rng.random() { 0.9 } else { -0.9 }).collect();
        let actions = signs.iter().flat_map(|sign| [*sign, -sign]).collect();
        Trajectory {
            actions: ActionBuf::Continuous(actions),
            ..episode(vec![[0.0; 2]; 3], Vec::new(), vec![0.0; 3])
        }
    };
    let data: Vec<Trajectory> = (0..100).map(one).collect();
    let layout = layout(&env, &data, 2, false);
    assert_eq!((layout.of_step(), layout.tokens()), (3, 6));
    let mut decoder = decoder(&layout, &SparsityConfig::dense());
    train(&mut decoder, &data.into_iter().collect(), 300);
    let network = decoder.trainer().network();
    let mut rng = Seed::new(4).rng();
    let mut firsts = [0; 2];
    for _ in 0..40 {
        let tokens = Under::new(0.0)
            .act(&layout, network, &[0.0; 2], |logits| {
                // One of the two likeliest at random where both are likely.
                let best = likeliest(logits);
                let other = if best == 0 { 7 } else { 0 };
                let near = logits[best as usize] - logits[other as usize] < 2.0;
                if near && rng.random() { other } else { best }
            })
            .unwrap();
        let numbers: Vec<f32> =
            tokens.iter().enumerate().map(|(j, token)| layout.words.value(*token, j)).collect();
        assert!(numbers[0] * numbers[1] < -0.5, "{numbers:?}");
        firsts[usize::from(numbers[0] > 0.0)] += 1;
    }
    assert!(firsts.iter().all(|count| *count > 5), "{firsts:?}");
}

/// What is asked of a window's rows is what acting asks, step by step, also once older steps are forgotten.
#[test]
fn acting_reads_what_training_reads() {
    acting_reads(None);
    acting_reads(Some(ExpertKeys { count: 3, hidden: 16, ..ExpertKeys::default() }));
}

fn acting_reads(experts: Option<ExpertKeys>) {
    let env = env(Space::Discrete { n: 3 });
    let mut rng = Seed::new(5).rng();
    let obs: Vec<[f32; 2]> =
        (0..10).map(|_| [rng.random_range(-1.0..1.0), rng.random_range(-1.0..1.0)]).collect();
    let actions: Vec<u32> = (0..10).map(|_| rng.random_range(0..3)).collect();
    let rewards: Vec<f64> = (0..10).map(|_| rng.random_range(0.0..1.0)).collect();
    let whole = episode(obs.clone(), actions.clone(), rewards.clone());
    let layout = layout(&env, std::slice::from_ref(&whole), 4, true);
    let decoder = routed_decoder(&layout, &SparsityConfig::dense(), experts);
    let network = decoder.trainer().network();
    let mut under = Under::new(rewards.iter().sum::<f64>() as f32);
    // Steps that are known while step t is acted on: 4 at most, of which two are kept.
    let starts = [0, 0, 0, 0, 2, 2, 4, 4, 6, 6];
    for t in 0..10 {
        let mut seen = Vec::new();
        let choose = |logits: &[f32]| {
            seen = logits.to_vec();
            actions[t]
        };
        assert_eq!(under.act(&layout, network, &obs[t], choose).unwrap(), [actions[t]]);
        under.reward(rewards[t] as f32);
        let (tokens, inputs) = (layout.tokens(), layout.inputs());
        let (mut rows, mut targets) = (vec![0.0; tokens * inputs], vec![None; tokens]);
        layout.window(&whole.clone().into(), starts[t], (&mut rows, &mut targets));
        let y = network.outputs(&rows).unwrap();
        let row = (t - starts[t]) * layout.of_step() + 1;
        assert_eq!(targets[row], Some(actions[t]));
        for (found, expected) in seen.iter().zip(&y[row * 3..]) {
            assert!((found - expected).abs() < 1e-5, "{t}: {found} {expected}");
        }
    }
}

#[test]
fn windows_end_with_their_episode() {
    let env = env(Space::Discrete { n: 2 });
    let data = recall(2, 1);
    let layout = layout(&env, &data, 3, false);
    let episodes: Episodes = data.into_iter().collect();
    let mut windows = Windows::default();
    // Of five steps each: three and two.
    windows.in_order(&layout, &episodes, 0, 9);
    let asked: Vec<usize> =
        windows.targets.chunks_exact(6).map(|one| one.iter().flatten().count()).collect();
    assert_eq!(asked, [3, 2, 3, 2]);
    assert_eq!(windows.rows.len(), 4 * 6 * layout.inputs());
    let rest = &windows.rows[(6 + 4) * layout.inputs()..12 * layout.inputs()];
    assert!(rest.iter().all(|x| *x == 0.0));
    let mut later = Windows::default();
    later.in_order(&layout, &episodes, 3, 9);
    assert_eq!(later.targets, windows.targets[18..]);
    later.in_order(&layout, &episodes, 4, 9);
    assert!(later.targets.is_empty());
}

/// Two tokens of which both are 0 or both are 3: each alone is a coin.
#[test]
fn plans_of_two_modes_are_repaired_and_factorised_ones_are_not() {
    let env = env(Space::Discrete { n: 4 });
    let words = Vocabulary::of(&env, 4).unwrap();
    let scales = Scales::of(2, &statistics(&env, &[]), &[]);
    let layout = PlanLayout { words, horizon: 2, conditioned: false, scales };
    let plans = |count: usize| Plans {
        obs: vec![0.0; 2 * count],
        to_go: Vec::new(),
        tokens: (0..count).flat_map(|i| [3 * (i as u32 % 2); 2]).collect(),
    };
    let (dense, optimizer) = (SparsityConfig::dense(), OptimizerConfig::adam(3e-3));
    let of = Training {
        size: Size::Xs,
        algebra: None,
        experts: None,
        weight_decay: 0.0,
        sparsity: &dense,
        optimizer,
    };
    let how = Sampling { steps: 4, temperature: 0.8, share: 1.0 };
    let mut denoiser = Denoiser::new(layout, (2, how), &of, &Seed::new(1)).unwrap();
    let mut rng = Seed::new(2).rng();
    for _ in 0..900 {
        denoiser.teach(&plans(32), &mut rng).unwrap();
    }
    let mut made = |steps: usize, fixed: &[bool], given: Option<u32>| {
        let mut all = plans(200);
        all.tokens = denoiser.noise(200, &mut rng);
        if let Some(given) = given {
            all.tokens.iter_mut().step_by(2).for_each(|token| *token = given);
        }
        let sampling = Sampling { steps, ..how };
        denoiser.make(&mut all, fixed, sampling, &mut rng).unwrap();
        let pairs: Vec<(u32, u32)> =
            all.tokens.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect();
        let right = pairs.iter().filter(|(a, b)| a == b && a % 3 == 0).count();
        (right, pairs.iter().filter(|(a, _)| *a == 0).count())
    };
    let (right, zeros) = made(4, &[], None);
    assert!(right >= 190 && (20..180).contains(&zeros), "{right} {zeros}");
    // Infilling: the first token stays, and sooner or later the second follows it.
    let fixed = [true, false].repeat(200);
    let (right, zeros) = made(12, &fixed, Some(0));
    assert!(right >= 190 && zeros == 200, "{right} {zeros}");
    assert_eq!(denoiser.shifted(&[1, 2]), [2, 2]);
}

/// Both tokens from what they are made for alone, each from a head of its own: a coin each.
#[test]
fn heads_that_know_nothing_of_each_other_meet_in_half_of_the_cases() {
    let glorot = Init::GlorotUniform;
    let style = MlpStyle {
        activation: Activation::Relu,
        hidden: glorot,
        head: glorot,
        head_bias: 0.0,
        head_decays: false,
    };
    let layers = mlp(2, &[32], 2 * 4, style, 0.0);
    let (dense, adam) = (SparsityConfig::dense(), OptimizerConfig::adam(3e-3));
    let mut trainer = Trainer::new("bc", &layers, &dense, adam, &Seed::new(1)).unwrap();
    let targets: Vec<Option<u32>> = (0..32).flat_map(|i| [Some(3 * (i % 2)); 2]).collect();
    for _ in 0..300 {
        let step = trainer.begin_step().unwrap();
        let mut pass = trainer.vjp(&[0.1; 64], &step).unwrap();
        let loss = cross_entropy(pass.output(), 4, &targets);
        let gradients = pass.backward(&loss.grad, Wanted::PARAMS).unwrap();
        drop(pass);
        trainer.finish_step(step, gradients).unwrap();
    }
    let y = trainer.network().outputs(&[0.1; 2]).unwrap();
    for logits in y.chunks_exact(4) {
        let sum: f32 = logits.iter().map(|y| y.exp()).sum();
        // 0 and 3 alike, so that both are the same in half of the draws.
        assert!((logits[0].exp() / sum - 0.5).abs() < 0.05, "{logits:?}");
        assert!((logits[3].exp() / sum - 0.5).abs() < 0.05, "{logits:?}");
    }
}
