//! One expert over the rows that it reads.

use super::super::layer::Scratch;
use super::run::{Back, Run, With};
use super::tokens::Place;
use crate::error::SparseError;
use crate::kernels::{Buffer, Lanes, Plane, Sides};
use crate::layers::Activation;

/// What one expert reads and gives in a pass, in slots.
#[derive(Debug)]
pub(super) struct Expert {
    pub lanes: Lanes,
    /// Where each of its rows comes from, of a router that chooses.
    pub places: Vec<Place>,
    /// Which choices they are.
    pub choices: Vec<usize>,
    /// What its outputs count.
    pub weights: Vec<f32>,
    pub x: Buffer,
    pub y: Buffer,
    pub dy: Buffer,
    pub dx: Buffer,
    h: Buffer,
    dh: Buffer,
    all: [Vec<f32>; 2],
}

impl Default for Expert {
    fn default() -> Self {
        let lanes = Lanes::new(0);
        let [x, y, dy, dx, h, dh] = [(); 6].map(|()| lanes.zeros(0));
        let (places, choices, weights) = (Vec::new(), Vec::new(), Vec::new());
        Self { lanes, places, choices, weights, x, y, dy, dx, h, dh, all: Default::default() }
    }
}

impl Expert {
    /// Makes room for `rows` rows of `size` numbers.
    pub fn take(&mut self, rows: usize, size: usize) {
        self.lanes = Lanes::new(rows);
        for buffer in [&mut self.x, &mut self.dy] {
            buffer.resize(size * self.lanes.width(), 0.0);
        }
    }

    /// `x → y` through its `layers`, and the operations that it took.
    pub fn forward(&mut self, with: With<'_>, layers: [usize; 2], scratch: &mut Scratch) -> u64 {
        let Self { lanes, x, h, y, all: [first, second], .. } = self;
        if lanes.batch() == 0 {
            return 0;
        }
        with.forward(layers[0], *lanes, first, scratch, (x, h))
            + with.forward(layers[1], *lanes, second, scratch, (h, y))
    }

    /// `dy → dx`, and all other gradients.
    pub fn backward(
        &mut self,
        with: With<'_>,
        layers: [usize; 2],
        back: &mut Back<'_>,
    ) -> Result<(), SparseError> {
        let Self { lanes, x, h, dy, dh, dx, all: [first, second], .. } = self;
        if lanes.batch() == 0 {
            layers.into_iter().for_each(|layer| back.idle(layer));
            return Ok(());
        }
        let lanes = *lanes;
        let (sides, below) = (Sides { dy, x: h }, Activation::Relu);
        back.run(with, Run { layer: layers[1], lanes, all: second, sides, below }, dh)?;
        let (sides, below) = (Sides { dy: dh, x }, Activation::Identity);
        back.run(with, Run { layer: layers[0], lanes, all: first, sides, below }, dx)
    }

    /// What its first or second layer gave, row by row.
    pub fn rows(&self, layer: usize) -> Vec<f32> {
        let slots = if layer == 0 { &self.h } else { &self.y };
        let width = self.lanes.width();
        if width == 0 {
            return Vec::new();
        }
        let plane = Plane::flat(slots.len() / width);
        let mut rows = vec![0.0; plane.slots() * self.lanes.batch()];
        plane.to_rows(self.lanes, slots, &mut rows);
        rows
    }
}
