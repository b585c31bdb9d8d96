//! Lanes in another order.

use std::any::Any;

use pulp::Simd;

/// Lanes that are put into another order at once: as many as a tile has.
pub const LANES: usize = super::lanes::TILE;

/// Where each of some lanes comes from.
pub type Order = [u32; LANES];

/// `to[i] = from[order[i]]`, where `from` has whole registers of lanes, at most [`LANES`], and zeros beyond.
///
/// With AVX-512 all of them are in four registers, and sixteen of the result take two permutations; elsewhere each takes
/// a load and a store.
#[inline(always)]
pub fn permute<S: Simd>(simd: S, from: &[f32], order: &Order, to: &mut [f32; LANES]) {
    #[cfg(target_arch = "x86_64")]
    {
        let simd: &dyn Any = &simd;
        if let Some(v4) = simd.downcast_ref() {
            return x86::permute(*v4, from, order, to);
        }
    }
    let _ = simd;
    let mut all = [0.0; LANES];
    all[..from.len()].copy_from_slice(from);
    for (to, at) in to.iter_mut().zip(order) {
        *to = all[*at as usize % LANES];
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use pulp::x86::V4;
    use pulp::{Simd, cast, f32x16};

    use super::{LANES, Order};

    #[inline(always)]
    pub fn permute(simd: V4, from: &[f32], order: &Order, to: &mut [f32; LANES]) {
        let (of, avx) = (V4::as_simd_f32s(from).0, simd.avx512f);
        let register = |i: usize| cast(of.get(i).copied().unwrap_or_else(|| simd.splat_f32s(0.0)));
        let [a, b, c, d] = [register(0), register(1), register(2), register(3)];
        let upper = cast(simd.splat_u32s(32));
        let each = V4::as_mut_simd_f32s(to).0.iter_mut().zip(V4::as_simd_u32s(order).0);
        for (to, order) in each {
            let order = cast(*order);
            let low = avx._mm512_permutex2var_ps(a, order, b);
            let high = avx._mm512_permutex2var_ps(c, order, d);
            let which = avx._mm512_test_epi32_mask(order, upper);
            let both: f32x16 = cast(avx._mm512_mask_blend_ps(which, low, high));
            *to = both;
        }
    }
}

#[cfg(test)]
mod tests {
    use pulp::WithSimd;

    use super::*;
    use crate::kernels::dispatch::dispatch;
    use crate::kernels::dispatch::tests::{LEVEL, LEVELS};

    #[test]
    fn every_lane_is_found() {
        struct Check(usize);
        impl WithSimd for Check {
            type Output = ();
            #[inline(always)]
            fn with_simd<S: Simd>(self, simd: S) {
                let from: Vec<f32> = (0..self.0).map(|i| i as f32 + 1.0).collect();
                let order: Order = std::array::from_fn(|i| (29 * i as u32 + 5) % 64);
                let mut to = [7.0; LANES];
                permute(simd, &from, &order, &mut to);
                for (to, at) in to.iter().zip(order) {
                    assert_eq!(*to, from.get(at as usize).copied().unwrap_or(0.0));
                }
            }
        }
        for level in LEVELS {
            LEVEL.set(level);
            [0, 16, 32, 48, 64].into_iter().for_each(|lanes| dispatch(Check(lanes)));
        }
    }
}
