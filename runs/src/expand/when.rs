//! `when`: what changes where other keys have certain values, such as the warm-up of some environments of a sweep.
//!
//! ```yaml
//! when:
//!   - if: {env.id: [Hopper-v5, Walker2d-v5]}
//!     then: {agent: {warmup_env_steps: 1_000}}
//! ```

use super::path::split_path;
use super::variants::{Expanded, check_sections};
use crate::keys::{Checked, Problem, is_one_of, not_a_section};
use crate::yaml::{Kinded, Node, Value};

const HINT: &str = "- {if: {env.id: [Hopper-v5]}, then: {agent: {warmup_env_steps: 1_000}}}";

/// Lays over each of `all` what the clauses of `when` say of it, in their order and over all else. Conditions see what
/// is written, and no defaults. A condition that nobody meets is refused, unless the config may have been `narrowed`.
pub fn apply(
    when: Option<&Node>,
    all: &mut [Expanded],
    kinded: &Kinded,
    narrowed: bool,
) -> Checked<()> {
    let Some(when) = when.filter(|when| when.value != Value::Null) else { return Ok(()) };
    let Value::List(clauses) = &when.value else {
        let found = when.value.to_string();
        return Err(Problem::at(when, "when", found, "a list of clauses, each if and then", HINT));
    };
    for clause in clauses {
        let keys: Vec<&str> =
            clause.entries().into_iter().flatten().map(|(key, _)| key.as_str()).collect();
        let (Some(condition), Some(then), 2) = (clause.get("if"), clause.get("then"), keys.len())
        else {
            let keys = if keys.is_empty() { "neither".to_owned() } else { keys.join(", ") };
            let found = format!("a clause with {keys}");
            return Err(Problem::at(clause, "when", found, "if and then, and nothing else", HINT));
        };
        let conditions = condition.entries().filter(|entries| !entries.is_empty());
        let conditions = conditions.ok_or_else(|| not_a_section(condition, "when.if"))?;
        let sections = then.entries().ok_or_else(|| not_a_section(then, "when.then"))?;
        check_sections(sections.iter().map(|(key, node)| (key.as_str(), node)))?;
        for (path, node) in conditions {
            if !all.iter().any(|one| find(&one.tree, path).is_some()) {
                let found = format!("{path}, which is written for no variant");
                let allowed =
                    "keys that the config, a variant or the sweep has; defaults do not count";
                return Err(Problem::at(node, "when.if", found, allowed, "write the key above"));
            }
        }
        let holds = |tree: &Node| conditions.iter().all(|(path, wanted)| has(tree, path, wanted));
        if !narrowed && !all.iter().any(|one| holds(&one.tree)) {
            let found = "values that no variant has";
            let allowed = "values, or lists of values, that at least one variant has";
            return Err(Problem::at(condition, "when.if", found, allowed, "remove the clause"));
        }
        for one in all.iter_mut().filter(|one| holds(&one.tree)) {
            one.tree = kinded.overlay(&one.tree, then);
        }
    }
    Ok(())
}

fn find<'a>(tree: &'a Node, path: &str) -> Option<&'a Node> {
    split_path(path, &[]).into_iter().try_fold(tree, |node, key| node.get(key))
}

/// Whether the key at `path` has the value, or one of the values, `wanted`.
fn has(tree: &Node, path: &str, wanted: &Node) -> bool {
    find(tree, path).is_some_and(|found| is_one_of(&found.to_json(), &wanted.to_json()))
}

#[cfg(test)]
mod tests {
    use super::super::variants::expand;
    use super::*;
    use crate::config::sections::kinded;
    use crate::yaml::{Origin, parse};

    fn expanded(when: &str) -> Checked<Vec<Expanded>> {
        let text = "base: {env: {id: a}, agent: {kind: dqn, x: 1}}\nsweep: {env.id: [a, b]}";
        let document = parse(text, &|_| Origin::Absent).unwrap();
        let when = parse(when, &|_| Origin::Absent).unwrap();
        let (base, sweep) = (document.get("base").unwrap(), document.get("sweep"));
        let mut all = expand(base, None, sweep, kinded()).unwrap();
        apply(Some(&when), &mut all, kinded(), false).map(|()| all)
    }

    #[test]
    fn a_clause_reaches_those_that_meet_it() {
        let all = expanded("[{if: {env.id: [b, c], agent.kind: dqn}, then: {agent: {x: 2}}}]");
        let x = |one: &Expanded| one.tree.get("agent").unwrap().get("x").unwrap().value.to_string();
        assert_eq!(all.unwrap().iter().map(x).collect::<Vec<_>>(), ["1", "2"]);
    }

    #[test]
    fn an_unknown_key_and_what_is_no_clause_are_refused() {
        let refused = |when: &str| expanded(when).unwrap_err().found;
        assert!(refused("[{if: {env.id: c}, then: {agent: {x: 2}}}]").contains("no variant has"));
        assert!(refused("[{if: {env.di: a}, then: {agent: {x: 2}}}]").contains("for no variant"));
        assert!(refused("[{if: {env.id: a}}]").contains("a clause with if"));
        assert!(refused("[{if: {env.id: a}, then: {agnt: {}}}]").contains("agnt"));
        assert_eq!(refused("3"), "3");
    }
}
