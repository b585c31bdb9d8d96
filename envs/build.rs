//! Tells binaries where the library of the feature `mujoco` is, so that they start without LD_LIBRARY_PATH.
//! Whoever builds binaries upon this crate does the same with DEP_SPARRING_ENVS_LIBRARIES.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=MUJOCO_DYNAMIC_LINK_DIR");
    let mujoco = std::env::var_os("CARGO_FEATURE_MUJOCO").is_some();
    if let (true, Ok(folder)) = (mujoco, std::env::var("MUJOCO_DYNAMIC_LINK_DIR")) {
        println!("cargo::rustc-link-arg=-Wl,-rpath,{folder}");
        println!("cargo::metadata=libraries={folder}");
    }
}
