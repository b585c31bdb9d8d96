//! Numbers that were published, from the data of others, which are not ours to copy: a test reads them from the folder
//! that SPARRING_LAWS_DATA names, and says that it was skipped where there is none. `planted` has a twin of each.

use std::path::PathBuf;

use super::command::Numbers;

/// The file, or a line that says what was skipped.
fn data(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("SPARRING_LAWS_DATA").map(PathBuf::from);
    let file = folder.map(|folder| folder.join(name)).filter(|file| file.is_file());
    if file.is_none() {
        println!("skipped: {name} is not in the folder that SPARRING_LAWS_DATA names");
    }
    file
}

fn near(found: f64, published: f64, by: f64) {
    assert!((found - published).abs() <= by, "{found}, not {published} ± {by}");
}

/// Hoffmann et al. 2022 as Epoch reconstructed them: the five largest losses left out, and all.
#[test]
fn chinchilla() {
    let Some(file) = data("chinchilla.csv") else { return };
    let columns = ["--x", "n=Model Size", "flops=Training FLOP", "--y", "loss"];
    let fit = |dropped: &str| {
        let set = ["--set", dropped, "--resamples", "0"];
        Numbers::fit("chinchilla", &file, &[columns.as_slice(), &set].concat())
    };
    let five = fit("drop_largest=5");
    near(five.of("sum of Huber's losses of ln ŷ − ln y"), 0.001_018_274_02, 5e-12);
    near(five.of("A").ln(), 6.16925, 1e-5);
    near(five.of("B").ln(), 7.67016, 1e-5);
    near(five.of("E").ln(), 0.597_307, 1e-6);
    near(five.of("alpha"), 0.347_310, 1e-6);
    near(five.of("beta"), 0.367_172, 1e-6);
    near(five.of("a"), 0.5139, 1e-4);
    near(five.of("rows"), 240.0, 0.0);
    let all = fit("drop_largest=0");
    near(all.of("sum of Huber's losses of ln ŷ − ln y"), 0.001_826_0, 5e-8);
    near(all.of("A").ln(), 6.2060, 5e-5);
    near(all.of("B").ln(), 9.4608, 5e-5);
    near(all.of("E").ln(), 0.637_28, 1e-5);
    near(all.of("alpha"), 0.349_31, 5e-6);
    near(all.of("beta"), 0.453_05, 5e-6);
    near(all.of("a"), 0.565, 5e-4);
}

/// "Unified scaling laws for routed language models", S-Base with the dense networks.
#[test]
fn routing() {
    let Some(file) = data("routing_curves.csv.gz") else { return };
    let arguments = [
        "--x",
        "dense_parameter_count",
        "num_experts",
        "--y",
        "loss_validation",
        "--where",
        "routing_frequency=0.5",
        "--where",
        "k=1",
        "--where",
        "seed=42",
        "--where",
        "router_type=Dense,S-Base",
        "--last",
        "step",
        "--per",
        "hyper_id",
        "--resamples",
        "300",
    ];
    let fit = Numbers::fit("routing", &file, &arguments);
    near(fit.of("rows"), 58.0, 0.0);
    let root = fit.of("RMS of log10 ŷ − log10 y");
    assert!(root <= 0.003_227_5 * 1.0001, "{root}");
    near(fit.of("a"), -0.0830, 1e-3);
    near(fit.of("b"), -0.1180, 1e-3);
    near(fit.of("c"), 0.0099, 1e-3);
    near(fit.of("d"), 1.1136, 1e-3);
    near(fit.of("E_start"), 2.075, 1e-2);
    let (low, high) = fit.interval("E_max");
    assert!((130.0..556.0).contains(&fit.of("E_max")) && low < 130.0 && high > 556.0);
    near(fit.of("the same without saturation"), 0.003_780, 5e-7);
    assert!(fit.printed.contains("saturation earns its two constants"), "{}", fit.printed);
}

