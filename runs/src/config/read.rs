//! All sections of one variant.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};
use sparring_envs::EnvSpec;
use sparring_sparse::{KeyError, keys};

use super::agent::Around;
use super::offline::Sections;
use super::sections::shape;
use super::{agent, budget, env, offline};
use crate::checkpoint::CheckpointKeys;
use crate::data::keys::DataKeys;
use crate::envs::EnvSettings;
use crate::evaluate::EvalSettings;
use crate::keys::Reader;
use crate::log::tensorboard::keys::TensorBoardKeys;
use crate::robustness::{Robustness, Trained};
use crate::train::settings::TrainSettings;
use crate::variant::Settings;
use crate::yaml::{Node, Value};

/// The keys `K` of the section `name` of `tree`; nothing where they have a mistake.
fn read<K: DeserializeOwned + Serialize + Default>(
    reader: &mut Reader,
    tree: &Node,
    name: &str,
    complete: impl FnOnce(&mut Map<String, Json>),
    check: fn(&K) -> Result<(), KeyError>,
) -> Option<K> {
    let before = reader.mistakes;
    let mut typed = reader.section(name, tree.get(name), shape(name));
    if reader.mistakes > before {
        return None;
    }
    complete(&mut typed);
    let absent = Node::absent();
    let node = tree.get(name).unwrap_or(&absent);
    let keys = reader.keep(name, node, || keys::read::<K>(Json::Object(typed)))?;
    match check(&keys) {
        Ok(()) => Some(keys),
        Err(error) => {
            reader.blame(name, node, error);
            None
        }
    }
}

/// Reads all sections of `tree`; nothing where they have mistakes, which `reader` keeps.
pub fn settings(reader: &mut Reader, tree: &Node) -> Option<(Settings, EnvSpec)> {
    let none = |_: &mut _| {};
    let env: Option<EnvSettings> = read(reader, tree, "env", none, EnvSettings::check);
    let env = env.and_then(|env| {
        let (options, spec) = env::read(reader, tree.get("env"), &env.id)?;
        Some((EnvSettings { options, ..env }, spec))
    });
    // A length that is null is one that is left out.
    let without_null = |typed: &mut Map<String, Json>| typed.retain(|_, value| !value.is_null());
    let train: Option<TrainSettings> =
        read(reader, tree, "train", without_null, TrainSettings::check);
    let episodes_at_once = |typed: &mut Map<String, Json>| {
        let default = EvalSettings::default().episodes as u64;
        let episodes = typed.get("episodes").and_then(Json::as_u64).unwrap_or(default);
        let most = episodes.min(EvalSettings::MOST_ENVS);
        typed.entry("num_envs").or_insert(most.into());
    };
    let eval: Option<EvalSettings> =
        read(reader, tree, "eval", episodes_at_once, EvalSettings::check);
    let is_there = |name| tree.get(name).is_some_and(|section| section.value != Value::Null);
    let data: Option<Option<DataKeys>> = match is_there("data") {
        true => read(reader, tree, "data", none, DataKeys::check).map(Some),
        false => Some(None),
    };
    let written = tree.get("robustness").filter(|section| section.value != Value::Null);
    let robustness = match (written, &env) {
        (Some(section), Some((env, spec))) => {
            let keys: Option<Robustness> = read(reader, tree, "robustness", none, |_| Ok(()));
            let row = env::row(&env.id).ok();
            keys.zip(row).and_then(|(keys, row)| {
                keys.with_options(reader, section, &Trained { row, env, spec }).map(Some)
            })
        }
        (Some(_), None) | (None, _) => Some(None),
    };
    let what = match tree.get("diagnostics") {
        Some(_) => read(reader, tree, "diagnostics", none, |_| Ok(())).map(Some),
        None => Some(None),
    };
    let checkpoint: Option<CheckpointKeys> =
        read(reader, tree, "checkpoint", none, CheckpointKeys::check);
    let tensorboard: Option<TensorBoardKeys> = read(reader, tree, "tensorboard", none, |_| Ok(()));
    let keys = agent::read(reader, tree, env.as_ref().map(|(_, spec)| spec));
    let ((env, spec), train, keys) = (env?, train?, keys?);
    let around = Around { spec: &spec, env: &env, train: &train };
    let train = budget::resolve(reader, tree, &*keys, &around, eval.as_ref())?;
    let (agent, sparsity) =
        agent::resolve(reader, tree, keys, &Around { train: &train, ..around })?;
    let (eval, checkpoint, tensorboard) = (eval?, checkpoint?, tensorboard?);
    let (diagnostics, robustness, data) = (what?, robustness?, data?);
    let sections = Sections {
        train: &train,
        data: data.as_ref(),
        checkpoint: &checkpoint,
        diagnosed: diagnostics.is_some(),
    };
    let eval = offline::resolve(reader, tree, agent.keys(), &sections, eval)?;
    let settings = Settings {
        env,
        train,
        eval,
        agent,
        data,
        sparsity,
        checkpoint,
        tensorboard,
        diagnostics,
        robustness,
    };
    Some((settings, spec))
}
