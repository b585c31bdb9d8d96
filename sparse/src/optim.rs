//! Adam over the flat active parameters of one network, in place.
//!
//! `g ← ∇ + 2λw`, `m ← β₁m + (1−β₁)g`, `v ← β₂v + (1−β₂)g²`,
//! `w ← w − lr · √(1−β₂ᵗ)/(1−β₁ᵗ) · m / (√v + ε)`
//!
//! (Kingma & Ba 2015, 1412.6980, the form at the end of section 2, which is Keras's: `ε` is their
//! `ε̂`). `t` counts the network's steps, not a weight's: a weight grown late makes its first step
//! `lr · (1−β₁)/√(1−β₂) = 3.16 lr` long (PAPERS 1.2). Moments move with their weight.

use std::cell::RefCell;

use candle_core::{CpuStorage, InplaceOp2, Layout, Tensor, bail};
use serde::Serialize;

use crate::error::SparseError;
use crate::kernels::vector::dot;
use crate::network::Network;
use crate::op::slice;

/// What is chosen about Adam.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct AdamConfig {
    /// `lr`.
    pub learning_rate: f64,
    /// `β₁`.
    pub beta1: f64,
    /// `β₂`.
    pub beta2: f64,
    /// `ε`.
    pub eps: f64,
    /// Largest norm of `g`; a longer one is scaled down to it.
    pub max_grad_norm: Option<f64>,
}

/// Adam's state: `m` and `v` stand as the parameters do.
#[derive(Clone, Debug)]
pub struct Adam {
    config: AdamConfig,
    m: Vec<f32>,
    v: Vec<f32>,
    grad: Vec<f32>,
    step: u64,
}

impl Adam {
    /// Fresh moments for `size` parameters.
    pub fn new(config: AdamConfig, size: usize) -> Self {
        let zeros = || vec![0.0; size];
        Self { config, m: zeros(), v: zeros(), grad: zeros(), step: 0 }
    }

    /// Steps done.
    pub fn steps(&self) -> u64 {
        self.step
    }

    /// First and second moments, as the parameters stand.
    pub fn moments(&self) -> (&[f32], &[f32]) {
        (&self.m, &self.v)
    }

    /// Lets the moments follow a change of topology.
    pub(crate) fn remap(&mut self, remap: impl Fn(&[f32]) -> Vec<f32>) {
        self.m = remap(&self.m);
        self.v = remap(&self.v);
        self.grad.resize(self.m.len(), 0.0);
    }

    /// Takes one step of `network` along `grad`, which stands as the parameters do. Returns the norm
    /// of `g` before clipping; where that is not finite, parameters and moments are left as they were.
    ///
    /// # Errors
    /// A network or a gradient of another size.
    pub fn step(&mut self, network: &Network, grad: &Tensor) -> Result<f32, SparseError> {
        let (expected, found) = (self.m.len(), network.num_params());
        if expected != found {
            return Err(SparseError::Length { what: "parameters of a step", expected, found });
        }
        let op = Step { adam: RefCell::new(self), network, norm: RefCell::new(0.0) };
        network.params().inplace_op2(grad, &op)?;
        let norm = op.norm.into_inner();
        Ok(norm)
    }

    fn apply(&mut self, network: &Network, params: &mut [f32], grad: &[f32]) -> f32 {
        self.grad.copy_from_slice(grad);
        for layer in network.layers().iter().filter(|layer| layer.weight_decay() > 0.0) {
            let decay = (2.0 * layer.weight_decay()) as f32;
            for (g, w) in self.grad[layer.weights()].iter_mut().zip(&params[layer.weights()]) {
                *g += decay * w;
            }
        }
        let norm = dot(&self.grad, &self.grad).sqrt();
        if !norm.is_finite() {
            return norm;
        }
        let scale = match self.config.max_grad_norm {
            Some(max) if f64::from(norm) > max => (max / f64::from(norm)) as f32,
            _ => 1.0,
        };
        self.step += 1;
        let AdamConfig { learning_rate, beta1, beta2, eps, .. } = self.config;
        let t = self.step as f64;
        let rate = (learning_rate * (1.0 - beta2.powf(t)).sqrt() / (1.0 - beta1.powf(t))) as f32;
        let (beta1, beta2, eps) = (beta1 as f32, beta2 as f32, eps as f32);
        let moments = self.m.iter_mut().zip(&mut self.v);
        pulp::Arch::new().dispatch(
            #[inline(always)]
            || {
                for ((w, (m, v)), g) in params.iter_mut().zip(moments).zip(&self.grad) {
                    let g = g * scale;
                    *m = beta1 * *m + (1.0 - beta1) * g;
                    *v = beta2 * *v + (1.0 - beta2) * g * g;
                    *w -= rate * *m / (v.sqrt() + eps);
                }
            },
        );
        norm
    }
}

/// Candle's door to a tensor's memory.
struct Step<'a> {
    adam: RefCell<&'a mut Adam>,
    network: &'a Network,
    norm: RefCell<f32>,
}

impl InplaceOp2 for Step<'_> {
    fn name(&self) -> &'static str {
        "adam"
    }

    fn cpu_fwd(
        &self,
        params: &mut CpuStorage,
        layout: &Layout,
        grad: &CpuStorage,
        grad_layout: &Layout,
    ) -> candle_core::Result<()> {
        let (Some((start, end)), CpuStorage::F32(params)) = (layout.contiguous_offsets(), params)
        else {
            bail!("parameters are contiguous f32");
        };
        let grad = slice(grad, grad_layout)?;
        if grad.len() != end - start {
            bail!("a gradient of {} values for {} parameters", grad.len(), end - start);
        }
        let mut adam = self.adam.borrow_mut();
        *self.norm.borrow_mut() = adam.apply(self.network, &mut params[start..end], grad);
        Ok(())
    }
}