/// "Compute-optimal scaling for value-based deep RL": the sum of powers and the straight line beside it, whose
/// predictions stand in the file.
#[test]
fn sum() {
    let Some(file) = data("dmc_last_threshold.csv") else { return };
    let columns = ["--x", "utd", "critic_params", "--y", "time", "--resamples", "0"];
    let fit = Numbers::fit("sum", &file, &columns);
    let (c, a, alpha) = (fit.of("C"), fit.of("A"), fit.of("alpha"));
    let (b, beta) = (fit.of("B"), fit.of("beta"));
    near(c, 371_869.6, 0.5);
    near(a, 1.26059, 1e-5);
    near(alpha, 1.01039, 1e-5);
    near(b, 633_198.0, 1.0);
    near(beta, 0.890_187, 1e-6);
    let line = Numbers::fit("power", &file, &columns);
    near(line.of("A").ln(), 15.404_028, 1e-6);
    near(line.of("alpha"), 0.233_856, 1e-6);
    near(line.of("alpha2"), 0.112_249, 1e-6);
    let plain = [columns.as_slice(), &["--set", "plain=1"]].concat();
    let plain = Numbers::fit("sum", &file, &plain);
    let mut worst: f64 = 0.0;
    for row in csv::Reader::from_path(&file).unwrap().records() {
        let row = row.unwrap();
        let cell = |at: usize| row[at].parse::<f64>().unwrap();
        let predicted = |c: f64, a: f64, alpha: f64, b: f64, beta: f64| {
            c * (1.0 + (a / cell(0)).powf(alpha) + (b / cell(1)).powf(beta))
        };
        near(predicted(c, a, alpha, b, beta) / cell(6), 1.0, 5e-7);
        let straight =
            line.of("A") * cell(0).powf(-line.of("alpha")) * cell(1).powf(-line.of("alpha2"));
        near(straight / cell(5), 1.0, 1e-11);
        let [c, a, alpha, b, beta] = ["C", "A", "alpha", "B", "beta"].map(|name| plain.of(name));
        worst = worst.max((predicted(c, a, alpha, b, beta) / cell(6) - 1.0).abs());
    }
    near(worst, 0.08, 0.01);
}

/// "Value-based deep RL scales predictably": the slopes of batch size and learning rate on Gym.
///
/// The file has batch sizes cut off to whole numbers and learning rates of three digits, so that a regression on its
/// points comes near the published slopes and not to their last digit; but the published law gives every point of the
/// file, and a regression on that law's own points its slope.
#[test]
fn slopes() {
    let Some(file) = data("gym_sweep_shared_fitted.csv") else { return };
    let published = |intercepts: [f64; 4]| {
        ["Ant-v4", "HalfCheetah-v4", "Humanoid-v4", "Walker2d-v4"].into_iter().zip(intercepts)
    };
    let digits = |rate: f64| 10_f64.powf(rate.log10().floor() - 2.0);
    let whole = |size: f64| size.floor();
    let three = |rate: f64| (rate / digits(rate)).round() * digits(rate);
    type Rounding<'a> = &'a dyn Fn(f64) -> f64;
    let laws: [(&str, f64, [f64; 4], Rounding<'_>, f64); 2] = [
        ("Batch Size", -0.30961, [2.61892, 2.61491, 2.49577, 2.50892], &whole, 8e-4),
        ("Learning Rate", -0.28487, [-3.82288, -2.72790, -3.72004, -3.08411], &three, 2e-4),
    ];
    for (column, slope, intercepts, rounding, off) in laws {
        let arguments = ["--x", "UTD", "--y", column, "--by", "Environment", "--resamples", "0"];
        let fit = Numbers::fit("slopes", &file, &arguments);
        near(fit.of("slope"), slope, off);
        let mut reader = csv::Reader::from_path(&file).unwrap();
        let at = reader.headers().unwrap().iter().position(|name| name == column).unwrap();
        let mut points = "env,x,y\n".to_owned();
        for row in reader.records() {
            let row = row.unwrap();
            let utd: f64 = row[1].parse().unwrap();
            let (_, intercept) = published(intercepts).find(|(env, _)| *env == &row[0]).unwrap();
            let law = 10_f64.powf(intercept + slope * utd.log10());
            near(rounding(law) / row[at].parse::<f64>().unwrap(), 1.0, 1e-9);
            points += &format!("{},{utd},{law}\n", &row[0]);
        }
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().join("law.csv");
        std::fs::write(&own, points).unwrap();
        let arguments = ["--x", "x", "--y", "y", "--by", "env", "--resamples", "0"];
        let fit = Numbers::fit("slopes", &own, &arguments);
        near(fit.of("slope"), slope, 1e-9);
        for (env, intercept) in published(intercepts) {
            near(fit.at("intercept", env), intercept, 1e-9);
        }
    }
}
