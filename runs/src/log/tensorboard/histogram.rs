//! Histograms, of the tabs Histograms and Distributions.

use tensorboard_proto::summary::Summary_Value;

use super::value::{of_plugin, triples};

/// Buckets of equal width from the least to the largest value, as TensorBoard's own summaries have them.
const BUCKETS: usize = 30;

/// How `values` are spread; none where none of them is a number.
pub fn histogram(tag: &str, values: &[f32]) -> Option<Summary_Value> {
    let rows = buckets(values)?;
    Some(of_plugin(tag, "histograms", Vec::new(), triples(&rows)))
}

/// Left end, right end and count of each bucket. The last one has its right end.
fn buckets(values: &[f32]) -> Option<[[f64; 3]; BUCKETS]> {
    let numbers = || values.iter().filter(|x| x.is_finite()).map(|x| f64::from(*x));
    let low = numbers().reduce(f64::min)?;
    let high = numbers().fold(low, f64::max);
    let width = (high - low) / BUCKETS as f64;
    let mut rows = [[low, high, 0.0]; BUCKETS];
    for (at, row) in rows.iter_mut().enumerate().filter(|_| width > 0.0) {
        row[0] = low + at as f64 * width;
        row[1] = if at + 1 == BUCKETS { high } else { low + (at + 1) as f64 * width };
    }
    for number in numbers() {
        let at = match width > 0.0 {
            true => ((number - low) / width) as usize,
            false => BUCKETS - 1,
        };
        rows[at.min(BUCKETS - 1)][2] += 1.0;
    }
    Some(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_in_its_bucket() {
        let values: Vec<f32> =
            (0..=60).map(|i| i as f32).chain([f32::NAN, f32::INFINITY]).collect();
        let rows = buckets(&values).unwrap();
        assert_eq!((rows[0], rows[29]), ([0.0, 2.0, 2.0], [58.0, 60.0, 3.0]));
        assert_eq!(rows.iter().map(|row| row[2]).sum::<f64>(), 61.0);
    }

    #[test]
    fn equal_numbers_are_one_bucket_and_none_is_no_histogram() {
        let rows = buckets(&[0.5; 4]).unwrap();
        assert_eq!((rows[0], rows[29]), ([0.5, 0.5, 0.0], [0.5, 0.5, 4.0]));
        assert_eq!((buckets(&[]), buckets(&[f32::NAN])), (None, None));
    }
}
