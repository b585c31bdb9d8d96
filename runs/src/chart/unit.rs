//! The units of drawings.

/// Units of a drawing's width; text has 12 of them, so that it can be read where a drawing is as wide as a phone.
pub const WIDTH: f64 = 440.0;

/// The height of drawings that may choose it.
pub const HEIGHT: f64 = 300.0;

/// A coordinate: a tenth of a unit is finer than any screen shows.
pub fn px(x: f64) -> String {
    let text = format!("{x:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}
