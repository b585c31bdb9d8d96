//! `sparring plan`: every job with its size, and nothing is run.

use crate::cli::PlanArgs;
use crate::config::load;
use crate::console::{note, print};
use crate::error::Error;
use crate::machine::{Machine, available_memory, gibibytes};
use crate::plan::Plan;
use crate::sizes::{Sizes, layers_table};
use crate::table::{Align, Table, scientific, thousands};

/// Prints the plan of a config; one that does not fit into memory is refused after it was shown.
pub fn plan(args: &PlanArgs) -> Result<(), Error> {
    let plan = load(&args.config, &args.set, args.seeds())?.only(&args.variant)?;
    let at_once = plan.at_once(args.jobs);
    let available = available_memory();
    let mut text = format!("{}\n", jobs_table(&plan));
    for variant in &plan.variants {
        text += &format!("{} on {}\n", variant.at.name, variant.spec.id);
        text += &layers_table(&variant.estimate.networks).to_string();
        text.extend(variant.notes().iter().map(|note| format!("  note: {note}\n")));
        text.push('\n');
    }
    let (jobs, needed) = (plan.jobs().len(), gibibytes(plan.bytes(at_once)));
    text += &format!("{jobs} jobs, {at_once} at once: {needed} GiB\n");
    print(&text)?;
    // What is printed is a function of the config alone; what the machine has now stands apart.
    note(format!(
        "this machine has {} GiB free",
        available.map_or("unknown".to_owned(), gibibytes)
    ));
    for device in &Machine::with(plan.devices()).devices {
        note(device);
    }
    plan.check_memory(at_once, available)
}

/// FLOPs forward and backward are those of one sample, at the final sparsity; training FLOPs are by the
/// model of [`sparring_sparse::cost`].
pub fn jobs_table(plan: &Plan) -> Table {
    let mut table = Table::new(&[
        ("variant", Align::Left),
        ("seed", Align::Right),
        ("steps", Align::Right),
        ("gradient steps", Align::Right),
        ("parameters", Align::Right),
        ("active", Align::Right),
        ("forward FLOPs", Align::Right),
        ("backward FLOPs", Align::Right),
        ("training FLOPs", Align::Right),
        ("MiB", Align::Right),
    ]);
    for job in plan.jobs() {
        let variant = job.variant;
        let sizes = Sizes::of(&variant.estimate.networks);
        table.row([
            variant.at.name.clone(),
            job.seed.to_string(),
            thousands(variant.settings.train.length()),
            thousands(variant.estimate.gradient_steps),
            thousands(sizes.parameters),
            thousands(sizes.active_parameters),
            thousands(sizes.forward_flops),
            thousands(sizes.backward_flops),
            scientific(variant.estimate.training.model),
            format!("{:.1}", variant.bytes() as f64 / f64::from(1 << 20)),
        ]);
    }
    table
}
