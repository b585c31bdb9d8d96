//! What all topologies of a network share: its boundaries, its memory, and the count of its work.

use std::iter::Sum;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

use crate::error::SparseError;
use crate::kernels::{Buffer, Lanes, Par, Plane};
use crate::layers::{Layer, LayerSpec, Scratch};
use crate::nodes::{self, Node};

/// Floating-point operations that a network has executed since it was made, those that its forms of
/// computing really take: `2` a multiply-add of an active weight, or of every weight of a layer that
/// is computed dense.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Executed {
    /// Of forward passes.
    pub forward: u64,
    /// Of backward passes, probes included.
    pub backward: u64,
}

impl Executed {
    /// Of all passes.
    pub fn total(self) -> u64 {
        self.forward + self.backward
    }
}

impl Sum for Executed {
    fn sum<I: Iterator<Item = Self>>(networks: I) -> Self {
        networks.fold(Self::default(), |sum, one| Self {
            forward: sum.forward + one.forward,
            backward: sum.backward + one.backward,
        })
    }
}

/// The activations and gradients of one pass over a network, in slots.
#[derive(Debug)]
pub(crate) struct Workspace {
    pub lanes: Lanes,
    /// Of every node.
    pub activations: Vec<Buffer>,
    /// Of every node, once there was a backward pass; borders and lanes beyond the batch stay zero.
    pub gradients: Vec<Buffer>,
    /// The weights of every layer that is computed dense, at its node.
    pub weights: Vec<Vec<f32>>,
    pub scratch: Scratch,
}

/// Zeros for every node.
fn zeros(lanes: Lanes, nodes: &[Node], plane: fn(&Node) -> Plane) -> Vec<Buffer> {
    nodes.iter().map(|node| lanes.zeros(plane(node).slots())).collect()
}

/// Shared by a network and what it becomes when it is rewired.
#[derive(Debug)]
pub(crate) struct Frame {
    /// The input, and what every layer and join writes.
    pub nodes: Vec<Node>,
    /// How many threads a product may use.
    pub par: Par,
    waiting: Mutex<Vec<Workspace>>,
    forward: AtomicU64,
    backward: AtomicU64,
}

/// Slots of the activations of a forward pass over a network of `layers`, and of the gradients of a
/// backward pass after it. Each takes a number a lane.
///
/// # Errors
/// Layers and joins that do not fit together.
pub fn pass_slots(layers: &[LayerSpec]) -> Result<[usize; 2], SparseError> {
    let nodes = nodes::of_specs(layers)?;
    let sum = |plane: fn(&Node) -> Plane| nodes.iter().map(|node| plane(node).slots()).sum();
    Ok([sum(|node| node.plane), sum(|node| node.gradient)])
}

/// More batch sizes than an agent uses: acting, evaluating, and training with a target beside it.
const MOST_WAITING: usize = 8;

impl Frame {
    pub fn new(layers: &[Layer], par: Par) -> Result<Self, SparseError> {
        Ok(Self {
            nodes: nodes::of_layers(layers)?,
            par,
            waiting: Mutex::default(),
            forward: AtomicU64::new(0),
            backward: AtomicU64::new(0),
        })
    }

    /// Memory for a pass over `batch` samples: used before, or new.
    pub fn take(&self, batch: usize) -> Workspace {
        let lanes = Lanes::new(batch);
        let waiting = self.waiting.lock().ok().and_then(|mut waiting| {
            let at = waiting.iter().rposition(|workspace| workspace.lanes == lanes)?;
            Some(waiting.remove(at))
        });
        waiting.unwrap_or_else(|| Workspace {
            lanes,
            activations: zeros(lanes, &self.nodes, |node| node.plane),
            gradients: Vec::new(),
            weights: vec![Vec::new(); self.nodes.len()],
            scratch: Scratch::default(),
        })
    }

    /// Memory for the gradients of the first backward pass of a workspace.
    pub fn gradients(&self, lanes: Lanes) -> Vec<Buffer> {
        zeros(lanes, &self.nodes, |node| node.gradient)
    }

    /// Gives memory back for the next pass.
    pub fn give(&self, workspace: Workspace) {
        if let Ok(mut waiting) = self.waiting.lock() {
            if waiting.len() == MOST_WAITING {
                waiting.remove(0);
            }
            waiting.push(workspace);
        }
    }

    pub fn count_forward(&self, flops: u64) {
        self.forward.fetch_add(flops, Ordering::Relaxed);
    }

    pub fn count_backward(&self, flops: u64) {
        self.backward.fetch_add(flops, Ordering::Relaxed);
    }

    pub fn executed(&self) -> Executed {
        let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Executed { forward: load(&self.forward), backward: load(&self.backward) }
    }
}
