//! The picture that both mountain cars share: the hill y = 0.45 sin 3p + 0.55 over the position p, the
//! car on it, and a flag at the goal.

use crate::picture::{AMBER, BLUE, GREEN, GREY, INK, Picture};

const LEFT: f64 = -1.2;
const RIGHT: f64 = 0.6;
/// Pieces that the hill is drawn with.
const PIECES: u32 = 90;

fn height(position: f64) -> f64 {
    0.45 * (3.0 * position).sin() + 0.55
}

/// The car at `position`, and the flag at `goal`.
pub(super) fn draw(position: f64, goal: f64) -> Picture {
    let mut picture = Picture::new([LEFT, 0.0], [RIGHT, 1.25], 240.0, 30);
    let place = |piece: u32| {
        let x = LEFT + (RIGHT - LEFT) * f64::from(piece) / f64::from(PIECES);
        [x, height(x)]
    };
    for piece in 0..PIECES {
        picture.line(place(piece), place(piece + 1), 0.012, GREY);
    }
    let foot = height(goal);
    picture.line([goal, foot], [goal, foot + 0.2], 0.008, INK);
    picture.rectangle([goal, foot + 0.13], [goal + 0.08, foot + 0.2], GREEN);

    let slope = (3.0 * 0.45 * (3.0 * position).cos()).atan();
    // From a point of the car's own: how far ahead, how far above the ground.
    let point = |ahead: f64, above: f64| {
        let (sin, cos) = slope.sin_cos();
        [position + ahead * cos - above * sin, height(position) + ahead * sin + above * cos]
    };
    picture.line(point(-0.05, 0.06), point(0.05, 0.06), 0.05, AMBER);
    for wheel in [-0.045, 0.045] {
        picture.disc(point(wheel, 0.025), 0.022, BLUE);
    }
    picture
}
