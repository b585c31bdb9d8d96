//! The networks by name: those of this crate, and those that a process adds.

use std::sync::OnceLock;

use super::row::NetworkRow;
use super::{bro, impala, minatar, mlp, nature, simba};

/// Every network of this crate.
pub static NETWORKS: [&NetworkRow; 6] =
    [&mlp::ROW, &nature::ROW, &impala::ROW, &minatar::ROW, &simba::ROW, &bro::ROW];

static KNOWN: OnceLock<Vec<&'static NetworkRow>> = OnceLock::new();

/// Makes `rows` what a config of this process can name; false where that was settled before.
pub fn install(rows: Vec<&'static NetworkRow>) -> bool {
    KNOWN.set(rows).is_ok()
}

/// What a config of this process can name: what was installed, or [`NETWORKS`].
pub fn known() -> &'static [&'static NetworkRow] {
    KNOWN.get_or_init(|| NETWORKS.to_vec())
}
