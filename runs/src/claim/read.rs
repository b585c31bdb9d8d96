//! The section `claims`.

use std::collections::BTreeMap;

use super::{Claim, Selector};
use crate::keys::{Checked, Problem, Reader, as_typed, nearest, not_a_section};
use crate::names::{stands_for, stem};
use crate::variant::{Coordinates, Variant};
use crate::yaml::{Node, Value};

const EXAMPLE: &str = "{says: one beats other, pairs: [[one, other]], difference: {at_least: 0}}";

/// The claims about `variants`, by name. Where a config is `scaled`, those whose values of axes this scale has not are
/// left out.
pub fn read_claims(
    reader: &mut Reader,
    node: Option<&Node>,
    variants: &[Variant],
    scaled: bool,
) -> BTreeMap<String, Claim> {
    let mut claims = BTreeMap::new();
    let Some(node) = node.filter(|node| node.value != Value::Null) else { return claims };
    let Some(entries) = node.entries() else {
        reader.refuse(*not_a_section(node, "claims"));
        return claims;
    };
    let known: Vec<&Coordinates> = variants.iter().map(|variant| &variant.at).collect();
    for (name, node) in entries {
        match claim(&format!("claims.{name}"), node, &known, scaled) {
            Ok(claim) if scaled && !has_cells(&claim, &known) => {}
            Ok(claim) => drop(claims.insert(name.clone(), claim)),
            Err(problem) => reader.refuse(*problem),
        }
    }
    claims
}

/// Whether one of its pairs at least has two cells.
fn has_cells(claim: &Claim, known: &[&Coordinates]) -> bool {
    claim.pairs.iter().any(|[one, other]| {
        let mut meant = known.iter().filter(|at| one.means(at));
        meant.any(|at| other.beside(at, known.iter().copied()).is_some())
    })
}

fn claim(key: &str, node: &Node, known: &[&Coordinates], scaled: bool) -> Checked<Claim> {
    let wrong =
        |found: String, allowed: &str, hint: &str| Problem::at(node, key, found, allowed, hint);
    let allowed = "says, pairs of variants, of, and ratio or difference with a bound";
    let claim: Claim = as_typed(node).map_err(|found| wrong(found, allowed, EXAMPLE))?;
    if claim.says.is_empty() || claim.pairs.is_empty() {
        let allowed = "what it says in words, and at least one pair of variants";
        return Err(wrong("a claim without says or pairs".to_owned(), allowed, EXAMPLE));
    }
    let Some((_, bound)) = claim.statistic() else {
        let found = match claim.ratio {
            Some(_) => "ratio and difference",
            None => "neither ratio nor difference",
        };
        let allowed = "ratio or difference, each with at_least, at_most or within";
        return Err(wrong(found.to_owned(), allowed, "ratio: {at_least: 0.95}"));
    };
    if !bound.number().is_finite() {
        return Err(wrong(bound.number().to_string(), "a bound that is a number", "at_least: 0"));
    }
    if scaled {
        let is = |of: &Selector| known.iter().any(|at| stands_for(of.variant(), &at.name));
        return match claim.pairs.iter().flatten().find(|of| !is(of)) {
            Some(of) => Err(unknown(key, node, of, known)),
            None => Ok(claim),
        };
    }
    for [one, other] in &claim.pairs {
        let meant: Vec<_> = known.iter().filter(|at| one.means(at)).collect();
        if meant.is_empty() {
            return Err(unknown(key, node, one, known));
        }
        if !meant.iter().any(|at| other.beside(at, known.iter().copied()).is_some()) {
            return Err(unknown(key, node, other, known));
        }
    }
    Ok(claim)
}

fn unknown(key: &str, node: &Node, of: &Selector, known: &[&Coordinates]) -> Box<Problem> {
    let mut names: Vec<&str> = known.iter().map(|at| stem(&at.name)).collect();
    names.dedup();
    let hint = nearest(of.variant(), names.iter().copied()).unwrap_or("a variant of the config");
    let allowed = format!(
        "variants, by name or with values of their axes, the two on the same env: {}",
        names.join("; ")
    );
    Problem::at(node, key, format!("{of}, which no variant is"), allowed, hint)
}
