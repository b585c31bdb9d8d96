//! Pieces of SIMD that the crate `pulp` lacks.

use std::any::Any;

use pulp::{Simd, WithSimd};

use super::dispatch::dispatch;
use crate::real::Real;

/// The sum of each of four registers.
///
/// Four sums at once share their shuffles: on AVX they cost about as much as one alone.
#[inline(always)]
pub fn sum4<S: Simd>(simd: S, v: [S::f32s; 4]) -> [f32; 4] {
    #[cfg(target_arch = "x86_64")]
    {
        use pulp::x86::{V3, V4};
        let (simd, v): (&dyn Any, &dyn Any) = (&simd, &v);
        if let (Some(v4), Some(v)) = (simd.downcast_ref::<V4>(), v.downcast_ref()) {
            return x86::sum4_v4(*v4, *v);
        }
        if let (Some(v3), Some(v)) = (simd.downcast_ref::<V3>(), v.downcast_ref()) {
            return x86::sum4_v3(*v3, *v);
        }
    }
    v.map(|v| simd.reduce_sum_f32s(v))
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{__m256, __m512, __m512d};

    use pulp::cast;
    use pulp::x86::{V3, V4};
    use pulp::{f32x8, f32x16};

    /// The four are folded into one register before its quarters are added: fewer operations than the other way round.
    #[inline(always)]
    pub fn sum4_v4(simd: V4, v: [f32x16; 4]) -> [f32; 4] {
        let avx = simd.avx512f;
        let [a, b, c, d]: [__m512; 4] = v.map(cast);
        let pairs = |a, b| -> __m512d {
            let (low, high) = (avx._mm512_unpacklo_ps(a, b), avx._mm512_unpackhi_ps(a, b));
            cast(avx._mm512_add_ps(low, high))
        };
        let (ab, cd) = (pairs(a, b), pairs(c, d));
        let (low, high) = (avx._mm512_unpacklo_pd(ab, cd), avx._mm512_unpackhi_pd(ab, cd));
        // Each quarter: a b c d.
        let quarters = avx._mm512_add_ps(cast(low), cast(high));
        let [low, high]: [__m256; 2] = cast(quarters);
        let [low, high]: [[f32; 4]; 2] = cast(simd.avx._mm256_add_ps(low, high));
        cast(simd.sse._mm_add_ps(cast(low), cast(high)))
    }

    #[inline(always)]
    pub fn sum4_v3(simd: V3, v: [f32x8; 4]) -> [f32; 4] {
        let avx = simd.avx;
        let [a, b, c, d]: [__m256; 4] = v.map(cast);
        // Each half: a b c d.
        let halves = avx._mm256_hadd_ps(avx._mm256_hadd_ps(a, b), avx._mm256_hadd_ps(c, d));
        let [low, high]: [[f32; 4]; 2] = cast(halves);
        cast(simd.sse._mm_add_ps(cast(low), cast(high)))
    }
}

/// Whether all of them are 0 or −0; sixteen at a time, so that most others end it at once.
#[inline(always)]
pub fn is_zero(x: &[f32]) -> bool {
    x.chunks(16).all(|x| x.iter().fold(0, |bits, x| bits | (x.to_bits() << 1)) == 0)
}

/// `to[row] += Σ from[row]`, rows of `width` numbers, a multiple of [`super::lanes::GRAIN`].
pub fn add_row_sums(from: &[f32], width: usize, to: &mut [f32]) {
    struct Sums<'a>(&'a [f32], usize, &'a mut [f32]);
    impl WithSimd for Sums<'_> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            let Self(from, width, to) = self;
            let (fours, rest) = to.as_chunks_mut::<4>();
            let done = 4 * fours.len() * width;
            for (to, from) in fours.iter_mut().zip(from.chunks_exact(4 * width)) {
                let mut sum = [simd.splat_f32s(0.0); 4];
                for (sum, row) in sum.iter_mut().zip(from.chunks_exact(width)) {
                    for x in S::as_simd_f32s(row).0 {
                        *sum = simd.add_f32s(*sum, *x);
                    }
                }
                let sums = sum4(simd, sum);
                for (to, sum) in to.iter_mut().zip(sums) {
                    *to += sum;
                }
            }
            for (to, row) in rest.iter_mut().zip(from[done..].chunks_exact(width)) {
                let mut sum = simd.splat_f32s(0.0);
                for x in S::as_simd_f32s(row).0 {
                    sum = simd.add_f32s(sum, *x);
                }
                *to += simd.reduce_sum_f32s(sum);
            }
        }
    }
    dispatch(Sums(from, width, to));
}

