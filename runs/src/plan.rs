//! `sparring plan`: every job with its size, and nothing is run.

use std::path::Path;

use crate::config::{Plan, Variant};
use crate::console::print;
use crate::error::Error;
use crate::machine::{available_memory, gibibytes};
use crate::run::jobs_at_once;
use crate::sizes::Sizes;
use crate::table::{Align, Table, thousands};

/// Prints the plan of a config; one that does not fit into memory is refused after it was shown.
pub fn plan(
    file: &Path,
    set: &[String],
    seeds: Option<&[u64]>,
    jobs: Option<usize>,
) -> Result<(), Error> {
    let plan = crate::config::load(file, set, seeds)?;
    let at_once = jobs_at_once(jobs, &plan);
    let available = available_memory();
    let mut text = format!("{}\n", jobs_table(&plan));
    for variant in &plan.variants {
        text += &format!("{} on {}\n", variant.name, variant.spec.id);
        text += &format!("{}\n", layers_table(variant));
    }
    text += &format!(
        "{} jobs, {at_once} at once: {} GiB of {} GiB free\n",
        plan.jobs().len(),
        gibibytes(plan.bytes(at_once)),
        available.map_or("unknown".to_owned(), gibibytes),
    );
    print(&text)?;
    plan.check_memory(at_once, available)
}

fn jobs_table(plan: &Plan) -> Table {
    let mut table = Table::new(&[
        ("variant", Align::Left),
        ("seed", Align::Right),
        ("env steps", Align::Right),
        ("gradient steps", Align::Right),
        ("parameters", Align::Right),
        ("active", Align::Right),
        ("FLOPs/sample", Align::Right),
        ("MiB", Align::Right),
    ]);
    for job in plan.jobs() {
        let variant = job.variant;
        let sizes = Sizes::of(&variant.estimate.networks);
        table.row([
            variant.name.clone(),
            job.seed.to_string(),
            thousands(variant.settings.train.total_env_steps),
            thousands(variant.estimate.gradient_steps),
            thousands(sizes.parameters),
            thousands(sizes.active_parameters),
            thousands(sizes.flops_per_sample),
            format!("{:.1}", variant.bytes() as f64 / f64::from(1 << 20)),
        ]);
    }
    table
}

fn layers_table(variant: &Variant) -> Table {
    let mut table = Table::new(&[
        ("  network", Align::Left),
        ("layer", Align::Left),
        ("weights", Align::Right),
        ("active", Align::Right),
        ("density", Align::Right),
        ("biases", Align::Right),
        ("FLOPs/sample", Align::Right),
    ]);
    for network in &variant.estimate.networks {
        for layer in &network.layers {
            let density = layer.active_weights as f64 / layer.weights.max(1) as f64;
            table.row([
                format!("  {}", network.name),
                layer.name.clone(),
                thousands(layer.weights),
                thousands(layer.active_weights),
                format!("{:.2} %", 100.0 * density),
                thousands(layer.biases),
                thousands(layer.flops()),
            ]);
        }
    }
    table
}
