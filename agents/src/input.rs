//! Observations as a network reads them: f32. Bytes from 0 to 255 become `x / 255`, other bytes stay the
//! whole numbers that they are (as Dopamine has it: its convolutional networks see pixels in `[0, 1]`).

use sparring_envs::{Dtype, EnvSpec, Obs, Space};
use sparring_sparse::gpu::Numbers;

/// How one environment's observations become a network's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Input {
    /// Numbers of an observation.
    pub dim: usize,
    /// What a byte is divided by.
    divisor: f32,
    dtype: Dtype,
}

impl Input {
    /// That of `spec`.
    pub fn of(spec: &EnvSpec) -> Self {
        let full = f32::from(u8::MAX);
        let pixels = match &spec.obs {
            Space::Box { high, .. } => high.iter().all(|high| *high == full),
            Space::Discrete { .. } => false,
        };
        let divisor = if pixels { full } else { 1.0 };
        Self { dim: spec.obs.dim(), divisor, dtype: spec.obs.dtype() }
    }

    /// What a byte is divided by; 1 where observations are numbers.
    pub fn divisor(&self) -> f32 {
        match self.dtype {
            Dtype::F32 => 1.0,
            Dtype::U8 => self.divisor,
        }
    }

    /// What a device is told of the numbers of an observation.
    pub fn numbers(&self) -> Numbers {
        match self.dtype {
            Dtype::F32 => Numbers::Floats,
            Dtype::U8 => Numbers::Bytes { divisor: self.divisor },
        }
    }

    /// Places of `f32`s that `n` observations take as the environment shows them.
    pub fn places(&self, n: usize) -> usize {
        match self.dtype {
            Dtype::F32 => n * self.dim,
            Dtype::U8 => (n * self.dim).div_ceil(size_of::<f32>()),
        }
    }

    /// Bytes of the floats of `n` observations, which only those of bytes need.
    pub fn bytes(&self, n: usize) -> u64 {
        match self.dtype {
            Dtype::F32 => 0,
            Dtype::U8 => (n as u64).saturating_mul((self.dim * size_of::<f32>()) as u64),
        }
    }

    /// `obs (n · dim)` as f32, which `scratch` holds where it was bytes.
    pub fn floats<'a>(&self, obs: Obs<'a>, scratch: &'a mut Vec<f32>) -> &'a [f32] {
        match obs {
            Obs::F32(values) => values,
            Obs::U8(bytes) => {
                scratch.clear();
                scratch.extend(bytes.iter().map(|byte| f32::from(*byte) / self.divisor));
                scratch
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use sparring_envs::spec;

    use super::*;

    #[test]
    fn pixels_are_divided_and_other_bytes_and_numbers_are_not() {
        let mut scratch = Vec::new();
        let pixels = Input::of(&spec("Recall-v0").unwrap());
        let seen = pixels.floats(Obs::U8(&[0, 51, 255]), &mut scratch);
        assert_eq!((seen, pixels.dim), ([0.0, 0.2, 1.0].as_slice(), 8));
        let flags = EnvSpec { obs: Space::bytes_to(&[3], 1), ..spec("Recall-v0").unwrap() };
        assert_eq!(Input::of(&flags).floats(Obs::U8(&[0, 1]), &mut scratch), [0.0, 1.0]);
        let floats = Input::of(&spec("CartPole-v1").unwrap());
        assert_eq!(floats.floats(Obs::F32(&[255.0, -3.0]), &mut scratch), [255.0, -3.0]);
    }
}
