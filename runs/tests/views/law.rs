//! Laws over planted jobs.

use std::path::Path;

use serde_json::{Value as Json, json};

use super::plant::{Curve, Plant, Rows, Variant, near, reaching, report};
use crate::common::{Folder, sparring};

const UTD: &str = "agent.gradient_steps";
const WIDTH: &str = "agent.network.width";

/// C, A, α, B, β of the sum law.
const SUM: [f64; 5] = [40_000.0, 1.5, 0.9, 3_000.0, 0.7];

fn steps(utd: f64, n: f64) -> f64 {
    let [c, a, alpha, b, beta] = SUM;
    c * (1.0 + (a / utd).powf(alpha) + (b / n).powf(beta))
}

/// Dense cells of five sizes and four UTD that come to 0.8 as the law says; of `spread` their three seeds apart, and one more
/// of another size that never comes there.
fn sweep(spread: f64) -> Folder {
    let mut plant = Plant::new();
    for (at, n) in [500_u64, 2_000, 8_000, 32_000, 128_000].into_iter().enumerate() {
        for utd in [1_u64, 2, 4, 8] {
            let name = format!("width={at},utd={utd}");
            let variant = Variant {
                axes: json!({WIDTH: at, UTD: utd}),
                sizes: [n, n],
                ..Variant::named(&name)
            };
            let time = steps(utd as f64, n as f64);
            let noise = |seed: u32| 1.0 + spread * (f64::from(seed) - 1.0);
            let curve = |seed: u32| match spread {
                0.0 => reaching(time, 0.8),
                // A ramp, of which the mean of several is one.
                _ => {
                    let point = |at: u32| 400.0 * f64::from(at) / (time * noise(seed));
                    (1..=700).map(|at| (500 * u64::from(at), point(at))).collect()
                }
            };
            let curves: Vec<Curve> = (0..3).map(curve).collect();
            plant.add(&variant, &curves);
        }
    }
    let variant =
        Variant { axes: json!({WIDTH: 9, UTD: 1}), sizes: [100, 100], ..Variant::named("never") };
    plant.add(&variant, &vec![vec![(0, 0.0), (1_000_000, 0.3)]; 3]);
    plant.close()
}

const SCALE: [&str; 2] = ["--normalise", "CartPole-v1=0..1"];

fn with<'a>(args: &[&'a str]) -> Vec<&'a str> {
    [args, &SCALE].concat()
}

fn constant(rows: &Rows, name: &str) -> f64 {
    rows.number(&[("constant", name)], "value")
}

#[test]
fn the_sum_law_comes_back_and_says_what_is_censored() {
    let folder = sweep(0.0);
    let text = report(folder.path(), &with(&["--law", "sum", "--resamples", "20"]), 0);
    let fit = Rows::read(&folder, "run/report/figures/law-sum-fit.csv");
    for (name, truth) in ["C", "A", "alpha", "B", "beta"].into_iter().zip(SUM) {
        near(name, constant(&fit, name), truth, 1e-3);
    }
    assert!(text.contains("20 rows of 21 cells, 1 censored"), "{text}");
    assert!(text.contains("never reached within its training: never"), "{text}");
    let rows = Rows::read(&folder, "run/report/figures/law-sum.csv");
    assert_eq!((rows.count(), rows.text(&[("variant", "never")], "d")), (21, "inf"));
    assert_eq!(rows.text(&[("variant", "never")], "used"), "0");
    for file in ["law-sum.html", "figures/law-sum.svg", "figures/law-sum.png"] {
        assert!(folder.path().join("run/report").join(file).is_file(), "{file}");
    }

    // What stands beside the figure is what sparring fit takes.
    let command = text.lines().find(|line| line.contains("sparring fit sum")).unwrap();
    assert!(
        command.contains("--x utd=utd n=n --y d --where 'fit=CartPole-v1 dense to 0.8'"),
        "{command}"
    );
    let numbers = folder.path().join("numbers.csv");
    let file = "run/report/figures/law-sum.csv";
    let args = [
        "fit",
        "sum",
        file,
        "--x",
        "utd=utd",
        "n=n",
        "--y",
        "d",
        "--where",
        "used=1",
        "--resamples",
        "0",
    ];
    let csv = ["--csv", numbers.to_str().unwrap()];
    sparring().args(args).args(csv).current_dir(folder.path()).assert_code(0);
    let again = Rows::of(&folder.read("numbers.csv"));
    for name in ["C", "A", "alpha", "B", "beta"] {
        assert_eq!(constant(&again, name), constant(&fit, name), "{name}");
    }
}