/// `a ← (1 − τ) a + τ b`, and 0 in place of what is below [`Real::LEAST_WEIGHT`].
pub fn lerp(a: &mut [f32], b: &[f32], tau: f32) {
    struct Lerp<'a>(&'a mut [f32], &'a [f32], f32);
    impl WithSimd for Lerp<'_> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) {
            let Self(a, b, tau) = self;
            for (a, b) in a.iter_mut().zip(b) {
                *a = ((1.0 - tau) * *a + tau * b).zero_below(f32::LEAST_WEIGHT);
            }
        }
    }
    dispatch(Lerp(a, b, tau));
}

/// `tanh(x)` to a few units in the last place, in operations that every SIMD has.
///
/// The rational approximation of degree 13/6 on `|x| ≤ 7.9` of Eigen (`ptanh_float`); beyond, the
/// result rounds to ±1. NaN stays NaN.
#[inline(always)]
pub fn tanh(x: f32) -> f32 {
    const BOUND: f32 = 7.905_311;
    let c = x.clamp(-BOUND, BOUND);
    let x2 = c * c;
    let mut p = -2.760_768_5e-16f32;
    for a in [
        2.000_188e-13,
        -8.604_672e-11,
        5.122_297e-8,
        1.485_722_4e-5,
        6.372_619_4e-4,
        4.893_524_6e-3,
    ] {
        p = p * x2 + a;
    }
    let mut q = 1.198_258_4e-6f32;
    for b in [1.185_347_1e-4, 2.268_434_6e-3, 4.893_525e-3] {
        q = q * x2 + b;
    }
    let y = c * p / q;
    // The quotient of rounded polynomials is off by more than the identity here.
    if x.abs() < 4e-4 { x } else { y }
}

/// `eˣ` to two units in the last place, in operations that every SIMD has; 0 below −87, and `e⁸⁸` above 88. NaN stays NaN.
///
/// `eˣ = 2ⁿ eʳ` with `n` the nearest whole number to `x / ln 2`, and the polynomial of degree 7 of Cephes (`expf`) for `eʳ`.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    const LOWEST: f32 = -87.0;
    const HIGHEST: f32 = 88.0;
    // ln 2 in two parts, of which the first times a whole number is exact.
    const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
    let c = x.clamp(LOWEST, HIGHEST);
    let n = (c * std::f32::consts::LOG2_E).round_ties_even();
    let r = c - n * LN_2[0] - n * LN_2[1];
    let mut p = 1.987_569_1e-4f32;
    for a in [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5] {
        p = p * r + a;
    }
    let y = p * r * r + r + 1.0;
    let power = f32::from_bits(((n as i32 + 127) as u32) << 23);
    if x < LOWEST { 0.0 } else { y * power }
}

/// `log(1 + t)` of a `t` from 0 to 1 to two units in the last place, in operations that every SIMD has.
///
/// `log(1 + t) = 2 artanh s` with `s = t / (2 + t)`, by the series `s + s³/3 + s⁵/5 + …` up to `s¹³`: what is left
/// of it at `s = 1/3` is a quarter of a unit.
#[inline(always)]
pub fn log_1p(t: f32) -> f32 {
    let s = t / (2.0 + t);
    let s2 = s * s;
    let mut p = 1.0 / 13.0;
    for n in [11.0, 9.0, 7.0, 5.0, 3.0] {
        p = p * s2 + 1.0 / n;
    }
    let twice = 2.0 * s;
    twice * s2 * p + twice
}

