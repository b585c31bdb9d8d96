//! Plans and results, as JSON: Python makes tables of them.

use std::path::{Path, PathBuf};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use serde_json::{Value as Json, json};
use sparring::config::load;
use sparring::error::Error;
use sparring::plan::Plan;
use sparring::results::{JobResult, Progress, RunResults};
use sparring::sizes::Sizes;

use crate::errors::of_program;

/// What the jobs of the config in `file` are: `name`, and `jobs`, a record each.
#[pyfunction]
#[pyo3(signature = (file, set, seeds, variants))]
pub fn plan(
    py: Python<'_>,
    file: PathBuf,
    set: Vec<String>,
    seeds: Option<Vec<u64>>,
    variants: Vec<String>,
) -> PyResult<String> {
    let plan = py.detach(|| load(&file, &set, seeds.as_deref())?.only(&variants));
    Ok(planned(&plan.map_err(of_program)?).to_string())
}

fn planned(plan: &Plan) -> Json {
    let of = |job: sparring::plan::Job<'_>| {
        let variant = job.variant;
        let sizes = Sizes::of(&variant.estimate.networks);
        json!({
            "at": variant.at,
            "seed": job.seed,
            "env_steps": variant.settings.train.total_env_steps,
            "gradient_steps": variant.estimate.gradient_steps,
            "parameters": sizes.parameters,
            "active_parameters": sizes.active_parameters,
            "density": sizes.density,
            "forward_flops": sizes.forward_flops,
            "backward_flops": sizes.backward_flops,
            "training_flops": variant.estimate.training.model,
            "bytes": variant.bytes(),
            "notes": variant.notes(),
        })
    };
    json!({"name": plan.name, "jobs": plan.jobs().into_iter().map(of).collect::<Vec<_>>()})
}

/// What the jobs of the run in `folder` came to, a record each with its `curve`.
#[pyfunction]
pub fn results(py: Python<'_>, folder: PathBuf) -> PyResult<String> {
    let read = py.detach(|| read(&folder)).map_err(of_program)?;
    serde_json::to_string(&read).map_err(|error| PyRuntimeError::new_err(error.to_string()))
}

fn read(folder: &Path) -> Result<Vec<Json>, Error> {
    let RunResults { record, jobs, .. } = RunResults::read(folder)?;
    let of = |job: &JobResult| {
        let variant = record.variants.iter().find(|variant| variant.name == job.variant);
        let sizes = Sizes::of(&job.costs.networks);
        let known = !job.costs.networks.is_empty();
        let size = |of: u64| known.then_some(of);
        json!({
            "run": record.name,
            "at": variant,
            "seed": job.seed,
            "progress": progress(job.progress),
            "error": job.error,
            "notes": job.notes,
            "score": job.score(),
            "env_steps": job.costs.env_steps,
            "gradient_steps": job.costs.gradient_steps,
            "wall_s": job.costs.wall_s,
            "parameters": size(sizes.parameters),
            "active_parameters": size(sizes.active_parameters),
            "density": known.then_some(sizes.density),
            "forward_flops": size(sizes.forward_flops),
            "training_flops": job.costs.training.model,
            "folder": job.folder,
            "curve": {
                "step": job.curve.iter().map(|one| one.step).collect::<Vec<_>>(),
                "return": job.returns(),
                "wall_s": job.curve.iter().map(|one| one.wall_s).collect::<Vec<_>>(),
            },
        })
    };
    Ok(jobs.iter().map(of).collect())
}

fn progress(of: Progress) -> &'static str {
    match of {
        Progress::Waiting => "waiting",
        Progress::Running => "running",
        Progress::Finished => "finished",
        Progress::Failed => "failed",
        Progress::Interrupted => "interrupted",
        Progress::Killed => "killed",
        Progress::Unreadable => "unreadable",
    }
}
