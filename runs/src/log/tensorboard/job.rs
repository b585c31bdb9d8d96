//! What a job shows of itself while it trains.

use std::collections::BTreeMap;
use std::sync::Arc;

use sparring_agents::Agent;
use sparring_sparse::{Topology, Trainer};

use super::histogram::histogram;
use super::hparams::{start, told};
use super::image::mask;
use super::keys::TensorBoardKeys;
use super::text::{text, verbatim};
use super::value::scalar;
use super::writer::Writer;
use crate::checkpoint::Manifest;
use crate::job_folder::JobFolder;
use crate::plan::Job;
use crate::sizes::layers_table;

/// The events of one life of a job.
pub struct JobBoard {
    writer: Writer,
    keys: TensorBoardKeys,
    /// The masks that were shown last, by tag.
    masks: BTreeMap<String, Arc<Topology>>,
    /// The costs that were.
    costs: String,
}

impl JobBoard {
    /// Begins the life `life` of `job`, whose config is `resolved`, or goes on with it: at the step of the checkpoint
    /// `resumed`, of which all is to be shown anew.
    pub fn begin(
        job: Job<'_>,
        folder: &JobFolder,
        resolved: &str,
        life: u32,
        resumed: Option<&Manifest>,
    ) -> Self {
        let keys = job.variant.settings.tensorboard.clone();
        let next = resumed.map_or(0, |resumed| resumed.clock().own());
        let mut writer = Writer::start(folder.path(""), life, next);
        if next == 0 && keys.text {
            writer.show(0, verbatim("config", "yaml", resolved));
        }
        if next == 0 && keys.hparams {
            writer.show(0, start(&job.variant.at.name, &told(job.variant, resolved)));
        }
        Self { writer, keys, masks: BTreeMap::new(), costs: String::new() }
    }

    /// One point of a curve.
    pub fn scalar(&mut self, step: u64, tag: &str, value: f64) {
        self.writer.show(step, scalar(tag, value));
    }

    /// The networks of `agent` as they are evaluated.
    pub fn agent(&mut self, step: u64, agent: &dyn Agent) {
        if self.keys.text {
            let costs = layers_table(&agent.summaries()).markdown();
            if costs != self.costs {
                self.writer.show(step, text("costs", costs.clone()));
                self.costs = costs;
            }
        }
        for trainer in agent.networks() {
            if self.keys.histograms {
                self.histograms(step, trainer);
            }
            if self.keys.images {
                self.masks(step, trainer);
            }
        }
    }

    /// Waits for the writer and says what was lost.
    pub fn finish(self) -> Vec<String> {
        self.writer.finish()
    }

    fn histograms(&mut self, step: u64, trainer: &Trainer) {
        let network = trainer.network();
        // Weights that cannot be read would have stopped the training.
        let weights = network.params().to_vec1::<f32>().unwrap_or_default();
        let (gradients, _) = trainer.optimizer().moments();
        // Before the first step a mean of gradients is none.
        let gradients = if trainer.optimizer().steps() > 0 { gradients } else { &[] };
        for (what, values) in [("weights", weights.as_slice()), ("gradients", gradients)] {
            for layer in network.layers() {
                let tag = format!("{what}/{}/{}", trainer.name(), layer.name());
                let shown = values.get(layer.weights()).and_then(|values| histogram(&tag, values));
                if let Some(shown) = shown {
                    self.writer.show(step, shown);
                }
            }
        }
    }

    fn masks(&mut self, step: u64, trainer: &Trainer) {
        for layer in trainer.network().layers() {
            let (tag, now) =
                (format!("masks/{}/{}", trainer.name(), layer.name()), layer.topology());
            let before = self.masks.get(&tag);
            let is_shown = before.is_some_and(|before| Arc::ptr_eq(before, now) || before == now);
            // A layer that was never sparse is a white square.
            let is_dense = before.is_none() && now.csr().is_none();
            if is_shown || is_dense {
                continue;
            }
            // A picture that cannot be encoded is left out, and the next is tried.
            if let Ok(picture) = mask(&tag, now) {
                self.writer.show(step, picture);
                self.masks.insert(tag, now.clone());
            }
        }
    }
}
