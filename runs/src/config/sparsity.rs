//! The section `sparsity`: that of one network, or of an actor and its critics.

use serde_json::{Map, Value as Json, json};
use sparring_agents::NetworkRole;
use sparring_agents::networks::budget::Budget;
use sparring_sparse::KeyError;
use sparring_sparse::config::SparsityConfig;
use sparring_sparse::keys;
use sparring_sparse::methods::{Horizon, MethodChoice};
use sparring_sparse::sparsity_keys::SparsityKeys;

use super::blame;
use super::sections::{OF_NETWORKS, kinded, methods, of_network, shape};
use crate::keys::{Problem, Reader, Shape};
use crate::yaml::{Node, Value, nested};

/// The sparsity of one network, and the keys that say so.
#[derive(Clone, Debug)]
struct Network {
    config: SparsityConfig,
    keys: Json,
}

/// The sparsity of each role, and the section that says so in full.
pub struct Sparsities {
    /// One for each role.
    pub configs: Vec<SparsityConfig>,
    /// The section, every value filled in.
    pub section: Json,
}

/// Reads the section for an agent with the networks `roles`.
pub fn read(
    reader: &mut Reader,
    section: &Node,
    roles: &[NetworkRole],
    gradient_steps: u64,
) -> Option<Sparsities> {
    match roles {
        [actor, critic] => of_two(reader, section, [actor, critic], gradient_steps),
        roles => {
            let role = roles.first().map_or("network", |role| role.role);
            if let Some(key) = OF_NETWORKS.into_iter().find(|key| section.get(key).is_some()) {
                let allowed = format!("the keys of one network: this agent has {role} alone");
                let found = format!("the key {key}");
                reader.blame("sparsity", section, KeyError::new(key, found, allowed, "remove it"));
                return None;
            }
            let one = network(reader, "sparsity", section, None, gradient_steps)?;
            Some(Sparsities { configs: vec![one.config; roles.len()], section: one.keys })
        }
    }
}

fn of_two(
    reader: &mut Reader,
    section: &Node,
    roles: [&NetworkRole; 2],
    gradient_steps: u64,
) -> Option<Sparsities> {
    let mut base = section.clone();
    // A variant with a budget unsays what it inherits.
    if let Value::Map(entries) = &mut base.value {
        entries.retain(|(key, node)| {
            let unsaid = key == "sparsity" && node.value == Value::Null;
            !OF_NETWORKS.contains(&key.as_str()) && !unsaid
        });
    }
    let dense = base.get("kind").is_some_and(|kind| kind.value == Value::Text("dense".into()));
    if let Some(key) = OF_NETWORKS.into_iter().find(|key| dense && section.get(key).is_some()) {
        let hint = "remove it, or write another kind here and kind: dense below a network";
        let found = format!("the key {key}");
        let error = KeyError::new(key, found, "none beside kind: dense", hint);
        reader.blame("sparsity", section, error);
        return None;
    }
    let given = match section.get("budget") {
        None => [None; 2],
        Some(node) => budget(reader, node, roles)?.map(Some),
    };
    let one = |reader: &mut Reader, at: usize| {
        let key = OF_NETWORKS[at];
        let Some(over) = section.get(key) else {
            return network(reader, "sparsity", &base, given[at], gradient_steps);
        };
        let [below, above] = [&base, over].map(|node| nested(&["sparsity"], node.clone()));
        let merged = kinded().overlay(&below, &above);
        let node = merged.get("sparsity").unwrap_or(&base);
        network(reader, &format!("sparsity.{key}"), node, given[at], gradient_steps)
    };
    let [actor, critic] = [one(reader, 0), one(reader, 1)];
    let (actor, critic) = (actor?, critic?);
    let section = in_full(&actor.keys, &critic.keys);
    Some(Sparsities { configs: vec![actor.config, critic.config], section })
}

/// One section for both where they are alike; else what one of them has, under sections for each. Maps of
/// layers would mix there.
fn in_full(actor: &Json, critic: &Json) -> Json {
    if actor == critic {
        return actor.clone();
    }
    let mut all = if actor["kind"] == "dense" { critic.clone() } else { actor.clone() };
    if let Json::Object(keys) = &mut all {
        keys.retain(|key, _| key != "layers" && key != "compute_layers");
    }
    all["actor"] = actor.clone();
    all["critic"] = critic.clone();
    all
}

fn budget(reader: &mut Reader, node: &Node, roles: [&NetworkRole; 2]) -> Option<[f64; 2]> {
    let before = reader.mistakes;
    let shape = shape("sparsity").below().into_iter().find(|field| field.key == "budget")?;
    let typed = reader.section("sparsity.budget", Some(node), &shape.shape);
    if reader.mistakes > before {
        return None;
    }
    let read = || serde_json::from_value(Json::Object(typed));
    let budget: Budget = reader.keep("sparsity.budget", node, read)?;
    let [actor, critic] = roles;
    let solved = budget.solve(&actor.layers, &critic.layers, critic.copies);
    solved.map_err(|error| reader.blame("sparsity.budget", node, blame::unspent(error))).ok()
}

/// Reads the section of one network, whose sparsity may be `given` by a budget.
fn network(
    reader: &mut Reader,
    name: &str,
    node: &Node,
    given: Option<f64>,
    gradient_steps: u64,
) -> Option<Network> {
    let before = reader.mistakes;
    if let (Some(_), Some(typed)) = (given, node.get("sparsity")) {
        let (found, key) = ("the unknown key sparsity", format!("{name}.sparsity"));
        let hint = "sparsity: null beside a budget, which decides it";
        let allowed = "kind, distribution and what else belongs to the kind";
        reader.refuse(*Problem::at(typed, key, found, allowed, hint));
        return None;
    }
    let mut typed = reader.section(name, Some(node), of_network(given.is_some()));
    if reader.mistakes > before {
        return None;
    }
    typed.extend(given.map(|sparsity| ("sparsity".to_owned(), sparsity.into())));
    let kind = typed.remove("kind")?;
    let row = methods().find(|row| kind == row.name)?;
    let own = own_keys(row.name);
    let (of_method, of_network): (Map<_, _>, Map<_, _>) =
        typed.into_iter().partition(|(key, _)| own.contains(key));
    let method = reader.keep(name, node, || (row.read)(Json::Object(of_method)))?;
    let mut all = method.to_value();
    let method = MethodChoice::new(method);
    let config = match row.is_sparse {
        false => Ok(SparsityConfig { method, gradient_steps, ..SparsityConfig::dense() }),
        true => {
            let read = || keys::read::<SparsityKeys>(Json::Object(of_network));
            let network = reader.keep(name, node, read)?;
            if let (Json::Object(all), Json::Object(of_network)) = (&mut all, json!(network)) {
                all.extend(of_network);
            }
            network.config(method, gradient_steps)
        }
    };
    all["kind"] = row.name.into();
    let built = config.and_then(|config| {
        let horizon = Horizon { gradient_steps, sparsity: config.sparsity };
        config.method.keys().build(&horizon).map(|_| config)
    });
    match built {
        Ok(config) => Some(Network { config, keys: all }),
        Err(error) => {
            reader.blame(name, node, error);
            None
        }
    }
}

/// The keys of the method `name` alone.
fn own_keys(name: &str) -> Vec<String> {
    let row = methods().find(|row| row.name == name);
    let fields = row.map(|row| Shape::fields((row.schema)().as_value()));
    fields.into_iter().flatten().map(|field| field.key).collect()
}
