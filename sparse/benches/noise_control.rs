//! A supervised control of what the noise of small batches does (Smith, Elsen & De 2020, "On the Generalization
//! Benefit of Noise in Stochastic Gradient Descent", 2006.15081): a student learns a teacher's labels by plain SGD, at
//! each batch size with each learning rate, dense and with a tenth of the weights of a wider network, which are as
//! many.
//!
//! A trajectory has no schedule, so that it is run once and read off under three budgets: after `UPDATES` gradient
//! steps, after `UPDATES · MIDDLE` samples, and where its validation loss has stopped to fall. The rate of a batch
//! size is the one with the least mean validation loss; what is told is the loss on further inputs. Labels have no
//! noise: what is lost there is what the student did not learn. The largest batch is the whole training set, gradient
//! descent without noise.
//!
//! `cargo bench -p sparring-sparse --bench noise_control -- --csv runs.csv`

use std::error::Error;
use std::fmt::Write as _;
use std::fs;

use rand::seq::SliceRandom;
use rand_distr::{Distribution, StandardNormal};
use sparring_sparse::config::SparsityConfig;
use sparring_sparse::methods::static_sparse::Static;
use sparring_sparse::seed::Rng;
use sparring_sparse::stats::{mean, mean_and_variance};
use sparring_sparse::{
    Activation, Algebra, Init, LayerSpec, OptimizerConfig, Rule, Seed, Shape, SparseError, Trainer,
    Wanted, WeightDecay,
};

const INPUTS: usize = 16;
/// Units of the teacher, each of which sees all inputs.
const TEACHER: usize = 8;
/// Samples that are trained on.
pub const TRAIN: usize = 64;
const HELD_OUT: usize = 512;
/// Gradient steps of the first budget.
pub const UPDATES: usize = 4096;
/// The batch size at which the first two budgets are one.
const MIDDLE: usize = 4;
/// Gradient steps from one look at the losses to the next.
const EVERY: usize = 128;
/// Looks without a lower validation loss, after which a run is at its plateau.
const PATIENCE: usize = 16;
/// Powers of 2: batch sizes up to [`TRAIN`], and learning rates.
const BATCHES: [u32; 4] = [0, 2, 4, 6];
const RATES: [i32; 9] = [-7, -6, -5, -4, -3, -2, -1, 0, 1];
const SEEDS: u64 = 16;
/// The 97.5th percentile of Student's t with one degree of freedom less than there are seeds.
const T: f64 = 2.131;

/// A perceptron of two hidden layers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Student {
    /// Units of a hidden layer.
    pub width: usize,
    /// The share of weights that are gone.
    pub sparsity: f64,
}

/// Of 1,568 weights each.
pub const STUDENTS: [Student; 2] =
    [Student { width: 32, sparsity: 0.0 }, Student { width: 117, sparsity: 0.9 }];

/// What a run is like, its seed aside.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Choice {
    /// Who learns.
    pub student: Student,
    /// Samples of a gradient step.
    pub batch: usize,
    /// Step size.
    pub rate: f64,
}

/// The losses of a run after so many gradient steps, halves of mean squares.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Losses {
    /// Gradient steps.
    pub updates: usize,
    /// On what was trained on.
    pub train: f64,
    /// By which rates are chosen, and plateaus found.
    pub validation: f64,
    /// What is told.
    pub test: f64,
}

/// Inputs `(n, INPUTS)` and labels `(n)`.
struct Set {
    x: Vec<f32>,
    y: Vec<f32>,
}

/// Rows of three sets from one teacher.
struct Task {
    train: Set,
    validation: Set,
    test: Set,
}

impl Task {
    fn new(seed: &Seed) -> Self {
        let mut rng = seed.child("task").rng();
        let mut normal = |n: usize, scale: f64| -> Vec<f64> {
            (0..n).map(|_| scale * Distribution::<f64>::sample(&StandardNormal, &mut rng)).collect()
        };
        let units = normal(TEACHER * INPUTS, (INPUTS as f64).sqrt().recip());
        // Of a unit with normal inputs relu has a mean square of ½.
        let heads = normal(TEACHER, (2.0 / TEACHER as f64).sqrt());
        let mut set = |n: usize| {
            let x = normal(n * INPUTS, 1.0);
            let label = |x: &[f64]| -> f64 {
                let unit = |unit: &[f64]| -> f64 { unit.iter().zip(x).map(|(w, x)| w * x).sum() };
                units.chunks_exact(INPUTS).zip(&heads).map(|(w, a)| a * unit(w).max(0.0)).sum()
            };
            let y = x.chunks_exact(INPUTS).map(|x| label(x) as f32);
            Set { y: y.collect(), x: x.iter().map(|x| *x as f32).collect() }
        };
        Self { train: set(TRAIN), validation: set(HELD_OUT), test: set(HELD_OUT) }
    }
}

