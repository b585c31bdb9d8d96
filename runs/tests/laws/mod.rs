//! `sparring fit`: laws whose constants are known, because they were planted or published.

mod command;
mod plant;
mod planted;
mod published;
