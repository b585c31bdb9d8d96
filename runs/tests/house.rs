//! What must stay true of the source tree: no files that import each other in a circle, nothing left open.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use syn::visit::Visit;
use syn::{Attribute, ItemFn, ItemImpl, ItemMod, ItemUse, UseTree, Visibility};

const CRATES: [&str; 5] = ["envs", "sparse", "agents", "runs", "runs/python"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

fn of_crates() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for name in CRATES {
        sources(&root().join(name).join("src"), &mut found);
    }
    found
}

/// The names by which one file refers to others of its crate, tests aside.
#[derive(Default)]
struct Names {
    /// The module that the file is, below the crate.
    module: Vec<String>,
    /// What it takes from elsewhere, from the crate's root on.
    taken: Vec<Vec<String>>,
    /// What it takes or hands on, by its name here: modules below it see both.
    known: BTreeMap<String, Vec<String>>,
}

fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("test")
            || attribute.path().is_ident("cfg")
                && attribute.parse_args::<syn::Ident>().is_ok_and(|name| name == "test")
    })
}

impl Names {
    /// From the crate's root on; none for a name of another crate.
    fn absolute(&self, path: &[String]) -> Option<Vec<String>> {
        let (first, mut rest) = path.split_first()?;
        let mut from = match first.as_str() {
            "crate" => Vec::new(),
            "self" => self.module.clone(),
            "super" => self.module[..self.module.len().checked_sub(1)?].to_vec(),
            _ => return None,
        };
        while let Some(("super", further)) = rest.split_first().map(|(a, b)| (a.as_str(), b)) {
            from.pop();
            rest = further;
        }
        from.extend_from_slice(rest);
        Some(from)
    }

    fn import(&mut self, tree: &UseTree, before: &[String], hands_on: bool) {
        let with = |name: &syn::Ident| {
            let mut path = before.to_vec();
            path.push(name.to_string());
            path
        };
        match tree {
            UseTree::Path(path) => self.import(&path.tree, &with(&path.ident), hands_on),
            UseTree::Group(group) => {
                group.items.iter().for_each(|tree| self.import(tree, before, hands_on));
            }
            UseTree::Name(name) if name.ident == "self" => self.take(before, None, false),
            UseTree::Name(name) => {
                self.take(&with(&name.ident), Some(name.ident.to_string()), hands_on);
            }
            UseTree::Rename(name) => {
                self.take(&with(&name.ident), Some(name.rename.to_string()), hands_on);
            }
            UseTree::Glob(_) => self.take(before, None, false),
        }
    }

    /// Takes `path` under the name `known_as`, for itself or to hand it on. A path that starts with the
    /// name of a module below this one is its own.
    fn take(&mut self, path: &[String], known_as: Option<String>, hands_on: bool) {
        let below = || self.module.iter().chain(path).cloned().collect();
        let Some(path) = self.absolute(path).or_else(|| (path.len() > 1).then(below)) else {
            return;
        };
        if !hands_on {
            self.taken.push(path.clone());
        }
        if let Some(name) = known_as {
            self.known.insert(name, path);
        }
    }
}

impl<'ast> Visit<'ast> for Names {
    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        if !is_test(&item.attrs) {
            syn::visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        if !is_test(&item.attrs) {
            syn::visit::visit_item_fn(self, item);
        }
    }

