//! One expert over the rows that it reads.

use super::super::layer::Scratch;
use super::super::whole::Whole;
use super::run::{Back, Run, With};
use crate::error::SparseError;
use crate::kernels::{Buffer, Lanes, Plane, Sides};
use crate::layers::Activation;

/// What one expert keeps of a pass.
#[derive(Debug)]
pub(super) struct Expert {
    /// Of its rows.
    pub lanes: Lanes,
    h: Buffer,
    dh: Buffer,
    all: [Whole; 2],
}

impl Default for Expert {
    fn default() -> Self {
        let lanes = Lanes::new(0);
        let [h, dh] = [(); 2].map(|()| lanes.zeros(0));
        Self { lanes, h, dh, all: Default::default() }
    }
}

impl Expert {
    /// `x → y` through its `layers`, in slots, and the operations that it took.
    pub fn forward(
        &mut self,
        with: With<'_>,
        layers: [usize; 2],
        scratch: &mut Scratch,
        (x, y): (&[f32], &mut [f32]),
    ) -> u64 {
        let Self { lanes, h, all: [first, second], .. } = self;
        if lanes.batch() == 0 {
            return 0;
        }
        h.resize(with.rows(layers[0]) * lanes.width(), 0.0);
        with.forward(layers[0], *lanes, first, scratch, (x, h))
            + with.forward(layers[1], *lanes, second, scratch, (h, y))
    }

    /// `dy → dx` in place of it, and all other gradients; `x` is what it read.
    pub fn backward(
        &mut self,
        with: With<'_>,
        layers: [usize; 2],
        back: &mut Back<'_>,
        x: &[f32],
        gradient: &mut [f32],
    ) -> Result<(), SparseError> {
        let Self { lanes, h, dh, all: [first, second] } = self;
        if lanes.batch() == 0 {
            layers.into_iter().for_each(|layer| back.idle(layer));
            return Ok(());
        }
        let lanes = *lanes;
        dh.resize(h.len(), 0.0);
        let (sides, below) = (Sides { dy: gradient, x: h }, Activation::Relu);
        back.run(with, Run { layer: layers[1], lanes, all: second.values(), sides, below }, dh)?;
        let (sides, below) = (Sides { dy: dh, x }, Activation::Identity);
        back.run(with, Run { layer: layers[0], lanes, all: first.values(), sides, below }, gradient)
    }

    /// What its first layer gave, row by row.
    pub fn hidden(&self) -> Vec<f32> {
        rows(self.lanes, &self.h)
    }
}

/// `slots` of `lanes`, row by row.
pub(super) fn rows(lanes: Lanes, slots: &[f32]) -> Vec<f32> {
    if lanes.width() == 0 {
        return Vec::new();
    }
    let plane = Plane::flat(slots.len() / lanes.width());
    let mut rows = vec![0.0; plane.slots() * lanes.batch()];
    plane.to_rows(lanes, slots, &mut rows);
    rows
}
