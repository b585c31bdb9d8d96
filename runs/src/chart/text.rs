//! How wide text is, more or less: a browser has other fonts than a sheet.

/// Size of most text.
pub const BODY: f64 = 12.0;

/// Size of a title.
pub const HEADING: f64 = 13.5;

/// Width of a letter as a part of its size: of DejaVu Sans, which is wider than most.
const WIDE: f64 = 0.6;

/// The width of `text` at the size `size`.
pub fn width(text: &str, size: f64) -> f64 {
    WIDE * size * text.chars().count() as f64
}

/// As much of `text` as fits into `room`: of `rigl,width=3` the keys go first; then what is left out in the middle is a `…`,
/// for variants often differ at their ends.
pub fn fitted(text: &str, room: f64, size: f64) -> String {
    // A text of exactly that width fits.
    let most = ((room / (WIDE * size) + 1e-6) as usize).max(3);
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let value = |part| str::split_once(part, '=').map_or(part, |(_, value)| value);
    let text: String = text.split_inclusive([',', ' ']).map(value).collect();
    let letters: Vec<char> = text.chars().collect();
    if letters.len() <= most {
        return text;
    }
    let (begin, end) = ((most - 1).div_ceil(2), (most - 1) / 2);
    let [begin, end] = [&letters[..begin], &letters[letters.len() - end..]];
    begin.iter().chain(&['…']).chain(end).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_of_a_long_text_are_kept() {
        assert_eq!(fitted("dense", 100.0, 12.0), "dense");
        assert_eq!(fitted("rigl,width=3,sparsity=0.95", 80.0, 12.0), "rigl,3,0.95");
        assert_eq!(fitted("pruning sparsity=0.95", 90.0, 12.0), "pruning 0.95");
        let short = fitted("rigl,sparsity=0.95,width=512", 80.0, 12.0);
        assert_eq!(short, "rigl,…5,512");
        assert!(width(&short, 12.0) <= 80.0);
        assert_eq!(fitted("ünïcödé…", 1.0, 12.0).chars().count(), 3);
    }
}
