//! Training on environments that only these tests have. What is installed, the whole process has: a program of its own.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod overflow;
mod stopped_evaluation;

use std::sync::LazyLock;

use sparring::Registry;

/// Adds the rows of all tests, once.
fn install() {
    static INSTALLED: LazyLock<bool> = LazyLock::new(|| {
        let rows = [&overflow::ROW, &stopped_evaluation::ROW];
        rows.into_iter().fold(Registry::builtin(), |registry, row| registry.env(row)).install()
    });
    assert!(*INSTALLED);
}
