//! The network of a cloned policy: what it reads of a step, what it is taught, and how it acts.

use rand_distr::{Distribution, StandardNormal};
use sparring_envs::EnvSpec;
use sparring_sparse::seed::Rng;
use sparring_sparse::{Seed, Step, Trainer};

use super::config::BcConfig;
use super::head::{Head, gaussian, moments};
use crate::action_box::ActionBox;
use crate::data::{ActionBuf, CLIP, Dataset, Episodes, Place, Scales, Vocabulary};
use crate::error::AgentError;
use crate::losses::cross_entropy::cross_entropy;
use crate::observations::Mode;
use crate::offline::asked::{Asked, teach};
use crate::offline::{Acting, ActingRow, Model, Taught};
use crate::policy_view::{After, Before, PolicyView, Scale};

/// A policy that clones.
pub struct Cloner {
    config: BcConfig,
    words: Vocabulary,
    /// Of a Gaussian.
    bounds: Option<ActionBox>,
    scales: Scales,
    trainer: Trainer,
    /// Numbers of a row.
    inputs: usize,
    /// What is still to come in the episode of each environment.
    to_go: Vec<f32>,
}

/// Steps as the network reads them, and what it is to say.
#[derive(Default)]
struct Lesson {
    /// `(rows, inputs)`.
    rows: Vec<f32>,
    /// Of all heads but a Gaussian.
    tokens: Vec<Option<u32>>,
    /// Of a Gaussian: `(steps, act_dim)` in `[−1, 1]`.
    numbers: Vec<f32>,
}

/// Steps that are scored at once.
const AT_ONCE: usize = 1024;

impl Cloner {
    /// A fresh one for `spec`; all that it draws comes from streams below `seed`.
    ///
    /// # Errors
    /// Those of [`BcConfig::layers`], and a sparsity that the layers cannot have.
    pub fn new(config: BcConfig, spec: &EnvSpec, seed: &Seed) -> Result<Self, AgentError> {
        let (layers, words) = (config.layers(spec)?, config.words(spec)?);
        let optimizer = config.training.optimizer;
        let trainer = Trainer::new("bc", &layers, &config.sparsity, optimizer, seed)?;
        Ok(Self {
            bounds: match config.head {
                Head::Gaussian => Some(ActionBox::of(spec, "bc")?),
                Head::Factorised | Head::Autoregressive => None,
            },
            inputs: config.input(spec, &words).dim(),
            scales: Scales::none(spec.obs.dim()),
            to_go: Vec::new(),
            config,
            words,
            trainer,
        })
    }

    /// Appends the row of `obs` to `rows`, for which the tokens `known` of the action are known.
    fn row(&self, obs: &[f32], to_go: f32, known: &[u32], rows: &mut Vec<f32>) {
        let (start, dim) = (rows.len(), self.scales.obs_dim());
        rows.resize(start + self.inputs, 0.0);
        let (seen, rest) = rows[start..].split_at_mut(dim);
        self.scales.observation(obs, seen);
        let (told, rest) = rest.split_at_mut(usize::from(self.config.training.is_conditioned()));
        told.fill(self.scales.to_go(to_go));
        if let (Head::Autoregressive, false) = (self.config.head, rest.is_empty()) {
            let (place, tokens) = rest.split_at_mut(self.words.tokens());
            place[known.len()] = 1.0;
            for (j, token) in known.iter().enumerate() {
                tokens[j * self.words.size + *token as usize] = 1.0;
            }
        }
    }

