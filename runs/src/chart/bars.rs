//! Parts of a whole, a bar for each whole.

use maud::{Markup, html};

use super::scale::{Axis, Scale};
use super::style::SHADES;
use super::text;
use super::unit::{WIDTH, px};

/// Parts of wholes.
#[derive(Clone, Debug)]
pub struct Bars {
    /// What the parts measure.
    pub x: Axis,
    /// Names of the parts.
    pub parts: Vec<String>,
    /// From top to bottom.
    pub bars: Vec<Bar>,
}

/// One whole.
#[derive(Clone, Debug)]
pub struct Bar {
    /// Its name.
    pub label: String,
    /// Part by part.
    pub values: Vec<f64>,
}

const ROW: f64 = 22.0;

/// The height of a line of the legend.
const LINE: f64 = 17.0;

impl Bars {
    /// Its height and the chart, below `top`.
    pub(super) fn draw(&self, top: f64) -> (f64, Markup) {
        let legend = self.legend();
        let lines = legend.last().map_or(0.0, |entry| entry.line + 1.0);
        let begin = top + LINE * lines + 6.0;
        let names =
            self.bars.iter().map(|bar| text::width(&bar.label, text::BODY)).fold(0.0, f64::max);
        let names = names.min(0.36 * WIDTH);
        let (left, right) = (names + 10.0, WIDTH - 16.0);
        let bottom = begin + ROW * self.bars.len() as f64 + 4.0;
        let wholes = self.bars.iter().map(|bar| bar.values.iter().sum());
        let scale = Scale::new(&self.x, wholes.chain([0.0]), [left, right]);
        let body = html! {
            @for entry in &legend {
                @let y = top + LINE * entry.line;
                rect.(shade(entry.part, self.parts.len())) x=(px(entry.left)) y=(px(y + 1.0)) width="11" height="11" {}
                text x=(px(entry.left + 15.0)) y=(px(y + 11.0)) { (self.parts[entry.part]) }
            }
            @for tick in scale.ticks() {
                @let at = px(scale.at(tick.value));
                line.grid x1=(at) x2=(at) y1=(px(begin)) y2=(px(bottom)) {}
                text.quiet.middle x=(at) y=(px(bottom + 14.0)) { (tick.label) }
            }
            @for (at, bar) in self.bars.iter().enumerate() {
                @let y = begin + ROW * at as f64;
                text.end x=(px(names + 4.0)) y=(px(y + 15.0)) {
                    (text::fitted(&bar.label, names, text::BODY))
                    title { (bar.label) }
                }
                @for (part, [from, to]) in bar.ends().enumerate() {
                    rect.edge.(shade(part, self.parts.len())) x=(px(scale.at(from))) y=(px(y + 3.0))
                        width=(px(scale.at(to) - scale.at(from))) height=(px(ROW - 6.0)) {
                        title { (bar.label) ": " (self.parts[part]) " " (self.x.write(to - from)) }
                    }
                }
            }
            text.quiet.middle x=(px((left + right) / 2.0)) y=(px(bottom + 31.0)) { (self.x.label) }
        };
        (bottom + 38.0, body)
    }

    /// Where the name of each part stands: side by side, in as many lines as it takes.
    fn legend(&self) -> Vec<Entry> {
        let (mut left, mut line) = (4.0, 0.0);
        let entry = |(part, name): (usize, &String)| {
            let width = text::width(name, text::BODY) + 28.0;
            if left + width > WIDTH {
                (left, line) = (4.0, line + 1.0);
            }
            let entry = Entry { part, left, line };
            left += width;
            entry
        };
        self.parts.iter().enumerate().map(entry).collect()
    }
}

impl Bar {
    /// From where to where each part goes.
    fn ends(&self) -> impl Iterator<Item = [f64; 2]> {
        self.values.iter().scan(0.0, |sum, value| {
            let from = *sum;
            *sum += value;
            Some([from, *sum])
        })
    }
}

struct Entry {
    part: usize,
    left: f64,
    line: f64,
}

/// The class of the `part`-th of so many parts: as different as shades can be, the first the strongest.
fn shade(part: usize, parts: usize) -> String {
    let step = (SHADES - 2) as f64 / parts.saturating_sub(1).max(1) as f64;
    format!("h{}", (SHADES - 1).saturating_sub((part as f64 * step).round() as usize))
}