impl Set {
    fn loss(&self, trainer: &Trainer) -> Result<f64, SparseError> {
        let outputs = trainer.network().outputs(&self.x)?;
        let square = |(f, y): (&f32, &f32)| 0.5 * f64::from(f - y).powi(2);
        Ok(outputs.iter().zip(&self.y).map(square).sum::<f64>() / self.y.len() as f64)
    }
}

fn trainer(choice: Choice, seed: &Seed) -> Result<Trainer, SparseError> {
    let Student { width, sparsity } = choice.student;
    let layer = |name: &str, inputs, outputs, activation| LayerSpec {
        name: name.to_owned(),
        shape: Shape::Linear { inputs, outputs },
        activation,
        init: Init::TruncatedNormal { scale: 2.0 },
        bias: 0.0,
        weight_decay: 0.0,
        algebra: Algebra::REAL,
        then: Vec::new(),
    };
    let layers = [
        layer("hidden.0", INPUTS, width, Activation::Relu),
        layer("hidden.1", width, width, Activation::Relu),
        layer("head", width, 1, Activation::Identity),
    ];
    let sgd = OptimizerConfig {
        rule: Rule::Sgd { momentum: 0.0 },
        learning_rate: choice.rate,
        weight_decay: WeightDecay::HalfSquares,
        ..OptimizerConfig::adam(choice.rate)
    };
    let sparsity = match sparsity > 0.0 {
        true => SparsityConfig::new(Static {}, sparsity, 0),
        false => SparsityConfig::dense(),
    };
    Trainer::new("student", &layers, &sparsity, sgd, &seed.child("student"))
}

/// The losses of one trajectory, every `EVERY` gradient steps, up to `updates` of them. Epochs go through the training
/// set in random order, without the rest that fills no batch. A loss that is no number ends it.
pub fn trajectory(choice: Choice, seed: u64, updates: usize) -> Result<Vec<Losses>, SparseError> {
    let seed = Seed::new(seed);
    let task = Task::new(&seed);
    let mut trainer = trainer(choice, &seed)?;
    let mut rng: Rng = seed.child("order").rng();
    let mut order: Vec<usize> = (0..TRAIN).collect();
    let (mut at, mut all) = (TRAIN, Vec::new());
    for update in 1..=updates {
        if at + choice.batch > TRAIN {
            order.shuffle(&mut rng);
            at = 0;
        }
        let rows = &order[at..at + choice.batch];
        at += choice.batch;
        let set = &task.train;
        let x: Vec<f32> =
            rows.iter().flat_map(|row| &set.x[row * INPUTS..][..INPUTS]).copied().collect();
        let step = trainer.begin_step()?;
        let mut pass = trainer.vjp(&x, &step)?;
        let dy: Vec<f32> = pass
            .output()
            .iter()
            .zip(rows)
            .map(|(f, row)| (f - set.y[*row]) / choice.batch as f32)
            .collect();
        if !dy.iter().all(|dy| dy.abs() < 1e6) {
            break;
        }
        let gradients = pass.backward(&dy, Wanted::PARAMS)?;
        trainer.finish_step(step, gradients)?;
        if update.is_multiple_of(EVERY) {
            all.push(Losses {
                updates: update,
                train: task.train.loss(&trainer)?,
                validation: task.validation.loss(&trainer)?,
                test: task.test.loss(&trainer)?,
            });
        }
    }
    Ok(all)
}

/// What ends a run.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Budget {
    Updates,
    Samples,
    Plateau,
}

impl Budget {
    const ALL: [Self; 3] = [Self::Updates, Self::Samples, Self::Plateau];

    /// Gradient steps of it, at most.
    fn updates(self, batch: usize) -> usize {
        match self {
            Self::Updates => UPDATES,
            Self::Samples => UPDATES * MIDDLE / batch,
            Self::Plateau => 2 * UPDATES,
        }
    }

