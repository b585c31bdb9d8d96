//! What all topologies of a network share: its boundaries, its memory, and the count of its work.

use std::iter::Sum;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

use crate::kernels::{Buffer, Lanes, Par, Plane};
use crate::layers::{Scratch, Shape};

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
    /// The input, then every layer's output.
    pub activations: Vec<Buffer>,
    /// Their gradients; borders and lanes beyond the batch stay zero.
    pub gradients: Vec<Buffer>,
    /// The weights of every layer that is computed dense.
    pub weights: Vec<Vec<f32>>,
    pub scratch: Scratch,
}

/// Shared by a network and what it becomes when it is rewired.
#[derive(Debug)]
pub(crate) struct Frame {
    /// The input and every layer's output, as the next layer reads it.
    pub planes: Vec<Plane>,
    /// The same as their gradients stand.
    pub gradient_planes: Vec<Plane>,
    /// How many threads a product may use.
    pub par: Par,
    waiting: Mutex<Vec<Workspace>>,
    forward: AtomicU64,
    backward: AtomicU64,
}

/// What a layer writes stands as the next one reads it, and as an image also where that one reads
/// features.
fn planes(shapes: &[Shape]) -> Vec<Plane> {
    let first = shapes.first().map(Shape::input_plane);
    let next = |l: usize| match shapes.get(l + 1) {
        Some(Shape::Conv2d(conv)) => conv.input_plane(),
        Some(Shape::Linear { .. }) | None => shapes[l].output_plane(),
    };
    first.into_iter().chain((0..shapes.len()).map(next)).collect()
}

/// The gradient of what a layer wrote stands as that layer reads it, and as an image also where it
/// wrote features that the next one took for one.
fn gradient_planes(shapes: &[Shape]) -> Vec<Plane> {
    let first = shapes.first().map(|shape| shape.input_plane().without_border());
    let after = |l: usize| match (&shapes[l], shapes.get(l + 1)) {
        (Shape::Linear { .. }, Some(next)) => next.input_plane().without_border(),
        (layer, _) => layer.gradient_plane(),
    };
    first.into_iter().chain((0..shapes.len()).map(after)).collect()
}

/// Bytes of activations that a network of `shapes` takes for a forward pass over `batch` samples, and
/// for a backward pass after it.
pub fn pass_bytes(shapes: &[Shape], batch: usize) -> [usize; 2] {
    let bytes = |planes: Vec<Plane>| {
        let slots: usize = planes.iter().map(Plane::slots).sum();
        slots * Lanes::new(batch).width() * size_of::<f32>()
    };
    [bytes(planes(shapes)), bytes(gradient_planes(shapes))]
}

/// More batch sizes than an agent uses: acting, evaluating, and training with a target beside it.
const MOST_WAITING: usize = 8;

impl Frame {
    pub fn new(shapes: &[Shape], par: Par) -> Self {
        Self {
            planes: planes(shapes),
            gradient_planes: gradient_planes(shapes),
            par,
            waiting: Mutex::default(),
            forward: AtomicU64::new(0),
            backward: AtomicU64::new(0),
        }
    }

    /// Memory for a pass over `batch` samples: used before, or new.
    pub fn take(&self, batch: usize) -> Workspace {
        let lanes = Lanes::new(batch);
        let waiting = self.waiting.lock().ok().and_then(|mut waiting| {
            let at = waiting.iter().rposition(|workspace| workspace.lanes == lanes)?;
            Some(waiting.remove(at))
        });
        waiting.unwrap_or_else(|| {
            let zeros = |plane: &Plane| lanes.zeros(plane.slots());
            Workspace {
                lanes,
                activations: self.planes.iter().map(zeros).collect(),
                gradients: Vec::new(),
                weights: vec![Vec::new(); self.planes.len() - 1],
                scratch: Scratch::default(),
            }
        })
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
