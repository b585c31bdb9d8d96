//! What share of a run its diagnostics took.

use std::collections::BTreeMap;

use crate::comparison::Cell;

/// A line for each variant that had diagnostics.
pub fn lines(cells: &[Cell]) -> String {
    let measured = cells.iter().filter(|cell| !cell.diagnostics_s.is_empty());
    let line = |cell: &Cell| {
        let took = share(&cell.diagnostics_s, cell.wall_s);
        format!("diagnostics of {}: {took} of its job seconds\n", cell.label)
    };
    measured.map(line).collect()
}

/// The share of all measures in `wall_s`, and then of each, the dearest first.
pub fn share(seconds: &BTreeMap<String, f64>, wall_s: f64) -> String {
    let percent = |s: f64| format!("{:.1} %", 100.0 * s / wall_s);
    let mut each: Vec<_> = seconds.iter().collect();
    each.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    let each: Vec<_> =
        each.into_iter().map(|(name, s)| format!("{name} {}", percent(*s))).collect();
    format!("{} ({})", percent(seconds.values().sum()), each.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::variant::Coordinates;

    #[test]
    fn the_dearest_comes_first() {
        let seconds = [("batch", 0.1), ("snr", 1.5), ("norms", 0.0004)];
        let seconds = BTreeMap::from(seconds.map(|(name, s)| (name.to_owned(), s)));
        assert_eq!(share(&seconds, 20.0), "8.0 % (snr 7.5 %, batch 0.5 %, norms 0.0 %)");
        let cell =
            |variant: &str| Cell::new(variant.to_owned(), 0, Coordinates::default(), Vec::new());
        let mut rigl = cell("rigl");
        (rigl.diagnostics_s, rigl.wall_s) = (seconds, 20.0);
        let lines = lines(&[cell("dense"), rigl]);
        assert!(lines.starts_with("diagnostics of rigl: 8.0 % (snr"), "{lines}");
        assert_eq!(lines.lines().count(), 1);
    }
}
