//! Variants at equal cost: `--equal parameters|flops|time`.
//!
//! A way to buy performance with fewer weights is not one with fewer multiplications, nor with less time: which variant is
//! best depends on what is held equal. Of each environment the variants with finished seeds are put into groups of about
//! the same
//!
//! * parameters: active weights and biases of all trained networks;
//! * FLOPs: multiplications and additions of one sample's forward pass;
//! * time: seconds of a seed, on the machine that they ran on.
//!
//! A group begins with the smallest variant that is in none and takes all that need at most [`SLACK`] times as much. In it
//! each stands beside the one of the highest interquartile mean, by the difference of the means with its 95 % interval,
//! seeds in pairs where both have the same.

mod figure;
mod group;
mod tables;

use super::args::Equal;
use super::view::View;
use crate::comparison::{Comparison, listed};
use crate::error::{Error, Refusal};

/// How much more the largest of a group may need than its smallest.
pub const SLACK: f64 = 1.15;

impl Equal {
    /// As a user types it.
    fn word(self) -> &'static str {
        match self {
            Self::Parameters => "parameters",
            Self::Flops => "flops",
            Self::Time => "time",
        }
    }

    /// What is counted.
    fn unit(self) -> &'static str {
        match self {
            Self::Parameters => "active parameters",
            Self::Flops => "FLOPs a sample",
            Self::Time => "seconds a seed",
        }
    }
}

/// The variants that are equal in `what`, side by side.
///
/// # Errors
/// Results of which no two are.
pub fn view(of: &Comparison, what: Equal) -> Result<View, Error> {
    let (groups, alone) = group::groups(of, what);
    let alone: Vec<String> = alone.into_iter().map(|cell| cell.label.clone()).collect();
    if groups.is_empty() {
        return Err(Refusal::argument(
            format!("--equal {}", what.word()),
            format!("no two variants of an environment within {SLACK} times the {}", what.unit()),
            "variants with finished seeds of about the same size",
            "another of parameters, flops, time; or dense variants with a width of their own",
        ));
    }
    let mut notes = Vec::new();
    if !alone.is_empty() {
        notes.push(format!("none of about the same {}: {}", what.unit(), listed(&alone)));
    }
    if what == Equal::Time {
        notes.push(
            "seconds are of the machine and its load at the time: jobs that ran side by side share it"
                .to_owned(),
        );
    }
    let id = format!("equal-{}", what.word());
    Ok(View {
        headline: groups.iter().map(|group| group.sentence(what)).collect(),
        tables: vec![tables::all(&groups, what)],
        notes,
        sheets: vec![tables::sheet(&id, &groups, what)],
        figures: vec![figure::figure(of, &id, &groups, what)],
        id,
    })
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;

    #[test]
    fn what_is_typed_is_what_is_said() {
        for what in Equal::value_variants() {
            let typed = what.to_possible_value().map(|value| value.get_name().to_owned());
            assert_eq!(typed.as_deref(), Some(what.word()));
        }
    }
}
