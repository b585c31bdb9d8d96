//! The sections of a config and what each may hold.

use std::sync::OnceLock;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value as Json;
use sparring_agents::networks::budget::Budget;
use sparring_agents::{AgentRow, Diagnostics};
use sparring_envs::EnvRow;
use sparring_sparse::keys;
use sparring_sparse::methods::MethodRow;
use sparring_sparse::sparsity_keys::SparsityKeys;

use crate::checkpoint::CheckpointKeys;
use crate::data::keys::DataKeys;
use crate::envs::EnvSettings;
use crate::evaluate::EvalSettings;
use crate::keys::{Field, Form, Kind, Kinds, Shape};
use crate::log::tensorboard::keys::TensorBoardKeys;
use crate::registry::rows;
use crate::robustness::Robustness;
use crate::train::settings::TrainSettings;
use crate::yaml::{Kinded, OPTIONS};

/// The sections that a variant or a sweep may change.
pub const SECTIONS: [&str; 10] = [
    "env",
    "train",
    "eval",
    "agent",
    "data",
    "sparsity",
    "diagnostics",
    "robustness",
    "checkpoint",
    "tensorboard",
];

/// What an agent with an actor and critics has beside the keys of a network: sections laid over
/// the rest for the networks that they name, and a budget in place of a sparsity.
pub const OF_NETWORKS: [&str; 3] = ["actor", "critic", "budget"];

/// The agents that a config can name.
pub fn agents() -> impl Iterator<Item = &'static AgentRow> {
    rows().agents().iter().copied()
}

/// The methods that a config can name.
pub fn methods() -> impl Iterator<Item = &'static MethodRow> {
    rows().methods().iter().copied()
}

/// What a section may hold.
#[derive(Debug)]
pub struct Known {
    /// Its name.
    pub name: &'static str,
    /// What it may hold.
    pub shape: Shape,
}

/// All sections, in the order of a config.
pub fn sections() -> &'static [Known] {
    static ALL: OnceLock<Vec<Known>> = OnceLock::new();
    ALL.get_or_init(|| {
        vec![
            Known { name: "env", shape: of::<EnvSettings>() },
            Known { name: "data", shape: of::<DataKeys>() },
            Known { name: "train", shape: of::<TrainSettings>() },
            Known { name: "eval", shape: of::<EvalSettings>() },
            Known { name: "agent", shape: agent() },
            Known { name: "sparsity", shape: sparsity() },
            Known { name: "diagnostics", shape: of::<Diagnostics>() },
            Known { name: "robustness", shape: of::<Robustness>() },
            Known { name: "checkpoint", shape: of::<CheckpointKeys>() },
            Known { name: "tensorboard", shape: of::<TensorBoardKeys>() },
        ]
    })
}

/// What the section `name` may hold.
pub fn shape(name: &str) -> &'static Shape {
    static NOTHING: Shape = Shape { form: Form::Any, nullable: false };
    let section = sections().iter().find(|section| section.name == name);
    section.map_or(&NOTHING, |section| &section.shape)
}

/// The sections whose kinds differ in their keys, for the merging of variants.
pub fn kinded() -> &'static Kinded {
    static ALL: OnceLock<Kinded> = OnceLock::new();
    ALL.get_or_init(|| {
        let of = |name| (name, shape(name).kinds());
        let keys = |row: &EnvRow| row.options.iter().map(|option| option.key.to_owned()).collect();
        let options = rows().envs().iter().map(|row| (row.id.to_owned(), keys(row))).collect();
        Kinded(vec![of("agent"), of("sparsity"), (OPTIONS, options)])
    })
}

fn of<K: JsonSchema + Serialize + Default>() -> Shape {
    Shape::of(keys::schema::<K>().as_value())
}

fn agent() -> Shape {
    let kind = |row: &AgentRow| {
        let schema: Json = (row.schema)().to_value();
        Kind { name: row.name.into(), about: row.about.into(), fields: Shape::fields(&schema) }
    };
    let kinds = Kinds {
        noun: "agent ",
        default: agents().next().map(|row| row.name.to_owned()),
        example: agents().map(|row| row.name).next().unwrap_or_default().to_owned(),
        all: agents().map(kind).collect(),
    };
    Shape { form: Form::Kinds(kinds), nullable: false }
}

/// What `sparsity` may hold for one network, whose sparsity may be given.
pub fn of_network(given: bool) -> &'static Shape {
    static OPEN: OnceLock<Shape> = OnceLock::new();
    static GIVEN: OnceLock<Shape> = OnceLock::new();
    let shape = if given { &GIVEN } else { &OPEN };
    shape.get_or_init(|| {
        let kinds = network(|key| !(given && key == "sparsity"));
        Shape { form: Form::Kinds(kinds), nullable: false }
    })
}

fn network(has: impl Fn(&str) -> bool) -> Kinds {
    let schema = keys::schema::<SparsityKeys>();
    let kind = |row: &MethodRow| {
        let mut fields = Vec::new();
        if row.is_sparse {
            fields = Shape::fields(schema.as_value());
            fields.retain(|field| row.draws_sparse || field.key != "sparsity_aware_init");
            fields.retain(|field| has(&field.key));
        }
        let own = Shape::fields((row.schema)().as_value());
        fields.extend(own.into_iter().filter(|field| has(&field.key)));
        Kind { name: row.name.into(), about: row.about.into(), fields }
    };
    let all = methods().map(kind).collect();
    let example = methods().find(|row| row.is_sparse).map_or("", |row| row.name).to_owned();
    Kinds { noun: "", default: None, example, all }
}

/// The keys of a network, and what an agent with an actor and critics has beside them.
fn sparsity() -> Shape {
    let mut kinds = network(|_| true);
    let [actor, critic, budget] = OF_NETWORKS;
    let of =
        |role| format!("Keys for the {role} alone, laid over the others, where an agent has one.");
    let over = Shape { form: Form::Over(kinds.clone()), nullable: true };
    let beside = [
        beside(actor, &of("actor"), over.clone()),
        beside(critic, &of("critics"), over),
        beside(
            budget,
            "In place of a sparsity: parameters of all networks together. Unlike sparsity it counts biases.",
            of_keys::<Budget>(),
        ),
    ];
    for kind in kinds.all.iter_mut().filter(|kind| !kind.fields.is_empty()) {
        // Null beside a budget, which decides it.
        let sparsity = kind.fields.iter_mut().filter(|field| field.key == "sparsity");
        sparsity.for_each(|field| field.shape.nullable = true);
        kind.fields.extend(beside.iter().cloned());
    }
    Shape { form: Form::Kinds(kinds), nullable: false }
}

/// The shape of keys that all have to be there.
fn of_keys<K: JsonSchema>() -> Shape {
    let settings = schemars::generate::SchemaSettings::draft2020_12();
    let schema = settings.with(|s| s.inline_subschemas = true).into_generator();
    Shape { nullable: true, ..Shape::of(schema.into_root_schema_for::<K>().as_value()) }
}

/// A key that need not be there.
fn beside(key: &str, help: &str, shape: Shape) -> Field {
    Field {
        key: key.to_owned(),
        help: help.to_owned(),
        shape,
        default: Some(Json::Null),
        example: None,
        when: None,
        not_beside: Vec::new(),
    }
}
