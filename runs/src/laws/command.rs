//! `sparring fit`.

use std::thread;

use sparring_sparse::Seed;

use crate::console::{note, print};
use crate::error::{Error, Refusal};
use crate::files::write_whole;
use crate::keys::nearest;
use crate::statistics::Bootstrap;

use super::args::FitArgs;
use super::frame::{Frame, Roles};
use super::registry::LAWS;
use super::row::{LawRow, Request};
use super::shown;

/// Fits a law to a file and prints what it came to.
///
/// # Errors
/// A mistake on the command line or in the file, each with its place.
pub fn fit(args: &FitArgs) -> Result<(), Error> {
    let law = find(&args.law)?;
    let request = request(law, args)?;
    let roles = Roles::of(law, &args.x)?;
    let mut frame = Frame::read(&args.file)?;
    for condition in &args.conditions {
        frame.keep(condition)?;
    }
    if let Some(column) = &args.last {
        frame.keep_last(column, &args.per)?;
    }
    let data = frame.data(law, &roles, &args.y, &args.by)?;
    let fit = (law.fit)(&data, &request)?;
    if let Some(path) = &args.csv {
        write_whole(path, shown::csv(law, &fit)?)?;
        note(format!("numbers: {}", path.display()));
    }
    print(&shown::text(law, &fit))
}

/// The text of `sparring list laws`.
pub fn list() -> String {
    shown::list(&LAWS)
}

fn find(name: &str) -> Result<&'static LawRow, Error> {
    LAWS.iter().find(|law| law.name == name).copied().ok_or_else(|| {
        let names: Vec<&str> = LAWS.iter().map(|law| law.name).collect();
        let near = nearest(name, names.iter().copied()).unwrap_or("sparring list laws");
        let allowed = format!("one of {}", names.join(", "));
        Refusal::argument("fit", format!("no law {name}"), allowed, near)
    })
}

/// What the command line asks of `law`, as far as it takes it.
fn request(law: &LawRow, args: &FitArgs) -> Result<Request, Error> {
    let cores = || thread::available_parallelism().map_or(1, usize::from);
    let bootstrap = Bootstrap {
        resamples: args.resamples,
        seed: Seed::new(args.seed).child("laws").child(law.name),
        threads: args.jobs.unwrap_or_else(cores).max(1),
    };
    let mut request = Request::of(law, bootstrap);
    let refused = |flag: &str, takes: Option<&str>, given: bool| match (takes, given) {
        (None, true) => {
            let found = format!("{flag} with {}", law.name);
            let hint = "leave it out, or see sparring list laws";
            Err(Refusal::argument(flag, found, "a law that takes it", hint))
        }
        (Some(_), true | false) | (None, false) => Ok(()),
    };
    refused("--by", law.by, !args.by.is_empty())?;
    refused("--budget", law.budget, !args.budget.is_empty())?;
    refused("--threshold", law.threshold, !args.threshold.is_empty())?;
    if let Some(wrong) = args.budget.iter().find(|budget| !(**budget > 0.0 && budget.is_finite())) {
        let hint = "--budget 1e20";
        return Err(Refusal::argument("--budget", wrong.to_string(), "a number above 0", hint));
    }
    if let Some(wrong) = args.threshold.iter().find(|threshold| !threshold.is_finite()) {
        let hint = "--threshold 195";
        return Err(Refusal::argument("--threshold", wrong.to_string(), "a finite return", hint));
    }
    request.budgets.clone_from(&args.budget);
    request.thresholds.clone_from(&args.threshold);
    for text in &args.set {
        let place = format!("--set {text}");
        let (key, value) = text.split_once('=').unwrap_or((text, ""));
        let option = law.options.iter().find(|option| option.key == key).ok_or_else(|| {
            let keys: Vec<&str> = law.options.iter().map(|option| option.key).collect();
            let allowed = match keys.is_empty() {
                true => format!("{} has no options", law.name),
                false => format!("an option of {}: {}", law.name, keys.join(", ")),
            };
            let near = nearest(key, keys.iter().copied()).unwrap_or("sparring list laws");
            Refusal::argument(&place, format!("no option {key}"), allowed, near)
        })?;
        let within = |value: &f64| (option.low..=option.high).contains(value);
        let value = value.parse().ok().filter(within).ok_or_else(|| {
            let allowed = format!("a number from {} to {}", option.low, option.high);
            let hint = format!("--set {key}={}", option.default);
            Refusal::argument(&place, value, allowed, hint)
        })?;
        request = request.with(option.key, value);
    }
    Ok(request)
}
