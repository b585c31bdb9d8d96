//! The tab HParams: each job is a session, with what it was told and what it came to; the seeds of a variant are
//! one group.
//!
//! A job says of itself all that it was told, since it knows no other. The experiment, in the run's folder, names
//! what is a column: what tells variants from each other that both have it.

use std::collections::{BTreeMap, BTreeSet};

use protobuf::Message as _;
use protobuf::well_known_types::{ListValue, Value};
use serde_json::Value as Json;
use tensorboard_proto::api::{DataType, Experiment, HParamInfo, MetricInfo, MetricName, Status};
use tensorboard_proto::plugin_hparams::{HParamsPluginData, SessionEndInfo, SessionStartInfo};
use tensorboard_proto::summary::Summary_Value;

use super::events::{Shown, replace, seconds};
use super::value::{nothing, of_plugin, scalar};
use crate::error::Error;
use crate::job_folder::JobFolder;
use crate::sizes::Sizes;
use crate::status::{JobStatus, State};
use crate::variant::Variant;
use crate::yaml::{self, Origin};

/// What a job was told, by name.
pub type Told = BTreeMap<String, Json>;

/// Columns that are always there, the first ones.
const COLUMNS: [&str; 4] = ["method", "sparsity", "agent", "env"];

/// The same in a config.
const KEYS: [&str; 4] = ["sparsity.kind", "sparsity.sparsity", "agent.kind", "env.id"];

/// Sections that tell trainings from each other.
const SECTIONS: [&str; 7] =
    ["env", "train", "eval", "agent", "sparsity", "diagnostics", "robustness"];

/// What a job came to, with a name for people.
const METRICS: [(&str, &str); 4] = [
    ("final/score", "score"),
    ("final/active_parameters", "active parameters"),
    ("final/training_flops", "training FLOPs"),
    ("final/seconds", "seconds"),
];

/// What a job of `variant` was told, whose config is `resolved`. A sparsity that a budget decides is that of all
/// weights.
pub fn told(variant: &Variant, resolved: &str) -> Told {
    // Sparring wrote the text; the four columns stand in any case.
    let config = yaml::parse(resolved, &|_| Origin::Absent).map(|node| node.to_json());
    let config = config.unwrap_or_default();
    let mut told = Told::new();
    for section in SECTIONS {
        flatten(section, &config[section], &mut told);
    }
    let asked = told.get("sparsity.sparsity").cloned();
    for key in KEYS {
        told.remove(key);
    }
    let reached = || (1.0 - Sizes::of(&variant.estimate.networks).density).into();
    let at = &variant.at;
    let values = [
        Json::from(at.method.as_str()),
        asked.unwrap_or_else(reached),
        at.agent.as_str().into(),
        at.env.as_str().into(),
    ];
    told.extend(COLUMNS.map(str::to_owned).into_iter().zip(values));
    told
}

/// The values below `key`, each under its path; a list is its text.
fn flatten(key: &str, value: &Json, all: &mut Told) {
    match value {
        Json::Null => {}
        Json::Object(entries) => {
            entries.iter().for_each(|(name, below)| flatten(&format!("{key}.{name}"), below, all));
        }
        Json::Array(_) => drop(all.insert(key.to_owned(), value.to_string().into())),
        Json::Bool(_) | Json::Number(_) | Json::String(_) => {
            drop(all.insert(key.to_owned(), value.clone()));
        }
    }
}

/// The experiment `name` over variants that were told this.
pub fn experiment(name: &str, variants: &[Told]) -> Summary_Value {
    let differs = |key: &&str| {
        let values: BTreeSet<_> =
            variants.iter().filter_map(|told| told.get(*key)).map(Json::to_string).collect();
        values.len() > 1
    };
    let keys: BTreeSet<&str> = variants.iter().flat_map(Told::keys).map(String::as_str).collect();
    let others = keys.into_iter().filter(|key| !COLUMNS.contains(key)).filter(differs);
    let column = |key: &str| {
        let mut values: Vec<&Json> = variants.iter().filter_map(|told| told.get(key)).collect();
        let number = |value: &Json| value.as_f64().unwrap_or(f64::INFINITY);
        values.sort_by(|a, b| {
            let numbers = number(a).total_cmp(&number(b));
            numbers.then_with(|| a.to_string().cmp(&b.to_string()))
        });
        values.dedup();
        let mut info = HParamInfo::new();
        info.set_name(key.to_owned());
        info.set_field_type(match () {
            () if values.iter().all(|one| one.is_number()) => DataType::DATA_TYPE_FLOAT64,
            () if values.iter().all(|one| one.is_boolean()) => DataType::DATA_TYPE_BOOL,
            () => DataType::DATA_TYPE_STRING,
        });
        let mut domain = ListValue::new();
        domain.set_values(values.into_iter().map(message).collect());
        info.set_domain_discrete(domain);
        info
    };
    let metric = |(tag, shown): (&str, &str)| {
        let mut name = MetricName::new();
        name.set_tag(tag.to_owned());
        let mut info = MetricInfo::new();
        info.set_name(name);
        info.set_display_name(shown.to_owned());
        info
    };
    let mut experiment = Experiment::new();
    experiment.set_name(name.to_owned());
    experiment.set_hparam_infos(COLUMNS.into_iter().chain(others).map(column).collect());
    experiment.set_metric_infos(METRICS.into_iter().map(metric).collect());
    let mut data = HParamsPluginData::new();
    data.set_experiment(experiment);
    value("_hparams_/experiment", &data)
}

