//! A chart as markup.

use maud::{Markup, html};

use super::unit::px;

/// A chart in units of its own.
#[derive(Clone, Debug)]
pub struct Drawing {
    /// To the right.
    pub(super) width: f64,
    /// Downwards.
    pub(super) height: f64,
    /// Elements of SVG.
    pub(super) body: Markup,
}

impl Drawing {
    /// The element of a page, which reads `alt` where it cannot be seen.
    pub fn inline(&self, alt: &str) -> Markup {
        let view = format!("0 0 {} {}", px(self.width), px(self.height));
        html! {
            svg.chart role="img" aria-label=(alt) viewBox=(view) { (self.body) }
        }
    }
}
