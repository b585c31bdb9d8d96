//! What is asked of a law over jobs.

use std::thread;

use sparring_sparse::Seed;

use super::thresholds::Thresholds;
use crate::error::{Error, Refusal};
use crate::laws::{Asked, LawRow, Request};
use crate::report::args::{ReportArgs, Size};
use crate::statistics::Bootstrap;

/// What is asked of a law.
#[derive(Clone, Debug)]
pub struct Ask {
    /// Normalised returns to reach; none where the law is of final scores.
    pub thresholds: Vec<f64>,
    /// What the law takes as such.
    kind: Thresholds,
    /// The metric that the law is of, in place of what is left of the score.
    pub loss: Option<String>,
    /// Which size N is.
    pub size: Size,
    /// What the law's fit takes.
    pub request: Request,
}

impl Ask {
    /// Of a command line, for `law`, which takes thresholds of this `kind`.
    ///
    /// # Errors
    /// Options that the law does not take.
    pub fn of(law: &LawRow, kind: Thresholds, args: &ReportArgs) -> Result<Self, Error> {
        let thresholds = match args.threshold.as_slice() {
            [] => kind.usual(),
            some => some.to_vec(),
        };
        if kind == Thresholds::None && !args.threshold.is_empty() {
            let found = format!("--threshold with {}", law.name);
            let allowed = "a law of the steps to a threshold";
            return Err(Refusal::argument("--threshold", found, allowed, "leave it out"));
        }
        if let (Some(tag), false) = (&args.loss, kind == Thresholds::None) {
            let found = format!("--loss {tag} with {}", law.name);
            let allowed = "chinchilla, which is of whole curves";
            return Err(Refusal::argument("--loss", found, allowed, "leave it out"));
        }
        if let Some(wrong) = thresholds.iter().find(|threshold| !threshold.is_finite()) {
            let allowed = "a finite normalised return";
            return Err(Refusal::argument(
                "--threshold",
                wrong.to_string(),
                allowed,
                "--threshold 0.8",
            ));
        }
        let of_law = if law.threshold.is_some() { thresholds.as_slice() } else { &[] };
        let asked = Asked { budget: &args.budget, threshold: of_law, set: &args.set };
        let bootstrap = Bootstrap {
            resamples: args.resamples,
            seed: Seed::new(0).child("laws").child(law.name),
            threads: thread::available_parallelism().map_or(1, usize::from),
        };
        let request = asked.request(law, bootstrap)?;
        Ok(Self { thresholds, kind, loss: args.loss.clone(), size: args.n, request })
    }

    /// One for each fit: of a law whose rows have one threshold, one a threshold.
    pub fn apart(&self) -> Vec<Self> {
        match self.kind {
            Thresholds::Apart { .. } if self.thresholds.len() > 1 => {
                let of = |threshold: &f64| Self { thresholds: vec![*threshold], ..self.clone() };
                self.thresholds.iter().map(of).collect()
            }
            Thresholds::Apart { .. } | Thresholds::Together(_) | Thresholds::None => {
                vec![self.clone()]
            }
        }
    }

    /// The name of a fit: with its threshold where it has one of its own.
    pub fn labelled(&self, label: String) -> String {
        match (self.kind, self.thresholds.as_slice()) {
            (Thresholds::Apart { .. }, [threshold]) => format!("{label} to {threshold}"),
            (Thresholds::Apart { .. } | Thresholds::Together(_) | Thresholds::None, _) => label,
        }
    }

    /// What N and the thresholds are, in words.
    pub fn told(&self) -> String {
        let size = match self.size {
            Size::Active => "active weights and biases",
            Size::Total => "weights and biases of the whole shape",
            Size::Flops => "operations of one sample's forward pass",
        };
        let all = "of all trained networks";
        let thresholds: Vec<String> = self.thresholds.iter().map(f64::to_string).collect();
        let reached = match (self.kind, thresholds.as_slice()) {
            (Thresholds::None, _) => match &self.loss {
                Some(tag) => format!("the fallen mean of {tag} at each step"),
                None => "the risen mean score at each step".to_owned(),
            },
            (_, []) => "final scores, the mean over the last tenth of evaluations".to_owned(),
            (_, some) => format!("env steps to a normalised return of {}", some.join(", ")),
        };
        format!("n: {size} {all}; rows are of {reached}")
    }

    /// What a command line takes to ask the same.
    pub fn arguments(&self, args: &ReportArgs) -> Vec<String> {
        let mut words = Vec::new();
        let mut add = |flag: &str, values: Vec<String>| {
            if !values.is_empty() {
                words.push(flag.to_owned());
                words.extend(values);
            }
        };
        add("--threshold", args.threshold.iter().map(f64::to_string).collect());
        match self.size {
            Size::Active => {}
            Size::Total => add("--n", vec!["total".to_owned()]),
            Size::Flops => add("--n", vec!["flops".to_owned()]),
        }
        add("--loss", self.loss.iter().cloned().collect());
        add("--budget", args.budget.iter().map(f64::to_string).collect());
        for set in &args.set {
            add("--set", vec![set.clone()]);
        }
        words
    }
}
