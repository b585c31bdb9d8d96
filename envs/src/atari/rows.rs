//! The rows of the games.

use super::env::spec;
use super::games::games;
use super::options::OPTIONS;
use crate::{EnvRow, Feature};

const ABOUT: &str = "an Atari 2600 game, seen as Dopamine shows it";

macro_rules! rows {
    ($(($id:literal, $($game:literal),*);)*) => {
        /// The rows of all games.
        pub static ROWS: &[EnvRow] = &[$(
            EnvRow::new($id, ABOUT, |options| spec($id, options)).options(OPTIONS).needs(Feature::Atari)
        ),*];
    };
}

games!(rows);
