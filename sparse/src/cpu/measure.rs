//! Where the dense form of a layer overtakes the sparse one, by the clock: for `sparring tune`, and for
//! nothing that trains.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use super::layer::{CpuLayer, Held, Scratch};
use super::planes::ShapePlanes;
use super::whole::Whole;
use crate::algebra::Algebra;
use crate::error::SparseError;
use crate::init::Init;
use crate::kernels::{Below, Buffer, Lanes, Par, Pass, Sides, ViewMut};
use crate::layers::{Activation, BreakEven, Compute, Conv2d, Layer, LayerSpec, Padding, Shape};
use crate::sample::distinct;
use crate::seed::Seed;
use crate::topology::Topology;

/// The sizes that [`BreakEven`] names.
const SMALL: usize = 256;
const LARGE: usize = 1024;
const BATCH: usize = 256;
const CONV_BATCH: usize = 32;
/// The form that is timed for the break-even is the one near it.
const DENSITY: f64 = 0.5;
const ROUNDS: usize = 7;

impl BreakEven {
    /// Measures this machine, for `sparring tune` and benchmarks: forward pass and both gradients of a layer of each kind at half density,
    /// in either form, on one thread. Takes about half a second.
    ///
    /// The sparse form's time is in proportion to the density, the dense form's is constant; the
    /// fastest of several rounds are compared, since what disturbs a round only makes it slower. The
    /// result has two decimals.
    pub fn measure() -> Result<Self, SparseError> {
        let linear = |size| Shape::Linear { inputs: size, outputs: size };
        let conv = Shape::Conv2d(Conv2d {
            in_channels: 32,
            out_channels: 64,
            size: [21; 2],
            kernel: [4; 2],
            stride: 2,
            padding: Padding::Same,
        });
        let of = |shape: Shape, batch| -> Result<f64, SparseError> {
            let mut forms = [
                Timed::new(shape, Compute::Sparse, batch)?,
                Timed::new(shape, Compute::Dense, batch)?,
            ];
            let mut fastest = [f64::INFINITY; 2];
            for _ in 0..ROUNDS {
                for (form, fastest) in forms.iter_mut().zip(&mut fastest) {
                    *fastest = fastest.min(form.seconds());
                }
            }
            let even = DENSITY * fastest[1] / fastest[0];
            Ok((100.0 * even.min(1.0)).round() / 100.0)
        };
        Ok(Self {
            small: of(linear(SMALL), BATCH)?,
            large: of(linear(LARGE), BATCH)?,
            conv: of(conv, CONV_BATCH)?,
        })
    }
}

/// One layer with all that its products need.
struct Timed {
    layer: CpuLayer,
    lanes: Lanes,
    params: Vec<f32>,
    grads: Vec<f32>,
    all: Whole,
    scratch: Scratch,
    x: Buffer,
    y: Buffer,
    dy: Buffer,
    dx: Buffer,
}

impl Timed {
    fn new(shape: Shape, compute: Compute, batch: usize) -> Result<Self, SparseError> {
        let (rows, cols) = (shape.rows(), shape.cols());
        let nnz = (DENSITY * (rows * cols) as f64) as usize;
        let positions = distinct(rows * cols, nnz, &mut Seed::new(0).rng());
        let topology = Arc::new(Topology::new(rows, cols, &positions)?);
        let spec = LayerSpec {
            name: "timed".into(),
            shape,
            activation: Activation::Relu,
            init: Init::Uniform { limit: 1.0 },
            bias: 0.0,
            weight_decay: 0.0,
            algebra: Algebra::REAL,
            then: Vec::new(),
        };
        let layer = Layer::new(&spec, topology, compute, 0)?;
        let lanes = Lanes::new(batch);
        let ones = |slots: usize| {
            let mut buffer = lanes.zeros(slots);
            buffer.fill(1.0);
            buffer
        };
        let size = layer.biases().end;
        Ok(Self {
            lanes,
            params: vec![0.5; size],
            grads: vec![0.0; size],
            all: Whole::default(),
            scratch: Scratch::default(),
            x: ones(shape.input_plane().slots()),
            y: ones(shape.output_plane().slots()),
            dy: ones(shape.gradient_plane().slots()),
            dx: ones(shape.input_plane().without_border().slots()),
            layer: CpuLayer::new(&layer)?,
        })
    }

    /// Forward pass and both gradients.
    fn seconds(&mut self) -> f64 {
        let start = Instant::now();
        let Self { layer, lanes, params, grads, all, scratch, x, y, dy, dx } = self;
        let (pass, shape) = (Pass { lanes: *lanes, par: Par::Serial }, *layer.of().shape());
        let (y_plane, dx_plane) = (shape.output_plane(), shape.input_plane().without_border());
        let to = ViewMut { data: y, plane: &y_plane };
        layer.forward(params, all, pass, scratch, x, to);
        layer.param_grad(pass, scratch, Sides { dy, x }, grads);
        let to = ViewMut { data: dx, plane: &dx_plane };
        let below = Below { activation: Activation::Relu, y: x };
        layer.input_grad(Held { params, all: all.values() }, below, pass, scratch, dy, to);
        black_box((y, grads, dx));
        start.elapsed().as_secs_f64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_can_be_measured() {
        let BreakEven { small, large, conv } = BreakEven::measure().unwrap();
        for even in [small, large, conv] {
            assert!(even > 0.0 && even <= 1.0, "{even}");
        }
    }
}
