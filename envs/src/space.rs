//! Spaces: which observations and actions there are.

use std::fmt;

use crate::{Action, Dtype, EnvError, EnvRng, Obs};

/// A set of observations or actions.
#[derive(Debug, Clone, PartialEq)]
pub enum Space {
    /// The whole numbers `0..n`.
    Discrete {
        /// How many there are.
        n: u32,
    },
    /// The points x with `low <= x <= high`, value by value; infinite bounds are allowed.
    Box {
        /// The shape, row-major.
        shape: Vec<usize>,
        /// The least value of each dimension.
        low: Vec<f32>,
        /// The greatest value of each dimension.
        high: Vec<f32>,
        /// What a point's numbers are; an action's are f32.
        dtype: Dtype,
    },
}

/// A point drawn from a [`Space`].
#[derive(Debug, Clone, PartialEq)]
pub enum Sample {
    /// A point of a discrete space.
    Discrete(u32),
    /// A point of a box.
    Continuous(Vec<f32>),
}

impl Sample {
    /// The sample as an action.
    pub fn as_action(&self) -> Action<'_> {
        match self {
            Self::Discrete(index) => Action::Discrete(*index),
            Self::Continuous(values) => Action::Continuous(values),
        }
    }
}

impl Space {
    /// A box of one dimension per bound, shape `(low.len())`.
    pub fn vector(low: &[f32], high: &[f32]) -> Self {
        Self::Box {
            shape: vec![low.len()],
            low: low.to_vec(),
            high: high.to_vec(),
            dtype: Dtype::F32,
        }
    }

    /// A box of this shape with the same bounds everywhere.
    pub fn uniform(shape: &[usize], low: f32, high: f32) -> Self {
        let dim = shape.iter().product();
        let (low, high) = (vec![low; dim], vec![high; dim]);
        Self::Box { shape: shape.to_vec(), low, high, dtype: Dtype::F32 }
    }

    /// A box of bytes of this shape, each from 0 to 255.
    pub fn bytes(shape: &[usize]) -> Self {
        Self::bytes_to(shape, u8::MAX)
    }

    /// A box of bytes of this shape, each from 0 to `high`.
    pub fn bytes_to(shape: &[usize], high: u8) -> Self {
        let dim = shape.iter().product();
        let (low, high) = (vec![0.0; dim], vec![f32::from(high); dim]);
        Self::Box { shape: shape.to_vec(), low, high, dtype: Dtype::U8 }
    }

    /// What the numbers of a point are in a flat buffer; a discrete one is an f32.
    pub fn dtype(&self) -> Dtype {
        match self {
            Self::Discrete { .. } => Dtype::F32,
            Self::Box { dtype, .. } => *dtype,
        }
    }

    /// How many numbers a point has in a flat buffer; 1 for a discrete space.
    pub fn dim(&self) -> usize {
        match self {
            Self::Discrete { .. } => 1,
            Self::Box { low, .. } => low.len(),
        }
    }

    /// Whether this point, flat, lies in the space; for a discrete space the one value is its index.
    pub fn contains(&self, point: Obs<'_>) -> bool {
        if point.dtype() != self.dtype() || point.len() != self.dim() {
            return false;
        }
        match self {
            Self::Discrete { n } => {
                point.values().all(|x| x >= 0.0 && x.fract() == 0.0 && f64::from(x) < f64::from(*n))
            }
            Self::Box { low, high, .. } => {
                point.values().zip(low).zip(high).all(|((x, low), high)| *low <= x && x <= *high)
            }
        }
    }

    /// Whether this action lies in the space, and if not, why.
    pub fn check_action(&self, action: Action<'_>) -> Result<(), EnvError> {
        match (self, action) {
            (Self::Discrete { n }, action) => action.discrete(*n).map(drop),
            (Self::Box { .. }, Action::Discrete(_)) => {
                Err(EnvError::ActionKind { found: "discrete", allowed: "continuous" })
            }
            (Self::Box { low, high, .. }, Action::Continuous(values)) => {
                if values.len() != low.len() {
                    return Err(EnvError::ActionLen { found: values.len(), allowed: low.len() });
                }
                let bounds = values.iter().zip(low).zip(high).enumerate();
                for (index, ((&found, &low), &high)) in bounds {
                    if !(low <= found && found <= high) {
                        return Err(EnvError::ActionValue { index, found, low, high });
                    }
                }
                Ok(())
            }
        }
    }

