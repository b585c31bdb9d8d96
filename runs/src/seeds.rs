//! Seeds as people write them: a list, or a range with both ends.

/// More seeds than this are a slip of the keyboard.
pub const MOST_SEEDS: u64 = 100_000;

/// Seeds of a command line.
#[derive(Clone, Debug)]
pub struct Seeds(pub Vec<u64>);

/// The seeds from `first` to `last` of `first..last`, both included; none of a text that is no range.
///
/// # Errors
/// What was found: an end below its beginning, or too many seeds.
pub fn range(text: &str) -> Option<Result<Vec<u64>, String>> {
    let (first, last) = text.split_once("..")?;
    let end = |text: &str| text.trim().parse::<u64>().ok();
    let (first, last) = (end(first)?, end(last)?);
    Some(match last.checked_sub(first) {
        None => Err(format!("{text}, whose end is below its beginning")),
        Some(MOST_SEEDS..) => Err(format!("more than {MOST_SEEDS} seeds")),
        Some(_) => Ok((first..=last).collect()),
    })
}

/// `1,2,3` or `1..10`.
///
/// # Errors
/// What would do.
pub fn parse(text: &str) -> Result<Seeds, String> {
    if let Some(seeds) = range(text) {
        return seeds.map(Seeds);
    }
    let wrong = || "write whole numbers, each once: 1,2,3 or 1..10 (both ends included)".to_owned();
    let mut seeds = Vec::new();
    for word in text.split(',') {
        match word.trim().parse() {
            Ok(seed) if !seeds.contains(&seed) => seeds.push(seed),
            Ok(_) | Err(_) => return Err(wrong()),
        }
    }
    Ok(Seeds(seeds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_as_list_and_range() {
        assert_eq!(parse("3,1, 2").unwrap().0, [3, 1, 2]);
        assert_eq!(parse("1..4").unwrap().0, [1, 2, 3, 4]);
        assert_eq!(parse("1..100000").unwrap().0.len(), 100_000);
        for wrong in ["", "1,,2", "1,1", "1..", "-1", "a"] {
            assert!(parse(wrong).unwrap_err().contains("each once"), "{wrong}");
        }
        assert!(parse("4..1").unwrap_err().contains("below its beginning"));
        for many in ["1..100001", "0..18446744073709551615"] {
            assert_eq!(parse(many).unwrap_err(), "more than 100000 seeds");
        }
    }
}
