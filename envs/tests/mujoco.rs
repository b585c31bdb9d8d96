//! Every bit of the robots against Gymnasium 1.4.0 on mujoco 3.17.0, with default options and with all
//! changed. How the oracle was made and what its digests are of: `record_mujoco.py`.

#![cfg(feature = "mujoco")]

use crate::common;
use std::fmt::Write;
use std::path::PathBuf;

use serde_json::Value;
use sha2::{Digest, Sha256};
use sparring_envs::{
    Actions, End, EnvError, EnvRng, EnvRow, EnvSpec, Obs, ObsMut, OnFault, OptionValue, Options,
    Space, VectorConfig, VectorEnv, find, spec,
};

/// The options of a case, each as the type of its option.
fn options(row: &EnvRow, case: &Value) -> Options {
    let given = case["options"].as_object().unwrap();
    given.iter().fold(Options::default(), |options, (key, value)| {
        let option = row.options.iter().find(|option| option.key == key).expect(key);
        let pair = |i: usize| value[i].as_f64().unwrap();
        let value = match option.default {
            OptionValue::Flag(_) => OptionValue::Flag(value.as_bool().unwrap()),
            OptionValue::Whole(_) => OptionValue::Whole(value.as_u64().unwrap() as u32),
            OptionValue::Real(_) => OptionValue::Real(value.as_f64().unwrap()),
            OptionValue::Pair(_) => OptionValue::Pair([pair(0), pair(1)]),
            OptionValue::Text(_) => OptionValue::Text(value.as_str().unwrap().to_owned().into()),
        };
        options.with(option.key, value)
    })
}

fn floats(obs: Obs<'_>) -> &[f32] {
    let Obs::F32(values) = obs else { panic!("{obs:?}") };
    values
}

/// One seed of a case and how far it has come.
struct Trace<'a> {
    seed: u64,
    expected: &'a str,
    digests: String,
    block: Vec<u8>,
    actions: EnvRng,
}

impl<'a> Trace<'a> {
    fn new(value: &'a Value) -> Self {
        let seed = value["seed"].as_u64().unwrap();
        Self {
            seed,
            expected: value["digests"].as_str().unwrap(),
            digests: String::new(),
            block: Vec::new(),
            actions: EnvRng::new(1000 + seed),
        }
    }

    fn push(&mut self, obs: &[f32]) {
        self.block.extend(obs.iter().flat_map(|x| x.to_le_bytes()));
    }

    fn end_block(&mut self) {
        for byte in &Sha256::digest(&self.block)[..8] {
            write!(self.digests, "{byte:02x}").unwrap();
        }
        self.block.clear();
    }
}

fn replay(case: &Value, block: usize) {
    let id = case["id"].as_str().unwrap();
    let row = find(id).unwrap();
    let spec = row.spec(&options(row, case)).unwrap();
    let Space::Box { low, high, .. } = &spec.action else { panic!("{id}") };
    let mut traces: Vec<_> = case["traces"].as_array().unwrap().iter().map(Trace::new).collect();
    let seeds: Vec<u64> = traces.iter().map(|trace| trace.seed).collect();
    let config = VectorConfig { num_envs: seeds.len(), workers: 1, ..VectorConfig::default() };
    let mut envs = VectorEnv::new(&spec, &seeds, &config).unwrap();
    let dim = envs.obs_dim();
    for (trace, obs) in traces.iter_mut().zip(floats(envs.obs()).chunks(dim)) {
        trace.push(obs);
    }
    let (mut terminated, mut truncated) = (0, 0);
    for step in 1..=case["steps"].as_u64().unwrap() as usize {
        let mut actions = Vec::new();
        for trace in &mut traces {
            for (&low, &high) in low.iter().zip(high) {
                actions.push(trace.actions.uniform(low.into(), high.into()) as f32);
            }
        }
        let batch = envs.step(Actions::Continuous(&actions)).unwrap();
        let ends: Vec<_> = batch.row.iter().map(|row| row.end()).collect();
        for (i, trace) in traces.iter_mut().enumerate() {
            trace.push(&floats(batch.next)[i * dim..(i + 1) * dim]);
            trace.block.extend(batch.reward[i].to_le_bytes());
            trace.block.push(match ends[i] {
                None => 0,
                Some(End::Terminated) => 1,
                Some(End::Truncated) => 2,
            });
        }
        for (i, trace) in traces.iter_mut().enumerate() {
            terminated += usize::from(ends[i] == Some(End::Terminated));
            truncated += usize::from(ends[i] == Some(End::Truncated));
            if ends[i].is_some() {
                trace.push(&floats(envs.obs())[i * dim..(i + 1) * dim]);
            }
            if step % block == 0 {
                trace.end_block();
            }
        }
    }
    for trace in &traces {
        let pairs = trace.digests.as_bytes().chunks(16).zip(trace.expected.as_bytes().chunks(16));
        let differ = pairs.map(|(found, expected)| found != expected).position(|differs| differs);
        let place = differ.map(|at| {
            format!("{id}, seed {}: step {} to {}", trace.seed, at * block + 1, (at + 1) * block)
        });
        assert_eq!(place, None, "options {}", case["options"]);
        assert_eq!(trace.digests.len(), trace.expected.len());
    }
    let counted = |key: &str| case[key].as_u64().unwrap() as usize;
    // Gymnasium may report both ends at once; here termination wins, and the recorder counts it so.
    assert_eq!((terminated, truncated), (counted("terminated"), counted("truncated")), "{id}");
}

