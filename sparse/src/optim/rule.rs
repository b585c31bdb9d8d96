//! The rules by which a weight follows its gradient, one pass over flat slices each.

use pulp::{Arch, Simd, WithSimd};
use serde::{Deserialize, Serialize};

use crate::error::SparseError;
use crate::real::Real;
use crate::section::Section;

/// How weights follow their gradients. `g` is the gradient after L2 penalties and clipping, `t` the
/// network's step, counted from 1.
///
/// Moments and weights that underflow are 0; see [`Real`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Rule {
    /// `m ← β₁m + (1−β₁)g`, `v ← β₂v + (1−β₂)g²`, `w ← w − lr · √(1−β₂ᵗ)/(1−β₁ᵗ) · m / (√v + ε)`
    ///
    /// (Kingma & Ba 2015, 1412.6980, the form at the end of section 2, which is Keras's: `ε` is
    /// their `ε̂`.) With [`WeightDecay::Decoupled`](super::WeightDecay::Decoupled) it is AdamW.
    Adam {
        /// `β₁`.
        beta1: f64,
        /// `β₂`.
        beta2: f64,
        /// `ε`.
        eps: f64,
    },
    /// `m ← μm + g`, `w ← w − lr · m` (PyTorch's form, without dampening).
    Sgd {
        /// `μ`; 0 is plain gradient descent.
        momentum: f64,
    },
}

impl Rule {
    /// Values that it keeps beside each weight.
    pub fn moments(self) -> usize {
        match self {
            Self::Adam { .. } => 2,
            Self::Sgd { .. } => 1,
        }
    }

    /// What it multiplies a step by in place of `lr` at step `t`, counted from 1.
    pub fn corrected(self, learning_rate: f64, t: u64) -> f64 {
        match self {
            Self::Adam { beta1, beta2, .. } => {
                let t = t as f64;
                learning_rate * (1.0 - beta2.powf(t)).sqrt() / (1.0 - beta1.powf(t))
            }
            Self::Sgd { .. } => learning_rate,
        }
    }

    /// Step `t`, counted from 1, of the few parameters `w` along `g`: without penalty and clipping.
    pub fn step<F: Real>(
        self,
        learning_rate: f64,
        t: u64,
        w: &mut [F],
        g: &[F],
        moments: &mut Moments<F>,
    ) {
        let Moments([m, v]) = moments;
        Pass::new(self, learning_rate, t, F::of(1.0)).run(w, g, m, v, [F::of(0.0), F::of(1.0)]);
    }
}

/// `m` and `v` of the weights that they stand beside; a rule without `v` leaves it empty.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Moments<F = f32>(pub(crate) [Vec<F>; 2]);

impl<F: Real> Moments<F> {
    /// Zeros for `size` weights.
    pub fn new(rule: Rule, size: usize) -> Self {
        let second = if rule.moments() > 1 { size } else { 0 };
        Self([vec![F::of(0.0); size], vec![F::of(0.0); second]])
    }
}

impl<F> Moments<F> {
    /// `m` and `v`.
    pub fn both(&self) -> [&[F]; 2] {
        [&self.0[0], &self.0[1]]
    }

    /// Of these `m` and `v`.
    pub fn of(both: [Vec<F>; 2]) -> Self {
        Self(both)
    }

    /// Whether `other` has as many of each.
    pub fn is_like(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).all(|(own, other)| own.len() == other.len())
    }
}

impl Moments {
    /// What a saved state calls them.
    const NAMES: [&str; 2] = ["m", "v"];

    /// Writes both.
    pub(crate) fn save(&self, to: &mut Section) {
        for (name, moments) in Self::NAMES.into_iter().zip(&self.0) {
            to.put_f32(name, moments);
        }
    }

    /// Takes back what [`Self::save`] wrote of as many weights under the same rule.
    ///
    /// # Errors
    /// What is missing, and another number of weights.
    pub(crate) fn load(&mut self, from: &Section) -> Result<(), SparseError> {
        for (name, moments) in Self::NAMES.into_iter().zip(&mut self.0) {
            *moments = from.f32_of(name, moments.len())?;
        }
        Ok(())
    }

    /// The moments that `change` makes of each kind that there is.
    pub(crate) fn map(&self, change: impl Fn(usize, &[f32]) -> Vec<f32>) -> Self {
        let kind = |k: usize| match self.0[k].as_slice() {
            [] => Vec::new(),
            moments => change(k, moments),
        };
        Self([kind(0), kind(1)])
    }
}

/// A rule at one step of a network.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pass<F> {
    rule: Rule,
    rate: F,
    /// What clipping leaves of the gradient.
    pub scale: F,
}

impl<F: Real> Pass<F> {
    /// Step `t`, counted from 1.
    pub fn new(rule: Rule, learning_rate: f64, t: u64, scale: F) -> Self {
        Self { rule, rate: F::of(rule.corrected(learning_rate, t)), scale }
    }

    /// Steps `w` along `scale · (g + l2 · w)`, shrunk to `keep · w` where decay is decoupled.
    pub fn run(&self, w: &mut [F], g: &[F], m: &mut [F], v: &mut [F], [l2, keep]: [F; 2]) {
        Arch::new().dispatch(Run { pass: *self, w, g, m, v, l2, keep });
    }
}

/// [`Pass::run`]: a struct, because a closure is compiled apart from the dispatch, without its
/// instructions.
struct Run<'a, F> {
    pass: Pass<F>,
    w: &'a mut [F],
    g: &'a [F],
    m: &'a mut [F],
    v: &'a mut [F],
    l2: F,
    keep: F,
}

