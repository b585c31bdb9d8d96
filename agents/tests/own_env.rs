//! The example of an environment of one's own learns it.

#![allow(clippy::unwrap_used)]

#[path = "../examples/own_env.rs"]
#[allow(dead_code)]
mod own_env;

#[test]
fn the_way_out_is_found() {
    let returns = own_env::learn().unwrap();
    let last = &returns[returns.len() - 20..];
    assert!(last.iter().sum::<f64>() / 20.0 > -12.0, "{last:?}");
}
