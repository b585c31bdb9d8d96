//! Plans of actions by iterative denoising: SUNDAE (Savinov et al. 2022, 2112.06749) over the tokens of the next `H`
//! actions, by a transformer without a mask.
//!
//! Training corrupts a plan `x` and lets the network repair it, also from what it made itself of what was corrupt:
//!
//! ```text
//! r ~ U[0, 1] a plan, x₀: each token of x replaced with probability r by one that is drawn alike
//! x_u ~ softmax(f(x_{u−1} | s))                          without a gradient
//! L = mean over u = 0 … U−1 of −mean log softmax(f(x_u | s))[x]      in nats a token
//! ```
//!
//! `U = 1` is a denoising autoencoder; the paper has 2. A plan is made from tokens that are drawn alike, or from the plan
//! before, shifted: each step draws all tokens from `softmax(f(x | s)/τ)` and puts a random share of them in their
//! places, the last step takes the likeliest. Tokens that are fixed stay as they are: infilling.

use rand::RngExt;
use sparring_sparse::seed::Rng;
use sparring_sparse::{Seed, Trainer};

use super::asked::Asked;
use super::decoder::Training;
use super::scales::Scales;
use super::vocabulary::Vocabulary;
use crate::error::AgentError;
use crate::explore::{by_softmax, largest, log_sum_exp};
use crate::networks::transformer::transformer;

/// How plans are laid out as rows: first what they are made for, then a row for each of their tokens.
#[derive(Clone, Debug, PartialEq)]
pub struct PlanLayout {
    /// What actions are.
    pub words: Vocabulary,
    /// Actions of a plan, `H`.
    pub horizon: usize,
    /// Of observations and returns.
    pub scales: Scales,
}

/// What a plan is made for, and the plan.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plans {
    /// `(plans, obs_dim)`.
    pub obs: Vec<f32>,
    /// What is still to come, `(plans)`; nothing where plans are not conditioned on it.
    pub to_go: Vec<f32>,
    /// `(plans, tokens)`.
    pub tokens: Vec<u32>,
}

/// How a plan is made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampling {
    /// Steps at most; it ends where nothing changes.
    pub steps: usize,
    /// `τ`.
    pub temperature: f32,
    /// The share of tokens that a step puts in their places.
    pub share: f32,
}

impl PlanLayout {
    /// Tokens of a plan.
    pub fn tokens(&self) -> usize {
        self.horizon * self.words.tokens()
    }

    /// Rows of a plan.
    fn rows(&self) -> usize {
        1 + self.tokens()
    }

    /// Numbers of a row: which it is, what is to come, the observation, the token.
    pub fn inputs(&self) -> usize {
        self.rows() + 1 + self.scales.obs_dim() + self.words.size
    }

    /// Appends the rows of `plans` whose tokens are `tokens` to `to`.
    fn write(&self, plans: &Plans, tokens: &[u32], to: &mut Vec<f32>) {
        let (inputs, dim) = (self.inputs(), self.scales.obs_dim());
        let each = plans.obs.chunks_exact(dim).zip(tokens.chunks_exact(self.tokens()));
        for (i, (obs, tokens)) in each.enumerate() {
            let start = to.len();
            to.resize(start + self.rows() * inputs, 0.0);
            let (first, rest) = to[start..].split_at_mut(inputs);
            first[0] = 1.0;
            let (to_go, numbers) = first[self.rows()..].split_at_mut(1);
            to_go[0] = plans.to_go.get(i).map_or(0.0, |to_go| self.scales.to_go(*to_go));
            self.scales.observation(obs, &mut numbers[..dim]);
            for (place, (row, token)) in rest.chunks_exact_mut(inputs).zip(tokens).enumerate() {
                row[1 + place] = 1.0;
                row[self.rows() + 1 + dim + *token as usize] = 1.0;
            }
        }
    }
}

