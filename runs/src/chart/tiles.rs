//! A grid of shades: each tile as strong as its value.

use std::fmt::Write;

use maud::{Markup, html};

use super::style::{SHADES, Style};
use super::text;
use super::unit::{WIDTH, px};

/// A grid of shades.
#[derive(Clone, Debug)]
pub struct Tiles {
    /// Names of the rows; none for a picture, whose tiles are squares.
    pub rows: Vec<String>,
    /// Tiles of a row.
    pub columns: usize,
    /// Names of the columns, below them; none where they are too many to be named.
    pub heads: Vec<String>,
    /// Row by row, each from 0, the weakest, to 1; NaN where there is nothing.
    pub values: Vec<f64>,
    /// Tiles with a dot.
    pub marks: Vec<usize>,
    /// What the columns are.
    pub label: String,
    /// What the weakest and the strongest shade mean.
    pub ends: [String; 2],
}

impl Tiles {
    /// Its height and the chart, below `top`.
    pub(super) fn draw(&self, top: f64) -> (f64, Markup) {
        let columns = self.columns.max(1);
        let rows = self.values.len().div_ceil(columns);
        let names = self.rows.iter().map(|name| text::width(name, text::BODY)).fold(0.0, f64::max);
        let names = names.min(0.36 * WIDTH);
        let left = if names > 0.0 { names + 10.0 } else { 4.0 };
        let room = WIDTH - left - 8.0;
        let [wide, high] = if self.rows.is_empty() {
            let side = (room / columns as f64).min(260.0 / rows.max(1) as f64).min(28.0);
            [side, side]
        } else {
            let widest = if self.heads.is_empty() { 40.0 } else { 56.0 };
            [(room / columns as f64).min(widest), 18.0]
        };
        let below = top + high * rows as f64;
        let bottom = if self.heads.is_empty() { below } else { below + 16.0 };
        let middle = |mark: &usize| {
            let (row, column) = (mark / columns, mark % columns);
            [left + wide * (column as f64 + 0.5), top + high * (row as f64 + 0.5)]
        };
        let body = html! {
            @for (at, name) in self.rows.iter().enumerate() {
                text.end x=(px(names + 4.0)) y=(px(top + high * (at as f64 + 0.5) + 4.0)) {
                    (text::fitted(name, names, text::BODY))
                    title { (name) }
                }
            }
            g transform=(format!("translate({} {}) scale({wide:.3} {high:.3})", px(left), px(top))) shape-rendering="crispEdges" {
                @for level in 0..SHADES {
                    @let path = self.path(level, columns);
                    @if !path.is_empty() { path.(format!("h{level}")) d=(path) {} }
                }
            }
            @for [x, y] in self.marks.iter().map(middle) {
                path.edge.(Style::nth(1).fill()) d=(Style::nth(0).marker(x, y)) {}
            }
            @for (at, head) in self.heads.iter().enumerate() {
                text.quiet.middle x=(px(left + wide * (at as f64 + 0.5))) y=(px(below + 13.0)) {
                    (text::fitted(head, wide, text::BODY))
                    title { (head) }
                }
            }
            @for level in 0..SHADES {
                rect.(format!("h{level}")) x=(px(left + 12.0 * level as f64)) y=(px(bottom + 22.0)) width="12" height="10" {}
            }
            text.quiet x=(px(left)) y=(px(bottom + 14.0)) { (text::fitted(&self.label, WIDTH - left - 4.0, text::BODY)) }
            @let legend = format!("{} to {}", self.ends[0], self.ends[1]);
            @let begin = left + 12.0 * SHADES as f64 + 6.0;
            text.quiet x=(px(begin)) y=(px(bottom + 31.0)) { (text::fitted(&legend, WIDTH - begin - 4.0, text::BODY)) }
        };
        (bottom + 40.0, body)
    }

    /// The outline of all tiles of one shade, in tiles; neighbours in a row are one.
    fn path(&self, level: usize, columns: usize) -> String {
        let mut path = String::new();
        let shade = |value: f64| (value * (SHADES - 1) as f64).round().max(0.0) as usize;
        for (row, values) in self.values.chunks(columns).enumerate() {
            let mut column = 0;
            for run in values.chunk_by(|a, b| a.is_nan() == b.is_nan() && shade(*a) == shade(*b)) {
                if run
                    .first()
                    .is_some_and(|first| !first.is_nan() && shade(*first).min(SHADES - 1) == level)
                {
                    let length = run.len();
                    // Writing to a string does not fail.
                    let _ = write!(path, "M{column} {row}h{length}v1h-{length}z");
                }
                column += run.len();
            }
        }
        path
    }
}
