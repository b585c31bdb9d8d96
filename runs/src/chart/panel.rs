//! One chart of any kind.

use maud::html;

use super::bars::Bars;
use super::drawing::Drawing;
use super::forest::Forest;
use super::lines::Lines;
use super::text::{HEADING, fitted};
use super::tiles::Tiles;
use super::unit::{HEIGHT, WIDTH};

/// One chart and its title.
#[derive(Clone, Debug)]
pub struct Panel {
    /// What it is of; may be empty.
    pub title: String,
    /// What it shows.
    pub plot: Plot,
}

/// The kinds of charts.
#[derive(Clone, Debug)]
pub enum Plot {
    /// Values over an axis.
    Lines(Lines),
    /// Intervals below each other.
    Forest(Forest),
    /// Parts of a whole.
    Bars(Bars),
    /// A grid of shades.
    Tiles(Tiles),
}

impl Panel {
    /// Draws it.
    pub fn draw(&self) -> Drawing {
        let top = if self.title.is_empty() { 4.0 } else { 24.0 };
        let (height, plot) = match &self.plot {
            Plot::Lines(lines) => (HEIGHT, lines.draw(top)),
            Plot::Forest(forest) => forest.draw(top),
            Plot::Bars(bars) => bars.draw(top),
            Plot::Tiles(tiles) => tiles.draw(top),
        };
        let body = html! {
            @if !self.title.is_empty() {
                text.heading x="4" y="15" { (fitted(&self.title, WIDTH - 8.0, HEADING)) }
            }
            (plot)
        };
        Drawing { width: WIDTH, height, body }
    }
}