#[test]
fn intervals_are_over_seeds_and_hold_the_truth() {
    let folder = sweep(0.1);
    let args = with(&["--law", "sum", "--resamples", "100", "--format", "json"]);
    let told: Json = serde_json::from_str(&report(folder.path(), &args, 0)).unwrap();
    let fit = told["rows"]["law-sum-fit"].as_array().unwrap();
    for (name, truth) in ["C", "A", "alpha", "B", "beta"].into_iter().zip(SUM) {
        let constant = fit.iter().find(|row| row["constant"] == name).unwrap();
        let [low, high] = ["low", "high"].map(|end| constant[end].as_f64().unwrap());
        assert!(
            low < high && low <= truth && truth <= high,
            "{name}: {low} to {high}, not {truth}"
        );
    }
    assert_eq!(report(folder.path(), &args, 0), report(folder.path(), &args, 0));
}

#[test]
fn other_sizes_are_other_n() {
    let folder = sweep(0.0);
    let n = |size: &str| {
        let args = with(&["--law", "sum", "--n", size, "--resamples", "0", "--format", "csv"]);
        Rows::of(&report(folder.path(), &args, 0)).number(&[("variant", "width=0,utd=1")], "n")
    };
    // One sample of a layer of 499 active weights and an output: 2 · 499 + 1.
    assert_eq!((n("active"), n("total"), n("flops")), (500.0, 500.0, 999.0));
}

#[test]
fn times_to_thresholds_are_those_of_the_curves() {
    let folder = sweep(0.0);
    let args = with(&[
        "--law",
        "threshold",
        "--threshold",
        "0.8",
        "0.2",
        "--resamples",
        "20",
        "--format",
        "json",
    ]);
    let told: Json = serde_json::from_str(&report(folder.path(), &args, 0)).unwrap();
    let fit = told["rows"]["law-threshold-fit"].as_array().unwrap();
    let of = |of: &str| fit.iter().find(|row| row["of"] == of).unwrap()["value"].clone();
    let time = of("variant width=1,utd=4, threshold 0.8").as_f64().unwrap();
    assert_eq!(time, steps(4.0, 2_000.0).round());
    assert_eq!(of("variant never, threshold 0.8"), "inf");
    assert_eq!(of("variant never, threshold 0.2").as_f64().unwrap(), 1_000_000.0);
}

/// Times of two environments whose medians differ, of one law.
#[test]
fn the_law_of_updates_takes_all_environments_together() {
    let mut plant = Plant::new();
    for (env, scale) in [("CartPole-v1", 20_000.0), ("Acrobot-v1", 5_000.0)] {
        for utd in [1_u64, 2, 4, 8, 16, 32] {
            let name = format!("id={env},utd={utd}");
            let axes = json!({"env.id": env, UTD: utd});
            let variant = Variant { env, axes, ..Variant::named(&name) };
            let time = scale * (0.5 + (utd as f64 / 3.0).powf(-0.8));
            plant.add(&variant, &vec![reaching(time, 0.8); 2]);
        }
    }
    let folder = plant.close();
    let args = ["--law", "utd", "--resamples", "0", "--normalise", "Acrobot-v1=0..1"];
    report(folder.path(), &with(&args), 0);
    let fit = Rows::read(&folder, "run/report/figures/law-utd-fit.csv");
    near("a", constant(&fit, "a"), 0.8, 1e-2);
    let file = folder.read("run/report/figures/law-utd.csv");
    assert_eq!(Rows::of(&file).count(), 12);
}

