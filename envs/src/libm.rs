//! Arithmetic that must round as numpy's does, where a plain Rust operator would not.

use std::hint::black_box;

/// `x ** 2` of a numpy float64: numpy calls C's pow, which is not always the rounded product.
///
/// glibc bounds the error of pow by 0.511 units in the last place for the exponential and 1.5 · 2^-15
/// |ln x²| for the logarithm (`e_pow.c`), together below 0.514 in the range here. Where the rounded
/// product is within 0.48 units of the exact one, every other double is at least 0.52 away, so pow must
/// give the product too. Only the few other values are worth the call.
#[inline]
pub(crate) fn square(x: f64) -> f64 {
    const CERTAIN: f64 = 0.48 * f64::EPSILON;
    const EXPONENT: u64 = 0x7ff << 52;
    const UPPER_HALF: u64 = !0 << 27;
    let product = x * x;
    // The error of the product, from x = high + low: x² = high² + low (high + x), and high² is exact.
    let high = f64::from_bits(x.to_bits() & UPPER_HALF);
    let error = (high * high - product) + (x - high) * (high + x);
    let power_of_two = f64::from_bits(product.to_bits() & EXPONENT);
    // Below a power of two the doubles lie closer.
    let certain = (error.abs() <= power_of_two * CERTAIN)
        & (product > power_of_two)
        & (1e-20..1e20).contains(&product);
    if certain { product } else { pow_square(x) }
}

/// C's `pow(x, 2)`; the exponent is hidden from the compiler, which would fold it into `x * x`.
#[cold]
fn pow_square(x: f64) -> f64 {
    x.powf(black_box(2.0))
}

/// `x ** 2` of a numpy float32, by C's powf; its error bound is too wide for the way of [`square`].
#[inline]
pub(crate) fn square_f32(x: f32) -> f32 {
    x.powf(black_box(2.0))
}

/// sin and cos of x in one call of the C library. Inlined into a function that branches before it needs
/// the sine, the two would be parted into two calls that take twice the time.
#[inline(never)]
pub(crate) fn sin_cos(x: f64) -> (f64, f64) {
    x.sin_cos()
}

/// `np.mod(x, y)` for y > 0: the remainder with the sign of y.
#[inline]
pub(crate) fn floor_mod(x: f64, y: f64) -> f64 {
    let remainder = x % y;
    if remainder < 0.0 { remainder + y } else { remainder.abs() }
}

/// sin and cos of a numpy float32 with |x| < pi / 4: numpy's own single-precision polynomials with
/// fused multiply-add, which differ from a rounded double in about one value in a thousand.
/// Coefficients as in numpy 2.4 (`loops_trigonometric`).
pub(crate) fn sin_cos_f32(x: f32) -> (f32, f32) {
    const SIN: [u32; 4] = [0x363e_9dde, 0xb950_35dd, 0x3c08_88cd, 0xbe2a_aaab];
    const COS: [u32; 5] = [0x37cc_730b, 0xbab6_036e, 0x3d2a_aa9e, 0xbf00_0000, 0x3f80_0000];
    let square = x * x;
    let horner = |coefficients: &[u32]| {
        coefficients.iter().fold(0.0f32, |sum, &bits| sum.mul_add(square, f32::from_bits(bits)))
    };
    ((horner(&SIN) * square).mul_add(x, x), horner(&COS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_square_is_that_of_pow() {
        let mut rng = crate::EnvRng::new(0);
        let mut unrounded = 0;
        for i in 0..1_000_000 {
            let x = match i % 4 {
                0 => rng.uniform(-4.0, 4.0),
                1 => rng.uniform(-30.0, 30.0),
                2 => f64::from_bits(rng.next_u64()),
                _ => f64::from(rng.uniform(-8.0, 8.0) as f32),
            };
            let (found, expected) = (square(x), pow_square(x));
            assert!(found.to_bits() == expected.to_bits() || x.is_nan(), "{x:e}");
            unrounded += u32::from(expected != x * x && !x.is_nan());
        }
        // If pow were the rounded product, all of this would be in vain.
        assert!(cfg!(not(target_env = "gnu")) || unrounded > 0);
        assert_eq!(square(0.0), 0.0);
    }

    #[test]
    fn the_remainder_has_the_sign_of_the_divisor() {
        assert_eq!(floor_mod(-0.5, 2.0), 1.5);
        assert_eq!(floor_mod(4.5, 2.0), 0.5);
        assert!(floor_mod(-4.0, 2.0).is_sign_positive());
    }

    #[test]
    fn single_precision_sine_is_close_to_the_double() {
        for i in -780..780 {
            let x = i as f32 * 1e-3;
            let (sin, cos) = sin_cos_f32(x);
            assert!((f64::from(sin) - f64::from(x).sin()).abs() < 1e-7);
            assert!((f64::from(cos) - f64::from(x).cos()).abs() < 1e-7);
        }
    }
}
