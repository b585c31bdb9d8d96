//! Tells the tests where the libraries of the envs are, see `envs/build.rs`, and builds the crate's kernels, where a
//! feature asks for them.

#[path = "../sparse/src/gpu/kernels/build.rs"]
mod kernels;

fn main() -> Result<(), String> {
    println!("cargo::rerun-if-changed=build.rs");
    if let Ok(folder) = std::env::var("DEP_SPARRING_ENVS_LIBRARIES") {
        println!("cargo::rustc-link-arg=-Wl,-rpath,{folder}");
    }
    kernels::build("src/gpu/kernels", "agents")
}
