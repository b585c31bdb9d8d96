//! In which form a layer with inactive weights is computed, and where one form overtakes the other.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::{Layer, LayerSpec, Scratch, Shape};
use crate::error::SparseError;
use crate::init::Init;
use crate::kernels::conv::{Conv2d, Padding};
use crate::kernels::{Activation, Buffer, Lanes, Par, SimdLevel};
use crate::sample::distinct;
use crate::seed::Seed;
use crate::topology::Topology;

/// In which form a layer with inactive weights is computed; its results differ by rounding only.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Compute {
    /// Active weights only.
    Sparse,
    /// All weights, the inactive ones as zeros: the form of other libraries' masks.
    Dense,
    /// Sparse below a density, dense from it on.
    Auto(BreakEven),
}

impl Compute {
    /// Whether a layer of `shape` at `density` is computed dense. One without inactive weights always
    /// is.
    pub fn is_dense(&self, shape: &Shape, density: f64) -> bool {
        match self {
            Self::Sparse => density >= 1.0,
            Self::Dense => true,
            Self::Auto(break_even) => density >= break_even.of(shape),
        }
    }
}

/// The densities at which both forms take the same time.
///
/// Which form is chosen changes the rounding of results, so what is chosen by default may depend on nothing
/// that is measured while a program runs: [`BreakEven::shipped`] is a table.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct BreakEven {
    /// Of linear layers of 256 × 256 and smaller, whose activations stay in the nearest caches.
    pub small: f64,
    /// Of linear layers of 1,024 × 1,024 and larger; between, it changes with the logarithm of the size.
    pub large: f64,
    /// Of convolutions.
    pub conv: f64,
}

const SMALL: usize = 256;
const LARGE: usize = 1024;
const BATCH: usize = 256;
const CONV_BATCH: usize = 32;
/// The form that is timed for the break-even is the one near it.
const DENSITY: f64 = 0.5;
const ROUNDS: usize = 7;

impl BreakEven {
    /// The break-even of a SIMD level, a constant of this release.
    ///
    /// AVX-512 is as in `runs/records/2026-11-24-sparse` (Zen 4), AVX2 the middle of what
    /// [`BreakEven::measure`] gave on Zen 3, quiet and loaded (0.50 to 0.57, 0.39 to 0.50, 0.50 to 0.54). The
    /// others were not measured; they have the values of AVX2.
    pub const fn shipped(level: SimdLevel) -> Self {
        match level {
            SimdLevel::Avx512 => Self { small: 0.56, large: 0.46, conv: 0.64 },
            SimdLevel::Avx2 | SimdLevel::Neon | SimdLevel::Plain => {
                Self { small: 0.54, large: 0.46, conv: 0.53 }
            }
        }
    }

    /// The break-even of a layer.
    pub fn of(&self, shape: &Shape) -> f64 {
        match shape {
            Shape::Conv2d(_) => self.conv,
            Shape::Linear { inputs, outputs } => {
                let log = |size: usize| (size.max(1) as f64).log2();
                let (small, large) = (2.0 * log(SMALL), 2.0 * log(LARGE));
                let part =
                    ((log(*inputs) + log(*outputs) - small) / (large - small)).clamp(0.0, 1.0);
                self.small + part * (self.large - self.small)
            }
        }
    }

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
    layer: Layer,
    lanes: Lanes,
    params: Vec<f32>,
    grads: Vec<f32>,
    all: Vec<f32>,
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
            all: Vec::new(),
            scratch: Scratch::default(),
            x: ones(shape.input_plane().slots()),
            y: ones(shape.output_plane().slots()),
            dy: ones(shape.gradient_plane().slots()),
            dx: ones(shape.input_plane().without_border().slots()),
            layer,
        })
    }

    /// Forward pass and both gradients.
    fn seconds(&mut self) -> f64 {
        let start = Instant::now();
        let Self { layer, lanes, params, grads, all, scratch, x, y, dy, dx } = self;
        let (at, shape) = ((*lanes, Par::Serial), *layer.shape());
        layer.forward(params, all, at, scratch, x, (y, &shape.output_plane()));
        layer.param_grad(at, scratch, dy, x, grads);
        let to = (dx.as_mut_slice(), &shape.input_plane().without_border());
        layer.input_grad((params, all), (Activation::Relu, x), at, scratch, dy, to);
        black_box((y, grads, dx));
        start.elapsed().as_secs_f64()
    }
}

impl Default for BreakEven {
    /// That of this machine's SIMD level.
    fn default() -> Self {
        Self::shipped(SimdLevel::of_this_machine())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVEN: BreakEven = BreakEven { small: 0.6, large: 0.4, conv: 0.3 };

    #[test]
    fn between_small_and_large_it_changes_with_the_logarithm() {
        let of = |inputs, outputs| EVEN.of(&Shape::Linear { inputs, outputs });
        assert_eq!((of(256, 256), of(4, 8), of(1024, 1024), of(9999, 4096)), (0.6, 0.6, 0.4, 0.4));
        assert!((of(512, 512) - 0.5).abs() < 1e-12);
        assert!((of(64, 4096) - 0.5).abs() < 1e-12);
    }

    #[test]
    fn forms_are_chosen_by_density() {
        let shape = Shape::Linear { inputs: 256, outputs: 256 };
        assert!(
            Compute::Auto(EVEN).is_dense(&shape, 0.6)
                && !Compute::Auto(EVEN).is_dense(&shape, 0.59)
        );
        assert!(Compute::Dense.is_dense(&shape, 0.01) && !Compute::Sparse.is_dense(&shape, 0.99));
        assert!(Compute::Sparse.is_dense(&shape, 1.0));
    }

    #[test]
    fn a_machine_can_be_measured() {
        let BreakEven { small, large, conv } = BreakEven::measure().unwrap();
        for even in [small, large, conv] {
            assert!(even > 0.0 && even <= 1.0, "{even}");
        }
    }
}
