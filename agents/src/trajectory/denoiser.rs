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

use super::decoder::Training;
use super::plans::{PlanLayout, Plans};
use crate::data::{ActionBuf, Dataset, Episodes, Scales};
use crate::error::AgentError;
use crate::explore::{by_softmax, largest, log_sum_exp};
use crate::offline::asked::{Asked, Nats};
use crate::offline::{Acting, Model, Taught};

/// Plans that are scored at once.
const AT_ONCE: usize = 64;

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

/// A transformer that learns to repair plans.
#[derive(Debug)]
pub struct Denoiser {
    layout: PlanLayout,
    trainer: Trainer,
    unrolls: usize,
    sampling: Sampling,
    /// The plan of each environment.
    under: Vec<Planned>,
}

/// A plan under way, and what is still to come.
#[derive(Clone, Debug, Default)]
struct Planned {
    tokens: Vec<u32>,
    to_go: f32,
}

impl Denoiser {
    /// A fresh one, of `unrolls` a loss, that acts by `sampling`.
    ///
    /// # Errors
    /// A sparsity that its layers cannot have.
    pub fn new(
        layout: PlanLayout,
        (unrolls, sampling): (usize, Sampling),
        of: &Training<'_>,
        seed: &Seed,
    ) -> Result<Self, AgentError> {
        let layers = of.layers(layout.tokens_of())?;
        let seed = seed.child("denoiser");
        let trainer = Trainer::new("denoiser", &layers, of.sparsity, of.optimizer, &seed)?;
        Ok(Self { layout, trainer, unrolls, sampling, under: Vec::new() })
    }

    /// How its rows are laid out.
    pub fn layout(&self) -> &PlanLayout {
        &self.layout
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

    /// What all rows of one unroll of `plans` are asked for.
    fn asked(&self, plans: &Plans) -> Vec<Option<u32>> {
        let tokens = plans.tokens.chunks_exact(self.layout.tokens());
        let of = |plan: &[u32]| plan.iter().map(|token| Some(*token)).collect::<Vec<_>>();
        tokens.flat_map(|plan| std::iter::once(None).chain(of(plan))).collect()
    }

    /// One gradient step on `plans`.
    ///
    /// # Errors
    /// A loss that is no number, and those of the network.
    pub fn teach(&mut self, plans: &Plans, rng: &mut Rng) -> Result<Taught, AgentError> {
        let step = self.trainer.begin_step()?;
        let rows = self.unroll(plans, rng)?;
        let targets = self.asked(plans).repeat(self.unrolls);
        Asked { rows: &rows, targets: &targets }.teach(&mut self.trainer, step)
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

impl Model for Denoiser {
    fn trainer(&self) -> &Trainer {
        &self.trainer
    }

    fn trainer_mut(&mut self) -> &mut Trainer {
        &mut self.trainer
    }

    fn scales(&self) -> &Scales {
        &self.layout.scales
    }

    fn set_scales(&mut self, scales: Scales) {
        self.layout.scales = scales;
    }

    fn update(
        &mut self,
        data: &Dataset,
        count: usize,
        rng: &mut Rng,
    ) -> Result<Taught, AgentError> {
        let plans = self.layout.plans(data.train.sample(count, rng));
        self.teach(&plans, rng)
    }

    /// `L` of plans that follow each other, of one corruption and all its unrolls.
    fn loss(&mut self, episodes: &Episodes, rng: &mut Rng) -> Result<f64, AgentError> {
        let mut nats = Nats::default();
        for first in (0..episodes.steps()).step_by(AT_ONCE * self.layout.horizon) {
            let steps = (first..).step_by(self.layout.horizon).take(AT_ONCE);
            let plans = self.layout.plans(steps.filter_map(|step| episodes.at(step)));
            let rows = self.unroll(&plans, rng)?;
            let targets = self.asked(&plans).repeat(self.unrolls);
            let asked = Asked { rows: &rows, targets: &targets };
            nats.add(&self.trainer, self.layout.words.size, asked)?;
        }
        Ok(nats.mean())
    }

    /// The first action of a plan, which is made from noise where an episode begins, and from the plan before else.
    fn act(
        &mut self,
        acting: &Acting<'_>,
        rng: &mut Rng,
        actions: &mut ActionBuf,
    ) -> Result<(), AgentError> {
        let mut plans = Plans::default();
        for row in acting.rows(self.layout.scales.obs_dim()) {
            if self.under.len() <= row.env {
                self.under.resize(row.env + 1, Planned::default());
            }
            let shifted = self.shifted(&self.under[row.env].tokens);
            let noise = self.noise(usize::from(row.first), rng);
            let planned = &mut self.under[row.env];
            match row.first {
                true => *planned = Planned { tokens: noise, to_go: acting.target },
                false => {
                    planned.tokens = shifted;
                    planned.to_go -= row.reward as f32;
                }
            }
            plans.obs.extend_from_slice(row.obs);
            plans.tokens.extend_from_slice(&planned.tokens);
            if self.layout.conditioned {
                plans.to_go.push(planned.to_go);
            }
        }
        self.make(&mut plans, &[], self.sampling, rng)?;
        for (plan, env) in plans.tokens.chunks_exact(self.layout.tokens()).zip(acting.seen.envs) {
            self.under[*env].tokens = plan.to_vec();
            self.layout.words.act(&plan[..self.layout.words.tokens()], actions);
        }
        Ok(())
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
    use super::super::plans::tests::layout;
    use super::*;

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
}
