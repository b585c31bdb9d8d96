//! What differs in a config whose agent learns from a data set: it has one, and nothing is due by steps of environments.

use sparring_agents::AgentKeys;
use sparring_sparse::KeyError;

use crate::checkpoint::CheckpointKeys;
use crate::data::keys::DataKeys;
use crate::evaluate::EvalSettings;
use crate::keys::{MISSING, Reader};
use crate::train::settings::TrainSettings;
use crate::yaml::Node;

/// The sections that depend on what an agent learns from.
pub struct Sections<'a> {
    /// How long.
    pub train: &'a TrainSettings,
    /// What it learns from.
    pub data: Option<&'a DataKeys>,
    /// When the state is kept.
    pub checkpoint: &'a CheckpointKeys,
    /// Whether anything is measured.
    pub diagnosed: bool,
}

/// The section `eval` for an agent of these `keys`; nothing where the sections do not fit it.
pub fn resolve(
    reader: &mut Reader,
    tree: &Node,
    keys: &dyn AgentKeys,
    sections: &Sections<'_>,
    eval: EvalSettings,
) -> Option<EvalSettings> {
    let wrong = match keys.capabilities().learns_offline {
        true => misfit_offline(keys.row().name, sections),
        false => sections.data.map(|data| {
            let allowed = format!("no data with agent {}, which learns by acting", keys.row().name);
            let hint = "agent: {kind: bc}, or remove the section data";
            ("data", KeyError::new("sets", data.sets.join(", "), allowed, hint))
        }),
    };
    if let Some((section, error)) = wrong {
        let absent = Node::absent();
        reader.blame(section, tree.get(section).unwrap_or(&absent), error);
        return None;
    }
    let of_run = sections.train.total_gradient_steps.filter(|_| sections.data.is_some());
    let tenth = of_run.map(|total| (total / 10).max(1));
    Some(EvalSettings { every_gradient_steps: eval.every_gradient_steps.or(tenth), ..eval })
}

fn misfit_offline(agent: &str, of: &Sections<'_>) -> Option<(&'static str, KeyError)> {
    let with = |what: &str| format!("{what} with agent {agent}, which learns from a data set");
    if of.data.is_none() {
        let allowed = with("the folders of data sets");
        let hint = "data: {sets: [data/NAME-v0]}; sparring record makes one";
        return Some(("data", KeyError::new("sets", MISSING, allowed, hint)));
    }
    if of.train.device != "cpu" {
        let error = KeyError::new("device", &of.train.device, with("cpu"), "device: cpu");
        return Some(("train", error));
    }
    if let Some(steps) = of.checkpoint.every_env_steps {
        let hint = "every_minutes: 10, or null, which is at every evaluation";
        let error = KeyError::new("every_env_steps", steps, with("null"), hint);
        return Some(("checkpoint", error));
    }
    of.diagnosed.then(|| {
        let allowed = with("no such section");
        ("diagnostics", KeyError::new("", "diagnostics", allowed, "remove it"))
    })
}