/// Puts `of(x)` in the place of each `x`.
pub fn map(x: &mut [f32], of: impl Fn(f32) -> f32) {
    struct Map<'a, F>(&'a mut [f32], F);
    impl<F: Fn(f32) -> f32> WithSimd for Map<'_, F> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) {
            let Self(x, of) = self;
            x.iter_mut().for_each(|x| *x = of(*x));
        }
    }
    dispatch(Map(x, of));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::dispatch::tests::{LEVEL, LEVELS};

    #[test]
    fn four_sums_are_the_sums_of_each() {
        struct Check;
        impl WithSimd for Check {
            type Output = ();
            #[inline(always)]
            fn with_simd<S: Simd>(self, simd: S) {
                let n = S::F32_LANES;
                let values: Vec<f32> = (0..4 * n).map(|i| (i * i) as f32).collect();
                let (registers, _) = S::as_simd_f32s(&values);
                let found = sum4(simd, [registers[0], registers[1], registers[2], registers[3]]);
                let expected: Vec<f32> = values.chunks(n).map(|v| v.iter().sum()).collect();
                assert_eq!(found.as_slice(), expected);
            }
        }
        for level in LEVELS {
            LEVEL.set(level);
            dispatch(Check);
        }
    }

    #[test]
    fn what_follows_a_dead_weight_ends_at_zero() {
        let mut target = [0.25, -1.0, f32::NAN];
        for _ in 0..20_000 {
            lerp(&mut target, &[0.0; 3], 0.005);
            assert!(target.iter().all(|w| *w == 0.0 || w.is_nan() || w.abs() >= f32::LEAST_WEIGHT));
        }
        assert_eq!(target[..2], [0.0; 2]);
        assert!(target[2].is_nan());
    }

    #[test]
    fn exponentials_are_near_and_end_in_zero() {
        for i in -86_999..88_000 {
            let x = i as f32 * 1e-3;
            let (found, expected) = (f64::from(exp(x)), f64::from(x).exp());
            assert!((found / expected - 1.0).abs() < 2.5e-7, "{x}: {found} {expected}");
        }
        assert_eq!([exp(0.0), exp(-0.0), exp(-1e4), exp(f32::NEG_INFINITY)], [1.0, 1.0, 0.0, 0.0]);
        assert_eq!([exp(89.0), exp(f32::INFINITY)], [exp(88.0); 2]);
        assert!(exp(f32::NAN).is_nan());
    }

    #[test]
    fn logarithms_are_near() {
        let mut worst = 0.0f64;
        for i in 1..=1_000_000 {
            let t = i as f32 * 1e-6;
            worst = worst.max((f64::from(log_1p(t)) / f64::from(t).ln_1p() - 1.0).abs());
        }
        assert!(worst < 2.5e-7, "{worst}");
        assert_eq!((log_1p(0.0), log_1p(1e-30)), (0.0, 1e-30));
        assert!(log_1p(f32::NAN).is_nan());
    }

    #[test]
    fn a_map_is_the_same_on_every_simd() {
        let x: Vec<f32> = (0..77).map(|i| i as f32 * 0.1 - 5.0).collect();
        for level in LEVELS {
            LEVEL.set(level);
            let mut found = x.clone();
            map(&mut found, exp);
            let expected: Vec<f32> = x.iter().map(|x| exp(*x)).collect();
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn sums_of_rows() {
        for (rows, width) in [(1, 16), (4, 64), (7, 48), (6, 32)] {
            let from: Vec<f32> = (0..rows * width).map(|i| (i % 13) as f32).collect();
            let mut to = vec![1.0; rows];
            add_row_sums(&from, width, &mut to);
            let expected: Vec<f32> =
                from.chunks(width).map(|row| 1.0 + row.iter().sum::<f32>()).collect();
            assert_eq!(to, expected);
        }
    }

    #[test]
    fn tanh_is_within_a_few_units_in_the_last_place() {
        let mut worst = 0.0f64;
        for i in -100_000..=100_000 {
            let x = i as f32 * 1e-4;
            let exact = f64::from(x).tanh();
            worst = worst.max((f64::from(tanh(x)) - exact).abs() / exact.abs().max(1e-30));
        }
        assert!(worst < 6e-7, "{worst}");
        assert_eq!((tanh(0.0), tanh(50.0), tanh(f32::NEG_INFINITY)), (0.0, 1.0, -1.0));
        assert!(tanh(f32::NAN).is_nan());
    }
}