#[test]
fn gamma_lays_sparse_and_dense_on_one_curve() {
    let (e, a, alpha, gamma): (f64, f64, f64, f64) = (0.1, 20.0, 0.5, 0.4);
    let mut plant = Plant::new();
    for (method, density) in [("dense", 1.0), ("static", 0.1), ("static", 0.5)] {
        for total in [2_000_u64, 8_000, 32_000, 128_000] {
            let active = (total as f64 * density) as u64;
            let effective = active as f64 * density.powf(-gamma);
            let score = 1.0 - (e + a / effective.powf(alpha));
            let name = format!("{method},density={density},total={total}");
            let axes = json!({WIDTH: total, "sparsity.sparsity": 1.0 - density});
            let variant = Variant { method, axes, sizes: [active, total], ..Variant::named(&name) };
            plant.add(&variant, &vec![vec![(0, 0.0), (1_000_000, score)]; 2]);
        }
    }
    let folder = plant.close();
    let text = report(folder.path(), &with(&["--law", "which-n", "--resamples", "20"]), 0);
    let fit = Rows::read(&folder, "run/report/figures/law-which-n-fit.csv");
    for (name, truth) in [("gamma", gamma), ("alpha", alpha), ("E", e), ("A", a)] {
        near(name, constant(&fit, name), truth, 1e-3);
    }
    assert!(text.contains("nearest to one curve over n_eff"), "{text}");
    // All cells have one UTD, which is no column of the fit.
    assert!(text.contains("--x active=active density=density flops=flops --y y"), "{text}");
}

/// Eight sizes with 1 to 64 experts, of a planted law, and networks without experts as one.
#[test]
fn experts_saturate_in_jobs() {
    let [a, b, c, d, start, max]: [f64; 6] = [-0.25, -0.3, 0.06, 0.4, 1.2, 60.0];
    let mut plant = Plant::new();
    for experts in [1_u64, 2, 4, 8, 16, 64] {
        let of = 1.0 / (experts as f64 - 1.0 + 1.0 / (1.0 / start - 1.0 / max)) + 1.0 / max;
        let of = (1.0 / of).log10();
        for active in [1_000_u64, 4_000, 16_000, 64_000] {
            let n = (active as f64).log10();
            let score = 1.0 - 10f64.powf(a * n + b * of + c * n * of + d);
            let name = format!("experts={experts},active={active}");
            let axes = match experts {
                1 => json!({WIDTH: active}),
                _ => json!({WIDTH: active, "agent.network.experts.count": experts}),
            };
            let sizes = [active, active * experts];
            let variant = Variant { axes, sizes, ..Variant::named(&name) };
            plant.add(&variant, &vec![vec![(0, 0.0), (1_000_000, score)]; 2]);
        }
    }
    let folder = plant.close();
    let text = report(folder.path(), &with(&["--law", "routing", "--resamples", "20"]), 0);
    let fit = Rows::read(&folder, "run/report/figures/law-routing-fit.csv");
    for (name, truth) in [("a", a), ("b", b), ("c", c), ("d", d), ("E_start", start)] {
        near(name, constant(&fit, name), truth, 1e-2);
    }
    assert!(text.contains("saturation earns its two constants"), "{text}");
}

#[test]
fn chinchillas_law_is_read_along_the_curves() {
    let [e, a, alpha, b, beta] = [0.05, 10.0, 0.4, 30.0, 0.45];
    let mut plant = Plant::new();
    for n in [300_u64, 1_000, 3_000, 10_000, 30_000, 100_000] {
        let ret = |steps: f64| 1.0 - (e + a / (n as f64).powf(alpha) + b / steps.powf(beta));
        let curve: Curve = (1..=50).map(|at| (20_000 * at, ret(20_000.0 * at as f64))).collect();
        let name = format!("width={n}");
        let (axes, operations) = (json!({WIDTH: n}), 1e3 * n as f64);
        plant.add(
            &Variant { axes, operations, sizes: [n, n], ..Variant::named(&name) },
            &vec![curve; 2],
        );
    }
    let folder = plant.close();
    report(folder.path(), &with(&["--law", "chinchilla", "--resamples", "0"]), 0);
    let fit = Rows::read(&folder, "run/report/figures/law-chinchilla-fit.csv");
    for (name, truth) in [("E", e), ("A", a), ("alpha", alpha), ("B", b), ("beta", beta)] {
        near(name, constant(&fit, name), truth, 1e-2);
    }
    let rows = Rows::read(&folder, "run/report/figures/law-chinchilla.csv");
    near("flops", rows.number(&[("n", "1000"), ("d", "1000000")], "flops"), 1e6, 1e-9);
}

