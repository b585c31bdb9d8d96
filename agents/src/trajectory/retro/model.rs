//! The transformer over a sequence and its neighbours, and how it acts.

use std::sync::Arc;

use sparring_sparse::seed::Rng;
use sparring_sparse::{Saved, Seed, Trainer};

use super::super::decoder::Training;
use super::super::layout::Token;
use super::database::Database;
use super::retrofit::widened;
use super::rows::RetroLayout;
use crate::data::{ActionBuf, Dataset, Episodes, Place, Scales};
use crate::error::AgentError;
use crate::offline::asked::{Asked, Nats};
use crate::offline::{Acting, ActingRow, Model, Taught};

/// A decoder that reads neighbours.
pub struct Retro {
    layout: RetroLayout,
    trainer: Trainer,
    database: Option<Database>,
    /// The neighbours of the chunk that begins at each step that is learnt from.
    neighbours: Vec<Vec<u32>>,
    /// The episode of each environment.
    under: Vec<Under>,
}

/// An episode under way.
#[derive(Clone, Debug, Default)]
struct Under {
    /// Rows of the decoder, oldest first, of whole steps.
    rows: Vec<Vec<f32>>,
    /// Observations of the same steps.
    obs: Vec<Vec<f32>>,
    /// The neighbours of each whole chunk of them.
    neighbours: Vec<Vec<u32>>,
    time: usize,
    to_go: f32,
}

/// Sequences of a batch.
#[derive(Default)]
struct Batch {
    rows: Vec<f32>,
    targets: Vec<Option<u32>>,
}

impl Batch {
    fn asked(&self) -> Asked<'_> {
        Asked { rows: &self.rows, targets: &self.targets }
    }
}

/// Sequences that are scored at once.
const AT_ONCE: usize = 32;

impl Retro {
    /// A fresh one over rows of `layout`.
    ///
    /// # Errors
    /// A sparsity that its layers cannot have.
    pub fn new(layout: RetroLayout, of: &Training<'_>, seed: &Seed) -> Result<Self, AgentError> {
        let layers = of.layers(layout.tokens_of())?;
        let seed = seed.child("retro");
        let trainer = Trainer::new("retro", &layers, of.sparsity, of.optimizer, &seed)?;
        Ok(Self { layout, trainer, database: None, neighbours: Vec::new(), under: Vec::new() })
    }

    /// The sequences that begin at `places`, each beside the number of its first step, with neighbours by the step at
    /// which a chunk begins.
    fn batch<'a>(
        &self,
        places: impl Iterator<Item = (Place<'a>, usize)>,
        neighbours: &[Vec<u32>],
    ) -> Batch {
        let RetroLayout { own, chunks, .. } = &self.layout;
        let (tokens, inputs) = (self.layout.tokens(), self.layout.inputs());
        let mut batch = Batch::default();
        let mut plain = vec![0.0; own.tokens() * own.inputs()];
        for (place, step) in places {
            let (row, target) = (batch.rows.len(), batch.targets.len());
            batch.rows.resize(row + tokens * inputs, 0.0);
            batch.targets.resize(target + tokens, None);
            plain.fill(0.0);
            let targets = &mut batch.targets[target..][..own.tokens()];
            own.window(place.episode, place.t, (&mut plain, targets));
            let rows = &mut batch.rows[row..];
            self.layout.spread(&plain, rows);
            let Some(database) = &self.database else { continue };
            let left = place.episode.trajectory.len() - place.t;
            // A chunk is read by the one after it, of which there must be a step.
            for chunk in 0..left.min(own.steps).div_ceil(chunks.steps).saturating_sub(1) {
                if let Some(ids) = neighbours.get(step + chunk * chunks.steps) {
                    self.layout.retrieve(database, chunk, ids, rows);
                }
            }
        }
        batch
    }

