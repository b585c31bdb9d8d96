//! The page as text.

use std::fs;
use std::time::Instant;

use super::*;
use crate::report::figure::Request;
use crate::report::figure::tests::comparison;
use crate::report::tables;

fn written(of: &Comparison) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = write(of, &tables(of), &Request::default(), folder.path()).unwrap();
    assert_eq!(path, folder.path().join("index.html"));
    let text = fs::read_to_string(path).unwrap();
    for figure in all(of, &Request::default()) {
        assert!(text.contains(&format!("id=\"{}\"", figure.id)), "{}", figure.id);
        for ending in ["svg", "png"] {
            let file = folder.path().join(format!("figures/{}.{ending}", figure.id));
            assert!(file.is_file(), "{}", file.display());
        }
    }
    text
}

#[test]
fn names_are_escaped_and_nothing_is_fetched() {
    let text = written(&comparison(&["CartPole-v1"], &[0.9, 0.95], 5, 20));
    assert!(
        text.contains("<h1>a &lt;b&gt; &amp; \"c\"</h1>")
            || text.contains("a &lt;b&gt; &amp; &quot;c&quot;")
    );
    assert!(!text.contains("<script") && !text.contains("a <b>"));
    assert!(!text.contains("http://") && !text.contains("https://"));
    assert!(!text.contains("src=\"figures"), "the page needs no file beside it");
}

#[test]
fn the_headline_tells_the_sparsest_that_holds() {
    let of = comparison(&["CartPole-v1"], &[0.5, 0.9], 5, 20);
    let sentences = headline::sentences(&of);
    let first = &sentences[0];
    assert!(first.starts_with("Rigl at 90 % reaches 0.9"), "{sentences:?}");
    assert!(
        first.contains(" of dense [0.9") && first.contains(" of its parameters, "),
        "{sentences:?}"
    );
    assert!(first.ends_with(" times as fast."), "{sentences:?}");
    assert!(sentences[1].contains("worse than dense"), "{sentences:?}");
    assert!(sentences[2].contains("static at 90 % reaches 0."), "{sentences:?}");
}

#[test]
fn the_headline_claims_nothing_of_few_seeds() {
    let of = |seeds| headline::sentences(&comparison(&["CartPole-v1"], &[0.0], seeds, 20));
    assert!(of(1)[1].starts_with("With 1 seed there is no interval"), "{:?}", of(1));
    assert!(of(3)[1].contains("3 seeds are too few for a claim"), "{:?}", of(3));
    let none = headline::sentences(&comparison(&["CartPole-v1"], &[0.5], 3, 0));
    assert_eq!(none, ["No seed has been evaluated yet."]);
}

/// 1,000 runs of 500 evaluations: 100 cells of 10 seeds.
#[test]
fn a_thousand_runs_are_a_small_page_soon() {
    let of = comparison(
        &["CartPole-v1", "Acrobot-v1", "MountainCar-v0", "Pendulum-v1"],
        &[0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.92, 0.94, 0.95, 0.96, 0.98, 0.99],
        10,
        500,
    );
    assert_eq!(of.planned(), 1_000);
    let folder = tempfile::tempdir().unwrap();
    let begun = Instant::now();
    let path = write(&of, &tables(&of), &Request::default(), folder.path()).unwrap();
    let (took, bytes) = (begun.elapsed(), fs::metadata(path).unwrap().len());
    eprintln!("a page of 1,000 runs: {took:.2?}, {bytes} bytes");
    assert!(bytes < 5_000_000, "{bytes}");
}
