//! `sparring fit`: laws whose constants are known, because they were planted or published.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod command;
mod plant;
mod planted;
mod published;
