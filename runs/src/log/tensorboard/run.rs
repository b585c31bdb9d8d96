//! What stands in a run's own folder: the experiment, the layout and texts.

use std::path::Path;

use super::events::{Shown, replace};
use super::hparams::{experiment, told};
use super::keys::TensorBoardKeys;
use super::layout::layout;
use super::text::{text, verbatim};
use crate::comparison::Comparison;
use crate::error::Error;
use crate::plan::Plan;
use crate::plan_table::variants_table;
use crate::report::tables;
use crate::resolved::resolved;

/// Writes what is known of a run in `root` before it begins.
///
/// # Errors
/// A file that cannot be written.
pub fn begin_run(root: &Path, plan: &Plan) -> Result<(), Error> {
    let any = |is: fn(&TensorBoardKeys) -> bool| is_any(plan, is);
    let mut all = Vec::new();
    if any(|keys| keys.hparams) {
        // Seeds are no column.
        let first = plan.jobs().into_iter().take(plan.variants.len());
        let told = first.map(|job| told(job.variant, &resolved(plan, job).unwrap_or_default()));
        all.push(experiment(&plan.name, &told.collect::<Vec<_>>()));
    }
    if any(|keys| keys.layout) {
        all.push(layout(any(|keys| keys.variants)));
    }
    if any(|keys| keys.text) {
        all.push(verbatim("config", "yaml", &plan.text));
        all.push(text("plan", variants_table(plan, None).markdown()));
    }
    if all.is_empty() {
        return Ok(());
    }
    replace(root, "run", 0, all.into_iter().map(|value| Shown::now(0, value)))
}

/// Writes the tables at the end of a run, beside what stands there.
///
/// # Errors
/// A file that cannot be written.
pub fn end_run(root: &Path, of: &Comparison) -> Result<(), Error> {
    let mut markdown = format!("{} of {} jobs finished\n\n", of.finished(), of.planned());
    markdown.extend(tables(of).iter().map(|table| format!("{}\n", table.markdown())));
    markdown.extend(of.warnings.iter().map(|warning| format!("- {warning}\n")));
    replace(root, "table", 1, [Shown::now(1, text("table", markdown))])
}

/// Whether a variant of `plan` has the switch on.
fn is_any(plan: &Plan, is: fn(&TensorBoardKeys) -> bool) -> bool {
    plan.variants.iter().any(|variant| is(&variant.settings.tensorboard))
}
