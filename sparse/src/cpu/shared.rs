//! What a network on the CPU is made of under all its topologies, and how it reads tensors.

use std::sync::Arc;

use candle_core::{CpuStorage, Device, Layout, Result, Storage, Tensor, bail};

use super::planes::{NodePlanes, planes};
use super::tape::Pool;
use crate::nodes::NetworkPlan;

/// Where the tensors of networks are that say nothing else.
pub(crate) const DEVICE: Device = Device::Cpu;

/// What all topologies of a network share.
#[derive(Debug)]
pub(super) struct Shared {
    pub plan: NetworkPlan,
    pub planes: Vec<NodePlanes>,
    pub pool: Pool,
}

impl Shared {
    pub fn new(plan: NetworkPlan) -> Arc<Self> {
        let planes = planes(&plan);
        Arc::new(Self { plan, planes, pool: Pool::default() })
    }
}

/// Looks at the values of a contiguous tensor of `f32` on the CPU.
pub(crate) fn numbers<T>(tensor: &Tensor, look: impl FnOnce(&[f32]) -> Result<T>) -> Result<T> {
    let (storage, layout) = tensor.storage_and_layout();
    match &*storage {
        Storage::Cpu(storage) => look(values(storage, layout)?),
        Storage::Cuda(_) | Storage::Metal(_) => {
            bail!("a network on the CPU takes its tensors there")
        }
    }
}

/// The values of a contiguous tensor of `f32` that is changed, and of one of the same size by which.
pub(crate) fn slices<'a>(
    to: &'a mut CpuStorage,
    layout: &Layout,
    by: &'a CpuStorage,
    by_layout: &Layout,
) -> Result<(&'a mut [f32], &'a [f32])> {
    let (to, by) = (slice_mut(to, layout)?, values(by, by_layout)?);
    if by.len() != to.len() {
        bail!("{} values for {} parameters", by.len(), to.len());
    }
    Ok((to, by))
}

/// The values of a contiguous tensor of `f32` that is changed.
pub(super) fn slice_mut<'a>(storage: &'a mut CpuStorage, layout: &Layout) -> Result<&'a mut [f32]> {
    match (layout.contiguous_offsets(), storage) {
        (Some((start, end)), CpuStorage::F32(values)) => Ok(&mut values[start..end]),
        _ => bail!("what is changed in place is contiguous f32"),
    }
}

/// The values of a contiguous tensor of `f32`.
fn values<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(&storage.as_slice::<f32>()?[start..end]),
        None => bail!("a network takes contiguous tensors, found strides {:?}", layout.stride()),
    }
}
