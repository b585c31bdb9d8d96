//! Every bit of the classic envs and of the generator against Gymnasium 1.4.0 and numpy 2.4.6.
//! The traces and their format: `traces/README.md`.

use std::path::PathBuf;

use sparring_envs::{Actions, End, EnvRng, Obs, ObsMut, VectorConfig, VectorEnv, spec};

/// Steps of the random seeds alone: 20 seeds of 1,000.
const RANDOM_STEPS: usize = 20_000;

fn trace(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/traces").join(name);
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Takes numbers off the front of a trace.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let (head, rest) = self.0.split_first_chunk().expect("the trace is cut short");
        self.0 = rest;
        *head
    }

    fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.take())
    }

    fn obs(&mut self, dim: usize) -> Vec<u32> {
        (0..dim).map(|_| self.u32()).collect()
    }
}

struct Row {
    action: Result<u32, f32>,
    next: Vec<u32>,
    reward: u64,
    flags: u8,
    reset: Option<Vec<u32>>,
}

struct Trace {
    seed: u64,
    first: Vec<u32>,
    rows: Vec<Row>,
}

fn read(id: &str) -> Vec<Trace> {
    let bytes = trace(&format!("{id}.bin"));
    let mut reader = Reader(&bytes);
    assert_eq!(&reader.take(), b"SPT1");
    let [seeds, steps, dim, discrete] = std::array::from_fn(|_| reader.u32());
    let dim = dim as usize;
    let traces = (0..seeds)
        .map(|_| {
            let seed = u64::from_le_bytes(reader.take());
            let first = reader.obs(dim);
            let rows = (0..steps)
                .map(|_| {
                    let action = if discrete == 1 {
                        let [action] = reader.take();
                        Ok(u32::from(action))
                    } else {
                        Err(f32::from_bits(reader.u32()))
                    };
                    let next = reader.obs(dim);
                    let reward = u64::from_le_bytes(reader.take());
                    let [flags] = reader.take();
                    let reset = (flags != 0).then(|| reader.obs(dim));
                    Row { action, next, reward, flags, reset }
                })
                .collect();
            Trace { seed, first, rows }
        })
        .collect();
    assert!(reader.0.is_empty(), "{id}: the trace is too long");
    traces
}

fn bits(obs: Obs<'_>) -> Vec<u32> {
    obs.values().map(f32::to_bits).collect()
}

/// Replays all seeds at once, one env each; returns the compared steps and the ends seen.
fn replay(id: &str) -> (usize, [usize; 2]) {
    let traces = read(id);
    let seeds: Vec<u64> = traces.iter().map(|trace| trace.seed).collect();
    let config = VectorConfig { num_envs: seeds.len(), workers: 1, ..VectorConfig::default() };
    let mut envs = VectorEnv::new(&spec(id).unwrap(), &seeds, &config).unwrap();
    let dim = envs.obs_dim();
    for (i, trace) in traces.iter().enumerate() {
        let obs = envs.obs().slice(i * dim..(i + 1) * dim);
        assert_eq!(bits(obs), trace.first, "{id}, seed {}: first observation", trace.seed);
    }
    let (mut compared, mut ends) = (0, [0, 0]);
    for t in 0..traces[0].rows.len() {
        let (mut discrete, mut continuous) = (Vec::new(), Vec::new());
        for trace in &traces {
            match trace.rows[t].action {
                Ok(action) => discrete.push(action),
                Err(action) => continuous.push(action),
            }
        }
        let actions = if continuous.is_empty() {
            Actions::Discrete(&discrete)
        } else {
            Actions::Continuous(&continuous)
        };
        let batch = envs.step(actions).unwrap();
        for (i, trace) in traces.iter().enumerate() {
            let row = &trace.rows[t];
            let place = format!("{id}, seed {}, step {}", trace.seed, t + 1);
            assert_eq!(bits(batch.next.slice(i * dim..(i + 1) * dim)), row.next, "{place}: next");
            assert_eq!(batch.reward[i].to_bits(), row.reward, "{place}: reward");
            let end = match row.flags {
                0 => None,
                2 => Some(End::Truncated),
                _ => Some(End::Terminated),
            };
            assert_eq!(batch.row[i].end(), end, "{place}: end");
            match end {
                Some(End::Terminated) => ends[0] += 1,
                Some(End::Truncated) => ends[1] += 1,
                None => {}
            }
            compared += 1;
        }
        for (i, trace) in traces.iter().enumerate() {
            let row = &trace.rows[t];
            let obs = bits(envs.obs().slice(i * dim..(i + 1) * dim));
            let expected = row.reset.as_ref().unwrap_or(&row.next);
            assert_eq!(&obs, expected, "{id}, seed {}, after step {}", trace.seed, t + 1);
        }
    }
    assert!(compared >= RANDOM_STEPS);
    (compared, ends)
}

