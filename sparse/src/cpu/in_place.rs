//! What changes parameters in place: the step of an optimiser, and a target that follows.

use std::cell::RefCell;
use std::ops::Range;

use candle_core::{CpuStorage, InplaceOp1, InplaceOp2, Layout, Result, Tensor, bail};

use super::shared::{slice_mut, slices};
use crate::error::Quantity;
use crate::finite::{NotFinite, first_not_finite};
use crate::kernels::vector;
use crate::optim::rule::{Moments, Pass};
use crate::optim::squares::Squares;
use crate::optim::step::{LayerStep, OptimizerStep};

/// The norm of a gradient before clipping, or what is not finite.
type Norm = std::result::Result<f32, NotFinite>;

/// See [`Backend::step`](crate::backend::Backend::step).
pub(super) fn step(params: &Tensor, grad: &[f32], step: OptimizerStep<'_>) -> Result<Norm> {
    let door = Step { under_way: RefCell::new(UnderWay { step, grad, norm: Ok(0.0) }) };
    params.inplace_op1(&door)?;
    Ok(door.under_way.into_inner().norm)
}

/// See [`Backend::lerp`](crate::backend::Backend::lerp).
pub(super) fn lerp(target: &Tensor, online: &Tensor, tau: f32) -> Result<()> {
    target.inplace_op2(online, &Lerp { tau })
}

/// Candle's door to the memory of the parameters.
struct Step<'a> {
    under_way: RefCell<UnderWay<'a>>,
}

/// A step, and what it gives.
struct UnderWay<'a> {
    step: OptimizerStep<'a>,
    grad: &'a [f32],
    norm: Norm,
}

impl InplaceOp1 for Step<'_> {
    fn name(&self) -> &'static str {
        "optimizer"
    }

    fn cpu_fwd(&self, params: &mut CpuStorage, layout: &Layout) -> Result<()> {
        let params = slice_mut(params, layout)?;
        let UnderWay { step, grad, norm } = &mut *self.under_way.borrow_mut();
        if params.len() != grad.len() {
            bail!("a gradient of {} values for {} parameters", grad.len(), params.len());
        }
        *norm = apply(step, params, grad);
        Ok(())
    }
}

/// Two passes: the norm with penalties, then the rule with the gradient clipped to it.
fn apply(step: &mut OptimizerStep<'_>, w: &mut [f32], g: &[f32]) -> Norm {
    let OptimizerStep { rule, learning_rate, number, max_grad_norm, unseen, .. } = *step;
    let OptimizerStep { layers, moments, outside, .. } = step;
    let mut squares = Squares::default();
    for Part { range, l2, .. } in layers.iter().flat_map(parts) {
        squares.add(&w[range.clone()], &g[range], l2);
    }
    if let Some(set) = &outside {
        squares.add(&set.values, &set.grad, 0.0);
    }
    let norm = (unseen + squares.sum()).sqrt() as f32;
    if !norm.is_finite() {
        let own = layers.iter().enumerate().rev().find_map(|(l, layer)| {
            first_not_finite(&g[layer.params()]).map(|found| (Some(l), found))
        });
        let beside = || outside.as_ref().and_then(|set| set.first_not_finite(&set.grad));
        let (layer, found) = own.or_else(beside).unwrap_or((None, norm));
        return Err(NotFinite { quantity: Quantity::Gradient, layer, found });
    }
    let scale = match max_grad_norm {
        Some(max) if f64::from(norm) > max => (max / f64::from(norm)) as f32,
        Some(_) | None => 1.0,
    };
    let pass = Pass::new(rule, learning_rate, number, scale);
    let Moments([m, v]) = &mut **moments;
    for Part { range, l2, keep } in layers.iter().flat_map(parts) {
        let v = v.get_mut(range.clone()).unwrap_or_default();
        pass.run(&mut w[range.clone()], &g[range.clone()], &mut m[range], v, [l2, keep]);
    }
    if let Some(set) = outside {
        let Moments([m, v]) = &mut set.moments;
        pass.run(&mut set.values, &set.grad, m, v, [0.0, 1.0]);
    }
    let quantity = Quantity::Weights;
    for (l, layer) in layers.iter().enumerate() {
        if let Some(found) = first_not_finite(&w[layer.params()]) {
            return Err(NotFinite { quantity, layer: Some(l), found });
        }
    }
    match outside.as_ref().and_then(|set| set.first_not_finite(&set.values)) {
        Some((layer, found)) => Err(NotFinite { quantity, layer, found }),
        None => Ok(norm),
    }
}

/// Parameters that decay alike.
struct Part {
    range: Range<usize>,
    l2: f32,
    keep: f32,
}

/// The weights of a layer, then what does not decay.
fn parts(layer: &LayerStep) -> [Part; 2] {
    let LayerStep { weights, always, l2, keep } = layer.clone();
    [Part { range: weights, l2, keep }, Part { range: always, l2: 0.0, keep: 1.0 }]
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
    ) -> Result<()> {
        let (target, online) = slices(target, layout, online, online_layout)?;
        vector::lerp(target, online, self.tau);
        Ok(())
    }
}
