//! The section `claims`.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::{Bound, Claim, Kept, Measure, Selector};
use crate::keys::{Checked, Problem, Reader, as_typed, nearest, not_a_section, same};
use crate::names::{stands_for, stem};
use crate::variant::{Coordinates, Variant};
use crate::yaml::{Node, Value};

const EXAMPLE: &str = "{says: one beats other, pairs: [[one, other]], difference: {at_least: 0}}";

/// The claims of a file of their own, by name, whatever they are about.
pub fn read_claims_alone(reader: &mut Reader, node: &Node) -> BTreeMap<String, Claim> {
    if node.entries().is_some_and(|entries| entries.is_empty()) {
        reader.refuse(*not_a_section(node, "claims"));
    }
    each(reader, node, |key, node| claim(key, node).map(Some))
}

/// The claims about `variants`, by name. Where a config is `scaled`, those whose values of axes this scale has not are
/// left out.
pub fn read_claims(
    reader: &mut Reader,
    node: Option<&Node>,
    variants: &[Variant],
    scaled: bool,
) -> BTreeMap<String, Claim> {
    let Some(node) = node.filter(|node| node.value != Value::Null) else { return BTreeMap::new() };
    let known: Vec<&Coordinates> = variants.iter().map(|variant| &variant.at).collect();
    each(reader, node, |key, node| {
        let claim = claim(key, node)?;
        about(key, node, &claim, &known, scaled)?;
        measurable(key, node, &claim, variants)?;
        Ok(Some(claim).filter(|claim| !scaled || has_cells(claim, &known)))
    })
}

/// What `read` makes of each entry of the section `node`, by its key and its node, but of those that it leaves out.
fn each(
    reader: &mut Reader,
    node: &Node,
    read: impl Fn(&str, &Node) -> Checked<Option<Claim>>,
) -> BTreeMap<String, Claim> {
    let mut claims = BTreeMap::new();
    let Some(entries) = node.entries() else {
        reader.refuse(*not_a_section(node, "claims"));
        return claims;
    };
    for (name, node) in entries {
        match read(&format!("claims.{name}"), node) {
            Ok(claim) => claims.extend(claim.map(|claim| (name.clone(), claim))),
            Err(problem) => reader.refuse(*problem),
        }
    }
    claims
}

/// Refuses what no policy will be scored under, and a metric without a name.
fn measurable(key: &str, node: &Node, claim: &Claim, variants: &[Variant]) -> Checked<()> {
    let asked = match &claim.of {
        Measure::Metric(tag) if tag.is_empty() => {
            let (found, allowed) =
                ("a metric without a name", "a tag of metrics.csv, such as losses/td");
            return Err(Problem::at(node, key, found, allowed, "of: {metric: losses/td}"));
        }
        Measure::Under(under) => vec![under],
        Measure::Kept(Kept { under, of }) => vec![under, of],
        Measure::Metric(_) | Measure::Return => return Ok(()),
        Measure::ForwardFlops | Measure::TrainingFlops | Measure::Active => return Ok(()),
    };
    let selects = |at| claim.pairs.iter().flatten().any(|selector| selector.means(at));
    let meant: Vec<&Variant> = variants.iter().filter(|variant| selects(&variant.at)).collect();
    let scored = |options: &&&BTreeMap<String, Json>| {
        meant.iter().all(|variant| is_scored_under(variant, options))
    };
    let Some(options) = asked.iter().find(|options| !scored(options)) else { return Ok(()) };
    let found = serde_json::json!(options).to_string();
    let allowed = "a value of each of robustness.options, which its variants are scored under";
    Err(Problem::at(node, key, found, allowed, "of: {under: {noise_sigma: 10}}"))
}

/// Whether the last policies of `variant` will be scored under `options`.
fn is_scored_under(variant: &Variant, options: &BTreeMap<String, Json>) -> bool {
    let Some(of) = &variant.settings.robustness else { return false };
    let is = |(key, wanted): (&String, &Json)| {
        of.options.get(key).is_some_and(|values| {
            values.iter().any(|value| same(&serde_json::json!(value), wanted))
        })
    };
    options.len() == of.options.len() && options.iter().all(is)
}

/// Whether one of its pairs at least has two cells.
fn has_cells(claim: &Claim, known: &[&Coordinates]) -> bool {
    claim.pairs.iter().any(|pair| meet(pair, known))
}

/// Whether the two stand beside each other anywhere.
fn meet([one, other]: &[Selector; 2], known: &[&Coordinates]) -> bool {
    let mut meant = known.iter().filter(|at| one.means(at));
    meant.any(|at| other.beside(at, known.iter().copied()).is_some())
}

fn claim(key: &str, node: &Node) -> Checked<Claim> {
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
    let number = bound.number();
    if !number.is_finite() || matches!(bound, Bound::Within(_)) && number < 0.0 {
        let allowed = "a bound that is a number, and not below 0 with within";
        return Err(wrong(number.to_string(), allowed, "at_least: 0"));
    }
    let is_plain = |text: &str| !text.is_empty() && !text.chars().any(char::is_control);
    if !is_plain(key.trim_start_matches("claims.")) || !is_plain(&claim.says) {
        let allowed = "a name and words of one line";
        return Err(wrong("a name or words with control characters".to_owned(), allowed, EXAMPLE));
    }
    Ok(claim)
}

/// Refuses a claim about what the config does not have.
fn about(
    key: &str,
    node: &Node,
    claim: &Claim,
    known: &[&Coordinates],
    scaled: bool,
) -> Checked<()> {
    if scaled {
        let is = |of: &Selector| known.iter().any(|at| stands_for(of.variant(), &at.name));
        return match claim.pairs.iter().flatten().find(|of| !is(of)) {
            Some(of) => Err(unknown(key, node, of, known)),
            None => Ok(()),
        };
    }
    let Some(pair) = claim.pairs.iter().find(|pair| !meet(pair, known)) else { return Ok(()) };
    if let Some(of) = pair.iter().find(|of| !known.iter().any(|at| of.means(at))) {
        return Err(unknown(key, node, of, known));
    }
    let [one, other] = pair;
    let found = format!("{one} beside {other}, which stand nowhere together");
    let allowed = "two variants, on the same env and at the same values of the axes that both have";
    let hint = "an axis below a selector, for other values of it";
    Err(Problem::at(node, key, found, allowed, hint))
}

fn unknown(key: &str, node: &Node, of: &Selector, known: &[&Coordinates]) -> Box<Problem> {
    let named: Vec<_> = known.iter().filter(|at| stands_for(of.variant(), &at.name)).collect();
    if let Some(one) = named.first() {
        let values = |key: &String| {
            let mut all: Vec<String> =
                named.iter().filter_map(|at| at.axes.get(key)).map(ToString::to_string).collect();
            all.dedup();
            format!("{key}: {}", all.join(", "))
        };
        let axes: Vec<String> = one.axes.keys().map(values).collect();
        let allowed = format!("values of its axes: {}", axes.join("; "));
        return Problem::at(node, key, format!("{of}, where there is none"), allowed, of.variant());
    }
    let mut names: Vec<&str> = known.iter().map(|at| stem(&at.name)).collect();
    names.dedup();
    let hint = nearest(of.variant(), names.iter().copied()).unwrap_or("a variant of the config");
    let allowed = format!("a variant: {}", names.join("; "));
    Problem::at(node, key, format!("{of}, which no variant is"), allowed, hint)
}
