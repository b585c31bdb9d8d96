//! Variants at equal cost, over planted jobs.

use serde_json::json;

use super::plant::{Plant, Rows, Variant, report};
use crate::common::Folder;

/// Name, active parameters, and the score of the first of three seeds that lie 1 apart.
const PLANTED: [(&str, u64, f64); 5] = [
    ("small", 100, 20.0),
    ("small-too", 110, 30.0),
    ("wide", 1_000, 80.0),
    ("wide-too", 1_150, 79.5),
    ("widest", 9_000, 90.0),
];

fn planted(only: usize) -> Folder {
    let mut plant = Plant::new();
    for (name, active, score) in PLANTED.into_iter().rev().take(only) {
        let (axes, sizes) = (json!({"agent.width": active}), [active, 10_000]);
        let variant = Variant { axes, sizes, ..Variant::named(name) };
        // In another order each, so that pairs of seeds do not all differ alike.
        let order = if name == "wide-too" { [2.0, 0.0, 1.0] } else { [0.0, 1.0, 2.0] };
        plant.add(&variant, &order.map(|more| vec![(0, 0.0), (1_000_000, score + more)]));
    }
    plant.close()
}

#[test]
fn groups_are_of_what_costs_about_the_same() {
    let folder = planted(5);
    let text = report(folder.path(), &["--equal", "parameters"], 0);
    for sentence in [
        "CartPole-v1, 100 to 110 active parameters: small-too is best; behind it: small.",
        "CartPole-v1, 1,000 to 1,150 active parameters: wide is best; not told apart: wide-too.",
        "none of about the same active parameters: widest",
    ] {
        assert!(text.contains(sentence), "{text}");
    }
    let rows = Rows::read(&folder, "run/report/figures/equal-parameters.csv");
    assert_eq!(rows.count(), 4);
    let of = |name: &str, column: &str| rows.number(&[("variant", name)], column);
    assert_eq!(
        (of("small", "score"), of("small", "behind"), of("small", "group")),
        (21.0, -10.0, 0.0)
    );
    assert_eq!((of("wide-too", "parameters"), of("wide-too", "group")), (1_150.0, 1.0));
    assert!(of("wide-too", "behind_low") < 0.0 && of("wide-too", "behind_high") > 0.0);
    assert_eq!(rows.text(&[("variant", "wide")], "behind"), "");
    let page = folder.read("run/report/equal-parameters.html");
    assert!(page.contains("Variants of about the same active parameters"), "{page}");
}

#[test]
fn flops_and_time_are_costs_too_and_what_stands_alone_is_refused() {
    let folder = planted(5);
    let text = report(folder.path(), &["--equal", "flops"], 0);
    assert!(text.contains("FLOPs a sample: small-too is best"), "{text}");
    // Every job of the plant took a second.
    let text = report(folder.path(), &["--equal", "time"], 0);
    assert!(text.contains("1.0 seconds a seed: widest is best; behind it: "), "{text}");
    let text = report(planted(1).path(), &["--equal", "parameters"], 2);
    assert!(text.contains("no two variants of an environment within 1.15 times"), "{text}");
}
