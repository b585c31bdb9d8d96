//! `sparring list`: what a config can name.

use serde_json::Value as Json;
use sparring_envs::{EnvOption, EnvRow, EnvSpec, Options, Space};
use sparring_sparse::{ALGEBRAS, Algebra, ROUTERS};

use crate::cli::Listed;
use crate::config::sections::{SECTIONS, sections};
use crate::config::sections::{agents as agent_rows, methods as method_rows};
use crate::console::{print, terminal_width};
use crate::error::{Error, Refusal};
use crate::keys::nearest;
use crate::keys::{Field, Form, Kind, Shape, show};
use crate::registry::rows;
use crate::table::{Align, Table};

/// Prints a table of one line each; of environments their options, too.
pub fn list(what: Listed, of: Option<&str>) -> Result<(), Error> {
    if let Some(of) = of.filter(|_| !matches!(what, Listed::Keys)) {
        let allowed = "a second word with keys alone, and a section there, or a kind of one";
        return Err(Refusal::argument("list", of, allowed, "sparring list keys"));
    }
    let text = match what {
        Listed::Envs => {
            let missing = || rows().envs().iter().filter_map(|row| row.missing());
            let mut ways: Vec<_> = missing().map(|feature| (feature, feature.way())).collect();
            ways.dedup();
            let ways =
                ways.iter().map(|(feature, way)| format!("\nFor the feature {feature}: {way}.\n"));
            format!("{}{}{}", shown(envs()), options(), ways.collect::<String>())
        }
        Listed::Methods => shown(methods()).to_string(),
        Listed::Agents => shown(agents()).to_string(),
        Listed::Networks => shown(networks()).to_string(),
        Listed::Algebras => shown(algebras()).to_string(),
        Listed::Routers => shown(routers()).to_string(),
        Listed::Keys => keys(of)?,
        Listed::Laws => crate::laws::list(),
    };
    print(&text)
}

fn shown(table: Table) -> Table {
    table.fit(terminal_width(), &[])
}

/// Prints the JSON Schema of configs.
pub fn schema() -> Result<(), Error> {
    print(&format!("{:#}\n", crate::schema::schema()))
}

fn envs() -> Table {
    let mut table = Table::new(&[
        ("env", Align::Left),
        ("observations", Align::Left),
        ("actions", Align::Left),
        ("step limit", Align::Right),
        ("solved at", Align::Right),
        ("needs", Align::Left),
        ("about", Align::Left),
    ]);
    let none = || "–".to_owned();
    for row in rows().envs() {
        let EnvRow { id, about, needs, .. } = row;
        // An env that this build lacks, or whose simulator does not start, has its row all the same.
        let spec = row.spec(&Options::default()).ok();
        let of_spec = |show: &dyn Fn(&EnvSpec) -> Option<String>| {
            spec.as_ref().and_then(show).unwrap_or_else(none)
        };
        table.row([
            (*id).to_owned(),
            of_spec(&|spec| Some(shape(&spec.obs))),
            of_spec(&|spec| Some(shape(&spec.action))),
            of_spec(&|spec| Some(spec.max_episode_steps?.to_string())),
            of_spec(&|spec| Some(spec.reward_threshold?.to_string())),
            needs.map_or_else(none, |feature| match feature.compiled() {
                true => format!("feature {feature}"),
                false => format!("feature {feature}, not in this build"),
            }),
            (*about).to_owned(),
        ]);
    }
    table
}

