//! Drawings as a file of their own.

use maud::{PreEscaped, html};

use super::drawing::Drawing;
use super::style::sheet_css;
use super::unit::px;

/// Space around and between drawings.
const GAP: f64 = 16.0;

/// Units above the first drawing for the title.
const TITLE: f64 = 26.0;

/// The SVG file of `drawings` below a title, two or three beside each other where they are many. Dark on white, with
/// no font or file from outside.
pub fn sheet(title: &str, drawings: &[Drawing]) -> String {
    let columns = match drawings.len() {
        0 | 1 => 1,
        2..=4 => 2,
        _ => 3,
    };
    let wide = drawings.iter().map(|drawing| drawing.width).fold(0.0, f64::max);
    let heights: Vec<f64> = drawings
        .chunks(columns)
        .map(|row| row.iter().map(|drawing| drawing.height).fold(0.0, f64::max))
        .collect();
    let above = |row: usize| heights[..row].iter().map(|height| height + GAP).sum::<f64>();
    let width = GAP + columns as f64 * (wide + GAP);
    let height = GAP + TITLE + above(heights.len());
    let places = (0..drawings.len()).map(|at| {
        let (column, row) = (at % columns, at / columns);
        [GAP + column as f64 * (wide + GAP), GAP + TITLE + above(row)]
    });
    let markup = html! {
        svg.chart xmlns="http://www.w3.org/2000/svg" width=(px(width)) height=(px(height))
            viewBox=(format!("0 0 {} {}", px(width), px(height))) font-family="DejaVu Sans, sans-serif" {
            title { (title) }
            style { (PreEscaped(sheet_css())) }
            rect.paper width="100%" height="100%" {}
            text.heading x=(px(GAP + 4.0)) y=(px(GAP + 12.0)) style="font-size:15px" { (title) }
            @for (drawing, [left, top]) in drawings.iter().zip(places) {
                g transform=(format!("translate({} {})", px(left), px(top))) { (drawing.body) }
            }
        }
    };
    markup.into_string()
}