/// A transformer that learns to repair plans.
#[derive(Debug)]
pub struct Denoiser {
    layout: PlanLayout,
    trainer: Trainer,
    unrolls: usize,
    updates: u64,
}

impl Denoiser {
    /// A fresh one, of `unrolls` a loss.
    ///
    /// # Errors
    /// A sparsity that its layers cannot have.
    pub fn new(
        layout: PlanLayout,
        unrolls: usize,
        of: &Training<'_>,
        seed: &Seed,
    ) -> Result<Self, AgentError> {
        let tokens = (layout.rows(), false);
        let layers =
            transformer(layout.inputs(), of.size, tokens, layout.words.size, of.weight_decay);
        let trainer =
            Trainer::new("denoiser", &layers, of.sparsity, of.optimizer, &seed.child("denoiser"))?;
        Ok(Self { layout, trainer, unrolls, updates: 0 })
    }

    /// How its rows are laid out.
    pub fn layout(&self) -> &PlanLayout {
        &self.layout
    }

    /// Its network.
    pub fn trainer(&self) -> &Trainer {
        &self.trainer
    }

    /// The logits of the tokens, `(plans · tokens, words)`, from what the network gives of all rows.
    fn of_tokens(&self, y: Vec<f32>) -> Vec<f32> {
        let (words, rows) = (self.layout.words.size, self.layout.rows());
        y.chunks_exact(rows * words).flat_map(|plan| plan[words..].iter().copied()).collect()
    }

    /// The rows of all unrolls of `plans`, one after the other.
    fn unroll(&self, plans: &Plans, rng: &mut Rng) -> Result<Vec<f32>, AgentError> {
        let mut tokens = corrupt(&plans.tokens, &self.layout, rng);
        let mut rows = Vec::new();
        for unroll in 0..self.unrolls {
            let start = rows.len();
            self.layout.write(plans, &tokens, &mut rows);
            if unroll + 1 < self.unrolls {
                let y = self.trainer.network().outputs(&rows[start..])?;
                let logits = self.of_tokens(y);
                let each = logits.chunks_exact(self.layout.words.size);
                tokens = each.map(|logits| draw(logits, 1.0, rng)).collect();
            }
        }
        Ok(rows)
    }

    /// One gradient step; gives `L` before it.
    ///
    /// # Errors
    /// A loss that is no number, and those of the network.
    pub fn update(&mut self, plans: &Plans, rng: &mut Rng) -> Result<f32, AgentError> {
        let step = self.trainer.begin_step()?;
        let rows = self.unroll(plans, rng)?;
        let tokens = plans.tokens.chunks_exact(self.layout.tokens());
        let one = tokens
            .flat_map(|plan| std::iter::once(None).chain(plan.iter().map(|token| Some(*token))));
        let targets = one.collect::<Vec<_>>().repeat(self.unrolls);
        let tokens = Asked { rows: &rows, targets: &targets };
        let value = tokens.teach(&mut self.trainer, step, self.updates)?;
        self.updates += 1;
        Ok(value)
    }

    /// Makes plans from the tokens of `plans`, of which those at `fixed` places stay.
    ///
    /// # Errors
    /// Those of the network.
    pub fn make(
        &self,
        plans: &mut Plans,
        fixed: &[bool],
        sampling: Sampling,
        rng: &mut Rng,
    ) -> Result<(), AgentError> {
        let Sampling { steps, temperature, share } = sampling;
        let mut rows = Vec::new();
        for step in 1..=steps {
            rows.clear();
            self.layout.write(plans, &plans.tokens, &mut rows);
            let logits = self.of_tokens(self.trainer.network().outputs(&rows)?);
            let mut changed = false;
            let each = plans.tokens.iter_mut().zip(logits.chunks_exact(self.layout.words.size));
            for (place, (token, logits)) in each.enumerate() {
                let next = match step == steps {
                    true => largest(logits) as u32,
                    false => draw(logits, temperature, rng),
                };
                let takes = step == steps || rng.random::<f32>() < share;
                if takes && !fixed.get(place).is_some_and(|fixed| *fixed) {
                    changed |= next != *token;
                    *token = next;
                }
            }
            if !changed {
                break;
            }
        }
        Ok(())
    }

