//! Charts as SVG and PNG: data in, pictures out; what the data mean is the caller's.
//!
//! A [`Panel`] is one chart. Its [`Drawing`] stands in a page, whose style sheet then colours it for light, dark and
//! print, or on a [`sheet`] of its own, with fixed colours. Text is in the colour of ink; a series
//! has a colour, a marker and a dash, so that it is told by each of them, and its name stands at its end.

mod bars;
mod drawing;
mod forest;
mod lines;
mod panel;
mod place;
mod raster;
mod scale;
mod sheet;
mod style;
mod text;
mod tiles;
mod unit;

pub use bars::{Bar, Bars};
pub use drawing::Drawing;
pub use forest::{Forest, Judgement, Row};
pub use lines::{Lines, Point, Reference, Series};
pub use panel::{Panel, Plot};
pub use raster::{Unpainted, png};
pub use scale::{Axis, Format, Spacing};
pub use sheet::sheet;
pub use style::{COLOURS, Colour, Style, page_css};
pub use tiles::Tiles;
