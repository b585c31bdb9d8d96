//! A copy of a network that trails it (Lillicrap et al. 2016, 1509.02971, algorithm 1; topologies as TF-Agents'
//! `soft_variables_update` does, `tau_non_trainable = 1`).
//!
//! An update first copies the topologies: weights that the online network lost vanish at once, those
//! that it grew start at 0. Then `w⁻ ← (1 − τ) w⁻ + τ w`, so that a grown weight ramps up with `τ`.

use std::sync::Arc;

use candle_core::Tensor;

use crate::error::SparseError;
use crate::layers::Layer;
use crate::methods::TopologyUpdate;
use crate::network::Network;
use crate::section::Section;
use crate::trainer::rewired;

/// A target network.
#[derive(Debug)]
pub struct Target {
    network: Network,
}

impl Target {
    /// A copy of `online`.
    pub fn new(online: &Network) -> Result<Self, SparseError> {
        Ok(Self { network: online.deep_clone()? })
    }

    /// The network as it is now.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// `(batch, in) → (batch, out)`, leaving no graph.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor, SparseError> {
        self.network.forward_detached(x)
    }

    /// Writes it, with its own topologies, which lag behind those of the online network.
    ///
    /// # Errors
    /// Those of candle.
    pub fn save(&self) -> Result<Section, SparseError> {
        self.network.save()
    }

    /// Takes back what [`Self::save`] wrote of a network of the same layers.
    ///
    /// # Errors
    /// What is missing, and what does not fit; the target stays as it was then.
    pub fn load(&mut self, from: &Section) -> Result<(), SparseError> {
        self.network = self.network.load(from)?;
        Ok(())
    }

    /// Has one structure with `online` where both are alike, as they are until one of them is loaded.
    ///
    /// # Errors
    /// Those of candle.
    pub fn share(&mut self, online: &Network) -> Result<(), SparseError> {
        let one = |(own, other): (&Layer, &Layer)| match own.topology() == other.topology() {
            true => own.rewired(other.topology(), own.weights().start),
            false => own.clone(),
        };
        let layers = self.network.layers().iter().zip(online.layers()).map(one).collect();
        self.network = self.network.rewired(layers, self.network.params().to_vec1()?)?;
        Ok(())
    }

    /// Moves towards `online` by `tau`; 1 copies it.
    pub fn update(&mut self, online: &Network, tau: f64) -> Result<(), SparseError> {
        let pairs = || self.network.layers().iter().zip(online.layers());
        let same = |(a, b): (&Layer, &Layer)| Arc::ptr_eq(a.topology(), b.topology());
        if !pairs().all(same) {
            let update = |(a, b): (&Layer, &Layer)| {
                TopologyUpdate::between(a.topology(), b.topology().clone())
            };
            let updates: Vec<TopologyUpdate> = pairs().map(update).collect();
            self.network = rewired(&self.network, &updates)?;
        }
        let (target, online) = (self.network.params(), online.params());
        Ok(self.network.backend().lerp(target, online, tau as f32)?)
    }
}