    /// Tokens that are drawn alike, for `count` plans.
    pub fn noise(&self, count: usize, rng: &mut Rng) -> Vec<u32> {
        let words = self.layout.words.size as u32;
        (0..count * self.layout.tokens()).map(|_| rng.random_range(0..words)).collect()
    }

    /// A plan whose first action was taken, for the next one: its last action comes twice.
    pub fn shifted(&self, tokens: &[u32]) -> Vec<u32> {
        let each = self.layout.words.tokens();
        let last = &tokens[tokens.len().saturating_sub(each)..];
        tokens.iter().skip(each).chain(last).copied().collect()
    }
}

/// Each plan's tokens, each replaced with a probability of its own plan.
fn corrupt(tokens: &[u32], layout: &PlanLayout, rng: &mut Rng) -> Vec<u32> {
    let words = layout.words.size as u32;
    let mut all = tokens.to_vec();
    for plan in all.chunks_exact_mut(layout.tokens()) {
        let rate: f32 = rng.random();
        for token in plan {
            if rng.random::<f32>() < rate {
                *token = rng.random_range(0..words);
            }
        }
    }
    all
}

/// A token by the softmax of `logits / τ`.
fn draw(logits: &[f32], temperature: f32, rng: &mut Rng) -> u32 {
    let scaled: Vec<f32> = logits.iter().map(|z| z / temperature).collect();
    by_softmax(&scaled, log_sum_exp(&scaled), rng) as u32
}

#[cfg(test)]
mod tests {
    use sparring_envs::{EnvSpec, Space, spec};

    use super::*;
    use crate::data::{Statistics, Summing};

    fn layout() -> PlanLayout {
        let (obs, action) = (Space::uniform(&[1], -1.0, 1.0), Space::Discrete { n: 4 });
        let statistics: Statistics = Summing::new(&obs, &action).finish();
        let env = EnvSpec { obs, action, ..spec("CartPole-v1").unwrap() };
        let words = Vocabulary::of(&env, 4).unwrap();
        PlanLayout { words, horizon: 2, scales: Scales::of(1, &statistics) }
    }

    #[test]
    fn half_of_the_tokens_are_drawn_again_and_a_quarter_of_these_stay() {
        let (n, mut rng) = (20_000, Seed::new(1).rng());
        let changed = corrupt(&vec![2; n], &layout(), &mut rng);
        // The mean of r is 1/2, and one of four draws is the token itself.
        let share = changed.iter().filter(|token| **token != 2).count() as f64 / n as f64;
        assert!((share - 0.375).abs() < 0.015, "{share}");
        let near = (0..4000).filter(|_| draw(&[0.0, 3f32.ln()], 1.0, &mut rng) == 1).count();
        assert!((near as f64 / 4000.0 - 0.75).abs() < 0.03);
        let cold = (0..4000).filter(|_| draw(&[0.0, 3f32.ln()], 0.5, &mut rng) == 1).count();
        assert!((cold as f64 / 4000.0 - 0.9).abs() < 0.03);
    }

    #[test]
    fn rows_say_what_stands_in_them() {
        let layout = layout();
        let plans = Plans { obs: vec![0.5], to_go: vec![3.0], tokens: vec![3, 0] };
        let mut rows = Vec::new();
        layout.write(&plans, &plans.tokens, &mut rows);
        assert_eq!((layout.tokens(), layout.inputs(), rows.len()), (2, 3 + 1 + 1 + 4, 27));
        assert_eq!(rows[..3], [1.0, 0.0, 0.0]);
        assert_eq!((rows[3], rows[5..9].iter().sum::<f32>()), (3.0, 0.0));
        assert_eq!(rows[9..18], [0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
        assert_eq!(rows[18..], [0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0]);
    }
}