/// The options of all envs, as a second table; envs with the same ones share their lines.
fn options() -> String {
    let mut table = Table::new(&[
        ("options of", Align::Left),
        ("env.options", Align::Left),
        ("default", Align::Left),
        ("allowed", Align::Left),
        ("about", Align::Left),
    ]);
    let mut groups: Vec<(&[EnvOption], Vec<&str>)> = Vec::new();
    for row in rows().envs().iter().filter(|row| !row.options.is_empty()) {
        match groups.iter_mut().find(|(options, _)| *options == row.options) {
            Some((_, ids)) => ids.push(row.id),
            None => groups.push((row.options, vec![row.id])),
        }
    }
    let nothing = groups.is_empty();
    for (options, ids) in groups {
        let mut name = match ids.as_slice() {
            [first, .., last] => format!("{first} to {last} ({})", ids.len()),
            ids => ids.concat(),
        };
        for option in options {
            table.row([
                std::mem::take(&mut name),
                option.key.to_owned(),
                option.default.to_string(),
                option.allowed(),
                option.about.to_owned(),
            ]);
        }
    }
    if nothing { String::new() } else { format!("\n{}", shown(table)) }
}

/// A space without its bounds.
fn shape(space: &Space) -> String {
    match space {
        Space::Discrete { n } => format!("{n} choices"),
        Space::Box { shape, .. } => format!("box {shape:?}"),
    }
}

fn methods() -> Table {
    let mut table = Table::new(&[("method", Align::Left), ("about", Align::Left)]);
    for row in method_rows() {
        table.row([row.name, row.about].map(str::to_owned));
    }
    table
}

fn agents() -> Table {
    let mut table =
        Table::new(&[("agent", Align::Left), ("actions", Align::Left), ("about", Align::Left)]);
    for row in agent_rows() {
        table.row([row.name, row.actions, row.about].map(str::to_owned));
    }
    table
}

/// Each network with its keys, the first beside its name.
fn networks() -> Table {
    let mut table = Table::new(&[
        ("network", Align::Left),
        ("reads", Align::Left),
        ("key", Align::Left),
        ("default", Align::Left),
        ("allowed", Align::Left),
        ("about", Align::Left),
    ]);
    for row in rows().networks() {
        let reads = if row.reads_images { "images" } else { "numbers" };
        let none = String::new;
        table.row([row.name.into(), reads.into(), none(), none(), none(), row.about.into()]);
        for Field { key, default, shape, help, .. } in Shape::fields((row.schema)().as_value()) {
            let default = default.as_ref().map_or("required".to_owned(), show);
            table.row([none(), none(), key, default, shape.allowed(), help]);
        }
    }
    table
}

/// Sizes are those of a layer that reads and writes W numbers, over those of a real one.
fn algebras() -> Table {
    let mut table = Table::new(&[
        ("algebra", Align::Left),
        ("numbers", Align::Right),
        ("block", Align::Left),
        ("columns", Align::Right),
        ("weights/W²", Align::Right),
        ("products/W²", Align::Right),
        ("products/weight", Align::Right),
        ("about", Align::Left),
    ]);
    for row in ALGEBRAS {
        let algebra = Algebra::of(row);
        let (order, side) = (algebra.order(), algebra.side());
        let products = algebra.multiplications(order) as f64;
        table.row([
            row.name.to_owned(),
            order.to_string(),
            format!("{side}x{side}, {} filled", algebra.terms()),
            algebra.columns().to_string(),
            format!("{:.3}", 1.0 / order as f64),
            format!("{:.3}", products / (order * order) as f64),
            (products / order as f64).to_string(),
            row.about.to_owned(),
        ]);
    }
    table
}

fn routers() -> Table {
    let mut table = Table::new(&[("router", Align::Left), ("about", Align::Left)]);
    for row in ROUTERS {
        table.row([row.name, row.about].map(str::to_owned));
    }
    table
}

/// What the keys beside sections are listed under.
const BESIDE: &str = "config";

