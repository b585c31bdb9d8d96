//! `sparring init`: a config to begin with, in which every key of its sections stands with what it means.

use std::path::Path;

use serde_json::Value as Json;
use sparring_envs::{Options, Space};
use sparring_sparse::methods::MethodRow;

use crate::cli::InitArgs;
use crate::config::sections::{agents, methods, shape};
use crate::console::{note, print};
use crate::error::{Error, Refusal};
use crate::files::{check_file, write_whole};
use crate::keys::{Field, Form, nearest, show};
use crate::registry::rows;

/// Sparse methods that are compared with the dense one.
const SPARSE: usize = 3;

/// Columns of a comment.
const WIDTH: usize = 110;

/// Writes the config to `--out`, or prints it.
pub fn init(args: &InitArgs) -> Result<(), Error> {
    let text = text(&args.env, args.agent.as_deref(), args.out.as_deref())?;
    let Some(out) = &args.out else { return print(&text) };
    if out.exists() {
        let place = format!("--out {}", out.display());
        let hint = "another name, or no --out, which prints it";
        return Err(Refusal::argument(place, "a file that is there already", "a new file", hint));
    }
    check_file(out)?;
    write_whole(out, text)?;
    note(format!("written: {0}; try sparring plan {0}", out.display()));
    Ok(())
}

/// The config for the env `id` and an agent, or the first one that can play it.
pub fn text(id: &str, agent: Option<&str>, out: Option<&Path>) -> Result<String, Error> {
    let row = rows().find_env(id).ok_or_else(|| {
        let near = nearest(id, rows().envs().iter().map(|row| row.id));
        let hint = near.unwrap_or("sparring list envs");
        Refusal::argument("ENV", id, "an env of sparring list envs", hint)
    })?;
    let discrete = row.spec(&Options::default()).ok();
    let discrete = discrete.map(|spec| matches!(spec.action, Space::Discrete { .. }));
    let plays = |capable: sparring_agents::Capabilities| match discrete {
        Some(true) => capable.discrete,
        Some(false) => capable.continuous,
        None => true,
    };
    let known: Vec<&str> =
        agents().filter(|row| plays(row.capabilities)).map(|row| row.name).collect();
    let agent = agent.or(known.first().copied()).unwrap_or_default();
    let Some(chosen) = agents().find(|row| row.name == agent && known.contains(&agent)) else {
        let allowed = format!("for {id} one of {}", known.join(", "));
        let hint = nearest(agent, known.iter().copied()).or(known.first().copied());
        return Err(Refusal::argument("AGENT", agent, allowed, hint.unwrap_or_default()));
    };
    let offline = chosen.capabilities.learns_offline;
    let file = out.map_or("this.yaml".to_owned(), |out| out.display().to_string());
    let name = format!("{}-{agent}", id.to_lowercase().replace('/', "-"));
    let about = comment(&format!("{}, dense and at 90 % sparsity: {}.", row.about, chosen.about));
    let mut text = format!(
        "{}#\n#   sparring plan {file}      what will be run\n#   sparring run {file}       runs it\n\
         #\n# Every key of these sections stands here; one behind # has the value that it has when it is left out.\n\
         name: {name}\nseeds: 1..5\n\nenv:\n  id: {id}\n",
        about.replace("  #", "#")
    );
    text += &keys("env", None, &["id", "options"]);
    if offline {
        text += "\n# Data sets of this env; sparring record makes one.\ndata:\n  sets: [data/NAME-v0]\n";
        text += &keys("data", None, &["sets"]);
    }
    text += "\ntrain:\n";
    text += match offline {
        true => "  budget: gradient_steps\n  total_gradient_steps: 10_000\n",
        false => "  total_env_steps: 100_000\n",
    };
    let run: &[&str] = match offline {
        true => &["budget", "total_gradient_steps", "total_env_steps", "log_every_env_steps"],
        false => &["total_env_steps", "total_gradient_steps"],
    };
    text += &keys("train", None, run);
    text += "\neval:\n";
    text += if offline { "  episodes: 20\n" } else { "  every_env_steps: 5_000\n" };
    text += &keys("eval", None, &["every_env_steps", "episodes", "num_envs"]);
    text += &format!("\nagent:\n  kind: {agent}\n");
    text += &keys("agent", Some(agent), &["hidden"]);
    text += "\n# sparring list methods; sparring list keys sparsity\nsparsity: {sparsity: 0.9}\n\nvariants:\n";
    let (dense, sparse): (Vec<&MethodRow>, Vec<&MethodRow>) =
        methods().partition(|row| !row.is_sparse);
    let drawn = sparse.into_iter().filter(|row| row.draws_sparse).take(SPARSE);
    for row in dense.into_iter().take(1).chain(drawn) {
        text += &format!("  {0}: {{sparsity: {{kind: {0}}}}}\n", row.name);
    }
    Ok(text)
}

/// The keys of a section but those in `said`, each behind # with its default, below what it means.
fn keys(section: &str, kind: Option<&str>, said: &[&str]) -> String {
    let fields: &[Field] = match (&shape(section).form, kind) {
        (Form::Section(fields), _) => fields,
        (Form::Kinds(kinds), Some(kind)) => kinds.find(kind).map_or(&[], |kind| &kind.fields),
        _ => &[],
    };
    let mut text = String::new();
    for field in fields.iter().filter(|field| !said.contains(&field.key.as_str())) {
        let when = field.when.as_ref();
        let when = when.map(|when| format!(" (With {}: {}.)", when.key, when.values.join(" or ")));
        text += &comment(&format!("{}{}", field.help, when.unwrap_or_default()));
        let default = field.default.as_ref().map_or("null".to_owned(), shown);
        text += &format!("  # {}: {default}\n", field.key);
    }
    text
}

/// A value in one line of YAML.
fn shown(value: &Json) -> String {
    match value {
        Json::String(text) if text.is_empty() => "\"\"".to_owned(),
        value => show(value),
    }
}

/// `text` behind #, in lines.
fn comment(text: &str) -> String {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.len() + word.len() < WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(format!(" {word}")),
        }
    }
    lines.iter().map(|line| format!("  #{line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load_text;

    #[test]
    fn every_agent_has_a_config_that_is_one_also_without_its_marks() {
        for (id, of) in [
            ("CartPole-v1", ["dqn", "ppo", "nec", "bc", "trajectory"]),
            ("Pendulum-v1", ["sac", "ppo", "bc", "bc", "trajectory"]),
        ] {
            for agent in of {
                let text = text(id, Some(agent), None).unwrap();
                let file = Path::new("begun.yaml");
                let plan = load_text(file, text.clone(), &[], None);
                let plan = plan.unwrap_or_else(|error| panic!("{id} {agent}: {error}\n{text}"));
                assert_eq!((plan.variants.len(), plan.seeds.len()), (4, 5));
                assert!(text.lines().all(|line| line.len() < 150), "{text}");
            }
        }
        assert!(text("Pendulum-v1", None, None).unwrap().contains("kind: sac"));
        let error = text("Pendulum-v1", Some("dqn"), None).unwrap_err().to_string();
        assert!(error.contains("one of sac, ppo"), "{error}");
        let error = text("CartPol-v1", None, None).unwrap_err().to_string();
        assert!(error.contains("CartPole-v1"), "{error}");
    }
}
