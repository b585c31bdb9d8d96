//! `--assert '[variant.]return>=X'`.
//!
//! Under a sweep `rigl` means all that the sweep makes of it, as `--variant rigl` does.

use crate::error::{Error, Refusal};
use crate::keys::nearest;
use crate::names::{stands_for, stem};
use crate::plan::Plan;
use crate::report::Report;

/// A bound on the interquartile mean of one variant or of each.
#[derive(Clone, Debug, PartialEq)]
pub struct Assertion {
    text: String,
    variant: Option<String>,
    relation: Relation,
    bound: f64,
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

impl Assertion {
    /// Reads the argument; clap prints the message.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || "write [variant.]return>=X, with >=, <=, > or <, such as 'return>=195'";
        // A variant's name may hold any of these signs, so the last `return` counts.
        let (before, rest) = text.rsplit_once("return").ok_or_else(wrong)?;
        let variant = match before {
            "" => None,
            named => Some(named.strip_suffix('.').ok_or_else(wrong)?.to_owned()),
        };
        let rest = rest.trim_start();
        let (sign, relation) =
            RELATIONS.iter().find(|(sign, _)| rest.starts_with(sign)).ok_or_else(wrong)?;
        let bound: f64 = rest[sign.len()..].trim().parse().map_err(|_| wrong())?;
        if bound.is_nan() {
            return Err(wrong().to_owned());
        }
        Ok(Self { text: text.to_owned(), variant, relation: *relation, bound })
    }

    /// Refuses a variant that the plan has not.
    pub fn check(&self, plan: &Plan) -> Result<(), Error> {
        let names = || plan.variants.iter().map(|variant| variant.at.name.as_str());
        match &self.variant {
            Some(wanted) if !names().any(|name| stands_for(wanted, name)) => {
                Err(Refusal::argument(
                    format!("--assert '{}'", self.text),
                    format!("the unknown variant {wanted}"),
                    format!("one of {}", names().collect::<Vec<_>>().join("; ")),
                    nearest(wanted, names().chain(names().map(stem)))
                        .unwrap_or("no variant, for all of them"),
                ))
            }
            _ => Ok(()),
        }
    }

    /// What does not hold, one line a variant.
    pub fn failures(&self, report: &Report) -> Vec<String> {
        let wanted = self.variant.as_deref();
        let concerned = |name: &str| wanted.is_none_or(|wanted| stands_for(wanted, name));
        let failure = |(name, iqm): (&str, Option<f64>)| match iqm {
            Some(reached) if self.holds(reached) => None,
            Some(reached) => Some(format!("--assert '{}': {name} reached {reached}", self.text)),
            None => Some(format!("--assert '{}': {name} has no finished seed", self.text)),
        };
        report.iqms().filter(|(name, _)| concerned(name)).filter_map(failure).collect()
    }

    fn holds(&self, reached: f64) -> bool {
        match self.relation {
            Relation::AtLeast => reached >= self.bound,
            Relation::AtMost => reached <= self.bound,
            Relation::Above => reached > self.bound,
            Relation::Below => reached < self.bound,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        let all = Assertion::parse("return>=195").unwrap();
        assert_eq!((all.variant.clone(), all.bound), (None, 195.0));
        assert!(all.holds(195.0) && !all.holds(194.9) && !all.holds(f64::NAN));
        let named = Assertion::parse("rigl,sparsity=0.9.return < -1e2").unwrap();
        assert_eq!(named.variant.as_deref(), Some("rigl,sparsity=0.9"));
        assert_eq!((named.relation, named.bound), (Relation::Below, -100.0));
        for wrong in ["reward>1", "return=1", "return>", "xreturn>1", "return>nan", ""] {
            assert!(Assertion::parse(wrong).is_err(), "{wrong}");
        }
    }
}