    /// What the steps at `places` teach.
    fn lesson<'a>(&self, places: impl Iterator<Item = Place<'a>>) -> Lesson {
        let mut lesson = Lesson::default();
        for Place { episode, t, .. } in places {
            let of = &episode.trajectory;
            let obs: Vec<f32> = of.obs_at(t, self.scales.obs_dim()).values().collect();
            let tokens: Vec<u32> = self.words.of_step(&of.actions, t).collect();
            let passes = self.config.passes(&self.words);
            for known in 0..passes {
                self.row(&obs, episode.to_go[t], &tokens[..known], &mut lesson.rows);
            }
            match (&self.bounds, &of.actions) {
                (Some(bounds), ActionBuf::Continuous(all)) => {
                    let dim = bounds.dim();
                    bounds.unscale(&all[t * dim..(t + 1) * dim], &mut lesson.numbers);
                }
                (Some(_), ActionBuf::Discrete(_)) | (None, _) => {
                    lesson.tokens.extend(tokens.into_iter().map(Some));
                }
            }
        }
        lesson
    }

    fn teach(&mut self, lesson: &Lesson, step: Step) -> Result<Taught, AgentError> {
        let Some(bounds) = &self.bounds else {
            let asked = Asked { rows: &lesson.rows, targets: &lesson.tokens };
            return asked.teach(&mut self.trainer, step);
        };
        let (numbers, dim) = (&lesson.numbers, bounds.dim());
        teach(&mut self.trainer, step, &lesson.rows, |y| gaussian(y, numbers, dim))
    }

    /// What is still to come for `row`, where the policy is told.
    fn left(&mut self, row: &ActingRow<'_>, target: f32) -> f32 {
        if self.to_go.len() <= row.env {
            self.to_go.resize(row.env + 1, target);
        }
        let to_go = &mut self.to_go[row.env];
        *to_go = if row.first { target } else { *to_go - row.reward as f32 };
        *to_go
    }

    /// The tokens of one action for `obs`.
    fn tokens(
        &self,
        acting: &Acting<'_>,
        (obs, to_go): (&[f32], f32),
        rng: &mut Rng,
    ) -> Result<Vec<u32>, AgentError> {
        let (mut rows, mut tokens) = (Vec::new(), Vec::new());
        for _ in 0..self.config.passes(&self.words) {
            rows.clear();
            self.row(obs, to_go, &tokens, &mut rows);
            let y = self.trainer.network().outputs(&rows)?;
            let each = y.chunks_exact(self.words.size);
            tokens.extend(each.map(|logits| acting.choose(logits, rng)));
        }
        Ok(tokens)
    }
}

impl Model for Cloner {
    fn trainer(&self) -> &Trainer {
        &self.trainer
    }

    fn trainer_mut(&mut self) -> &mut Trainer {
        &mut self.trainer
    }

    fn scales(&self) -> &Scales {
        &self.scales
    }

    fn set_scales(&mut self, scales: Scales) {
        self.scales = scales;
    }

    fn update(
        &mut self,
        data: &Dataset,
        count: usize,
        rng: &mut Rng,
    ) -> Result<Taught, AgentError> {
        let step = self.trainer.begin_step()?;
        let lesson = self.lesson(data.train.sample(count, rng));
        self.teach(&lesson, step)
    }

    fn loss(&mut self, episodes: &Episodes, _rng: &mut Rng) -> Result<f64, AgentError> {
        let (mut sum, mut count) = (0.0, 0usize);
        for first in (0..episodes.steps()).step_by(AT_ONCE) {
            let steps = (first..episodes.steps()).take(AT_ONCE);
            let lesson = self.lesson(steps.filter_map(|step| episodes.at(step)));
            let y = self.trainer.network().outputs(&lesson.rows)?;
            let (loss, asked) = match &self.bounds {
                Some(bounds) => {
                    let numbers = lesson.numbers.len();
                    (gaussian(&y, &lesson.numbers, bounds.dim()).value, numbers)
                }
                None => {
                    let loss = cross_entropy(&y, self.words.size, &lesson.tokens);
                    (loss.value, lesson.tokens.len())
                }
            };
            sum += f64::from(loss) * asked as f64;
            count += asked;
        }
        Ok(sum / count.max(1) as f64)
    }

    fn act(
        &mut self,
        acting: &Acting<'_>,
        rng: &mut Rng,
        actions: &mut ActionBuf,
    ) -> Result<(), AgentError> {
        for row in acting.rows(self.scales.obs_dim()) {
            let to_go = self.left(&row, acting.target);
            let Some(bounds) = &self.bounds else {
                let tokens = self.tokens(acting, (row.obs, to_go), rng)?;
                self.words.act(&tokens, actions);
                continue;
            };
            let mut rows = Vec::new();
            self.row(row.obs, to_go, &[], &mut rows);
            let y = self.trainer.network().outputs(&rows)?;
            let number = |j: usize| {
                let (mean, std) = moments(&y, j);
                let noise: f32 = match acting.mode {
                    Mode::Eval => 0.0,
                    Mode::Train => StandardNormal.sample(rng),
                };
                mean + std * noise
            };
            let inner: Vec<f32> = (0..bounds.dim()).map(number).collect();
            let mut outer = Vec::new();
            bounds.scale(&inner, &mut outer);
            if let ActionBuf::Continuous(all) = actions {
                all.extend(outer);
            }
        }
        Ok(())
    }

    fn policy_view(&self) -> Result<Option<PolicyView>, AgentError> {
        let is_plain = self.config.head != Head::Gaussian
            && self.words.is_discrete()
            && !self.config.training.is_conditioned();
        if !is_plain {
            return Ok(None);
        }
        let [mean, deviation] = self.scales.moments();
        let scale = Some(Scale { mean, deviation, clip: CLIP });
        let before = Before { dim: self.scales.obs_dim(), divisor: 1.0, scale };
        let after = After::Largest { first: 0 };
        PolicyView::of(before, &self.trainer, after).map(Some)
    }
}
