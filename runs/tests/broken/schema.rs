//! The schema that `sparring schema` prints, by a validator of JSON Schema.

use std::fs;
use std::path::Path;

use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::Value;

use super::cases::{ACTOR_CRITIC, ACTOR_CRITIC_CASES, CASES, GOOD};
use crate::common::{config, sparring};

/// What only `sparring plan` knows: what fits together, what is there, what an env's options are, and what a variant makes of its base.
const BEYOND_IT: &[&str] = &[
    "an option that the env has not",
    "one value of an option where there may be several",
    "a value that an option does not take",
    "a robustness to nothing",
    "a scale that there is not",
    "a scale without scales",
    "a claim about a variant that there is not",
    "a claim without a bound",
    "a share kept under what no policy is scored under",
    "a batch of environments in step",
    "async without workers",
    "async without a batch",
    "a batch of more than all",
    "samples that are not told",
    "samples of a run that ends otherwise",
    "a length beside the samples that it follows from",
    "a patience that is over before the first gradient step",
    "repeated key",
    "two ways to say the network",
    "a network that the observations do not fit",
    "a width beside the network",
    "unknown env",
    "an option that the env does not have",
    "an option of an env that has none",
    "an option of the wrong type",
    "an option out of range",
    "options that are no section",
    "an action space that the agent cannot play",
    "discrete actions for an agent of continuous ones",
    "a key of another agent",
    "a network that the agent has not",
    "no method",
    "a sparsity that ERK cannot reach",
    "a layer of its own sparsity that has not as many weights",
    "a form for a layer that is not there",
    "a layer that is not there",
    "a variant equal to another",
    "a layer that no index reaches",
    "a variant named like a file of the run",
    "a variant of nothing",
    "a sweep of a key that is not there",
    "a run that never trains",
    "a prune interval that is longer than the time to prune",
    "a key of another optimizer",
    "the norm of a clipping that is not",
    "a pattern that is none",
    "a group that does not divide the inputs",
    "a group that is no group",
    "a group that does not fit the sparsity",
    "blocks that do not tile a layer",
    "blocks of which none is left",
    "a backward set that is sparser than the forward set",
    "a scale of nothing",
    "a sparsity that one network cannot have",
    "a layer that one network has not",
    "a network beside a dense whole",
    "a sparsity beside a budget",
    "a share that the actor cannot use",
    "bounds of the spread in the wrong order",
    "widths that all networks overrule",
    "a network of convolutions for an actor that sees numbers",
    "widths beside the network that has its own",
    "a minibatch larger than a rollout",
    "rollouts of environments that are not waited for",
    "random actions that are held by whoever comes",
    "a rollout longer than the run",
];

struct Validator {
    schemas: Schemas,
    index: SchemaIndex,
}

impl Validator {
    fn new() -> Self {
        let printed = sparring().arg("schema").assert_code(0).stdout;
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        compiler.add_resource("sparring.json", serde_json::from_str(&printed).unwrap()).unwrap();
        let index = compiler.compile("sparring.json", &mut schemas).unwrap();
        Self { schemas, index }
    }

    /// What is wrong with a config.
    fn mistake(&self, text: &str) -> Option<String> {
        // A number that JSON does not have is no config to an editor either.
        let value: Value = match serde_yaml::from_str(text) {
            Ok(value) => value,
            Err(error) => return Some(error.to_string()),
        };
        self.schemas.validate(&value, self.index).err().map(|error| error.to_string())
    }
}

fn shipped(folder: &Path, validator: &Validator, checked: &mut usize) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            shipped(&path, validator, checked);
        } else if path.extension().is_some_and(|ending| ending == "yaml") {
            let mistake = validator.mistake(&fs::read_to_string(&path).unwrap());
            assert!(mistake.is_none(), "{}: {}", path.display(), mistake.unwrap());
            *checked += 1;
        }
    }
}

#[test]
fn every_shipped_config_fits_it() {
    let (validator, mut checked) = (Validator::new(), 0);
    shipped(&config("."), &validator, &mut checked);
    assert!(checked > 30, "{checked}");
    for good in [GOOD, ACTOR_CRITIC] {
        assert_eq!(validator.mistake(good), None);
    }
}

#[test]
fn it_refuses_every_mistake_that_stands_in_one_place() {
    let validator = Validator::new();
    let broken = |good: &str, (old, new): (&str, &str)| good.replacen(old, new, 1);
    let of_one = CASES.iter().map(|case| (case.what, broken(GOOD, case.replace)));
    let of_two =
        ACTOR_CRITIC_CASES.iter().map(|case| (case.what, broken(ACTOR_CRITIC, case.replace)));
    let unseen: Vec<_> = of_one
        .chain(of_two)
        .filter(|(_, text)| validator.mistake(text).is_none())
        .map(|(what, _)| what)
        .collect();
    assert_eq!(unseen, BEYOND_IT);
}
