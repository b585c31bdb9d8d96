//! The example crate: what it adds runs from YAML, and each costs one file and one row.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::{Folder, Sparring};

const ADDED: [&str; 3] = ["bandit", "tidy", "averages"];

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The example's binary, which `cargo test` builds beside the tests, unless it was told to build this one alone.
fn own_rows() -> Sparring {
    let beside = Path::new(env!("CARGO_BIN_EXE_sparring")).parent().unwrap();
    let binary = beside.join("examples/own_rows");
    if !binary.is_file() {
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--example", "own_rows"]).current_dir(here(""));
        if beside.ends_with("release") {
            build.arg("--release");
        }
        assert!(build.status().unwrap().success());
    }
    Sparring::of(Command::new(binary))
}

#[test]
fn rows_of_another_crate_run_from_yaml() {
    let folder = Folder::new();
    let config = here("examples/own_rows/own_rows.yaml");
    let plan = own_rows().arg("plan").arg(&config).current_dir(folder.path()).assert_code(0);
    assert!(plan.stdout.contains("tidy on Bandit-v0"), "{}", plan.stdout);
    let run = own_rows().arg("run").arg(&config).args(["--out", "out", "--quiet"]);
    let run = run.args(["--assert", "averages.return>=10"]).current_dir(folder.path());
    let run = run.assert_code(0);
    assert!(run.stdout.contains("6 of 6 jobs finished"), "{}", run.stdout);

    // It is itself, and not the method beside which it stands.
    let policy = |variant: &str| {
        std::fs::read(folder.path().join(format!("out/{variant}/seed-1/policy.safetensors")))
    };
    assert_ne!(policy("tidy").unwrap(), policy("set").unwrap());
    let resolved = folder.read("out/tidy/seed-1/resolved.yaml");
    for part in ["kind: tidy", "arms: 7", "id: Bandit-v0"] {
        assert!(resolved.contains(part), "{part} in {resolved}");
    }

    for (what, row) in [("envs", "Bandit-v0 "), ("methods", "tidy "), ("agents", "averages ")] {
        let list = own_rows().args(["list", what]).assert_code(0);
        assert!(list.stdout.lines().any(|line| line.starts_with(row)), "{}", list.stdout);
    }
    // An agent without a network cannot be taken away, and the whole binary says so.
    let export = own_rows().args(["export", "out/averages/seed-1"]).current_dir(folder.path());
    let refused = export.assert_code(2).stderr;
    for part in ["shows no network by which it acts: averages", "policy_view", "sparring eval"] {
        assert!(refused.contains(part), "{part} in {refused}");
    }
    assert!(!folder.path().join("export").exists());
    own_rows().args(["export", "out/tidy/seed-1"]).current_dir(folder.path()).assert_code(0);

    let args = ["--set", "variants.tidy.sparsity.kind=tydi"];
    let refused = own_rows().arg("plan").arg(&config).args(args).assert_code(2);
    assert!(refused.stderr.contains("tidy"), "{}", refused.stderr);
}

/// The files of the example that name what it adds, the config and `main.rs` with its row aside.
#[test]
fn each_is_one_file_and_one_row() {
    let folder = here("examples/own_rows");
    let files: Vec<(String, String)> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let text = std::fs::read_to_string(entry.path()).unwrap();
            (entry.file_name().into_string().unwrap(), text.to_lowercase())
        })
        .filter(|(name, _)| name.ends_with(".rs"))
        .collect();
    // What an agent does is apart from what is chosen about it.
    assert_eq!(files.len(), 2 + ADDED.len());
    for added in ADDED {
        let naming = files.iter().filter(|(_, text)| text.contains(added));
        let mut naming: Vec<&str> = naming.map(|(name, _)| name.as_str()).collect();
        naming.sort_unstable();
        let mut expected = [format!("{added}.rs"), "main.rs".to_owned()];
        expected.sort_unstable();
        assert_eq!(naming, expected, "{added}");
        let main = &files.iter().find(|(name, _)| name == "main.rs").unwrap().1;
        // `mod it;` and its row.
        assert_eq!(main.matches(added).count(), 2, "{added}");
    }
}
