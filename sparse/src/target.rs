//! A copy of a network that trails it (PAPERS 1.11).
//!
//! An update first copies the topologies: weights that the online network lost vanish at once, those
//! that it grew start at 0. Then `w⁻ ← (1 − τ) w⁻ + τ w`, so that a grown weight ramps up with `τ`.

use std::sync::Arc;

use candle_core::{CpuStorage, InplaceOp2, Layout, Tensor, bail};

use crate::error::SparseError;
use crate::layers::Layer;
use crate::methods::Moves;
use crate::network::Network;
use crate::op::slice;
use crate::trainer::moved;

/// A target network.
#[derive(Debug)]
pub struct Target {
    network: Network,
}

impl Target {
    /// A copy of `online`.
    pub fn new(online: &Network) -> Result<Self, SparseError> {
        let params = online.params().to_vec1()?;
        Ok(Self { network: Network::new(online.layers().to_vec(), params)? })
    }

    /// The network as it is now.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// `(batch, in) → (batch, out)`, leaving no graph.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor, SparseError> {
        self.network.forward_detached(x)
    }

    /// Moves towards `online` by `tau`; 1 copies it.
    pub fn update(&mut self, online: &Network, tau: f64) -> Result<(), SparseError> {
        let pairs = || self.network.layers().iter().zip(online.layers());
        let same = |(a, b): (&Layer, &Layer)| Arc::ptr_eq(a.topology(), b.topology());
        if !pairs().all(same) {
            let moves: Vec<Moves> =
                pairs().map(|(a, b)| Moves::between(a.topology(), b.topology().clone())).collect();
            self.network = moved(&self.network, &moves)?;
        }
        self.network
            .params()
            .inplace_op2(online.params().as_tensor(), &Lerp { tau: tau as f32 })?;
        Ok(())
    }
}

/// `a ← (1 − τ) a + τ b`, in place.
struct Lerp {
    tau: f32,
}

impl InplaceOp2 for Lerp {
    fn name(&self) -> &'static str {
        "lerp"
    }

    fn cpu_fwd(
        &self,
        target: &mut CpuStorage,
        layout: &Layout,
        online: &CpuStorage,
        online_layout: &Layout,
    ) -> candle_core::Result<()> {
        let (Some((start, end)), CpuStorage::F32(target)) = (layout.contiguous_offsets(), target)
        else {
            bail!("parameters are contiguous f32");
        };
        for (a, b) in target[start..end].iter_mut().zip(slice(online, online_layout)?) {
            *a = (1.0 - self.tau) * *a + self.tau * b;
        }
        Ok(())
    }
}
