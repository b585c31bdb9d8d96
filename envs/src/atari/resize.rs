//! Shrinking a screen by area: each pixel of the small picture is the mean of what it covers, pixels that
//! it covers in part counting by that part. This is OpenCV's INTER_AREA, in whole numbers: exact, and the
//! same bits on every machine. OpenCV sums in f32, so it differs where the mean lies half-way between two
//! grey levels or a rounding error away from it, by one level.

/// A resize of one size to another that is no larger, in both directions.
#[derive(Debug, Clone)]
pub(super) struct Resize {
    rows: Axis,
    columns: Axis,
    /// Sums of rows, one for each column of the source.
    sums: Vec<u16>,
    /// 2⁴⁰ over the weight of a whole pixel, rounded up.
    inverse: u64,
}

/// How one axis shrinks.
#[derive(Debug, Clone)]
struct Axis {
    /// How many places the source has.
    from: usize,
    /// For each place of the target, the first place of the source that it covers.
    starts: Vec<usize>,
    /// Weights of the covered places, `taps` for each place of the target, those not covered 0.
    weights: Vec<u16>,
    taps: usize,
    /// The sum of the weights of one place.
    total: u16,
}

const SHIFT: u32 = 40;

impl Resize {
    /// From `(rows, columns)` to `(rows, columns)`; no size is above 256.
    pub fn new(from: (usize, usize), to: (usize, usize)) -> Self {
        let (rows, columns) = (Axis::new(from.0, to.0), Axis::new(from.1, to.1));
        let whole = u64::from(rows.total) * u64::from(columns.total);
        let sums = vec![0; columns.from + columns.taps];
        Self { inverse: (1u64 << SHIFT).div_ceil(whole), sums, rows, columns }
    }

    /// Shrinks `source` into `target`, both row-major.
    pub fn apply(&mut self, source: &[u8], target: &mut [u8]) {
        let width = self.columns.from;
        let half = u64::from(self.rows.total) * u64::from(self.columns.total) / 2;
        let out = self.columns.starts.len();
        for (row, target) in target.chunks_exact_mut(out).enumerate() {
            let (start, weights) = self.rows.at(row);
            let sums = &mut self.sums[..width];
            sums.fill(0);
            for (tap, &weight) in weights.iter().enumerate().filter(|(_, weight)| **weight > 0) {
                let line = &source[(start + tap) * width..][..width];
                for (sum, &pixel) in sums.iter_mut().zip(line) {
                    *sum += weight * u16::from(pixel);
                }
            }
            for (column, pixel) in target.iter_mut().enumerate() {
                let (start, weights) = self.columns.at(column);
                let covered = &self.sums[start..start + weights.len()];
                let pairs = covered.iter().zip(weights);
                let sum: u32 =
                    pairs.map(|(sum, weight)| u32::from(*sum) * u32::from(*weight)).sum();
                *pixel = (((u64::from(sum) + half) * self.inverse) >> SHIFT) as u8;
            }
        }
    }
}

impl Axis {
    /// A place of the source is `to` units long and one of the target `from`, over their greatest
    /// common divisor; weights are overlaps in these units.
    fn new(from: usize, to: usize) -> Self {
        let (mut unit, mut rest) = (from, to);
        while rest > 0 {
            (unit, rest) = (rest, unit % rest);
        }
        let (source, target) = (to / unit, from / unit);
        let starts: Vec<_> = (0..to).map(|place| place * target / source).collect();
        let taps = target.div_ceil(source) + 1;
        let mut weights = Vec::with_capacity(to * taps);
        for (place, &start) in starts.iter().enumerate() {
            weights.extend((start..start + taps).map(|covered| {
                let low = (covered * source).max(place * target);
                let high = ((covered + 1) * source).min((place + 1) * target);
                high.saturating_sub(low) as u16
            }));
        }
        Self { from, starts, weights, taps, total: target as u16 }
    }

    /// The first covered place and the weights from there on.
    #[inline]
    fn at(&self, place: usize) -> (usize, &[u16]) {
        (self.starts[place], &self.weights[place * self.taps..(place + 1) * self.taps])
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Resize;

    /// The mean of what each pixel covers, by the definition, in f64.
    fn mean(source: &[u8], from: (usize, usize), to: (usize, usize)) -> Vec<f64> {
        let overlap = |covered: usize, place: usize, from: usize, to: usize| {
            let scale = from as f64 / to as f64;
            let (low, high) = (place as f64 * scale, (place + 1) as f64 * scale);
            ((covered + 1) as f64).min(high) - (covered as f64).max(low)
        };
        let mut means = Vec::new();
        for (row, column) in (0..to.0).flat_map(|row| (0..to.1).map(move |column| (row, column))) {
            let (mut sum, mut area) = (0.0, 0.0);
            for (i, &pixel) in source.iter().enumerate() {
                let x = overlap(i / from.1, row, from.0, to.0).max(0.0);
                let part = x * overlap(i % from.1, column, from.1, to.1).max(0.0);
                (sum, area) = (sum + part * f64::from(pixel), area + part);
            }
            means.push(sum / area);
        }
        means
    }

    proptest! {
        #[test]
        fn a_pixel_is_the_mean_of_what_it_covers(
            rows in 1usize..30, columns in 1usize..30, to in (1usize..30, 1usize..30), seed: u64,
        ) {
            let (from, to) = ((rows, columns), (to.0.min(rows), to.1.min(columns)));
            let mut rng = crate::EnvRng::new(seed);
            let source: Vec<u8> = (0..rows * columns).map(|_| rng.next_u32() as u8).collect();
            let mut target = vec![0; to.0 * to.1];
            Resize::new(from, to).apply(&source, &mut target);
            for (pixel, mean) in target.iter().zip(mean(&source, from, to)) {
                prop_assert!((f64::from(*pixel) - mean).abs() <= 0.5 + 1e-9, "{pixel} for {mean}");
            }
        }
    }

    #[test]
    fn screens_of_one_colour_keep_it_at_every_size() {
        for height in [210, 214, 220, 230, 250] {
            for (colour, size) in [(255, 84), (255, 160), (254, 1), (1, 97), (0, 84)] {
                let mut target = vec![9; size * size];
                let source = vec![colour; height * 160];
                Resize::new((height, 160), (size, size)).apply(&source, &mut target);
                assert!(target.iter().all(|&pixel| pixel == colour), "{height} {size}");
            }
        }
    }
}