    /// The tokens of the action for `row`, token by token.
    fn tokens(
        &mut self,
        acting: &Acting<'_>,
        row: &ActingRow<'_>,
        rng: &mut Rng,
    ) -> Result<Vec<u32>, AgentError> {
        let Self { layout, trainer, database, under, .. } = self;
        let RetroLayout { own, chunks, .. } = &*layout;
        if under.len() <= row.env {
            under.resize(row.env + 1, Under::default());
        }
        let under = &mut under[row.env];
        match row.first {
            true => *under = Under { to_go: acting.target, ..Under::default() },
            false => {
                under.to_go -= row.reward as f32;
                under.time += 1;
            }
        }
        under.forget(layout);
        // The chunk that ended is asked for once.
        let whole = under.obs.len() / chunks.steps;
        if under.neighbours.len() < whole
            && let Some(database) = database
        {
            let chunk = &under.obs[(whole - 1) * chunks.steps..whole * chunks.steps];
            under.neighbours.push(database.nearest(chunk.iter().map(Vec::as_slice)));
        }
        under.obs.push(row.obs.to_vec());
        if own.conditioned {
            under.push(layout, Token::ToGo(under.to_go));
        }
        under.push(layout, Token::Observation(row.obs));
        let mut rows = vec![0.0; layout.tokens() * layout.inputs()];
        if let Some(database) = database {
            for (chunk, ids) in under.neighbours.iter().enumerate() {
                layout.retrieve(database, chunk, ids, &mut rows);
            }
        }
        let mut tokens = Vec::new();
        for place in 0..own.words.tokens() {
            layout.spread(&under.rows.concat(), &mut rows);
            let y = trainer.network().outputs(&rows)?;
            let logits = &y[(under.rows.len() - 1) * own.words.size..][..own.words.size];
            let token = acting.choose(logits, rng);
            under.push(layout, Token::Action { place, token });
            tokens.push(token);
        }
        Ok(tokens)
    }
}

impl Under {
    fn push(&mut self, layout: &RetroLayout, token: Token<'_>) {
        let mut row = vec![0.0; layout.own.inputs()];
        layout.own.write(token, self.time, &mut row);
        self.rows.push(row);
    }

    /// Makes room for a step: the older half of a full sequence goes, in whole chunks.
    fn forget(&mut self, layout: &RetroLayout) {
        let RetroLayout { own, chunks, .. } = layout;
        if self.obs.len() < own.steps {
            return;
        }
        let gone = (own.steps / 2).next_multiple_of(chunks.steps).min(own.steps);
        self.obs.drain(..gone);
        self.rows.drain(..gone * own.of_step());
        self.neighbours.drain(..(gone / chunks.steps).min(self.neighbours.len()));
    }
}

impl Model for Retro {
    fn trainer(&self) -> &Trainer {
        &self.trainer
    }

    fn trainer_mut(&mut self) -> &mut Trainer {
        &mut self.trainer
    }

    fn scales(&self) -> &Scales {
        &self.layout.own.scales
    }

    fn set_scales(&mut self, scales: Scales) {
        self.layout.own.scales = scales;
    }

    fn recalls(&self) -> bool {
        true
    }

    fn recall(&mut self, data: &Arc<Dataset>) {
        self.database = Some(Database::new(self.layout.chunks, data, self.scales()));
    }

    fn retrofit(&mut self, saved: &Saved) -> Result<(), AgentError> {
        let wide = widened(self.trainer.network().layers(), saved)?;
        Ok(self.trainer.start_from(&wide)?)
    }

    fn prepare(&mut self, data: &Arc<Dataset>) {
        self.recall(data);
        self.neighbours =
            self.database.as_ref().map(|of| of.of_all(&data.train, true)).unwrap_or_default();
    }

    fn update(
        &mut self,
        data: &Dataset,
        count: usize,
        rng: &mut Rng,
    ) -> Result<Taught, AgentError> {
        let step = self.trainer.begin_step()?;
        let places = data.train.sample(count, rng);
        let places = places.map(|place| (place, data.train.first(place.number) + place.t));
        let batch = self.batch(places, &self.neighbours);
        batch.asked().teach(&mut self.trainer, step)
    }

    fn loss(&mut self, episodes: &Episodes, _rng: &mut Rng) -> Result<f64, AgentError> {
        let neighbours =
            self.database.as_ref().map(|of| of.of_all(episodes, false)).unwrap_or_default();
        let starts: Vec<(Place<'_>, usize)> = episodes
            .iter()
            .enumerate()
            .flat_map(|(number, episode)| {
                let steps = (0..episode.trajectory.len()).step_by(self.layout.own.steps);
                let first = episodes.first(number);
                steps.map(move |t| (Place { number, episode, t }, first + t))
            })
            .collect();
        let mut nats = Nats::default();
        for starts in starts.chunks(AT_ONCE) {
            let batch = self.batch(starts.iter().copied(), &neighbours);
            nats.add(&self.trainer, self.layout.own.words.size, batch.asked())?;
        }
        Ok(nats.mean())
    }

    fn act(
        &mut self,
        acting: &Acting<'_>,
        rng: &mut Rng,
        actions: &mut ActionBuf,
    ) -> Result<(), AgentError> {
        for row in acting.rows(self.layout.own.scales.obs_dim()) {
            let tokens = self.tokens(acting, &row, rng)?;
            self.layout.own.words.act(&tokens, actions);
        }
        Ok(())
    }
}
