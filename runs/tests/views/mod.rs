//! `sparring report --law`, `--surface`, `--gain` and `--equal` over jobs whose returns are planted, so that constants, ridges and gains
//! are known.

mod equal;
mod gain;
mod law;
mod plant;
mod surface;
