//! What changes in training, and how it is written down.

use super::remap::{remap, rewired};
use crate::distribution::Share;
use crate::error::SparseError;
use crate::methods::{Blocks, Layers, Method, TopologyUpdate, UpdateCounts};
use crate::network::Network;
use crate::optim::Optimizer;
use crate::routing::Load;
use crate::section::Section;
use crate::seed::Rng;

/// The layout of its section.
const VERSION: u32 = 1;

/// What changes in training.
#[derive(Debug)]
pub(super) struct State {
    pub network: Network,
    pub optimizer: Optimizer,
    pub method: Box<dyn Method>,
    pub grow: Rng,
    /// What routers draw from, if there are any.
    pub route: Option<Rng>,
    /// What they did since it was last asked for, block by block.
    pub loads: Vec<Load>,
    /// What was rewired since it was last asked for.
    pub counts: Vec<UpdateCounts>,
    /// The step that a rewiring last took the place of.
    pub rewired_alone_at: Option<u64>,
}

impl State {
    /// Writes it, under the `method` of this name and the final `shares` of its layers.
    pub fn save(&self, method: &str, shares: &[Share]) -> Result<Section, SparseError> {
        let mut all = Section::new(VERSION);
        all.put("method", &method)?;
        all.put_u64("shares", &active(shares));
        all.nest("network", self.network.save()?);
        let mut optimizer = Section::new(VERSION);
        self.optimizer.save(&mut optimizer)?;
        all.nest("optimizer", optimizer);
        let mut memory = Section::new(VERSION);
        self.method.save(&mut memory)?;
        all.nest("memory", memory);
        all.put("grow", &self.grow)?;
        if let Some(route) = &self.route {
            all.put("route", route)?;
            all.put("loads", &self.loads)?;
        }
        all.put("rewired", &self.counts)?;
        all.put("rewired_alone_at", &self.rewired_alone_at)?;
        Ok(all)
    }

    /// Takes back what [`Self::save`] wrote.
    pub fn load(
        &mut self,
        from: &Section,
        method: &str,
        blocks: &[Blocks],
        shares: &[Share],
    ) -> Result<(), SparseError> {
        from.require_version(VERSION)?;
        let saved: String = from.get("method")?;
        if saved != method {
            return Err(from.misfit("method", method, saved));
        }
        let (expected, found) = (active(shares), from.u64("shares")?);
        if found != expected {
            let words = |shares| format!("final active weights {shares:?}");
            return Err(from.misfit("shares", words(expected), words(found)));
        }
        let network = self.network.load(&from.part("network"))?;
        for (layer, blocks) in network.layers().iter().zip(blocks) {
            if !blocks.fit(layer.topology()) {
                let name = format!("network/{}/positions", layer.name());
                return Err(from.misfit(&name, "positions of the pattern", "others"));
            }
        }
        let config = *self.optimizer.config();
        let optimizer = Optimizer::new(config, network.num_params());
        let (moments, memory) = (from.part("optimizer"), from.part("memory"));
        moments.require_version(VERSION)?;
        memory.require_version(VERSION)?;
        let optimizer = optimizer.load(&moments)?;
        let counts: Vec<UpdateCounts> = from.get("rewired")?;
        if counts.len() != network.layers().len() {
            let expected = format!("counts of {} layers", network.layers().len());
            return Err(from.misfit("rewired", expected, counts.len()));
        }
        let layers = Layers::new(&network, &optimizer, blocks, shares);
        self.method.load(&memory, &layers)?;
        drop(layers);
        (self.network, self.optimizer, self.counts) = (network, optimizer, counts);
        self.grow = from.get("grow")?;
        if let Some(route) = &mut self.route {
            *route = from.get("route")?;
            self.loads = from.get("loads")?;
        }
        self.rewired_alone_at = from.get("rewired_alone_at")?;
        Ok(())
    }

    /// Moves weights and moments to their new places.
    pub fn apply(&mut self, updates: &[TopologyUpdate]) -> Result<(), SparseError> {
        let old = self.network.clone();
        self.network = rewired(&old, updates)?;
        self.optimizer
            .remap(|k, values| remap(old.layers(), updates, values, |new| &new.moments[k]));
        for (total, update) in self.counts.iter_mut().zip(updates) {
            total.add(update.counts());
        }
        Ok(())
    }
}

fn active(shares: &[Share]) -> Vec<u64> {
    shares.iter().map(|share| share.nnz as u64).collect()
}
