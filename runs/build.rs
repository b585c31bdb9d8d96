//! Tells the binary which commit and compiler it was built from, and where the libraries of the envs are
//! (see `envs/build.rs`).

use std::process::Command;

/// What the binary is made of.
const SOURCES: [&str; 5] =
    ["../envs/src", "../sparse/src", "../agents/src", "src", "../Cargo.lock"];

fn main() {
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let version = output(&rustc, &["--version"]).unwrap_or_else(|| "unknown".to_owned());
    println!("cargo::rustc-env=SPARRING_RUSTC={version}");
    if let Some(commit) = output("git", &["rev-parse", "HEAD"]) {
        let changed = output("git", &[&["status", "--porcelain", "--"][..], &SOURCES].concat());
        let state = if changed.is_some() { " with changes" } else { "" };
        println!("cargo::rustc-env=SPARRING_COMMIT={commit}{state}");
    }
    if let Ok(folder) = std::env::var("DEP_SPARRING_ENVS_LIBRARIES") {
        println!("cargo::rustc-link-arg=-Wl,-rpath,{folder}");
    }
    for source in SOURCES {
        println!("cargo::rerun-if-changed={source}");
    }
    println!("cargo::rerun-if-changed=build.rs");
    // The log of HEAD grows with every commit and checkout.
    if let Some(log) = output("git", &["rev-parse", "--git-path", "logs/HEAD"])
        && std::path::Path::new(&log).exists()
    {
        println!("cargo::rerun-if-changed={log}");
    }
}

fn output(program: &str, args: &[&str]) -> Option<String> {
    let output = Command::new(program).args(args).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && !text.is_empty()).then_some(text)
}