/// The begin of a job of the variant `group`, which was told this.
pub fn start(group: &str, told: &Told) -> Summary_Value {
    let mut start = SessionStartInfo::new();
    start.set_group_name(group.to_owned());
    start.set_hparams(told.iter().map(|(key, value)| (key.clone(), message(value))).collect());
    start.set_start_time_secs(seconds(std::time::SystemTime::now()));
    let mut data = HParamsPluginData::new();
    data.set_session_start_info(start);
    value("_hparams_/session_start_info", &data)
}

/// Writes what the job in `folder` came to, whose end is for good: it could not be taken back.
pub fn end(folder: &JobFolder, status: &JobStatus) -> Result<(), Error> {
    let mut end = SessionEndInfo::new();
    end.set_status(match status.state {
        State::Finished => Status::STATUS_SUCCESS,
        State::Failed => Status::STATUS_FAILURE,
        State::Running | State::Interrupted => return Ok(()),
    });
    end.set_end_time_secs(seconds(std::time::SystemTime::now()));
    let mut data = HParamsPluginData::new();
    data.set_session_end_info(end);
    let active = Sizes::of(&status.networks).active_parameters;
    let reached = [
        status.score,
        (!status.networks.is_empty()).then_some(active as f64),
        Some(status.training.model),
        Some(status.wall_s),
    ];
    let reached = METRICS.into_iter().zip(reached).filter_map(|((tag, _), reached)| {
        reached.filter(|_| status.state == State::Finished).map(|value| scalar(tag, value))
    });
    let all = reached.chain([value("_hparams_/session_end_info", &data)]);
    let step = status.clock().own();
    let all = all.map(|value| Shown::now(step, value));
    replace(folder.root(), "end", step + 1, all)
}

fn value(tag: &str, data: &HParamsPluginData) -> Summary_Value {
    // No message of ours is too large or lacks a field.
    of_plugin(tag, "hparams", data.write_to_bytes().unwrap_or_default(), nothing())
}

fn message(value: &Json) -> Value {
    let mut message = Value::new();
    match value {
        Json::Bool(flag) => message.set_bool_value(*flag),
        Json::Number(number) => message.set_number_value(number.as_f64().unwrap_or(f64::NAN)),
        Json::String(text) => message.set_string_value(text.clone()),
        Json::Null | Json::Array(_) | Json::Object(_) => {
            message.set_string_value(value.to_string());
        }
    }
    message
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(more: &[(&str, Json)]) -> Told {
        let columns = COLUMNS.map(|key| (key.to_owned(), json!(key)));
        let more = more.iter().map(|(key, value)| ((*key).to_owned(), value.clone()));
        columns.into_iter().chain(more).collect()
    }

    #[test]
    fn columns_are_what_tells_variants_apart() {
        let lists = [json!("[64]"), json!("[64,64]")];
        let of = |list: &Json, rate: Json| {
            told(&[
                ("agent.hidden", list.clone()),
                ("agent.rate", rate),
                ("agent.n_step", json!(3)),
            ])
        };
        let (one, mut other) = (of(&lists[0], json!(0.5)), of(&lists[1], json!(1e-3)));
        other.insert("sparsity.drop_fraction".to_owned(), json!(0.5));
        let shown = experiment("name", &[one, other]);
        let content = shown.get_metadata().get_plugin_data().get_content();
        let data = HParamsPluginData::parse_from_bytes(content).unwrap();
        let infos = data.get_experiment().get_hparam_infos();
        let names: Vec<&str> = infos.iter().map(HParamInfo::get_name).collect();
        assert_eq!(names[..4], COLUMNS);
        assert_eq!(names[4..], ["agent.hidden", "agent.rate"]);
        assert_eq!(infos[5].get_field_type(), DataType::DATA_TYPE_FLOAT64);
        let values = infos[5].get_domain_discrete().get_values();
        assert_eq!(values.iter().map(Value::get_number_value).collect::<Vec<_>>(), [1e-3, 0.5]);
    }

    #[test]
    fn a_section_is_its_paths() {
        let mut all = Told::new();
        let section = json!({"kind": "dqn", "hidden": [64], "epsilon": {"end": 0.1}, "none": null});
        flatten("agent", &section, &mut all);
        let expected = [("agent.epsilon.end", json!(0.1)), ("agent.hidden", json!("[64]"))];
        let expected = expected.into_iter().chain([("agent.kind", json!("dqn"))]);
        assert_eq!(all, expected.map(|(key, value)| (key.to_owned(), value)).collect());
    }
}
