//! A decoder that reads what others did: an answer that stands in the data alone, and what it may be told of it.

use std::sync::Arc;

use rand::RngExt;
use sparring_agents::data::{Scales, Vocabulary};
use sparring_agents::networks::transformer::Size;
use sparring_agents::offline::{Acting, Model};
use sparring_agents::retrieval::IndexName;
use sparring_agents::trajectory::retro::{Chunks, Database, Retro, RetroLayout};
use sparring_agents::trajectory::{Decoder, Layout, Training};
use sparring_agents::{ActionBuf, Dataset, Mode, Observations, Trajectory};
use sparring_envs::{EnvSpec, Obs, ObsBuf, Space, spec};
use sparring_sparse::config::SparsityConfig;
use sparring_sparse::methods::static_sparse::Static;
use sparring_sparse::{OptimizerConfig, Saved, Seed};

const KEY: usize = 6;
const ANSWERS: u32 = 4;

fn env() -> EnvSpec {
    EnvSpec {
        obs: Space::uniform(&[KEY], -1.0, 1.0),
        action: Space::Discrete { n: ANSWERS },
        ..spec("CartPole-v1").unwrap()
    }
}

/// Episodes of two steps: one that shows a key, and one that shows nothing and wants the key's answer.
fn episode(key: &[f32], answer: u32) -> Trajectory {
    let obs = key.iter().copied().chain([0.0; 2 * KEY]).collect();
    Trajectory {
        seed: None,
        obs: ObsBuf::F32(obs),
        actions: ActionBuf::Discrete(vec![0, answer]),
        rewards: vec![0.0, 1.0],
        end: None,
    }
}

fn keys(count: usize, seed: u64) -> Vec<Vec<f32>> {
    let mut rng = Seed::new(seed).rng();
    (0..count).map(|_| (0..KEY).map(|_| rng.random_range(-1.0..1.0)).collect()).collect()
}

fn answers(count: usize, seed: u64) -> Vec<u32> {
    let mut rng = Seed::new(seed).rng();
    (0..count).map(|_| rng.random_range(0..ANSWERS)).collect()
}

/// Each key with its answer, `times` over.
fn data(keys: &[Vec<f32>], answers: &[u32], times: usize) -> Arc<Dataset> {
    let one = |(key, answer): (&Vec<f32>, &u32)| vec![episode(key, *answer); times];
    let train = keys.iter().zip(answers).flat_map(one).collect();
    Arc::new(Dataset::new(&env(), train, Vec::new()))
}

fn layout(neighbours: usize) -> RetroLayout {
    let own = Layout {
        words: Vocabulary::of(&env(), 8).unwrap(),
        conditioned: false,
        steps: 2,
        scales: Scales::none(KEY),
    };
    RetroLayout {
        own,
        chunks: Chunks { steps: 1, neighbours, most: None, index: IndexName::Exact },
    }
}

fn training(sparsity: &SparsityConfig) -> Training<'_> {
    let optimizer = OptimizerConfig::adam(3e-3);
    Training {
        size: Size::Xs,
        algebra: None,
        experts: None,
        weight_decay: 0.0,
        sparsity,
        optimizer,
    }
}

/// The share of `keys` to which `model` gives these `answers`.
fn right(model: &mut dyn Model, keys: &[Vec<f32>], answers: &[u32]) -> f64 {
    let (mut rng, mut count) = (Seed::new(9).rng(), 0);
    for (key, answer) in keys.iter().zip(answers) {
        let mut actions = ActionBuf::Discrete(Vec::new());
        for (obs, first) in [(key.as_slice(), true), (&[0.0; KEY], false)] {
            let seen =
                Observations { obs: Obs::F32(obs), envs: &[0], first: &[first], rewards: &[0.0] };
            let acting = Acting { seen, obs, target: 0.0, mode: Mode::Eval };
            model.act(&acting, &mut rng, &mut actions).unwrap();
        }
        count += usize::from(actions.at(1, 1) == ActionBuf::Discrete(vec![*answer]).at(0, 1));
    }
    count as f64 / keys.len() as f64
}