/// The keys beside sections, and those of all sections; or those of `SECTION` or `SECTION.KIND`.
fn keys(of: Option<&str>) -> Result<String, Error> {
    let (section, kind) = match of.map(|of| of.split_once('.').unwrap_or((of, ""))) {
        Some((section, kind)) => (Some(section), Some(kind).filter(|kind| !kind.is_empty())),
        None => (None, None),
    };
    let mut text = String::new();
    let refused = |found: String, names: Vec<&str>| {
        let hint = nearest(of.unwrap_or_default(), names.iter().copied()).unwrap_or("list keys");
        let allowed = format!("one of {}", names.join(", "));
        Refusal::argument(format!("list keys {}", of.unwrap_or_default()), found, allowed, hint)
    };
    let names: Vec<_> =
        [BESIDE].into_iter().chain(sections().iter().map(|known| known.name)).collect();
    if section.is_none_or(|name| name == BESIDE) && kind.is_none() {
        text += &format!("{BESIDE}:\n{}\n", shown(beside_sections()));
    }
    for known in sections().iter().filter(|known| section.is_none_or(|name| name == known.name)) {
        match (&known.shape.form, kind) {
            (Form::Kinds(kinds), Some(kind)) => {
                let found = || refused(format!("no kind {kind}"), kinds.names());
                let kind = kinds.find(kind).ok_or_else(found)?;
                text += &of_kind(known.name, kind);
            }
            (Form::Kinds(kinds), None) => {
                text.extend(kinds.all.iter().map(|kind| of_kind(known.name, kind)));
            }
            (_, Some(kind)) => {
                return Err(refused(format!("the kind {kind} of a section without kinds"), names));
            }
            (_, None) => {
                text += &format!("{}:\n{}\n", known.name, of_fields(&known.shape.below()));
            }
        }
    }
    if text.is_empty() { Err(refused("no such section".to_owned(), names)) } else { Ok(text) }
}

/// The keys of a config beside its sections, and what stands below them, as the schema tells them.
fn beside_sections() -> Table {
    fn rows(properties: &Json, above: &str, table: &mut Table) {
        for (key, schema) in properties.as_object().into_iter().flatten() {
            if above.is_empty() && SECTIONS.contains(&key.as_str()) {
                continue;
            }
            let key = format!("{above}{key}");
            let about = schema["description"].as_str().unwrap_or_default().replace('\n', " ");
            table.row([format!("  {key}"), about]);
            // Of those that are named by the user, and of what is a section itself, unless it holds sections again.
            if !["variants", "scales", "normalise"].contains(&key.as_str()) {
                rows(&schema["properties"], &format!("{key}."), table);
                rows(&schema["additionalProperties"]["properties"], &format!("{key}.NAME."), table);
            }
        }
    }
    let mut table = Table::new(&[("  key", Align::Left), ("about", Align::Left)]);
    rows(&crate::schema::schema()["properties"], "", &mut table);
    table
}

fn of_kind(section: &str, kind: &Kind) -> String {
    let fields: Vec<_> = kind.fields.iter().collect();
    format!("{section}: {{kind: {}}}: {}\n{}\n", kind.name, kind.about, of_fields(&fields))
}

fn of_fields(fields: &[&Field]) -> Table {
    let mut table = Table::new(&[
        ("  key", Align::Left),
        ("default", Align::Left),
        ("allowed", Align::Left),
        ("about", Align::Left),
    ]);
    fn rows(fields: &[&Field], above: &str, table: &mut Table) {
        for field in fields {
            let key = format!("{above}{}", field.key);
            let below: Vec<&Field> = match &field.shape.form {
                Form::Section(fields) => fields.iter().collect(),
                _ => Vec::new(),
            };
            let default = match (&field.default, below.is_empty() || field.shape.nullable) {
                (Some(default), true) => show(default),
                (Some(_), false) => "–".to_owned(),
                (None, _) => "required".to_owned(),
            };
            let only = field
                .when
                .as_ref()
                .map(|when| format!(" (with {}: {})", when.key, when.values.join(" or ")));
            let about = format!("{}{}", field.help, only.unwrap_or_default());
            table.row([key.clone(), default, field.shape.allowed(), about]);
            rows(&below, &format!("{key}."), table);
        }
    }
    rows(fields, "  ", &mut table);
    shown(table)
}
