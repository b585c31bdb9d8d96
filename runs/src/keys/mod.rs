//! Reading keys: what a section may hold, made from the structs that declare its keys, and the one reader that
//! lays a tree of YAML beside it.
//!
//! Nothing here knows which sections a config has.

mod bounds;
mod equal;
mod problem;
mod reader;
pub mod schema;
mod shape;
mod synonyms;

pub use equal::{is_one_of, same};
pub use problem::{Checked, MISSING, Problem, as_typed, likely, locate, nearest};
pub use reader::{Reader, not_a_section, whole, within};
pub use shape::{Field, Form, Kind, Kinds, Shape, show};
pub use synonyms::{env_id, meant};
