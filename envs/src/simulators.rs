//! Where scripts/fetch-simulators has put the simulators' files.

use std::path::PathBuf;

/// The environment variable that names the folder; where it is not set, the one that the build was
/// made with counts.
pub(crate) const VARIABLE: &str = "SPARRING_SIMULATORS";

/// The folder.
pub(crate) fn folder() -> PathBuf {
    let built_with = option_env!("SPARRING_SIMULATORS").unwrap_or(".simulators");
    std::env::var_os(VARIABLE).map_or_else(|| PathBuf::from(built_with), PathBuf::from)
}
