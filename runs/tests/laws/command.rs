//! The command line: what it prints and writes, and what it says of mistakes.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use csv::StringRecord;

/// What `sparring fit --csv` wrote, and what it printed.
pub struct Numbers {
    header: StringRecord,
    lines: Vec<StringRecord>,
    pub printed: String,
}

fn fit(law: &str, file: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sparring"));
    command.args(["fit", law]).arg(file).args(arguments).output().unwrap()
}

impl Numbers {
    pub fn fit(law: &str, file: &Path, arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let numbers = folder.path().join("numbers.csv");
        let written = ["--csv", numbers.to_str().unwrap()];
        let output = fit(law, file, &[arguments, &written].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let mut reader = csv::Reader::from_path(&numbers).unwrap();
        Self {
            header: reader.headers().unwrap().clone(),
            lines: reader.records().map(Result::unwrap).collect(),
            printed: String::from_utf8(output.stdout).unwrap(),
        }
    }

    fn cell(&self, name: &str, column: &str, at: Option<&str>) -> f64 {
        let place = |column: &str| self.header.iter().position(|name| name == column).unwrap();
        let is = |line: &&StringRecord| {
            &line[place("constant")] == name
                && at.is_none_or(|at| line.iter().take(place("constant")).any(|cell| cell == at))
        };
        self.lines.iter().find(is).unwrap()[place(column)].parse().unwrap()
    }

    /// A constant, or a measure of the fit.
    pub fn of(&self, name: &str) -> f64 {
        self.cell(name, "value", None)
    }

    /// A constant of a group.
    pub fn at(&self, name: &str, group: &str) -> f64 {
        self.cell(name, "value", Some(group))
    }

    pub fn interval(&self, name: &str) -> (f64, f64) {
        (self.cell(name, "low", None), self.cell(name, "high", None))
    }
}

/// Four configurations of three seeds on unequal steps; the last never comes to 5.
fn curves(folder: &Path) -> std::path::PathBuf {
    let mut text = "step,seed,width,return\n".to_owned();
    for (width, slope) in [(8, 0.1), (16, 0.2), (32, 0.4), (2, 0.01)] {
        for seed in 0..3 {
            for step in 0..=(20 + seed) {
                let value = slope * f64::from(step) * (1.0 + 0.1 * f64::from(seed - 1));
                text += &format!("{},{seed},{width},{value}\n", 10 * step);
            }
        }
    }
    let file = folder.join("curves.csv");
    fs::write(&file, text).unwrap();
    file
}

#[test]
fn times_to_threshold_with_what_never_came() {
    let folder = tempfile::tempdir().unwrap();
    let file = curves(folder.path());
    let arguments =
        ["--x", "step", "seed", "--y", "return", "--by", "width", "--threshold", "1.9", "5"];
    let of = Numbers::fit("threshold", &file, &arguments);
    assert_eq!(of.at("d", "8"), 190.0);
    assert_eq!(of.at("d", "16"), 100.0);
    assert_eq!(of.at("d", "32"), 50.0);
    assert_eq!(of.at("d", "2"), f64::INFINITY);
    // At 5: of width 8 the returns end at 2, of 16 at 4, of 2 at 0.2, which is below 1.9 too.
    assert_eq!(of.of("censored"), 4.0);
    assert!(of.printed.contains("censored: not reached by step 200"), "{}", of.printed);
    let least = of.lines.iter().find(|line| &line[1] == "32").unwrap();
    let [low, high] = [5, 6].map(|at| least[at].parse::<f64>().unwrap());
    assert!(low <= 50.0 && high >= 50.0 && low >= 40.0 && high <= 60.0, "{low} {high}");
}

/// What `threshold` writes other laws read, without what never came.
#[test]
fn times_to_threshold_are_rows_of_other_laws() {
    let folder = tempfile::tempdir().unwrap();
    let (file, times) = (curves(folder.path()), folder.path().join("times.csv"));
    let columns = ["--x", "step", "seed", "--y", "return", "--by", "width"];
    let rest = ["--threshold", "1.5", "--csv", times.to_str().unwrap()];
    assert!(fit("threshold", &file, &[columns.as_slice(), &rest].concat()).status.success());
    let arguments =
        ["--x", "width", "--y", "value", "--where", "constant=d", "--where", "value!=inf"];
    let fitted =
        Numbers::fit("power", &times, &[arguments.as_slice(), &["--resamples", "0"]].concat());
    assert_eq!(fitted.of("rows"), 3.0);
    assert!((fitted.of("alpha") - 1.0).abs() < 0.1, "{}", fitted.printed);
}

#[test]
fn numbers_do_not_depend_on_threads() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rows.csv");
    let row = |at: i32| {
        let x = f64::from(at);
        format!("{x},{}\n", 0.5 + 3.0 / x.powf(0.4) * (1.0 + 0.05 * (7.0 * x).sin()))
    };
    fs::write(&file, format!("x,y\n{}", (1..40).map(row).collect::<String>())).unwrap();
    let printed = |jobs, seed| {
        let options = ["--x", "x", "--y", "y", "--set", "offset=1", "--jobs", jobs, "--seed", seed];
        Numbers::fit("power", &file, &options).printed
    };
    assert_eq!(printed("1", "0"), printed("3", "0"));
    assert_ne!(printed("1", "0"), printed("1", "1"));
}