#[test]
fn every_bit_equals_gymnasium() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/traces/mujoco.json");
    let json: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let cases = json["cases"].as_array().unwrap();
    let block = json["block"].as_u64().unwrap() as usize;
    assert_eq!(cases.len(), 22);
    let failures: Vec<_> = cases
        .iter()
        .filter_map(|case| {
            std::panic::catch_unwind(|| replay(case, block)).err().map(|_| &case["id"])
        })
        .collect();
    assert!(failures.is_empty(), "{failures:?}");
}

/// A model of one's own in a folder of one's own.
fn model(name: &str, text: &str) -> String {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

fn with_model(id: &str, file: String) -> Result<EnvSpec, EnvError> {
    let options = Options::default().with("xml_file", OptionValue::Text(file.into()));
    find(id).unwrap().spec(&options)
}

#[test]
fn models_that_cannot_be_used_say_why() {
    let error = with_model("Ant-v5", "aunt.xml".to_owned()).unwrap_err().to_string();
    assert!(error.contains("aunt.xml") && error.contains("fetch-simulators"), "{error}");
    let broken = model("broken.xml", "<mujoco><worldbody><geom/></worldbody></mujoco>");
    let error = with_model("Ant-v5", broken).unwrap_err().to_string();
    assert!(error.contains("broken.xml"), "{error}");
    let empty = model("empty.xml", "<mujoco/>");
    for (id, lacks) in [("Ant-v5", "main_body"), ("Reacher-v5", "`fingertip`")] {
        let error = with_model(id, empty.clone()).unwrap_err().to_string();
        assert!(error.contains(lacks), "{error}");
    }
}

#[test]
fn a_state_of_another_model_is_refused_and_changes_nothing() {
    let cat = spec("HalfCheetah-v5").unwrap();
    let other = with_model("HalfCheetah-v5", "hopper.xml".to_owned()).unwrap();
    let mut foreign = other.make.one().unwrap();
    let mut obs = vec![0.0; other.obs.dim()];
    foreign.reset(Some(1), ObsMut::F32(&mut obs)).unwrap();
    let mut env = cat.make.one().unwrap();
    let mut obs = vec![0.0; cat.obs.dim()];
    env.reset(Some(1), ObsMut::F32(&mut obs)).unwrap();
    let before = env.save().unwrap();
    let error = env.restore(&foreign.save().unwrap()).unwrap_err().to_string();
    assert!(error.contains("another model"), "{error}");
    assert_eq!(env.save().unwrap(), before);
}

#[test]
fn a_saved_robot_goes_on_without_what_a_step_left_behind() {
    // The forward velocity needs the place before the step, which a fresh simulation does not know.
    for id in ["Ant-v5", "Humanoid-v5", "Hopper-v5"] {
        let spec = spec(id).unwrap();
        let mut envs = common::engine(&spec, 2, 0, OnFault::Stop);
        common::drive(&mut envs, &mut common::Actor::new(1), 30);
        let bytes = envs.save().unwrap();
        let going_on = common::drive(&mut envs, &mut common::Actor::new(2), 100);
        let mut other = common::engine(&spec, 2, 0, OnFault::Stop);
        other.restore(&bytes).unwrap();
        assert!(common::drive(&mut other, &mut common::Actor::new(2), 100) == going_on, "{id}");
    }
}
