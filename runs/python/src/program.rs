//! The binary `sparring` within Python.

use std::ffi::OsString;

use pyo3::prelude::*;
use sparring::{Registry, main_with, process};

/// The command line `sparring` with these arguments, to its exit code; for a process of its own. It ends with the process
/// `parent`, if one is named.
#[pyfunction]
#[pyo3(signature = (args, parent = None))]
pub fn main(py: Python<'_>, args: Vec<OsString>, parent: Option<u32>) -> u8 {
    follow(parent);
    // SAFETY: the interpreter has just begun, and nothing of it runs beside this thread.
    unsafe { process::settle() };
    let args = [OsString::from("sparring")].into_iter().chain(args);
    py.detach(|| main_with(Registry::builtin(), args))
}

/// Has the system end this process in order when its parent is gone.
fn follow(parent: Option<u32>) {
    #[cfg(target_os = "linux")]
    if let Some(parent) = parent {
        // Every thread of the parent sends it as it goes, and of SIGHUP a second one is no haste.
        // SAFETY: it sets a number of this process and touches no memory.
        unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGHUP) };
        if std::os::unix::process::parent_id() != parent {
            std::process::exit(1);
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = parent;
}