/// The same of what jobs say of held-out data, on the clock of gradient steps.
#[test]
fn chinchillas_law_is_read_off_a_loss() {
    let [e, a, alpha, b, beta] = [0.3, 10.0, 0.4, 30.0, 0.45];
    let loss = |n: u64, steps: f64| e + a / (n as f64).powf(alpha) + b / steps.powf(beta);
    let mut plant = Plant::new();
    for n in [300_u64, 1_000, 3_000, 10_000, 30_000, 100_000] {
        // Returns that say nothing.
        let curve: Curve = (1..=50).map(|at| (20_000 * at, 0.0)).collect();
        let name = format!("width={n}");
        let axes = json!({WIDTH: n});
        plant.add(&Variant { axes, sizes: [n, n], ..Variant::named(&name) }, &vec![curve; 2]);
    }
    let folder = plant.close();
    let wanted = ["--law", "chinchilla", "--resamples", "0", "--loss", "held_out/nats"];
    let run = folder.path().join("run");
    refused(folder.path(), &with(&wanted), &["no held_out/nats in metrics.csv"]);
    for n in [300_u64, 1_000, 3_000, 10_000, 30_000, 100_000] {
        for seed in [1, 2] {
            let row = |at: u64| {
                let steps = 20_000 * at;
                format!("{steps},0,0,held_out/nats,{}\n", loss(n, steps as f64))
            };
            let rows: String = (1..=50).map(row).collect();
            let text = format!("env_step,gradient_step,wall_s,tag,value\n{rows}");
            let job = run.join(format!("width={n}/seed-{seed}"));
            std::fs::write(job.join("metrics.csv"), text).unwrap();
        }
    }
    let text = report(folder.path(), &with(&wanted), 0);
    assert!(text.contains("the fallen mean of held_out/nats at each step"), "{text}");
    let fit = Rows::read(&folder, "run/report/figures/law-chinchilla-fit.csv");
    for (name, truth) in [("E", e), ("A", a), ("alpha", alpha), ("B", b), ("beta", beta)] {
        near(name, constant(&fit, name), truth, 1e-2);
    }
    let page = std::fs::read_to_string(run.join("report/law-chinchilla.html")).unwrap();
    assert!(page.contains("--loss held_out/nats"), "the page says how it is drawn again");
}

/// With α_N = α_E = 1, N_c E_c = 1/4 and operations N E, the least operations of a performance are it itself.
#[test]
fn intrinsic_performance_is_the_least_operations_of_any_size() {
    let (n_c, e_c) = (0.025_f64, 10.0_f64);
    let of = |n: f64, e: f64| (n_c / n + e_c / e).powi(-2);
    let (low, high) = (of(200.0, 40_000.0), of(400.0, 400_000.0));
    let ret = |i: f64| (i / low).ln() / (high / low).ln();
    let mut plant = Plant::new();
    for at in 0..24 {
        let n = (60.0 * 1.2_f64.powi(at)).round();
        let curve: Curve =
            (1..=1_000).map(|at| (1_000 * at, ret(of(n, 1_000.0 * at as f64)))).collect();
        let name = format!("width={at}");
        let (axes, operations) = (json!({WIDTH: at}), 1e6 * n);
        let sizes = [n as u64; 2];
        plant.add(&Variant { axes, operations, sizes, ..Variant::named(&name) }, &[curve]);
    }
    let folder = plant.close();
    let text = report(folder.path(), &with(&["--law", "intrinsic", "--resamples", "50"]), 0);
    let fit = Rows::read(&folder, "run/report/figures/law-intrinsic-fit.csv");
    for (name, truth) in [("alpha_N", 1.0), ("alpha_E", 1.0), ("beta", 0.5), ("a", 0.5)] {
        near(name, constant(&fit, name), truth, 0.05);
    }
    assert!(text.contains("one seed a cell shows no spread"), "{text}");
}