impl<F: Real> WithSimd for Run<'_, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { pass: Pass { rule, rate, scale }, w, g, m, v, l2, keep } = self;
        match rule {
            Rule::Adam { beta1, beta2, eps } => {
                let (one, beta1, beta2, eps) = (F::of(1.0), F::of(beta1), F::of(beta2), F::of(eps));
                for (((w, g), m), v) in w.iter_mut().zip(g).zip(m).zip(v) {
                    let g = (*g + l2 * *w) * scale;
                    *m = (beta1 * *m + (one - beta1) * g).zero_below(F::SMALLEST);
                    *v = (beta2 * *v + (one - beta2) * g * g).zero_below(F::SMALLEST);
                    *w = (keep * *w - rate * *m / (v.root() + eps)).zero_below(F::LEAST_WEIGHT);
                }
            }
            Rule::Sgd { momentum } => {
                let momentum = F::of(momentum);
                for ((w, g), m) in w.iter_mut().zip(g).zip(m) {
                    let g = (*g + l2 * *w) * scale;
                    *m = (momentum * *m + g).zero_below(F::SMALLEST);
                    *w = (keep * *w - rate * *m).zero_below(F::LEAST_WEIGHT);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three steps on two weights by the formulas of PyTorch's documentation, in double precision:
    ///
    /// ```python
    /// lr, b1, b2, eps, mu = 0.1, 0.9, 0.999, 1e-8, 0.9
    /// grads = [(0.5, -2.0), (0.25, 1.0), (-1.0, 0.5)]
    /// def run(decay, l2, rule):
    ///     out = []
    ///     for i, w in enumerate((1.0, -3.0)):
    ///         m = v = 0.0
    ///         for t in range(1, 4):
    ///             g = grads[t - 1][i] + l2 * w
    ///             w -= lr * decay * w
    ///             if rule == "adam":
    ///                 m = b1 * m + (1 - b1) * g
    ///                 v = b2 * v + (1 - b2) * g * g
    ///                 w -= lr * (m / (1 - b1**t)) / ((v / (1 - b2**t)) ** 0.5 + eps)
    ///             else:
    ///                 m = mu * m + g
    ///                 w -= lr * m
    ///         out.append(w)
    ///     return out
    /// print(run(0, 0, "adam"), run(0.2, 0, "adam"), run(0, 0.2, "adam"), run(0, 0, "sgd"), run(0, 0.2, "sgd"))
    /// ```
    #[test]
    fn three_steps_by_the_formulas_of_pytorch() {
        let adam = Rule::Adam { beta1: 0.9, beta2: 0.999, eps: 1e-8 };
        let sgd = Rule::Sgd { momentum: 0.9 };
        let table = [
            (adam, 0.0, 0.0, [0.827417743, -2.867227410]),
            (adam, 0.2, 0.0, [0.774434102, -2.695296085]),
            (adam, 0.0, 0.2, [0.797703436, -2.802106789]),
            (sgd, 0.0, 0.0, [0.917000000, -2.698000000]),
            (sgd, 0.0, 0.2, [0.810992000, -2.380256000]),
        ];
        for (rule, decay, l2, expected) in table {
            let mut w = [1.0f32, -3.0];
            let Moments([mut m, mut v]) = Moments::new(rule, 2);
            for (t, g) in (1..).zip([[0.5, -2.0], [0.25, 1.0], [-1.0, 0.5]]) {
                let keep = 1.0 - 0.1 * decay;
                Pass::new(rule, 0.1, t, 1.0).run(&mut w, &g, &mut m, &mut v, [l2, keep]);
            }
            for (w, e) in w.iter().zip(expected) {
                assert!((f64::from(*w) - e).abs() < 2e-6, "{rule:?} {decay} {l2}: {w} {e}");
            }
        }
    }

    /// A weight of a unit that learnt once, then died: what it and its moments are on their way is 0 or so large
    /// that nothing underflows, and 0 in the end.
    fn a_dead_unit_ends_at_zero<F: Real + Into<f64>>() {
        let adam = Rule::Adam { beta1: 0.9, beta2: 0.99, eps: 1e-8 };
        let sgd = Rule::Sgd { momentum: 0.9 };
        for (rule, rate, [l2, keep]) in [
            (adam, 3e-4, [0.0, 1.0]),
            (adam, 3e-4, [1e-4, 1.0]),
            (adam, 3e-4, [0.0, 0.99]),
            (sgd, 0.1, [0.0, 1.0]),
            (sgd, 0.1, [0.1, 1.0]),
        ] {
            let mut w = [F::of(0.5)];
            let Moments([mut m, mut v]) = Moments::new(rule, 1);
            let mut g = F::of(-0.25);
            for t in 1..80_000 {
                let decay = [F::of(l2), F::of(keep)];
                Pass::new(rule, rate, t, F::of(1.0)).run(&mut w, &[g], &mut m, &mut v, decay);
                g = F::of(0.0);
                for (values, least) in
                    [(&w[..], F::LEAST_WEIGHT), (&m, F::SMALLEST), (&v, F::SMALLEST)]
                {
                    let sizes = values.iter().map(|value| (*value).into().abs());
                    for size in sizes {
                        assert!(
                            size == 0.0 || size >= least.into(),
                            "{rule:?}, step {t}: {size:e}"
                        );
                    }
                }
            }
            assert_eq!(w[0].into() == 0.0, l2 > 0.0 || keep < 1.0, "{rule:?} {l2} {keep}");
            assert!(
                m.iter().chain(&v).all(|moment| (*moment).into() == 0.0),
                "{rule:?} {l2} {keep}"
            );
        }
    }

    #[test]
    fn a_dead_unit_ends_at_zero_in_both_precisions() {
        a_dead_unit_ends_at_zero::<f32>();
        a_dead_unit_ends_at_zero::<f64>();
    }
}
