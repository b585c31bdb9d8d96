//! Sums as numpy rounds them: the order of the additions decides the last bits.

use std::ops::{Add, Mul};

/// Sums up to this length are not split (numpy's PW_BLOCKSIZE).
const BLOCK: usize = 128;
/// Partial sums of a block.
const LANES: usize = 8;

/// `np.sum` of contiguous numbers: pairwise over blocks, each of which has eight partial sums.
pub(super) fn sum<T: Copy + Default + Add<Output = T>>(values: &[T]) -> T {
    map_sum(values, |value| value)
}

/// `np.square(values).sum()`, in the precision of the values.
pub(super) fn sum_of_squares<T: Copy + Default + Add<Output = T> + Mul<Output = T>>(
    values: &[T],
) -> T {
    map_sum(values, |value| value * value)
}

/// The sum of `f` of each value, as numpy adds an array of them.
pub(super) fn map_sum<T: Copy, U: Copy + Default + Add<Output = U>>(
    values: &[T],
    f: impl Fn(T) -> U + Copy,
) -> U {
    if values.len() > BLOCK {
        let half = values.len() / 2;
        let (left, right) = values.split_at(half - half % LANES);
        return map_sum(left, f) + map_sum(right, f);
    }
    let Some((first, rest)) = values.split_first_chunk::<LANES>() else {
        return values.iter().fold(U::default(), |sum, &value| sum + f(value));
    };
    let mut lanes = first.map(f);
    let eights = rest.chunks_exact(LANES);
    let left = eights.remainder();
    for eight in eights {
        for (lane, &value) in lanes.iter_mut().zip(eight) {
            *lane = *lane + f(value);
        }
    }
    let [a, b, c, d, e, g, h, i] = lanes;
    let sum = ((a + b) + (c + d)) + ((e + g) + (h + i));
    left.iter().fold(sum, |sum, &value| sum + f(value))
}

/// `np.linalg.norm` of a short vector: OpenBLAS adds its squares in turn by fused multiply-add on
/// processors that have it.
pub(super) fn norm<const N: usize>(vector: [f64; N]) -> f64 {
    vector.iter().fold(0.0, |sum: f64, x| x.mul_add(*x, sum)).sqrt()
}

/// The difference of two points.
pub(super) fn minus<const N: usize>(a: [f64; N], b: [f64; N]) -> [f64; N] {
    std::array::from_fn(|i| a[i] - b[i])
}

#[cfg(test)]
mod tests {
    use super::{norm, sum, sum_of_squares};

    /// Values whose sum depends on the order in every length that numpy treats apart.
    fn values(n: usize) -> Vec<f64> {
        (0..n).map(|i| 1.0 / (i as f64 + 1.0)).collect()
    }

    /// `np.sum(1 / np.arange(1, n + 1)).hex()` of numpy 2.4.6, as bits.
    #[test]
    fn sums_are_those_of_numpy() {
        for (n, bits) in SUMS {
            assert_eq!(sum(&values(n)).to_bits(), bits, "{n} values");
        }
        // np.square(1 / np.arange(1, 18, dtype=np.float32)).sum()
        let narrow: Vec<f32> = (1..18).map(|i| 1.0 / i as f32).collect();
        assert_eq!(sum_of_squares(&narrow).to_bits(), NARROW);
    }

    #[test]
    fn the_norm_is_fused() {
        assert_eq!(norm([3.0, 4.0]), 5.0);
        // np.linalg.norm([0.1, 0.2, 0.3])
        assert_eq!(norm([0.1, 0.2, 0.3]).to_bits(), NORM);
    }

    const SUMS: [(usize, u64); 10] = [
        (0, 0x0000_0000_0000_0000),
        (3, 0x3ffd_5555_5555_5555),
        (7, 0x4004_be2b_e2be_2be2),
        (8, 0x4005_be2b_e2be_2be2),
        (17, 0x400b_8434_1cec_ee4c),
        (84, 0x4014_0e4e_f27a_45c7),
        (128, 0x4015_bb8a_e954_1ca7),
        (129, 0x4015_c37b_0914_9ba9),
        (300, 0x4019_2172_a3e6_965a),
        (1000, 0x401d_f11f_45f4_e61a),
    ];
    const NARROW: u32 = 0x3fcb_3d40;
    const NORM: u64 = 0x3fd7_f254_dab9_cc3b;
}
