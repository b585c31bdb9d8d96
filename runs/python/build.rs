//! Tells the extension where the library of the feature `mujoco` is (see `envs/build.rs`).

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if let Ok(folder) = std::env::var("DEP_SPARRING_ENVS_LIBRARIES") {
        println!("cargo::rustc-link-arg=-Wl,-rpath,{folder}");
    }
}
