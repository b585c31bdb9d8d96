//! Whether there is what a reader asks for.

use super::cell::Cell;
use super::{Choice, Claims};
use crate::error::{Error, Refusal};
use crate::keys::nearest;
use crate::names::{distinct, stands_for, stem};
use crate::variant::Coordinates;

/// Refuses names of variants and environments that no cell has, and claims about values that none has.
pub fn check(choice: &Choice, cells: &[Cell]) -> Result<(), Error> {
    for wanted in &choice.variants {
        known_as("--variant", wanted, cells)?;
    }
    if let Some(wanted) = &choice.baseline {
        known_as("--baseline", wanted, cells)?;
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
    for (name, claim) in all {
        let place = format!("--claims {}: claims.{name}:", file.display());
        for of in claim.pairs.iter().flatten() {
            known_as(&place, of.variant(), cells)?;
            if let Some(missing) = of.missing(&known) {
                let hint = of.variant().to_owned();
                return Err(Refusal::argument(place, missing.found, missing.allowed, hint));
            }
        }
    }
    Ok(())
}

fn known_as(option: &str, wanted: &str, cells: &[Cell]) -> Result<(), Error> {
    if cells.iter().any(|cell| stands_for(wanted, &cell.at.name) || wanted == cell.label) {
        return Ok(());
    }
    let labels = distinct(cells.iter().map(|cell| cell.label.as_str()));
    let stems = distinct(cells.iter().map(|cell| stem(&cell.at.name)));
    let several = labels.len() > 2 * stems.len();
    let told = if several { &stems } else { &labels };
    let told = format!("one of {}", told.join("; "));
    let hint = nearest(wanted, labels.into_iter().chain(stems)).unwrap_or("a variant of the run");
    Err(Refusal::argument(format!("{option} {wanted}"), "no variant of this name", told, hint))
}
