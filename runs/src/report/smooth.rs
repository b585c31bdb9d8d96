//! Lines of fits, which have no markers: those are of what was measured.

use crate::chart::{Point, Series, Style};

/// Pieces between two points of a line: with as many it has no markers of its own.
const PIECES: usize = 24;

/// The line of a fit through `points`, all above 0, straight between them on logarithmic axes.
pub fn smooth(label: String, style: Style, points: &[Point]) -> Series {
    let between = |two: &[Point]| {
        let mix = |a: f64, b: f64, part: f64| a * (b / a).powf(part);
        let place = |at: usize| {
            let part = at as f64 / PIECES as f64;
            let [a, b] = [&two[0], &two[1]];
            Point::new(mix(a.x, b.x, part), mix(a.y, b.y, part))
        };
        (0..PIECES).map(place).collect::<Vec<_>>()
    };
    let mut fine: Vec<Point> = points.windows(2).flat_map(between).collect();
    fine.extend(points.last().cloned());
    Series { label, style, points: fine, joined: true }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_power_stays_one_and_the_ends_stay() {
        let of = |x: f64| Point::new(x, 3.0 / x.sqrt());
        let line = smooth(String::new(), Style::QUIET, &[of(1.0), of(100.0)]);
        assert_eq!(line.points.len(), PIECES + 1);
        assert!(line.points.iter().all(|at| (at.y - 3.0 / at.x.sqrt()).abs() < 1e-12));
        assert_eq!(line.points.last(), Some(&of(100.0)));
    }
}
