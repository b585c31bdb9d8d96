//! `sparring doctor`: what this build and this machine have, and what would be missing for a run.

use std::path::Path;

use serde::Serialize;
use sparring_envs::{EnvRow, Options};
use sparring_sparse::SimdLevel;
use sparring_sparse::gpu::DeviceName;

use crate::cli::DoctorArgs;
use crate::console::{print, terminal_width};
use crate::error::Error;
use crate::machine::{Machine, available_memory, gibibytes};
use crate::registry::rows;
use crate::table::{Align, Table, counted};

/// What was looked at.
#[derive(Debug, Serialize)]
struct Finding {
    what: &'static str,
    found: String,
    /// What to do, where something is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

/// Prints a row for each thing that a run may want. What is missing is no failure: no run needs all of it.
pub fn doctor(args: &DoctorArgs) -> Result<(), Error> {
    let all = findings();
    if args.json {
        let text = serde_json::to_string_pretty(&all).map_err(Error::system("write JSON"))?;
        return print(&format!("{text}\n"));
    }
    let mut table =
        Table::new(&[("what", Align::Left), ("found", Align::Left), ("to do", Align::Left)]);
    for Finding { what, found, hint } in all {
        table.row([what.to_owned(), found, hint.unwrap_or_default()]);
    }
    print(&table.fit(terminal_width(), &[]).to_string())
}

fn findings() -> Vec<Finding> {
    let fine = |what, found: String| Finding { what, found, hint: None };
    let machine = Machine::this();
    let mut all = vec![
        fine("sparring", env!("CARGO_PKG_VERSION").to_owned()),
        fine("built by", env!("SPARRING_RUSTC").to_owned()),
        fine(
            "processor",
            format!("{}, {}", machine.cpu, counted(machine.cores, ["core", "cores"])),
        ),
        fine("products", format!("{}", SimdLevel::of_this_machine())),
        fine(
            "memory free",
            available_memory()
                .map_or("unknown".to_owned(), |free| format!("{} GiB", gibibytes(free))),
        ),
        writable("this folder", Path::new(".")),
        writable("temporary files", &std::env::temp_dir()),
    ];
    all.extend(simulators());
    all.extend([device(), neighbours()]);
    all
}

/// Whether `agent.index: hnsw` is in this build.
fn neighbours() -> Finding {
    let (what, is_built) = ("hnsw", cfg!(feature = "hnsw"));
    let found = if is_built { "in this build" } else { "not in this build" };
    let hint = "for agent.index: hnsw build with `--features hnsw`; exact needs nothing";
    Finding { what, found: found.to_owned(), hint: (!is_built).then(|| hint.to_owned()) }
}

/// Whether a file can be made in `folder`.
fn writable(what: &'static str, folder: &Path) -> Finding {
    match tempfile::tempfile_in(folder) {
        Ok(_) => Finding { what, found: "can be written to".to_owned(), hint: None },
        Err(error) => Finding {
            what,
            found: format!("cannot be written to: {error}"),
            hint: Some("sparring run --out DIR, where you may write".to_owned()),
        },
    }
}

/// For each simulator that an env of the registry needs: whether this build has it and it starts.
fn simulators() -> Vec<Finding> {
    let mut all: Vec<Finding> = Vec::new();
    for row in rows().envs() {
        let Some(needs) = row.needs else { continue };
        if all.iter().any(|one| one.what == needs.name()) {
            continue;
        }
        all.push(simulator(row, needs.name()));
    }
    all
}

fn simulator(row: &EnvRow, what: &'static str) -> Finding {
    if let Some(feature) = row.missing() {
        let found = "not in this build".to_owned();
        return Finding { what, found, hint: Some(feature.way()) };
    }
    let starts = row.spec(&Options::default()).and_then(|spec| spec.make.ready());
    match starts {
        Ok(()) => Finding { what, found: format!("starts, for {} and more", row.id), hint: None },
        Err(error) => Finding {
            what,
            found: format!("does not start: {error}"),
            hint: Some("scripts/fetch-simulators".to_owned()),
        },
    }
}

fn device() -> Finding {
    let (what, gpu) = ("cuda", DeviceName::Cuda(0));
    if let Some(feature) = gpu.missing() {
        let hint = format!("scripts/fetch-cuda, then build with `--features {feature}`");
        return Finding { what, found: "not in this build".to_owned(), hint: Some(hint) };
    }
    match gpu.open() {
        Ok(Some(gpu)) => Finding { what, found: gpu.name().to_owned(), hint: None },
        Ok(None) => Finding { what, found: "no device".to_owned(), hint: None },
        Err(error) => Finding {
            what,
            found: format!("{error}"),
            hint: Some("train.device: cpu, which every config has by default".to_owned()),
        },
    }
}
