//! The extension module `sparring._sparring`: what the Python of the package `sparring` stands on.
//!
//! - [`engine`] steps envs, [`policy`] acts, [`records`] plans runs and reads their folders, [`program`] is the binary.
//! - Whoever waits here for Rust has let go of the GIL.
//! - What the caller can mend is a `ValueError`, with what was found and what is allowed; see [`errors`].

mod arrays;
mod engine;
mod errors;
mod policy;
mod program;
mod records;
mod rows;

use pyo3::prelude::*;

#[pymodule]
fn _sparring(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<engine::Engine>()?;
    module.add_class::<policy::Policy>()?;
    module.add_function(wrap_pyfunction!(rows::env_rows, module)?)?;
    module.add_function(wrap_pyfunction!(records::plan, module)?)?;
    module.add_function(wrap_pyfunction!(records::results, module)?)?;
    module.add_function(wrap_pyfunction!(program::main, module)?)?;
    module.add("EnvFault", module.py().get_type::<errors::EnvFault>())?;
    module.add("__version__", env!("CARGO_PKG_VERSION"))
}
