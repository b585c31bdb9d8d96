//! The example of an environment of one's own learns it.

#[path = "../examples/own_env.rs"]
#[allow(dead_code)]
mod example;

#[test]
fn the_way_out_is_found() {
    let returns = example::learn().unwrap();
    let last = &returns[returns.len() - 20..];
    assert!(last.iter().sum::<f64>() / 20.0 > -12.0, "{last:?}");
}
