//! `sparring fit`.

use std::path::Path;
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

/// Refuses to write the numbers of a fit over the measurements.
fn check_csv(csv: &Path, measured: &Path) -> Result<(), Error> {
    let place = |path: &Path| path.canonicalize().ok();
    if place(csv).is_some() && place(csv) == place(measured) {
        let hint = format!("--csv {}", csv.with_extension("fit.csv").display());
        return Err(Refusal::argument(
            format!("--csv {}", csv.display()),
            "the file with the measurements",
            "another file",
            hint,
        ));
    }
    Ok(())
}

/// Fits a law to a file and prints what it came to.
///
/// # Errors
/// A mistake on the command line or in the file, each with its place.
pub fn fit(args: &FitArgs) -> Result<(), Error> {
    let law = find("fit", &args.law)?;
    if let Some(csv) = &args.csv {
        check_csv(csv, &args.file)?;
    }
    refused(law, "--by", law.by, !args.by.is_empty())?;
    let cores = || thread::available_parallelism().map_or(1, usize::from);
    let bootstrap = Bootstrap {
        resamples: args.resamples,
        seed: Seed::new(args.seed).child("laws").child(law.name),
        threads: args.jobs.unwrap_or_else(cores).max(1),
    };
    let asked = Asked { budget: &args.budget, threshold: &args.threshold, set: &args.set };
    let request = asked.request(law, bootstrap)?;
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

/// The law of this name, which stands at `place` of the command line.
///
/// # Errors
/// Where there is none.
pub fn find(place: &str, name: &str) -> Result<&'static LawRow, Error> {
    LAWS.iter().find(|law| law.name == name).copied().ok_or_else(|| {
        let names: Vec<&str> = LAWS.iter().map(|law| law.name).collect();
        let near = nearest(name, names.iter().copied()).unwrap_or("sparring list laws");
        let allowed = format!("one of {}", names.join(", "));
        Refusal::argument(place, format!("no law {name}"), allowed, near)
    })
}

/// What a command line asks of a law.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Budgets at which the optimum is wanted.
    pub budget: &'a [f64],
    /// Thresholds of learning curves.
    pub threshold: &'a [f64],
    /// Options, each `KEY=NUMBER`.
    pub set: &'a [String],
}

impl Asked<'_> {
    /// As far as `law` takes it.
    ///
    /// # Errors
    /// What it does not take, and values that it does not allow.
    pub fn request(&self, law: &LawRow, bootstrap: Bootstrap) -> Result<Request, Error> {
        let mut request = Request::of(law, bootstrap);
        refused(law, "--budget", law.budget, !self.budget.is_empty())?;
        refused(law, "--threshold", law.threshold, !self.threshold.is_empty())?;
        if let Some(wrong) = self.budget.iter().find(|it| !(**it > 0.0 && it.is_finite())) {
            let hint = "--budget 1e20";
            let allowed = "a number above 0";
            return Err(Refusal::argument("--budget", wrong.to_string(), allowed, hint));
        }
        if let Some(wrong) = self.threshold.iter().find(|threshold| !threshold.is_finite()) {
            let hint = "--threshold 195";
            let allowed = "a finite return";
            return Err(Refusal::argument("--threshold", wrong.to_string(), allowed, hint));
        }
        request.budgets.extend_from_slice(self.budget);
        request.thresholds.extend_from_slice(self.threshold);
        for text in self.set {
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
}

/// Refuses a flag that is `given` to a law which does not take it.
fn refused(law: &LawRow, flag: &str, takes: Option<&str>, given: bool) -> Result<(), Error> {
    match (takes, given) {
        (None, true) => {
            let found = format!("{flag} with {}", law.name);
            let hint = "leave it out, or see sparring list laws";
            Err(Refusal::argument(flag, found, "a law that takes it", hint))
        }
        (Some(_), true | false) | (None, false) => Ok(()),
    }
}