#[test]
fn mistakes_are_named_with_their_place() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rows.csv");
    let text = "size,loss,kind\n1,4,a\n2,3,b\n3,oops,a\n4,-1,b\n5,2,a\n";
    fs::write(&file, text).unwrap();
    let said = |law: &str, arguments: &[&str]| {
        let output = fit(law, &file, arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    let cases: [(&str, &[&str], &[&str]); 11] = [
        ("powr", &["--x", "size", "--y", "loss"], &["no law powr", "try      power"]),
        ("power", &["--x", "siz", "--y", "loss"], &["no column siz", "try      size"]),
        ("power", &["--x", "size", "--y", "loss"], &["rows.csv:4: column loss", "found    oops"]),
        (
            "power",
            &["--x", "size", "--y", "loss", "--where", "kind=b"],
            &["rows.csv:5: column loss", "found    -1", "above 0"],
        ),
        (
            "power",
            &["--x", "size", "kind", "loss", "--y", "loss"],
            &["loss, for which there is no place"],
        ),
        ("sum", &["--x", "size", "--y", "loss"], &["no column for n (parameters)"]),
        ("power", &["--x", "size", "--y", "loss", "--by", "kind"], &["--by with power"]),
        (
            "power",
            &["--x", "size", "--y", "loss", "--where", "kind=c"],
            &["no row that it keeps", "a value that kind has here: a, b"],
        ),
        (
            "power",
            &["--x", "size", "--y", "loss", "--set", "ofset=1"],
            &["no option ofset", "try      offset"],
        ),
        ("power", &["--x", "size", "--y", "loss", "--set", "offset=7"], &["a number from 0 to 1"]),
        (
            "power",
            &["--x", "size", "--y", "loss", "--where", "size=1,2"],
            &["found    2 rows", "at least 3"],
        ),
    ];
    for (law, arguments, wanted) in cases {
        let said = said(law, arguments);
        for wanted in wanted {
            assert!(said.contains(wanted), "{said}\nlacks {wanted}");
        }
    }
    let fitted = ["--x", "size", "--y", "loss"];
    let many = said("power", &[&fitted[..], &["--resamples", "999999999999"]].concat());
    assert!(many.contains("from 0 to 1000000"), "{many}");
    let over = said("power", &[&fitted[..], &["--csv", file.to_str().unwrap()]].concat());
    assert!(over.contains("the file with the measurements"), "{over}");
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
    fs::write(&file, "a,b\n1,2\n3\n").unwrap();
    assert!(said("power", &["--x", "a", "--y", "b"]).contains("a header, then rows"));
}

#[test]
fn every_law_is_listed() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sparring"));
    let output = command.args(["list", "laws"]).output().unwrap();
    let listed = String::from_utf8(output.stdout).unwrap();
    for law in sparring::laws::LAWS {
        assert!(listed.contains(law.formula) && listed.contains(law.about), "{}", law.name);
    }
}
