//! Where the dense form of a layer overtakes the sparse one on this machine: measured once, and kept.
//!
//! Two runs with the same config and seed give the same numbers only if `compute: auto` chooses alike,
//! so what was measured is kept in the user's cache folder, and in the `resolved.yaml` of every job.

use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};
use sparring_sparse::BreakEven;

use crate::folder::{read_yaml, write_yaml};
use crate::machine::Machine;

/// What is taken where a machine cannot be measured: no dense form but for dense layers.
const NEVER: BreakEven = BreakEven { small: 1.0, large: 1.0, conv: 1.0 };

#[derive(Serialize, Deserialize)]
struct Kept {
    sparring: String,
    cpu: String,
    break_even: BreakEven,
}

static KNOWN: OnceLock<(BreakEven, bool)> = OnceLock::new();

/// The break-even of this machine, from the cache or measured now.
pub fn this_machine() -> BreakEven {
    let (even, _) = KNOWN.get_or_init(|| match read() {
        Some(even) => (even, true),
        None => (BreakEven::measure().unwrap_or(NEVER), false),
    });
    *even
}

/// Keeps what was measured, if anything was, for the runs to come. A cache that cannot be written is
/// no reason to stop: the next run measures again.
pub fn keep() -> Result<(), String> {
    let Some((even, false)) = KNOWN.get() else { return Ok(()) };
    let Some(path) = path() else { return Err("no cache folder is known".to_owned()) };
    let kept = Kept {
        sparring: env!("CARGO_PKG_VERSION").to_owned(),
        cpu: Machine::this().cpu,
        break_even: *even,
    };
    let folder = path.parent().map_or(Ok(()), fs::create_dir_all);
    folder.map_err(|error| error.to_string())?;
    write_yaml(&path, &kept).map_err(|error| error.to_string())
}

fn read() -> Option<BreakEven> {
    let kept: Kept = read_yaml(&path()?).ok()?;
    let same = kept.sparring == env!("CARGO_PKG_VERSION") && kept.cpu == Machine::this().cpu;
    same.then_some(kept.break_even)
}

fn path() -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = set("XDG_CACHE_HOME")
        .or_else(|| set("LOCALAPPDATA"))
        .or_else(|| set("HOME").map(|home| home.join(".cache")))?;
    Some(cache.join("sparring").join("break-even.yaml"))
}
