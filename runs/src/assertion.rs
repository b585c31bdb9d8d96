//! `--assert '[variant.]return>=X'`, where X is a number, or a multiple of what another variant came to:
//! `rigl.return>=0.95*dense.return`.
//!
//! Under a sweep `rigl` means all that the sweep makes of it, as `--variant rigl` does.

use crate::comparison::{Cell, Comparison, of_cell};
use crate::error::{Error, Refusal};
use crate::keys::nearest;
use crate::names::{stands_for, stem};
use crate::plan::Plan;

/// A bound on what one variant or each came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Assertion {
    text: String,
    variant: Option<String>,
    measure: Measure,
    relation: Relation,
    bound: Bound,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Relation {
    AtLeast,
    AtMost,
    Above,
    Below,
}

const RELATIONS: [(&str, Relation); 4] = [
    (">=", Relation::AtLeast),
    ("<=", Relation::AtMost),
    (">", Relation::Above),
    ("<", Relation::Below),
];

/// What a variant is measured by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Measure {
    Return,
    Active,
    Parameters,
    Density,
    TrainingFlops,
    ExecutedFlops,
    StepsPerS,
}

const MEASURES: [(&str, Measure); 7] = [
    ("return", Measure::Return),
    ("active", Measure::Active),
    ("parameters", Measure::Parameters),
    ("density", Measure::Density),
    ("training_flops", Measure::TrainingFlops),
    ("executed_flops", Measure::ExecutedFlops),
    ("steps_per_s", Measure::StepsPerS),
];

impl Measure {
    /// Of a cell whose seeds are at their end.
    fn of(self, cell: &Cell) -> Option<f64> {
        let reached = cell.reached()?;
        let sizes = cell.sizes.as_ref();
        match self {
            Self::Return => Some(reached),
            Self::Active => sizes.map(|sizes| sizes.active_parameters as f64),
            Self::Parameters => sizes.map(|sizes| sizes.parameters as f64),
            Self::Density => sizes.map(|sizes| sizes.density),
            Self::TrainingFlops => Some(cell.training.model),
            Self::ExecutedFlops => cell.executed(),
            Self::StepsPerS => cell.steps_per_s(),
        }
    }
}

/// What is to be reached: a number, or so many times what the variant came to.
#[derive(Clone, Debug, PartialEq)]
enum Bound {
    Number(f64),
    Times { factor: f64, variant: String, measure: Measure },
}

impl Assertion {
    /// Reads the argument; clap prints the message.
    pub fn parse(text: &str) -> Result<Self, String> {
        let names = MEASURES.map(|(name, _)| name).join(", ");
        let wrong = || {
            format!(
                "write [variant.]MEASURE>=X, with >=, <=, > or <, where MEASURE is one of {names} and X is a number or \
                 [number*]variant.MEASURE, such as 'return>=195' or 'small.return>=0.95*large.return'"
            )
        };
        // The name of a variant holds no such sign.
        let at = text.find(['<', '>']).ok_or_else(wrong)?;
        let (before, rest) = text.split_at(at);
        let (sign, relation) =
            RELATIONS.iter().find(|(sign, _)| rest.starts_with(sign)).ok_or_else(wrong)?;
        let (variant, measure) = measured(before.trim()).ok_or_else(wrong)?;
        let bound = bound(rest[sign.len()..].trim()).ok_or_else(wrong)?;
        Ok(Self { text: text.to_owned(), variant, measure, relation: *relation, bound })
    }

    /// Refuses a variant that the plan has not.
    pub fn check(&self, plan: &Plan) -> Result<(), Error> {
        let names = || plan.variants.iter().map(|variant| variant.at.name.as_str());
        let beside = match &self.bound {
            Bound::Number(_) => None,
            Bound::Times { variant, .. } => Some(variant),
        };
        let unknown = |wanted: &&String| !names().any(|name| stands_for(wanted, name));
        match self.variant.iter().chain(beside).find(unknown) {
            None => Ok(()),
            Some(wanted) => Err(Refusal::argument(
                format!("--assert '{}'", self.text),
                format!("the unknown variant {wanted}"),
                format!("one of {}", names().collect::<Vec<_>>().join("; ")),
                nearest(wanted, names().chain(names().map(stem)))
                    .unwrap_or("no variant, for all of them"),
            )),
        }
    }