    fn visit_item_impl(&mut self, item: &'ast ItemImpl) {
        if !is_test(&item.attrs) {
            syn::visit::visit_item_impl(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        if !is_test(&item.attrs) {
            let hands_on = !matches!(item.vis, Visibility::Inherited);
            self.import(&item.tree, &[], hands_on);
        }
    }

    /// The path in `pub(super)` takes nothing.
    fn visit_visibility(&mut self, _: &'ast Visibility) {}

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Vec<_> = path.segments.iter().map(|part| part.ident.to_string()).collect();
        if let Some(path) = self.absolute(&names).filter(|path| !path.is_empty()) {
            self.taken.push(path);
        }
        syn::visit::visit_path(self, path);
    }
}

/// The module of a file: `a/b.rs` and `a/b/mod.rs` are `a::b`.
fn module(file: &Path) -> Vec<String> {
    let mut parts: Vec<_> =
        file.with_extension("").iter().map(|part| part.to_string_lossy().into_owned()).collect();
    if matches!(parts.last().map(String::as_str), Some("mod" | "lib" | "main")) {
        parts.pop();
    }
    parts
}

/// The file that `path` comes from, through what others hand on.
fn origin<'a>(files: &'a BTreeMap<Vec<String>, Names>, path: &[String]) -> Option<&'a [String]> {
    let mut path = path.to_vec();
    for _ in 0..16 {
        let length = (0..=path.len()).rev().find(|n| files.contains_key(&path[..*n]))?;
        let (module, names) = files.get_key_value(&path[..length])?;
        let next = path.get(length).and_then(|name| names.known.get(name));
        let Some(next) = next else { return Some(module) };
        path = next.iter().chain(&path[length + 1..]).cloned().collect();
    }
    None
}

/// All that `start` takes from, and what those take from.
fn reached<'a>(
    imports: &BTreeMap<&'a [String], BTreeSet<&'a [String]>>,
    start: &'a [String],
) -> BTreeSet<&'a [String]> {
    let (mut seen, mut open) = (BTreeSet::new(), vec![start]);
    while let Some(at) = open.pop() {
        open.extend(imports[at].iter().filter(|next| seen.insert(**next)));
    }
    seen
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let mut circles = Vec::new();
    for name in CRATES {
        let folder = root().join(name).join("src");
        let mut found = Vec::new();
        sources(&folder, &mut found);
        let mut files: BTreeMap<Vec<String>, Names> = BTreeMap::new();
        for file in &found {
            let module = module(file.strip_prefix(&folder).unwrap());
            let mut names = Names { module: module.clone(), ..Names::default() };
            names.visit_file(&syn::parse_file(&fs::read_to_string(file).unwrap()).unwrap());
            // The library and the binary of a crate share its root.
            let old = files.remove(&module).unwrap_or_default();
            names.taken.extend(old.taken);
            names.known.extend(old.known);
            files.insert(module, names);
        }
        let imports: BTreeMap<&[String], BTreeSet<&[String]>> = files
            .iter()
            .map(|(module, names)| {
                let from = names.taken.iter().filter_map(|path| origin(&files, path));
                (module.as_slice(), from.filter(|from| *from != module.as_slice()).collect())
            })
            .collect();
        for (module, next) in &imports {
            for other in next.iter().filter(|other| reached(&imports, other).contains(module)) {
                circles.push(format!("{name}: {} -> {}", module.join("::"), other.join("::")));
            }
        }
    }
    assert!(circles.is_empty(), "imports that are part of a circle:\n{}", circles.join("\n"));
}

