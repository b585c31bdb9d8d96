//! `sparring plan`: every variant with its size, and nothing is kept.

use std::time::Duration;

use crate::cli::PlanArgs;
use crate::config::load;
use crate::console::{note, print, terminal_width};
use crate::error::Error;
use crate::machine::{Machine, available_memory, gibibytes};
use crate::plan::{Job, Plan};
use crate::sizes::{self, Sizes, layers_table};
use crate::table::{Align, Table, counted, scientific, thousands, time};
use crate::train::Trial;

/// For how long each variant is tried.
const MOMENT: Duration = Duration::from_millis(500);

/// Prints the plan of a config; one that does not fit into memory is refused after it was shown.
pub fn plan(args: &PlanArgs) -> Result<(), Error> {
    let plan = load(&args.config, &args.set, args.seeds())?.only(&args.variant)?;
    plan.check_what_devices_train()?;
    let at_once = plan.at_once(args.jobs);
    let available = available_memory();
    let times = match args.time {
        true => Some(times(&plan)?),
        false => None,
    };
    let width = terminal_width();
    let mut text = format!("{}\n", variants_table(&plan, times.as_deref()).fit(width, &SPARE));
    for variant in &plan.variants {
        text += &format!("{} on {}\n", variant.at.name, variant.spec.id);
        text += &layers_table(&variant.estimate.networks).fit(width, &sizes::SPARE).to_string();
        text.extend(variant.notes().iter().map(|note| format!("  note: {note}\n")));
        text.push('\n');
    }
    if !plan.claims.is_empty() {
        let names: Vec<&str> = plan.claims.keys().map(String::as_str).collect();
        text += &format!("claims: {}\n", names.join(", "));
    }
    if !plan.left_out.is_empty() {
        text +=
            &format!("claims of whose pairs this scale has none: {}\n", plan.left_out.join(", "));
    }
    let needed = gibibytes(plan.bytes(at_once));
    let jobs = counted(plan.jobs().len(), ["job", "jobs"]);
    text += &format!("{jobs}, {at_once} at once: {needed} GiB");
    if let Some(times) = &times {
        let seeds = plan.seeds.len() as f64;
        let all = times.iter().flatten().sum::<f64>() * seeds / at_once.max(1) as f64;
        let least = if times.contains(&None) { "more than " } else { "about " };
        text += &format!(", {least}{}", time(all));
    }
    print(&format!("{text}\n"))?;
    // What is printed without --time is a function of the config alone; what the machine has now stands apart.
    note(format!(
        "this machine has {} GiB free",
        available.map_or("unknown".to_owned(), gibibytes)
    ));
    for device in &Machine::with(plan.devices()).devices {
        note(device);
    }
    plan.check_memory(at_once, available)
}

/// Seconds that a job of each variant takes on this machine; none where its agent learns too late to see.
fn times(plan: &Plan) -> Result<Vec<Option<f64>>, Error> {
    let of = counted(plan.variants.len(), ["variant", "variants"]);
    note(format!("training each of {of} for a moment"));
    let seed = plan.seeds.first().copied().unwrap_or(1);
    let of = |variant| {
        let trial = Trial::of(Job { variant, seed }, MOMENT);
        Ok(trial.map_err(Error::system("try the training"))?.whole(variant))
    };
    plan.variants.iter().map(of).collect()
}

/// What a narrow terminal does without, of variants.
const SPARE: [&str; 5] = ["MiB", "backward FLOPs", "forward FLOPs", "gradient steps", "seeds"];

/// FLOPs forward and backward are those of one sample, at the final sparsity; training FLOPs are by the
/// model of [`sparring_sparse::cost`]. `times` are the seconds of a job of each variant, where they are known.
pub fn variants_table(plan: &Plan, times: Option<&[Option<f64>]>) -> Table {
    let mut table = Table::new(&[
        ("variant", Align::Left),
        ("seeds", Align::Right),
        ("steps", Align::Right),
        ("gradient steps", Align::Right),
        ("parameters", Align::Right),
        ("active", Align::Right),
        ("forward FLOPs", Align::Right),
        ("backward FLOPs", Align::Right),
        ("training FLOPs", Align::Right),
        ("MiB", Align::Right),
        ("time", Align::Right),
    ]);
    let seeds = ranges(&plan.seeds);
    for (number, variant) in plan.variants.iter().enumerate() {
        let sizes = Sizes::of(&variant.estimate.networks);
        let seconds = times.and_then(|times| times.get(number).copied().flatten());
        table.row([
            variant.at.name.clone(),
            seeds.clone(),
            thousands(variant.settings.train.length()),
            thousands(variant.estimate.gradient_steps),
            thousands(sizes.parameters),
            thousands(sizes.active_parameters),
            thousands(sizes.forward_flops),
            thousands(sizes.backward_flops),
            scientific(variant.estimate.training.model),
            format!("{:.1}", variant.bytes() as f64 / f64::from(1 << 20)),
            seconds.map_or_else(|| "–".to_owned(), time),
        ]);
    }
    match times {
        Some(_) => table,
        None => table.without("time"),
    }
}

/// Numbers that follow each other as `1..3`, both ends included, others one by one.
fn ranges(numbers: &[u64]) -> String {
    let follows = |one: &u64, next: &u64| one.checked_add(1) == Some(*next);
    let range = |run: &[u64]| match run {
        [first, _, .., last] => format!("{first}..{last}"),
        few => few.iter().map(u64::to_string).collect::<Vec<_>>().join(", "),
    };
    numbers.chunk_by(follows).map(range).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_folded() {
        assert_eq!(ranges(&[1, 2, 3]), "1..3");
        assert_eq!(ranges(&[7]), "7");
        assert_eq!(ranges(&[1, 2, 5, 6, 7, 9]), "1, 2, 5..7, 9");
        assert_eq!(ranges(&[3, 2, 1]), "3, 2, 1");
        assert_eq!(ranges(&[u64::MAX, 0]), format!("{}, 0", u64::MAX));
    }
}