    /// What does not hold, one line a variant.
    pub fn failures(&self, of: &Comparison) -> Vec<String> {
        let wanted = self.variant.as_deref();
        let concerned =
            |cell: &&Cell| wanted.is_none_or(|wanted| stands_for(wanted, &cell.at.name));
        let failure = |cell: &Cell| {
            let (text, label) = (&self.text, &cell.label);
            let Some(reached) = self.measure.of(cell) else {
                return Some(format!("--assert '{text}': {label} has no finished seed"));
            };
            match &self.bound {
                Bound::Number(bound) if self.holds(reached, *bound) => None,
                Bound::Number(_) => Some(format!("--assert '{text}': {label} reached {reached}")),
                Bound::Times { factor, variant, measure } => {
                    let beside = of_cell(variant, cell, &of.cells).map(|at| &of.cells[at]);
                    let other = beside.and_then(|other| measure.of(other));
                    match other.map(|other| factor * other) {
                        Some(bound) if self.holds(reached, bound) => None,
                        Some(bound) => Some(format!(
                            "--assert '{text}': {label} reached {reached}, the bound is {bound}"
                        )),
                        None => Some(format!(
                            "--assert '{text}': {variant} has no finished seed beside {label}"
                        )),
                    }
                }
            }
        };
        of.cells.iter().filter(concerned).filter_map(failure).collect()
    }

    fn holds(&self, reached: f64, bound: f64) -> bool {
        match self.relation {
            Relation::AtLeast => reached >= bound,
            Relation::AtMost => reached <= bound,
            Relation::Above => reached > bound,
            Relation::Below => reached < bound,
        }
    }
}

/// `[variant.]measure`.
fn measured(text: &str) -> Option<(Option<String>, Measure)> {
    let known = |name: &str| MEASURES.iter().find(|(known, _)| *known == name);
    if let Some((_, measure)) = known(text) {
        return Some((None, *measure));
    }
    // A variant's name may hold dots, so the last one counts.
    let (variant, name) = text.rsplit_once('.')?;
    let (_, measure) = known(name)?;
    (!variant.is_empty()).then(|| (Some(variant.to_owned()), *measure))
}

/// A number, or `[number*]variant.measure`.
fn bound(text: &str) -> Option<Bound> {
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|x| !x.is_nan());
    if let Some(number) = number(text) {
        return Some(Bound::Number(number));
    }
    let (factor, rest) = match text.split_once('*') {
        Some((factor, rest)) => (number(factor)?, rest.trim()),
        None => (1.0, text),
    };
    match measured(rest)? {
        (Some(variant), measure) => Some(Bound::Times { factor, variant, measure }),
        (None, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        let all = Assertion::parse("return>=195").unwrap();
        assert_eq!((all.variant.clone(), &all.bound), (None, &Bound::Number(195.0)));
        assert!(all.holds(195.0, 195.0) && !all.holds(194.9, 195.0) && !all.holds(f64::NAN, 195.0));
        let named = Assertion::parse("rigl,sparsity=0.9.return < -1e2").unwrap();
        assert_eq!(named.variant.as_deref(), Some("rigl,sparsity=0.9"));
        assert_eq!((named.relation, named.bound), (Relation::Below, Bound::Number(-100.0)));
        let beside = Assertion::parse("rigl.return>=0.95*dense.return").unwrap();
        let dense = |factor, measure| Bound::Times { factor, variant: "dense".to_owned(), measure };
        assert_eq!(beside.bound, dense(0.95, Measure::Return));
        let whole = Assertion::parse("rigl.active<dense.active").unwrap();
        assert_eq!((whole.measure, whole.bound), (Measure::Active, dense(1.0, Measure::Active)));
        let wrong = ["reward>1", "return=1", "return>", "xreturn>1", "return>nan", "", ".return>1"];
        for wrong in wrong.into_iter().chain(["return>2*return", "rigl.return>=x*dense.return"]) {
            assert!(Assertion::parse(wrong).is_err(), "{wrong}");
        }
    }
}
