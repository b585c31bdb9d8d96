//! The section `claims`.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::selector::Missing;
use super::shape::{self, EXAMPLE};
use super::{Bound, Claim, Kept, Measure, Relation, Selector};
use crate::keys::{Checked, Problem, Reader, as_typed, nearest, not_a_section, same};
use crate::names::{distinct, stands_for, stem};
use crate::variant::{Coordinates, Variant};
use crate::yaml::{Node, Value};

/// The claims of a file of their own, by name, whatever they are about.
pub fn read_claims_alone(reader: &mut Reader, node: &Node) -> BTreeMap<String, Claim> {
    if node.entries().is_some_and(|entries| entries.is_empty()) {
        reader.refuse(*Problem::at(node, "claims", "no claim", "at least one", EXAMPLE));
    }
    each(reader, node, claim)
}

/// The claims about `variants`, by name. Where a config is `scaled`, those none of whose pairs this scale has are left out,
/// and named apart.
pub fn read_claims(
    reader: &mut Reader,
    node: Option<&Node>,
    variants: &[Variant],
    scaled: bool,
) -> (BTreeMap<String, Claim>, Vec<String>) {
    let Some(node) = node.filter(|node| node.value != Value::Null) else {
        return Default::default();
    };
    let known: Vec<&Coordinates> = variants.iter().map(|variant| &variant.at).collect();
    let mut claims = each(reader, node, |key, node| {
        let claim = claim(key, node)?;
        about(key, node, &claim, &known, scaled)?;
        measurable(key, node, &claim, variants)?;
        Ok(claim)
    });
    let left_out = claims.extract_if(.., |_, claim| scaled && !has_cells(claim, &known));
    let left_out = left_out.map(|(name, _)| name).collect();
    (claims, left_out)
}

/// What `read` makes of each entry of the section `node`, by its key and its node.
fn each(
    reader: &mut Reader,
    node: &Node,
    read: impl Fn(&str, &Node) -> Checked<Claim>,
) -> BTreeMap<String, Claim> {
    let mut claims = BTreeMap::new();
    let Some(entries) = node.entries() else {
        reader.refuse(*not_a_section(node, "claims"));
        return claims;
    };
    for (name, node) in entries {
        match read(&format!("claims.{name}"), node) {
            Ok(claim) => claims.extend([(name.clone(), claim)]),
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
    let own = meant.first().and_then(|variant| variant.settings.robustness.as_ref());
    let told = own.map(|of| serde_json::json!(of.options).to_string());
    let allowed = match told {
        Some(told) => format!("a value of each of robustness.options, {told}"),
        None => "nothing of the kind without robustness.options".to_owned(),
    };
    Err(Problem::at(node, key, found, allowed, "robustness: {options: {noise_sigma: [0, 10]}}"))
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
    meant.any(|at| known.iter().any(|there| other.beside(at, there)))
}

fn claim(key: &str, node: &Node) -> Checked<Claim> {
    let wrong =
        |found: String, allowed: &str, hint: &str| Problem::at(node, key, found, allowed, hint);
    shape::check(key, node)?;
    let allowed = "says, pairs of variants, of, and ratio or difference with a bound";
    let claim: Claim = as_typed(node).map_err(|found| wrong(found, allowed, EXAMPLE))?;
    for (is_empty, part) in [(claim.says.is_empty(), "says"), (claim.pairs.is_empty(), "pairs")] {
        if is_empty {
            let allowed = "what it says in words, and at least one pair of variants";
            return Err(wrong(format!("a claim without {part}"), allowed, EXAMPLE));
        }
    }
    let Some((relation, bound)) = claim.statistic() else {
        let found = match claim.ratio {
            Some(_) => "ratio and difference",
            None => "neither ratio nor difference",
        };
        let allowed = "ratio or difference, each with at_least, at_most or within";
        return Err(wrong(found.to_owned(), allowed, "ratio: {at_least: 0.95}"));
    };
    let number = bound.number();
    if number < 0.0 && (matches!(bound, Bound::Within(_)) || relation == Relation::Ratio) {
        let allowed = "a bound that is not below 0 with within, and with a ratio";
        return Err(wrong(number.to_string(), allowed, "at_least: 0"));
    }
    if let Some([one, _]) = claim.pairs.iter().find(|[one, other]| one == other) {
        let allowed = "two variants, or one at two values of an axis";
        return Err(wrong(format!("{one} beside itself"), allowed, EXAMPLE));
    }
    let name = key.trim_start_matches("claims.");
    if name.is_empty() {
        return Err(wrong("a claim without a name".to_owned(), "a name of one line", EXAMPLE));
    }
    if [name, &claim.says].iter().any(|text| text.chars().any(char::is_control)) {
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
    for of in claim.pairs.iter().flatten() {
        if !known.iter().any(|at| stands_for(of.variant(), &at.name)) {
            return Err(unknown(key, node, of, known));
        }
        let missing = match scaled {
            true => of.missing_axis(known),
            false => of.missing(known),
        };
        if let Some(Missing { found, allowed, hint }) = missing {
            return Err(Problem::at(node, key, found, allowed, hint));
        }
    }
    let pair = claim.pairs.iter().find(|pair| !scaled && !meet(pair, known));
    let Some([one, other]) = pair else { return Ok(()) };
    let found = format!("{one} beside {other}, which stand nowhere together");
    let allowed = "two variants, on the same env and at the same values of the axes that both have";
    let hint = "an axis below a selector, for other values of it";
    Err(Problem::at(node, key, found, allowed, hint))
}

fn unknown(key: &str, node: &Node, of: &Selector, known: &[&Coordinates]) -> Box<Problem> {
    let names = distinct(known.iter().map(|at| stem(&at.name)));
    let hint = nearest(of.variant(), names.iter().copied()).unwrap_or("a variant of the config");
    let allowed = format!("a variant: {}", names.join("; "));
    Problem::at(node, key, format!("{of}, which no variant is"), allowed, hint)
}
