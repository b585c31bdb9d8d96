//! The function after a layer, and its slope.

use pulp::{Simd, WithSimd};

use super::dispatch::dispatch;
use super::vector::tanh;
use crate::layers::Activation;

/// `y = act(y + bias)`: bias `(rows)`, y rows of `width`.
pub fn apply(activation: Activation, bias: &[f32], width: usize, y: &mut [f32]) {
    /// A struct, because a closure is compiled apart from the dispatch, without its instructions.
    struct Apply<'a>(Activation, &'a [f32], usize, &'a mut [f32]);
    impl WithSimd for Apply<'_> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) {
            let Self(activation, bias, width, y) = self;
            for (y, bias) in y.chunks_exact_mut(width).zip(bias) {
                match activation {
                    Activation::Identity => y.iter_mut().for_each(|y| *y += bias),
                    Activation::Relu => y.iter_mut().for_each(|y| {
                        let sum = *y + bias;
                        *y = if sum < 0.0 { 0.0 } else { sum };
                    }),
                    Activation::Tanh => y.iter_mut().for_each(|y| *y = tanh(*y + bias)),
                }
            }
        }
    }
    dispatch(Apply(activation, bias, width, y));
}

/// Turns `dL/dy` into `dL/dx`, given `y = act(x)`.
pub fn chain(activation: Activation, y: &[f32], dy: &mut [f32]) {
    struct Chain<'a> {
        activation: Activation,
        y: &'a [f32],
        dy: &'a mut [f32],
    }
    impl WithSimd for Chain<'_> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            let Self { activation, y, dy } = self;
            let ((y, y_tail), (dy, dy_tail)) = (S::as_simd_f32s(y), S::as_mut_simd_f32s(dy));
            for (y, dy) in y.iter().zip(dy) {
                *dy = chain_simd(activation, simd, *y, *dy);
            }
            let y = simd.partial_load_f32s(y_tail);
            let dy = simd.partial_load_f32s(dy_tail);
            simd.partial_store_f32s(dy_tail, chain_simd(activation, simd, y, dy));
        }
    }
    if activation != Activation::Identity {
        dispatch(Chain { activation, y, dy });
    }
}

/// `act(x)` of one register; tanh is left to the caller.
#[inline(always)]
pub(crate) fn apply_simd<S: Simd>(activation: Activation, simd: S, x: S::f32s) -> S::f32s {
    match activation {
        Activation::Identity | Activation::Tanh => x,
        Activation::Relu => {
            let zero = simd.splat_f32s(0.0);
            simd.select_f32s(simd.less_than_f32s(x, zero), zero, x)
        }
    }
}

/// `dy · act'` of one register.
#[inline(always)]
pub(crate) fn chain_simd<S: Simd>(
    activation: Activation,
    simd: S,
    y: S::f32s,
    dy: S::f32s,
) -> S::f32s {
    match activation {
        Activation::Identity => dy,
        Activation::Relu => {
            let zero = simd.splat_f32s(0.0);
            simd.select_f32s(simd.less_than_f32s(zero, y), dy, zero)
        }
        Activation::Tanh => {
            let slope = simd.sub_f32s(simd.splat_f32s(1.0), simd.mul_f32s(y, y));
            simd.mul_f32s(slope, dy)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forward_and_chain() {
        let x: Vec<f32> = (-20..=20).map(|i| i as f32 / 10.0).collect();
        for activation in [Activation::Identity, Activation::Relu, Activation::Tanh] {
            let mut y = x.clone();
            let n = y.len();
            apply(activation, &[0.25], n, &mut y);
            let mut dx = vec![1.0; y.len()];
            chain(activation, &y, &mut dx);
            for ((x, y), dx) in x.iter().zip(&y).zip(dx) {
                let x = f64::from(x + 0.25);
                let (value, slope) = match activation {
                    Activation::Identity => (x, 1.0),
                    Activation::Relu => (x.max(0.0), if x > 0.0 { 1.0 } else { 0.0 }),
                    Activation::Tanh => (x.tanh(), 1.0 - x.tanh().powi(2)),
                };
                assert!((f64::from(*y) - value).abs() < 1e-6, "{activation:?} {x} {y}");
                assert!((f64::from(dx) - slope).abs() < 1e-6, "{activation:?} {x} {dx}");
            }
        }
    }

    #[test]
    fn relu_passes_no_gradient_at_zero_and_hides_no_nan() {
        let mut dy = [1.0; 3];
        chain(Activation::Relu, &[1.0, 0.0, 2.0], &mut dy);
        assert_eq!(dy, [1.0, 0.0, 1.0]);
        let mut y = [f32::NAN, -1.0];
        apply(Activation::Relu, &[0.0], 2, &mut y);
        assert!(y[0].is_nan() && y[1] == 0.0);
    }
}
