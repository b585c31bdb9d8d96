//! `sparring list`: what a config can name.

use sparring_envs::{EnvOption, EnvRow, EnvSpec, Space, registry};

use crate::cli::Listed;
use crate::config::{agent, method};
use crate::console::print;
use crate::error::Error;
use crate::table::{Align, Table};

/// Prints a table of one line each; of environments their options, too.
pub fn list(what: Listed) -> Result<(), Error> {
    let text = match what {
        Listed::Envs => {
            let missing = || registry().iter().filter_map(EnvRow::missing);
            let mut ways: Vec<_> = missing().map(|feature| (feature, feature.way())).collect();
            ways.dedup();
            let ways =
                ways.iter().map(|(feature, way)| format!("\nFor the feature {feature}: {way}.\n"));
            format!("{}{}{}", envs(), options(), ways.collect::<String>())
        }
        Listed::Methods => methods().to_string(),
        Listed::Agents => agents().to_string(),
    };
    print(&text)
}

fn envs() -> Table {
    let mut table = Table::new(&[
        ("env", Align::Left),
        ("observations", Align::Left),
        ("actions", Align::Left),
        ("step limit", Align::Right),
        ("solved at", Align::Right),
        ("needs", Align::Left),
        ("about", Align::Left),
    ]);
    let none = || "–".to_owned();
    for EnvRow { id, about, needs, .. } in registry() {
        // An env that this build lacks, or whose simulator does not start, has its row all the same.
        let spec = sparring_envs::spec(id).ok();
        let of_spec = |show: &dyn Fn(&EnvSpec) -> Option<String>| {
            spec.as_ref().and_then(show).unwrap_or_else(none)
        };
        table.row([
            (*id).to_owned(),
            of_spec(&|spec| Some(shape(&spec.obs))),
            of_spec(&|spec| Some(shape(&spec.action))),
            of_spec(&|spec| Some(spec.max_episode_steps?.to_string())),
            of_spec(&|spec| Some(spec.reward_threshold?.to_string())),
            needs.map_or_else(none, |feature| match feature.compiled() {
                true => format!("feature {feature}"),
                false => format!("feature {feature}, not in this build"),
            }),
            (*about).to_owned(),
        ]);
    }
    table
}

/// The options of all envs, as a second table; envs with the same ones share their lines.
fn options() -> String {
    let mut table = Table::new(&[
        ("options of", Align::Left),
        ("env.options", Align::Left),
        ("default", Align::Left),
        ("allowed", Align::Left),
        ("about", Align::Left),
    ]);
    let mut groups: Vec<(&[EnvOption], Vec<&str>)> = Vec::new();
    for row in registry().iter().filter(|row| !row.options.is_empty()) {
        match groups.iter_mut().find(|(options, _)| *options == row.options) {
            Some((_, ids)) => ids.push(row.id),
            None => groups.push((row.options, vec![row.id])),
        }
    }
    let nothing = groups.is_empty();
    for (options, ids) in groups {
        let mut name = match ids.as_slice() {
            [first, .., last] => format!("{first} to {last} ({})", ids.len()),
            ids => ids.concat(),
        };
        for option in options {
            table.row([
                std::mem::take(&mut name),
                option.key.to_owned(),
                option.default.to_string(),
                option.allowed(),
                option.about.to_owned(),
            ]);
        }
    }
    if nothing { String::new() } else { format!("\n{table}") }
}

/// A space without its bounds.
fn shape(space: &Space) -> String {
    match space {
        Space::Discrete { n } => format!("{n} choices"),
        Space::Box { shape, .. } => format!("box {shape:?}"),
    }
}

fn methods() -> Table {
    let mut table = Table::new(&[("method", Align::Left), ("about", Align::Left)]);
    for (name, _, about) in method::KINDS {
        table.row([name, about].map(str::to_owned));
    }
    table
}

fn agents() -> Table {
    let mut table =
        Table::new(&[("agent", Align::Left), ("actions", Align::Left), ("about", Align::Left)]);
    for (name, _, actions, about) in agent::KINDS {
        table.row([name, actions, about].map(str::to_owned));
    }
    table
}
