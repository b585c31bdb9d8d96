//! A data set as a picture: how its returns spread, and returns and lengths episode by episode.

use super::summary::Brief;
use crate::chart::{Axis, Lines, Panel, Plot, Point, Series, Style, png, sheet};
use crate::error::Error;
use crate::statistics::percentile;

/// Places of the curve of returns.
const PLACES: usize = 100;

/// The PNG file of a set called `name`.
pub fn picture(name: &str, all: &[Brief]) -> Result<Vec<u8>, Error> {
    let mut returns: Vec<f64> = all.iter().map(|brief| brief.ret).collect();
    let shares = (0..=PLACES).map(|place| place as f64 / PLACES as f64);
    let spread = shares.map(|share| Point::new(share, percentile(&mut returns, share))).collect();
    let by_episode = |value: fn(&Brief) -> f64| {
        all.iter().enumerate().map(|(at, brief)| Point::new(at as f64, value(brief))).collect()
    };
    let panels = [
        panel(
            "Returns, ascending",
            Axis::linear("share of episodes").percent(),
            "return",
            spread,
            true,
        ),
        panel(
            "Returns in order",
            Axis::linear("episode"),
            "return",
            by_episode(|one| one.ret),
            false,
        ),
        panel(
            "Lengths in order",
            Axis::linear("episode"),
            "steps",
            by_episode(|one| one.len as f64),
            false,
        ),
    ];
    let drawings: Vec<_> = panels.iter().map(Panel::draw).collect();
    png(&sheet(name, &drawings)).map_err(Error::system("draw the data set"))
}

fn panel(title: &str, x: Axis, y: &str, points: Vec<Point>, joined: bool) -> Panel {
    let series = Series { label: String::new(), style: Style::nth(0), points, joined };
    let plot = Plot::Lines(Lines::new(x, Axis::linear(y), vec![series]));
    Panel { title: title.to_owned(), plot }
}