#[test]
fn what_stands_in_the_database_alone_is_read_there_also_where_it_is_new() {
    let dense = SparsityConfig::dense();
    let (known, told) = (keys(150, 1), answers(150, 2));
    let learnt = data(&known, &told, 2);
    let (mut rng, new) = (Seed::new(3).rng(), keys(60, 4));
    let mut retro = Retro::new(layout(1), &training(&dense), &Seed::new(1)).unwrap();
    let mut decoder = Decoder::new(layout(1).own, &training(&dense), &Seed::new(1)).unwrap();
    let models: [&mut dyn Model; 2] = [&mut retro, &mut decoder];
    for model in models {
        model.set_scales(learnt.scales.clone());
        model.prepare(&learnt);
        for _ in 0..250 {
            model.update(&learnt, 32, &mut rng).unwrap();
        }
    }
    // Keys that were never seen, with two sets of answers, one after the other.
    for seed in [5, 6] {
        let told = answers(60, seed);
        retro.recall(&data(&new, &told, 1));
        let found = right(&mut retro, &new, &told);
        assert!(found >= 0.95, "{found}");
        let chance = right(&mut decoder, &new, &told);
        assert!((0.05..0.5).contains(&chance), "{chance}");
    }

    // More neighbours than it was trained with, by the same weights.
    let mut saved = Saved::new();
    retro.trainer().network().save_weights("retro", &mut saved).unwrap();
    let mut more = Retro::new(layout(3), &training(&dense), &Seed::new(7)).unwrap();
    more.trainer_mut().load_weights(&saved).unwrap();
    more.set_scales(learnt.scales.clone());
    let told = answers(60, 8);
    more.recall(&data(&new, &told, 3));
    let found = right(&mut more, &new, &told);
    assert!(found >= 0.9, "{found}");
    // A database that knows nothing of the keys is of no use.
    let others = keys(60, 10);
    retro.recall(&data(&others, &answers(60, 11), 1));
    assert!(right(&mut retro, &new, &told) < 0.6);
}

/// It gives of a first chunk, which has no neighbours to read, what the decoder gives, and learns from there.
#[test]
fn a_trained_decoder_is_the_beginning() {
    let (dense, sparse) =
        (SparsityConfig::dense(), SparsityConfig::new(Static::default(), 0.5, 1000));
    let (known, told) = (keys(150, 1), answers(150, 2));
    let learnt = data(&known, &told, 2);
    let mut rng = Seed::new(3).rng();
    let mut decoder = Decoder::new(layout(1).own, &training(&dense), &Seed::new(1)).unwrap();
    decoder.set_scales(learnt.scales.clone());
    for _ in 0..50 {
        decoder.update(&learnt, 16, &mut rng).unwrap();
    }
    let saved_by = |decoder: &Decoder| {
        let mut saved = Saved::new();
        decoder.trainer().network().save_weights("decoder", &mut saved).unwrap();
        saved
    };
    let saved = saved_by(&decoder);
    let mut retro = Retro::new(layout(1), &training(&dense), &Seed::new(2)).unwrap();
    retro.retrofit(&saved).unwrap();
    retro.set_scales(learnt.scales.clone());
    let (own, wide) = (layout(1).own, layout(1));
    let mut rows = vec![0.0; own.tokens() * own.inputs()];
    rows.iter_mut().for_each(|x| *x = rng.random_range(-1.0..1.0));
    let mut wider = vec![0.0; wide.tokens() * wide.inputs()];
    wide.spread(&rows, &mut wider);
    let expected = decoder.trainer().network().outputs(&rows).unwrap();
    let found = retro.trainer().network().outputs(&wider).unwrap();
    let first = wide.retrieved().chunk * ANSWERS as usize;
    for (found, expected) in found[..first].iter().zip(&expected) {
        assert!((found - expected).abs() < 1e-5, "{found} {expected}");
    }
    retro.prepare(&learnt);
    for _ in 0..250 {
        retro.update(&learnt, 32, &mut rng).unwrap();
    }
    let (new, told) = (keys(60, 4), answers(60, 5));
    retro.recall(&data(&new, &told, 1));
    assert!(right(&mut retro, &new, &told) >= 0.9);

    let refused = |retro: &mut Retro, saved: &Saved| retro.retrofit(saved).unwrap_err().to_string();
    let mut other = Retro::new(layout(1), &training(&sparse), &Seed::new(2)).unwrap();
    assert!(refused(&mut other, &saved).contains("both must be dense"));
    let thin = Decoder::new(layout(1).own, &training(&sparse), &Seed::new(1)).unwrap();
    assert!(refused(&mut retro, &saved_by(&thin)).contains("both must be dense"));
    // All weights of `embed` but a few are no narrower `embed`.
    let mut few = saved.clone();
    for what in ["positions", "weights"] {
        let name = format!("decoder/embed/{what}");
        let (all, rows) = (&saved[&name], saved["decoder/embed/biases"].elem_count());
        few.insert(name, all.narrow(0, rows, all.elem_count() - rows).unwrap());
    }
    assert!(refused(&mut retro, &few).contains("both must be dense"));
    assert!(refused(&mut retro, &Saved::new()).contains("it has no `decoder/embed/weights`"));
    assert!(decoder.retrofit(&saved).unwrap_err().to_string().contains("no retro"));
}

