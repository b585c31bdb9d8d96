//! `sparring list`: what a config can name.

use sparring_envs::{EnvSpec, Space, registry};

use crate::cli::Listed;
use crate::config::{agent, method};
use crate::console::print;
use crate::error::Error;
use crate::table::{Align, Table};

/// Prints a table of one line each.
pub fn list(what: Listed) -> Result<(), Error> {
    let table = match what {
        Listed::Envs => envs(),
        Listed::Methods => methods(),
        Listed::Agents => agents(),
    };
    print(&table.to_string())
}

fn envs() -> Table {
    let mut table = Table::new(&[
        ("env", Align::Left),
        ("observations", Align::Left),
        ("actions", Align::Left),
        ("step limit", Align::Right),
        ("solved at", Align::Right),
        ("about", Align::Left),
    ]);
    let none = || "–".to_owned();
    for EnvSpec { id, obs, action, max_episode_steps, reward_threshold, about, .. } in registry() {
        table.row([
            (*id).to_owned(),
            shape(obs),
            shape(action),
            max_episode_steps.map_or_else(none, |steps| steps.to_string()),
            reward_threshold.map_or_else(none, |threshold| threshold.to_string()),
            (*about).to_owned(),
        ]);
    }
    table
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
