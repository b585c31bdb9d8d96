//! Numbers that are none: whether there is one among many, and which.

use pulp::{Arch, Simd, WithSimd};

use crate::error::{Quantity, SparseError};
use crate::layers::Layer;

/// A number that is none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NotFinite {
    /// What it is of.
    pub quantity: Quantity,
    /// The index of its layer; none where only the sum over all of them is not finite.
    pub layer: Option<usize>,
    /// NaN or infinite.
    pub found: f32,
}

impl NotFinite {
    /// The error of the network `network`, which has these `layers`, after `step` gradient steps.
    pub fn error(self, network: &str, layers: &[Layer], step: u64) -> SparseError {
        let Self { quantity, layer, found } = self;
        let layer = layer.and_then(|layer| layers.get(layer)).map(|layer| layer.name().to_owned());
        SparseError::NotFinite { quantity, network: network.to_owned(), layer, step, found }
    }
}

/// The first of `values` that is NaN or infinite. Where there is none, which is as good as always, that is one
/// pass of SIMD.
pub(crate) fn first_not_finite(values: &[f32]) -> Option<f32> {
    struct Largest<'a>(&'a [f32]);
    impl WithSimd for Largest<'_> {
        type Output = i32;

        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) -> i32 {
            // Without their sign, the bits of floats are ordered as the floats are, NaN above all.
            self.0.iter().fold(0, |most, x| most.max((x.to_bits() & 0x7fff_ffff) as i32))
        }
    }
    let largest = f32::from_bits(Arch::new().dispatch(Largest(values)) as u32);
    match largest.is_finite() {
        true => None,
        false => values.iter().find(|x| !x.is_finite()).copied(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_among_many_is_found_wherever_it_stands() {
        for size in [0, 1, 7, 64, 1_001] {
            let mut values: Vec<f32> = (0..size).map(|i| (i as f32 - 3.0) * 1e34).collect();
            assert_eq!(first_not_finite(&values), None);
            for at in 0..size {
                let was = values[at];
                for wrong in [f32::NAN, -f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                    values[at] = wrong;
                    assert_eq!(first_not_finite(&values).unwrap().to_bits(), wrong.to_bits());
                }
                values[at] = was;
            }
        }
        assert_eq!(first_not_finite(&[f32::MAX, f32::MIN, -0.0, 1e-45]), None);
    }
}