    /// A random point, as Gymnasium's `sample()` draws it from the same generator: uniform where
    /// both bounds are finite. Only dimensions with an infinite bound differ in their bits:
    /// there a standard normal (both infinite) or a standard exponential beyond the finite bound
    /// is drawn by inversion and Box-Muller instead of numpy's tables. Of bytes it is whole numbers.
    pub fn sample(&self, rng: &mut EnvRng) -> Sample {
        let (low, high, dtype) = match self {
            Self::Discrete { n } => return Sample::Discrete(rng.integers(*n)),
            Self::Box { low, high, dtype, .. } => (low, high, *dtype),
        };
        let mut point = vec![0.0f32; low.len()];
        // Gymnasium draws the unbounded dimensions first, so the order of the draws matters.
        for kind in [(false, false), (true, false), (false, true), (true, true)] {
            for (x, (&low, &high)) in point.iter_mut().zip(low.iter().zip(high)) {
                if (low.is_finite(), high.is_finite()) != kind {
                    continue;
                }
                let (low, high) = (f64::from(low), f64::from(high));
                *x = match kind {
                    (true, true) => match dtype {
                        Dtype::F32 => rng.uniform(low, high),
                        Dtype::U8 => rng.uniform(low, high + 1.0).floor(),
                    },
                    (true, false) => low + exponential(rng),
                    (false, true) => high - exponential(rng),
                    (false, false) => {
                        let radius = (2.0 * exponential(rng)).sqrt();
                        radius * (std::f64::consts::TAU * rng.random()).cos()
                    }
                } as f32;
            }
        }
        Sample::Continuous(point)
    }
}

/// -ln(1 - u), u uniform in [0, 1): the standard exponential by inversion.
fn exponential(rng: &mut EnvRng) -> f64 {
    -(-rng.random()).ln_1p()
}

impl fmt::Display for Space {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Discrete { n } => write!(f, "Discrete({n}): one of 0 to {}", n.saturating_sub(1)),
            Self::Box { shape, low, high, dtype } => {
                let same = |v: &[f32]| v.iter().all(|x| *x == v[0]) && !v.is_empty();
                match dtype {
                    Dtype::F32 => write!(f, "Box{shape:?}: ")?,
                    Dtype::U8 => write!(f, "Box{shape:?} of u8: ")?,
                }
                if same(low) && same(high) {
                    write!(f, "each in [{}, {}]", low[0], high[0])
                } else {
                    write!(f, "low {low:?}, high {high:?}")
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Sample, Space};
    use crate::{Action, EnvRng, Obs};

    proptest! {
        #[test]
        fn samples_lie_in_their_space(seed: u64, n in 1u32..1000, low in -50f32..0.0, high in 0f32..50.0) {
            let mut rng = EnvRng::new(seed);
            let inf = f32::INFINITY;
            let boxed = Space::vector(&[low, -inf, low, -inf], &[high, inf, inf, high]);
            for space in [Space::Discrete { n }, boxed] {
                let sample = space.sample(&mut rng);
                prop_assert!(space.check_action(sample.as_action()).is_ok());
                let flat = match sample { Sample::Discrete(i) => vec![i as f32], Sample::Continuous(x) => x };
                prop_assert_eq!(flat.len(), space.dim());
                prop_assert!(space.contains(Obs::F32(&flat)));
            }
            let byte = Space::bytes_to(&[2, 2], (high * 5.0) as u8);
            let Sample::Continuous(point) = byte.sample(&mut rng) else { panic!("a box") };
            let point: Vec<u8> = point.into_iter().map(|x| x as u8).collect();
            prop_assert!(byte.contains(Obs::U8(&point)));
        }
    }

    #[test]
    fn points_outside_are_refused_with_the_reason() {
        let space = Space::uniform(&[2], -1.0, 1.0);
        assert!(!space.contains(Obs::F32(&[0.0])));
        assert!(!space.contains(Obs::F32(&[0.0, f32::NAN])));
        assert!(!space.contains(Obs::U8(&[0, 0])));
        assert!(!Space::bytes_to(&[2], 1).contains(Obs::U8(&[0, 2])));
        assert!(!Space::Discrete { n: 3 }.contains(Obs::F32(&[1.5])));
        let error = space.check_action(Action::Continuous(&[0.0, 1.5])).unwrap_err().to_string();
        assert!(error.contains("value 1 is 1.5") && error.contains("[-1, 1]"), "{error}");
        let error = Space::Discrete { n: 3 }.check_action(Action::Discrete(3)).unwrap_err();
        assert!(error.to_string().contains("0 to 2"), "{error}");
        assert!(space.check_action(Action::Continuous(&[f32::NAN, 0.0])).is_err());
        assert!(space.check_action(Action::Discrete(0)).is_err());
    }

    #[test]
    fn display_names_the_bounds() {
        assert_eq!(Space::Discrete { n: 2 }.to_string(), "Discrete(2): one of 0 to 1");
        assert_eq!(Space::uniform(&[3], -1.0, 1.0).to_string(), "Box[3]: each in [-1, 1]");
        let text = Space::vector(&[-1.0, -2.0], &[1.0, 2.0]).to_string();
        assert_eq!(text, "Box[2]: low [-1.0, -2.0], high [1.0, 2.0]");
        assert_eq!(Space::bytes(&[4, 2]).to_string(), "Box[4, 2] of u8: each in [0, 255]");
    }
}