    /// The losses at the end of it; none of a run that diverged before.
    fn end(self, all: &[Losses], batch: usize) -> Option<Losses> {
        let last = self.updates(batch) / EVERY;
        let (mut best, mut since) = (f64::INFINITY, 0);
        for (look, losses) in all.iter().enumerate().take(last) {
            (best, since) = match losses.validation < best {
                true => (losses.validation, 0),
                false => (best, since + 1),
            };
            let ended = self == Self::Plateau && since == PATIENCE;
            if ended || look + 1 == last {
                return Some(*losses);
            }
        }
        None
    }

    fn name(self) -> &'static str {
        match self {
            Self::Updates => "updates",
            Self::Samples => "samples",
            Self::Plateau => "plateau",
        }
    }
}

/// One line of the file.
struct Line {
    choice: Choice,
    budget: Budget,
    seed: u64,
    losses: Option<Losses>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().skip_while(|arg| arg != "--csv").nth(1);
    let path = path.ok_or("noise_control --csv FILE")?;
    let mut lines = Vec::new();
    for student in STUDENTS {
        for batch in BATCHES.map(|k| 1 << k) {
            for rate in RATES.map(|j| f64::from(j).exp2()) {
                let choice = Choice { student, batch, rate };
                for seed in 1..=SEEDS {
                    let most = Budget::ALL.map(|budget| budget.updates(batch)).into_iter().max();
                    let all = trajectory(choice, seed, most.unwrap_or_default())?;
                    lines.extend(Budget::ALL.map(|budget| Line {
                        choice,
                        budget,
                        seed,
                        losses: budget.end(&all, batch),
                    }));
                }
            }
            fs::write(&path, csv(&lines)?)?;
            eprintln!("{student:?}, batch {batch}: done");
        }
    }
    print!("{}", told(&lines)?);
    Ok(())
}

fn csv(lines: &[Line]) -> Result<String, std::fmt::Error> {
    let mut text =
        "width,sparsity,batch,learning_rate,budget,seed,updates,train,validation,test\n".to_owned();
    for Line { choice: Choice { student, batch, rate }, budget, seed, losses } in lines {
        let Student { width, sparsity } = student;
        write!(text, "{width},{sparsity},{batch},{rate},{},{seed}", budget.name())?;
        match losses {
            Some(Losses { updates, train, validation, test }) => {
                writeln!(text, ",{updates},{train:.6},{validation:.6},{test:.6}")?;
            }
            None => writeln!(text, ",,,,")?,
        }
    }
    Ok(text)
}

/// Of each budget and batch size the best rate with its losses, and how much more the whole set's is, seed by seed,
/// with its 95 % interval by Student's t.
fn told(lines: &[Line]) -> Result<String, Box<dyn Error>> {
    let mut text = String::new();
    for student in STUDENTS {
        for budget in Budget::ALL {
            writeln!(text, "{student:?}, {}:", budget.name())?;
            let whole = best(lines, student, budget, TRAIN).ok_or("the whole set diverged")?;
            for batch in BATCHES.map(|k| 1 << k) {
                let Some(Best { rate, losses }) = best(lines, student, budget, batch) else {
                    continue;
                };
                let of = |get: fn(&Losses) -> f64| mean(losses.iter().map(get));
                let pairs = losses.iter().zip(&whole.losses);
                let (more, variance) = mean_and_variance(pairs.map(|(a, b)| b.test - a.test));
                let error = T * (variance / (SEEDS - 1) as f64).sqrt();
                writeln!(
                    text,
                    "  batch {batch:3}: rate 2^{:.0}, train {:.4}, test {:.4}, whole set's more by {more:.4} ± {error:.4}",
                    rate.log2(),
                    of(|losses| losses.train),
                    of(|losses| losses.test),
                )?;
            }
        }
    }
    Ok(text)
}

/// The rate of the least mean validation loss, of those with which no seed diverged.
struct Best {
    rate: f64,
    /// By seed.
    losses: Vec<Losses>,
}

fn best(lines: &[Line], student: Student, budget: Budget, batch: usize) -> Option<Best> {
    let of = |rate: f64| -> Option<Best> {
        let choice = Choice { student, batch, rate };
        let is = |line: &&Line| line.choice == choice && line.budget == budget;
        let losses = lines.iter().filter(is).map(|line| line.losses).collect::<Option<_>>()?;
        Some(Best { rate, losses })
    };
    let validation = |of: &Best| mean(of.losses.iter().map(|losses| losses.validation));
    let all = RATES.into_iter().filter_map(|j| of(f64::from(j).exp2()));
    all.min_by(|a, b| validation(a).total_cmp(&validation(b)))
}
