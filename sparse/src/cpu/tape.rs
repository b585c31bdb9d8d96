//! The memory of passes: what a forward pass leaves for its backward pass, used again and again.

use std::sync::Mutex;

use super::attention::AttentionMemory;
use super::layer::Scratch;
use super::planes::{NodePlanes, zeros};
use super::routed::RoutedMemory;
use super::whole::Whole;
use crate::kernels::{Buffer, Lanes};
use crate::nodes::NetworkPlan;

/// The activations and gradients of one pass over a network, in slots or in rows.
#[derive(Debug)]
pub(super) struct Memory {
    pub lanes: Lanes,
    /// Of every node.
    pub activations: Vec<Buffer>,
    /// Of every node, once there was a backward pass; borders and lanes beyond the batch stay zero.
    pub gradients: Vec<Buffer>,
    /// The weights of every layer that is computed dense, at its node.
    pub weights: Vec<Whole>,
    /// What blocks of experts keep.
    pub blocks: Vec<RoutedMemory>,
    /// What attention keeps.
    pub attentions: Vec<AttentionMemory>,
    pub scratch: Scratch,
}

/// Memory that no pass uses.
#[derive(Debug, Default)]
pub(super) struct Pool {
    free: Mutex<Vec<Memory>>,
}

/// More batch sizes than an agent uses: acting, evaluating, and training with a target beside it.
const MOST_FREE: usize = 8;

impl Pool {
    /// Memory for a pass over samples in `lanes`: used before, or new.
    pub fn take(&self, lanes: Lanes, plan: &NetworkPlan, planes: &[NodePlanes]) -> Memory {
        let free = self.free.lock().ok().and_then(|mut free| {
            let at = free.iter().rposition(|memory| memory.lanes == lanes)?;
            Some(free.remove(at))
        });
        free.unwrap_or_else(|| Memory {
            lanes,
            activations: zeros(lanes, planes, |node| node.plane),
            gradients: Vec::new(),
            weights: planes.iter().map(|_| Whole::default()).collect(),
            blocks: plan.blocks().iter().map(RoutedMemory::of).collect(),
            attentions: plan.attentions().iter().map(|_| AttentionMemory::default()).collect(),
            scratch: Scratch::default(),
        })
    }

    /// Gives memory back for the next pass.
    pub fn give(&self, memory: Memory) {
        if let Ok(mut free) = self.free.lock() {
            if free.len() == MOST_FREE {
                free.remove(0);
            }
            free.push(memory);
        }
    }
}
