// Builds a crate's kernels, for the build scripts of the crates that have some: by `nvcc` for GPUs with the feature
// `cuda`, by the C++ compiler for this machine with the feature `emulate`.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What GPUs the image has machine code for; others that are newer translate the last, which is PTX.
const TARGETS: [&str; 3] =
    ["arch=compute_80,code=sm_80", "arch=compute_90,code=sm_90", "arch=compute_80,code=compute_80"];

/// Builds `folder/name.cu`, which includes the other files of `folder`.
///
/// # Errors
/// A compiler that is not there, or that refuses.
pub fn build(folder: &str, name: &str) -> Result<(), String> {
    println!("cargo:rerun-if-changed={folder}");
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR").unwrap_or_default());
    let source = root.join(folder).join(format!("{name}.cu"));
    let out = PathBuf::from(env::var("OUT_DIR").unwrap_or_default());
    let image = out.join(format!("{name}.fatbin"));
    if for_lints() {
        return fs::write(&image, []).map_err(|error| format!("{}: {error}", image.display()));
    }
    if env::var_os("CARGO_FEATURE_CUDA").is_some() {
        by_nvcc(&root, &source, &image)?;
    }
    #[cfg(feature = "emulate")]
    for_this_machine(&root, &source, name);
    Ok(())
}

/// Whether Clippy asks, which links nothing, and whose build scripts are its own: the kernels take a minute.
fn for_lints() -> bool {
    let wrapper = env::var_os("RUSTC_WORKSPACE_WRAPPER").unwrap_or_default();
    Path::new(&wrapper).file_stem().is_some_and(|name| name == "clippy-driver")
}

/// `nvcc` as `NVCC` names it, below `CUDA_PATH`, as scripts/fetch-cuda has put it, where it is usually installed, or on
/// the path.
fn nvcc(root: &Path) -> PathBuf {
    for variable in ["NVCC", "CUDA_PATH"] {
        println!("cargo:rerun-if-env-changed={variable}");
    }
    if let Some(nvcc) = env::var_os("NVCC") {
        return nvcc.into();
    }
    let cuda = env::var_os("CUDA_PATH").map(PathBuf::from);
    let fetched = root.join("../.cuda");
    let usual = PathBuf::from("/usr/local/cuda");
    let places = cuda.into_iter().chain([fetched, usual]).map(|path| path.join("bin/nvcc"));
    places.into_iter().find(|nvcc| nvcc.exists()).unwrap_or_else(|| "nvcc".into())
}

fn by_nvcc(root: &Path, source: &Path, image: &Path) -> Result<(), String> {
    let nvcc = nvcc(root);
    let mut command = Command::new(&nvcc);
    command.args([
        "-O3",
        "-std=c++17",
        "-fmad=false",
        "--fatbin",
        "-Xptxas",
        "-warn-spills,-Werror",
    ]);
    command.args(TARGETS.iter().flat_map(|target| ["-gencode", target]));
    command.arg("-o").arg(image).arg(source);
    let compiler = nvcc.display();
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{compiler} of {}: {status}", source.display())),
        Err(error) => Err(format!(
            "the feature `cuda` needs nvcc of CUDA 12 or 13: scripts/fetch-cuda brings it ({compiler}: {error})"
        )),
    }
}

#[cfg(feature = "emulate")]
fn for_this_machine(root: &Path, source: &Path, name: &str) {
    let shim = root.join("../sparse/src/gpu/kernels/host.h");
    println!("cargo:rerun-if-changed={}", shim.display());
    cc::Build::new()
        .cpp(true)
        .std("c++17")
        .opt_level(2)
        .define("CUDA_HOST", None)
        // A chain of multiply-adds is what the source says it is, and nothing else is.
        .flag("-ffp-contract=off")
        .flag("-Wno-unused-parameter")
        .flag("-Wno-unknown-pragmas")
        .flag("-include")
        .flag(shim)
        .flag("-x")
        .flag("c++")
        .file(source)
        .compile(&format!("{name}_kernels"));
}
