//! Errors of Rust as exceptions.

use pyo3::create_exception;
use pyo3::exceptions::{PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use sparring::error::Error;
use sparring_envs::{EnvError, Fault};

create_exception!(
    sparring,
    EnvFault,
    PyRuntimeError,
    "An env panicked, failed, or gave NaN or infinity; `env`, `seed`, `episode`, `step` and `cause` say which, where and why."
);

/// The exception of an error of the vector engine: a fault of an env, or what the caller can mend.
pub fn of_env(error: EnvError, py: Python<'_>) -> PyErr {
    let text = error.to_string();
    match error {
        EnvError::Fault { fault, .. } => of_fault(text, fault, py),
        EnvError::ChunkLost { .. } | EnvError::Spawn { .. } => PyRuntimeError::new_err(text),
        EnvError::UnknownEnv { .. }
        | EnvError::Feature { .. }
        | EnvError::Model { .. }
        | EnvError::Rom { .. }
        | EnvError::Emulator { .. }
        | EnvError::OptionKey { .. }
        | EnvError::OptionValue { .. }
        | EnvError::OptionUnread { .. }
        | EnvError::ResetNeeded
        | EnvError::SeedNeeded
        | EnvError::ActionKind { .. }
        | EnvError::ActionIndex { .. }
        | EnvError::ActionLen { .. }
        | EnvError::ActionValue { .. }
        | EnvError::ObsLen { .. }
        | EnvError::ObsKind { .. }
        | EnvError::NoPicture { .. }
        | EnvError::State { .. }
        | EnvError::Config { .. }
        | EnvError::EpisodeOver { .. }
        | EnvError::BatchAction { .. }
        | EnvError::ActionCount { .. }
        | EnvError::Contract { .. } => PyValueError::new_err(text),
    }
}

fn of_fault(text: String, fault: Fault, py: Python<'_>) -> PyErr {
    let exception = EnvFault::new_err(text);
    let Fault { env, seed, episode, step, cause } = fault;
    let value = exception.value(py);
    let told = value
        .setattr("env", env)
        .and_then(|()| value.setattr("seed", seed))
        .and_then(|()| value.setattr("episode", episode))
        .and_then(|()| value.setattr("step", step))
        .and_then(|()| value.setattr("cause", cause));
    told.map_or_else(|error| error, |()| exception)
}

/// The exception of an error of `sparring`.
pub fn of_program(error: Error) -> PyErr {
    let text = error.to_string();
    match error {
        Error::Refused(_) | Error::Content { .. } => PyValueError::new_err(text),
        Error::File { .. } => PyOSError::new_err(text),
        Error::JobsFailed { .. }
        | Error::Lost { .. }
        | Error::Assertion(_)
        | Error::Interrupted
        | Error::Stopped
        | Error::Slurm { .. }
        | Error::TakenOver
        | Error::System { .. } => PyRuntimeError::new_err(text),
    }
}
