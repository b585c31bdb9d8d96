//! Whether there is what a reader asks for.

use super::cell::Cell;
use super::{Choice, Claims};
use crate::claim::Missing;
use crate::error::{Error, Refusal};
use crate::keys::nearest;
use crate::names::{distinct, likely_variant, stands_for, stem};
use crate::variant::Coordinates;

/// Refuses names of variants and environments that no cell has, and claims about values that none has.
pub fn check(choice: &Choice, cells: &[Cell]) -> Result<(), Error> {
    let labels: Vec<&str> = cells.iter().map(|cell| cell.label.as_str()).collect();
    for wanted in &choice.variants {
        known_as("--variant", wanted, &labels, cells)?;
    }
    if let Some(wanted) = &choice.baseline {
        known_as("--baseline", wanted, &labels, cells)?;
    }
    let envs = || distinct(cells.iter().map(|cell| cell.at.env.as_str()));
    if let Some(wanted) = choice
        .normalise
        .iter()
        .flat_map(|by| by.own.keys())
        .find(|env| !envs().contains(&env.as_str()))
    {
        return Err(Refusal::argument(
            format!("--normalise {wanted}"),
            "no environment of the run",
            format!("one of {}", envs().join("; ")),
            nearest(wanted, envs()).unwrap_or("an environment of the run"),
        ));
    }
    let Some(Claims { file, all }) = &choice.claims else { return Ok(()) };
    let known: Vec<&Coordinates> = cells.iter().map(|cell| &cell.at).collect();
    // A claim is about a variant of every run, not about one in the table.
    let names: Vec<&str> = known.iter().map(|at| at.name.as_str()).collect();
    for (name, claim) in all {
        let place = format!("--claims {}: claims.{name}.pairs", file.display());
        for of in claim.pairs.iter().flatten() {
            known_as(&format!("{place}:"), of.variant(), &names, cells)?;
            if let Some(Missing { found, allowed, hint }) = of.missing(&known) {
                return Err(Refusal::argument(place, found, allowed, hint));
            }
        }
    }
    Ok(())
}

/// Refuses what is neither one of `names` nor stands for a variant.
fn known_as(option: &str, wanted: &str, names: &[&str], cells: &[Cell]) -> Result<(), Error> {
    if names.contains(&wanted) || cells.iter().any(|cell| stands_for(wanted, &cell.at.name)) {
        return Ok(());
    }
    let names = distinct(names.iter().copied());
    let stems = distinct(cells.iter().map(|cell| stem(&cell.at.name)));
    let several = names.len() > 2 * stems.len();
    let told = if several { &stems } else { &names };
    let told = format!("one of {}", told.join("; "));
    let hint = likely_variant(wanted, names.into_iter()).unwrap_or("a variant of the run");
    Err(Refusal::argument(format!("{option} {wanted}"), "no variant of this name", told, hint))
}
