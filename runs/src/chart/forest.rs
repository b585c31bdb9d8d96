//! Intervals below each other, each with its name and its numbers.

use maud::{Markup, html};

use super::scale::{Axis, Scale};
use super::style::Style;
use super::text;
use super::unit::{WIDTH, px};

/// Intervals below each other.
#[derive(Clone, Debug)]
pub struct Forest {
    /// What they are of.
    pub x: Axis,
    /// From top to bottom.
    pub rows: Vec<Row>,
    /// Where nothing is better or worse.
    pub reference: Option<f64>,
    /// Whether a bar reaches from there to each value.
    pub bars: bool,
}

/// One of them.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its name.
    pub label: String,
    /// How it looks.
    pub style: Style,
    /// The value.
    pub value: f64,
    /// The ends of its interval.
    pub interval: Option<[f64; 2]>,
    /// What came of it, if something was claimed.
    pub judgement: Option<Judgement>,
}

/// Where a value was to lie, and whether it does.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// Beyond the one, or between both.
    pub bounds: Vec<f64>,
    /// In a word, which stands beside the value in place of its interval.
    pub verdict: String,
}

/// The height of a row.
const ROW: f64 = 22.0;

impl Forest {
    /// Its height and the chart, below `top`.
    pub(super) fn draw(&self, top: f64) -> (f64, Markup) {
        let rows: Vec<&Row> = self.rows.iter().filter(|row| self.x.has(row.value)).collect();
        let widest = |of: &dyn Fn(&Row) -> String| {
            rows.iter().map(|row| text::width(&of(row), text::BODY)).fold(0.0, f64::max)
        };
        let names = widest(&|row| row.label.clone()).min(0.36 * WIDTH);
        let left = names + 14.0;
        let right = WIDTH - widest(&|row| self.told(row)) - 14.0;
        let bottom = top + ROW * rows.len() as f64 + 6.0;
        let values = rows
            .iter()
            .flat_map(|row| [row.value].into_iter().chain(row.interval.into_iter().flatten()))
            .chain(rows.iter().flat_map(|row| row.bounds()).copied());
        let scale = Scale::new(&self.x, values.chain(self.reference), [left, right]);
        let middle = |at: usize| top + ROW * (at as f64 + 0.5);
        let body = html! {
            @for tick in scale.ticks() {
                @let at = px(scale.at(tick.value));
                line.grid x1=(at) x2=(at) y1=(px(top)) y2=(px(bottom)) {}
                text.quiet.middle x=(at) y=(px(bottom + 14.0)) { (tick.label) }
            }
            @if let Some(reference) = self.reference {
                @let at = px(scale.at(reference));
                line.axis stroke-dasharray="4 3" x1=(at) x2=(at) y1=(px(top)) y2=(px(bottom)) {}
            }
            @for (at, row) in rows.iter().enumerate() {
                @if let Some(reference) = self.reference.filter(|_| self.bars) {
                    @let ends = [scale.at(reference.min(row.value)), scale.at(reference.max(row.value))];
                    rect.band.(row.style.fill()) x=(px(ends[0])) y=(px(middle(at) - 7.0))
                        width=(px(ends[1] - ends[0])) height="14" {}
                }
                text.end x=(px(names + 4.0)) y=(px(middle(at) + 4.0)) {
                    (text::fitted(&row.label, names, text::BODY))
                    title { (row.label) }
                }
                @if let Some([low, high]) = row.interval {
                    path.line.(row.style.stroke())
                        d=(format!("M{} {}H{}", px(scale.at(low)), px(middle(at)), px(scale.at(high)))) {}
                }
                @for bound in row.bounds() {
                    @let x = px(scale.at(*bound));
                    line.axis x1=(x) x2=(x) y1=(px(middle(at) - 8.0)) y2=(px(middle(at) + 8.0)) {
                        title { "bound" }
                    }
                }
                path.edge.(row.style.fill()) d=(row.style.marker(scale.at(row.value), middle(at))) {
                    title { (row.label) ": " (self.told(row)) }
                }
                text.end x=(px(WIDTH - 4.0)) y=(px(middle(at) + 4.0)) { (self.told(row)) }
            }
            text.quiet.middle x=(px(((left + right) / 2.0).clamp(0.3 * WIDTH, 0.7 * WIDTH))) y=(px(bottom + 31.0)) {
                (text::fitted(&self.x.label, 0.58 * WIDTH, text::BODY))
            }
        };
        (bottom + 38.0, body)
    }

    /// `0.93 [0.88, 0.97]`, or `0.93 held`.
    fn told(&self, row: &Row) -> String {
        let value = self.x.write(row.value);
        match (&row.judgement, row.interval) {
            (Some(judgement), _) => format!("{value} {}", judgement.verdict),
            (None, Some([low, high])) => {
                format!("{value} [{}, {}]", self.x.write(low), self.x.write(high))
            }
            (None, None) => value,
        }
    }
}

impl Row {
    fn bounds(&self) -> &[f64] {
        self.judgement.as_ref().map_or(&[], |judgement| &judgement.bounds)
    }
}
