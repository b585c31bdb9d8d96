//! Rows of laws with known constants, and whether a fit finds them.

use rand::RngExt;
use sparring::laws::{Constant, Data, Fit, LAWS, LawRow, Request};
use sparring::statistics::Bootstrap;
use sparring_sparse::Seed;

/// A law planted.
pub struct Plant {
    /// Its name.
    pub law: &'static str,
    /// Its options other than they are unless said.
    pub options: &'static [(&'static str, f64)],
    /// Its columns.
    pub x: Vec<(&'static str, Vec<f64>)>,
    /// Its groups, if it takes some.
    pub groups: Option<Vec<String>>,
    /// The column that y stands in, where the rows are told by their number.
    pub carrier: Option<&'static str>,
    /// y without noise.
    pub y: Vec<f64>,
    /// The constants.
    pub truth: &'static [(&'static str, f64)],
}

pub fn find(name: &str) -> &'static LawRow {
    LAWS.iter().find(|law| law.name == name).unwrap()
}

pub fn bootstrap(resamples: usize, threads: usize) -> Bootstrap {
    Bootstrap { resamples, seed: Seed::new(17), threads }
}

/// Every pair of `a` and `b`.
pub fn grid(a: &[f64], b: &[f64]) -> (Vec<f64>, Vec<f64>) {
    a.iter().flat_map(|a| b.iter().map(move |b| (*a, *b))).unzip()
}

/// `count` numbers from `low` to `high`, evenly in logarithms.
pub fn logspace(low: f64, high: f64, count: usize) -> Vec<f64> {
    let step = (high / low).ln() / (count - 1) as f64;
    (0..count).map(|at| low * (step * at as f64).exp()).collect()
}

/// Numbers of the standard normal distribution.
pub fn normal(seed: &Seed, count: usize) -> Vec<f64> {
    let mut rng = seed.rng();
    let mut one = || {
        let (a, b): (f64, f64) = (rng.random(), rng.random());
        (-2.0 * (1.0 - a).ln()).sqrt() * (std::f64::consts::TAU * b).cos()
    };
    (0..count).map(|_| one()).collect()
}

pub fn value<'a>(fit: &'a Fit, name: &str) -> &'a Constant {
    fit.constants.iter().find(|constant| constant.number.name == name).unwrap()
}

impl Plant {
    pub fn data(&self, y: Vec<f64>) -> Data {
        let count = y.len();
        let mut data = match self.carrier {
            Some(role) => {
                Data::new("planted", (0..count).map(|row| row as f64).collect()).with(role, y)
            }
            None => Data::new("planted", y),
        };
        for (role, values) in &self.x {
            data = data.with(role, values.clone());
        }
        match &self.groups {
            Some(groups) => data.grouped("group", groups.clone()),
            None => data,
        }
    }

    pub fn fit(&self, y: Vec<f64>, resamples: usize) -> Fit {
        let law = find(self.law);
        let mut request = Request::of(law, bootstrap(resamples, 1));
        for (key, value) in self.options {
            request = request.with(key, *value);
        }
        (law.fit)(&self.data(y), &request).unwrap()
    }

    /// y with `part` of noise, drawn anew for each `draw`.
    pub fn noisy(&self, part: f64, draw: u64) -> Vec<f64> {
        let noise = normal(&Seed::new(draw).child(self.law), self.y.len());
        self.y.iter().zip(noise).map(|(y, noise)| y * (part * noise).exp()).collect()
    }

    /// Without noise every constant comes back to 1e-4.
    pub fn comes_back(&self) {
        let fit = self.fit(self.y.clone(), 0);
        assert!(fit.converged, "{}: {:?}", self.law, fit.notes);
        for (name, truth) in self.truth {
            let found = value(&fit, name).value;
            let off = (found - truth).abs() / truth.abs();
            assert!(off < 1e-4, "{}: {name} is {found}, not {truth}", self.law);
        }
    }

    /// With 5 % of noise each constant lies within its interval in 90 % of the draws at least.
    pub fn is_covered(&self, draws: u64) {
        let mut within = vec![0; self.truth.len()];
        for draw in 0..draws {
            let fit = self.fit(self.noisy(0.05, draw), 200);
            for (count, (name, truth)) in within.iter_mut().zip(self.truth) {
                let interval = value(&fit, name).interval;
                let holds = interval.is_some_and(|it| (it.low..=it.high).contains(truth));
                *count += u64::from(holds);
            }
        }
        for (count, (name, _)) in within.iter().zip(self.truth) {
            println!("{}: {name} in {count} of {draws}", self.law);
        }
        assert!(within.iter().all(|count| 10 * count >= 9 * draws), "{}: {within:?}", self.law);
    }
}