/// The report of a planted law of the best batch, of which `factors` are tried.
fn of_batches(factors: &[f64]) -> (Folder, String) {
    let best = |utd: f64, n: f64| 300.0 / (utd.powf(0.4) * (1.0 + (5_000.0 / n).powf(0.8)));
    let mut plant = Plant::new();
    for n in [1_000_u64, 4_000, 16_000, 64_000] {
        for utd in [1_u64, 4, 16] {
            let centre = best(utd as f64, n as f64);
            for (at, factor) in factors.iter().enumerate() {
                let name = format!("n={n},utd={utd},at={at}");
                let axes = json!({WIDTH: n, UTD: utd, "agent.batch_size": centre * factor});
                let score = if *factor == 1.0 { 0.9 } else { 0.5 };
                let variant = Variant { axes, sizes: [n, n], ..Variant::named(&name) };
                plant.add(&variant, &vec![vec![(0, 0.0), (1_000_000, score)]; 2]);
            }
        }
    }
    let folder = plant.close();
    let text = report(folder.path(), &with(&["--law", "batch", "--resamples", "0"]), 0);
    (folder, text)
}

#[test]
fn the_best_batch_of_each_size_and_updates_is_a_row() {
    let (folder, text) = of_batches(&[0.5, 1.0, 2.0]);
    let fit = Rows::read(&folder, "run/report/figures/law-batch-fit.csv");
    for (name, truth) in [("a", 300.0), ("alpha", 0.4), ("b", 5_000.0), ("c", 0.8)] {
        near(name, constant(&fit, name), truth, 1e-3);
    }
    assert!(text.contains("24 rows lose to a better one of the same place"), "{text}");
    assert!(!text.contains("a better one may lie beyond"), "{text}");
}

#[test]
fn a_best_batch_at_the_edge_of_what_was_tried_is_told() {
    for factors in [[0.5, 1.0], [1.0, 2.0]] {
        let (_, text) = of_batches(&factors);
        assert!(text.contains("a better one may lie beyond, at n="), "{text}");
    }
}

fn refused(folder: &Path, args: &[&str], parts: &[&str]) {
    let said = report(folder, args, 2);
    for part in parts {
        assert!(said.contains(part), "{said}\nlacks {part}");
    }
}

#[test]
fn mistakes_say_what_would_do() {
    let mut plant = Plant::new();
    for n in [1_000_u64, 4_000, 16_000] {
        let name = format!("width={n}");
        let variant = Variant { axes: json!({WIDTH: n}), sizes: [n, n], ..Variant::named(&name) };
        plant.add(&variant, &[reaching(5_000.0, 0.8)]);
    }
    let folder = plant.close();
    let folder = folder.path();
    refused(
        folder,
        &with(&["--law", "sum"]),
        &["--law sum of CartPole-v1 dense", "3 rows", "at least 6"],
    );
    refused(
        folder,
        &["--law", "isoflop"],
        &["takes rows of a CSV file", "sparring fit isoflop FILE.csv --x n flops --y loss"],
    );
    refused(folder, &["--law", "sums"], &["no law sums", "try      sum"]);
    refused(
        folder,
        &["--law", "chinchilla", "--threshold", "0.5"],
        &["--threshold with chinchilla"],
    );
    refused(
        folder,
        &["--law", "sum", "--loss", "held_out/nats"],
        &["--loss held_out/nats with sum"],
    );
    refused(folder, &["--law", "sum", "--set", "nothing=1"], &["no option nothing"]);
    refused(folder, &["--law", "sum", "--gain", WIDTH], &["cannot be used with"]);
    refused(folder, &["--by", "env"], &["--gain"]);
}