#[test]
fn the_nearest_are_those_of_other_episodes_in_whatever_order_these_stand() {
    let (known, told) = (keys(40, 1), answers(40, 2));
    let chunks = Chunks { steps: 1, neighbours: 2, most: None, index: IndexName::Exact };
    let learnt = data(&known, &told, 2);
    let database = Database::new(chunks, &learnt, &learnt.scales);
    assert_eq!((database.len(), database.is_empty()), (160, false));
    let all = database.of_all(&learnt.train, true);
    for (step, ids) in all.iter().enumerate().step_by(2) {
        let query = learnt.train.at(step).unwrap();
        let first = database.place(ids[0]).unwrap();
        assert_ne!(first.number, query.number);
        assert_eq!(first.number / 2, query.number / 2, "the twin is the nearest");
    }
    let own = database.of_all(&learnt.train, false);
    assert!(own.iter().step_by(2).enumerate().all(|(i, ids)| {
        [2 * i as u32, 2 * i as u32 + 2 - 4 * (i as u32 % 2)].contains(&ids[0])
    }));
    // The same keys in another order.
    let back: (Vec<_>, Vec<_>) =
        (known.iter().rev().cloned().collect(), told.iter().rev().copied().collect());
    let turned = data(&back.0, &back.1, 1);
    let turned = Database::new(chunks, &turned, &learnt.scales);
    let plain = data(&known, &told, 1);
    let plain = Database::new(chunks, &plain, &learnt.scales);
    for key in &known {
        let shown = |of: &Database| {
            let ids = of.nearest([key.as_slice()].into_iter());
            let place = of.place(ids[0]).unwrap();
            place.episode.trajectory.clone()
        };
        assert_eq!(shown(&plain), shown(&turned));
    }
    let few = Chunks { most: Some(3), ..chunks };
    assert_eq!(Database::new(few, &learnt, &learnt.scales).len(), 3);
}

/// What acting reads at each step is what a window of the same episode has there.
#[test]
fn acting_reads_what_training_reads() {
    let env = EnvSpec { action: Space::uniform(&[2], -1.0, 1.0), ..env() };
    let mut rng = Seed::new(1).rng();
    let mut one = |steps: usize| Trajectory {
        seed: None,
        obs: ObsBuf::F32((0..(steps + 1) * KEY).map(|_| rng.random_range(-1.0..1.0)).collect()),
        actions: ActionBuf::Continuous(vec![0.0; 2 * steps]),
        rewards: (0..steps).map(|_| rng.random_range(0.0..1.0)).collect(),
        end: None,
    };
    let learnt = Arc::new(Dataset::new(&env, (0..6).map(|_| one(7)).collect(), vec![one(6)]));
    let own = Layout {
        words: Vocabulary::of(&env, 5).unwrap(),
        conditioned: true,
        steps: 6,
        scales: Scales::none(KEY),
    };
    let layout = RetroLayout {
        own,
        chunks: Chunks { steps: 2, neighbours: 2, most: None, index: IndexName::Exact },
    };
    let dense = SparsityConfig::dense();
    let mut retro = Retro::new(layout, &training(&dense), &Seed::new(1)).unwrap();
    retro.set_scales(learnt.scales.clone());
    retro.prepare(&learnt);
    // Greedy actions, which then are the episode's own: its loss is that of the likeliest tokens.
    let episode = &learnt.held_out.get(0).unwrap().trajectory;
    let mut actions = ActionBuf::Continuous(Vec::new());
    let (mut before, mut first) = (0.0, true);
    for t in 0..6 {
        let obs: Vec<f32> = episode.obs_at(t, KEY).values().collect();
        let (first_rows, rewards) = ([first], [before]);
        let seen =
            Observations { obs: Obs::F32(&obs), envs: &[0], first: &first_rows, rewards: &rewards };
        let target = episode.rewards.iter().sum::<f64>() as f32;
        let acting = Acting { seen, obs: &obs, target, mode: Mode::Eval };
        retro.act(&acting, &mut rng, &mut actions).unwrap();
        (before, first) = (episode.rewards[t], false);
    }
    let played = Trajectory { actions, ..episode.clone() };
    let greedy = [played].into_iter().collect();
    let loss = retro.loss(&greedy, &mut rng).unwrap();
    // No other tokens are likelier, at any step, in the eyes of the same network.
    for other in 0..5 {
        let value = -1.0 + 2.0 * (other as f32 + 0.5) / 5.0;
        let changed = Trajectory {
            actions: ActionBuf::Continuous(
                greedy_numbers(&greedy)
                    .iter()
                    .enumerate()
                    .map(|(i, x)| if i == 11 { value } else { *x })
                    .collect(),
            ),
            ..episode.clone()
        };
        let other = retro.loss(&[changed].into_iter().collect(), &mut rng).unwrap();
        assert!(other >= loss - 1e-6, "{other} {loss}");
    }
}

fn greedy_numbers(of: &sparring_agents::data::Episodes) -> Vec<f32> {
    match &of.get(0).unwrap().trajectory.actions {
        ActionBuf::Continuous(all) => all.clone(),
        ActionBuf::Discrete(_) => Vec::new(),
    }
}