/// How many steps the trace of each env holds and how its episodes end, so that a trace that lost its
/// goals or its limits is noticed.
#[test]
fn every_bit_equals_gymnasium() {
    assert_eq!(replay("CartPole-v0"), (25_000, [894, 25]));
    assert_eq!(replay("CartPole-v1"), (25_000, [894, 10]));
    assert_eq!(replay("MountainCar-v0"), (25_000, [38, 100]));
    assert_eq!(replay("MountainCarContinuous-v0"), (25_000, [45, 20]));
    assert_eq!(replay("Acrobot-v1"), (25_000, [47, 40]));
    assert_eq!(replay("Pendulum-v1"), (25_000, [0, 125]));
}

#[test]
fn every_first_observation_of_acrobot_equals_gymnasium() {
    let bytes = trace("Acrobot-v1.resets.bin");
    let mut reader = Reader(&bytes);
    let mut env = spec("Acrobot-v1").unwrap().make.one().unwrap();
    let mut obs = [0.0; 6];
    for seed in 0..5_000 {
        env.reset(Some(seed), ObsMut::F32(&mut obs)).unwrap();
        assert_eq!(bits(Obs::F32(&obs)), reader.obs(6), "seed {seed}");
    }
    assert!(reader.0.is_empty());
}

#[test]
fn every_normal_draw_equals_numpy() {
    let bytes = trace("normal.bin");
    let mut reader = Reader(&bytes);
    let mut rng = EnvRng::new(0);
    for draw in 0..20_000 {
        assert_eq!(rng.standard_normal().to_bits(), u64::from_le_bytes(reader.take()), "{draw}");
    }
    assert!(reader.0.is_empty());
}

#[test]
fn every_draw_equals_numpy() {
    let json: serde_json::Value = serde_json::from_slice(&trace("rng.json")).unwrap();
    let rows = json["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 8);
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let list = |value: &serde_json::Value| value.as_array().unwrap().clone();
    let hex = |value: f64| format!("{:016x}", value.to_bits());
    for row in rows {
        let seed: u64 = text(&row["seed"]).parse().unwrap();
        let fresh = || EnvRng::new(seed);
        let mut rng = fresh();
        for expected in list(&row["raw"]) {
            assert_eq!(rng.next_u64().to_string(), text(&expected), "raw, seed {seed}");
        }
        let mut rng = fresh();
        for expected in list(&row["random"]) {
            assert_eq!(hex(rng.random()), text(&expected), "random, seed {seed}");
        }
        let mut rng = fresh();
        for expected in list(&row["uniform"]) {
            assert_eq!(hex(rng.uniform(-0.05, 0.05)), text(&expected), "uniform, seed {seed}");
        }
        for (name, n) in [("integers_5", 5), ("integers_3e9", 3_000_000_000)] {
            let mut rng = fresh();
            for expected in list(&row[name]) {
                assert_eq!(
                    u64::from(rng.integers(n)),
                    expected.as_u64().unwrap(),
                    "{name}, {seed}"
                );
            }
        }
        // 32-bit draws keep half a word while 64-bit draws pass by.
        let mut rng = fresh();
        for pair in list(&row["integers_and_random"]).chunks(2) {
            assert_eq!(rng.integers(10).to_string(), text(&pair[0]), "mixed, seed {seed}");
            assert_eq!(hex(rng.random()), text(&pair[1]), "mixed, seed {seed}");
        }
    }
}
