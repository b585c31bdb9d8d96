//! From one document to the configs of its variants: the scale that is chosen, variants, the axes of a sweep, and what
//! changes where other keys have certain values.

mod path;
mod scale;
mod variants;
mod when;

pub use path::split_path;
pub use scale::{LEFT_OUT, chosen, named};
pub use variants::{Expanded, expand, reaches};
pub use when::apply;