#[test]
fn nothing_is_left_open() {
    let words = ["unreachable!(", "todo!(", "unimplemented!(", "TODO", "FIXME"];
    let mut found = Vec::new();
    for file in of_crates() {
        for (line, text) in fs::read_to_string(&file).unwrap().lines().enumerate() {
            if words.iter().any(|word| text.contains(word)) {
                found.push(format!("{}:{}: {text}", file.display(), line + 1));
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// What is declared where it is used needs little code to be read.
#[test]
fn reading_a_config_stays_small() {
    let mut files = Vec::new();
    sources(&root().join("runs/src/config"), &mut files);
    let lines = |file: &PathBuf| fs::read_to_string(file).unwrap().lines().count();
    let all: usize = files.iter().map(lines).sum();
    assert!(files.len() > 5 && all <= 1_600, "{all} lines of runs/src/config");
}

/// Words of code that name `rows`: identifiers, and what strings and macros hold, tests and documentation aside.
#[derive(Default)]
struct Words {
    found: BTreeSet<String>,
}

impl Words {
    fn text(&mut self, text: &str) {
        let parts = text.split(|c: char| !(c.is_alphanumeric() || c == '_'));
        self.found.extend(parts.map(str::to_owned));
    }
}

impl<'ast> Visit<'ast> for Words {
    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        if !is_test(&item.attrs) {
            syn::visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        if !is_test(&item.attrs) {
            syn::visit::visit_item_fn(self, item);
        }
    }

    /// Documentation may name what it likes; other attributes hold no code.
    fn visit_attribute(&mut self, _: &'ast Attribute) {}

    fn visit_ident(&mut self, ident: &'ast syn::Ident) {
        self.found.insert(ident.to_string());
    }

    fn visit_lit_str(&mut self, text: &'ast syn::LitStr) {
        self.text(&text.value());
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.text(&call.tokens.to_string());
    }
}

/// Where the words of `names` stand in code, but for the folders and files `own`.
fn named_outside(names: &[&str], own: &[&str]) -> Vec<String> {
    let mut outside = Vec::new();
    for file in of_crates() {
        let place = file.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
        let is_own = own.iter().any(|own| place.starts_with(own));
        if is_own || place.ends_with("/tests.rs") {
            continue;
        }
        let mut words = Words::default();
        words.visit_file(&syn::parse_file(&fs::read_to_string(&file).unwrap()).unwrap());
        let named = names.iter().filter(|name| words.found.contains(**name));
        outside.extend(named.map(|name| format!("{place}: {name}")));
    }
    outside
}

/// A method is a file and a row. Dense is what all others are compared with, and `set` and `static` are words
/// of their own as well: of those the types are looked for.
#[test]
fn a_method_is_named_in_its_file_and_its_row_alone() {
    let methods: [(&str, &[&str]); 7] = [
        ("static_sparse", &["static_sparse", "Static"]),
        ("set", &["Set"]),
        ("rigl", &["rigl", "Rigl"]),
        ("snfs", &["snfs", "Snfs"]),
        ("pruning", &["Pruning"]),
        ("snip", &["snip", "Snip"]),
        ("top_kast", &["top_kast", "TopKast"]),
    ];
    let mut outside = Vec::new();
    for (file, names) in methods {
        let own = format!("sparse/src/methods/{file}");
        outside.extend(named_outside(names, &[&own, "sparse/src/methods/mod.rs"]));
    }
    assert!(outside.is_empty(), "{}", outside.join("\n"));
}

/// An agent is a folder and a row; the crate hands it on.
#[test]
fn an_agent_is_named_in_its_folder_and_its_row_alone() {
    let agents: [(&str, &[&str]); 3] = [
        ("dqn", &["dqn", "Dqn", "DqnConfig"]),
        ("sac", &["sac", "Sac", "SacConfig"]),
        ("ppo", &["ppo", "Ppo", "PpoConfig"]),
    ];
    let mut outside = Vec::new();
    for (folder, names) in agents {
        let own = format!("agents/src/{folder}/");
        outside.extend(named_outside(names, &[&own, "agents/src/kinds.rs", "agents/src/lib.rs"]));
    }
    assert!(outside.is_empty(), "{}", outside.join("\n"));
}

/// A file in a `tests/` is part of its crate's program or one itself, and `scripts/test` runs each program.
#[test]
fn every_test_is_run() {
    let script = fs::read_to_string(root().join("scripts/test")).unwrap();
    let words: Vec<_> = script.split_whitespace().collect();
    for name in ["envs", "sparse", "agents", "runs"] {
        let manifest = fs::read_to_string(root().join(name).join("Cargo.toml")).unwrap();
        let programs: Vec<_> = manifest
            .split("[[test]]\nname = \"")
            .skip(1)
            .map(|rest| rest.split('"').next().unwrap())
            .collect();
        for program in &programs {
            let is_run = words.windows(2).any(|two| two == ["--test", program]);
            assert!(is_run, "scripts/test: {program}");
        }
        let folder = root().join(name).join("tests");
        let main = fs::read_to_string(folder.join("main.rs")).unwrap();
        for entry in fs::read_dir(&folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            let stem = path.file_stem().unwrap().to_str().unwrap();
            let is_rust =
                path.join("mod.rs").exists() || path.extension().is_some_and(|e| e == "rs");
            if is_rust && stem != "main" && !programs.contains(&stem) {
                assert!(main.contains(&format!("mod {stem};\n")), "{name}/tests/main.rs: {stem}");
            }
        }
    }
}
