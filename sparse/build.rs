//! Builds the crate's kernels, where a feature asks for them.

#[path = "../sparse/src/gpu/kernels/build.rs"]
mod kernels;

fn main() -> Result<(), String> {
    kernels::build("src/gpu/kernels", "sparse")
}
