//! The page of a comparison: one HTML file that needs no network and no other file, and its figures as SVG and PNG
//! beside it.
//!
//! ```text
//! report/index.html
//! report/figures/<id>.svg, <id>.png, films-<n>.gif
//! ```

mod headline;
mod html;
#[cfg(test)]
mod tests;

use std::fs;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::figure::{Content, Figure, Request, all};
use crate::chart::{Drawing, Panel, png, sheet};
use crate::comparison::Comparison;
use crate::error::Error;
use crate::files::write_whole;
use crate::table::Table;

/// Writes the page of `comparison` with `tables` and the figures of `request` into the folder `report`, and tells where
/// the page is.
///
/// # Errors
/// A folder that cannot be written.
pub fn write(
    comparison: &Comparison,
    tables: &[Table],
    request: &Request,
    folder: &Path,
) -> Result<PathBuf, Error> {
    let figures = all(comparison, request);
    let of_figures = folder.join("figures");
    fs::create_dir_all(&of_figures).map_err(Error::file(&of_figures, "make"))?;
    figures.par_iter().try_for_each(|figure| write_figure(figure, &of_figures))?;
    let page = html::page(comparison, &headline::sentences(comparison), tables, &figures);
    let path = folder.join("index.html");
    write_whole(&path, page.into_string())?;
    Ok(path)
}

fn write_figure(figure: &Figure, folder: &Path) -> Result<(), Error> {
    match &figure.content {
        Content::Panels(panels) => {
            let drawings: Vec<Drawing> = panels.iter().map(Panel::draw).collect();
            let svg = sheet(&figure.title, &drawings);
            write_whole(&folder.join(format!("{}.svg", figure.id)), &svg)?;
            let png = png(&svg).map_err(Error::system("draw a figure"))?;
            write_whole(&folder.join(format!("{}.png", figure.id)), png)
        }
        Content::Films(films) => films.iter().enumerate().try_for_each(|(at, film)| {
            write_whole(&folder.join(format!("{}-{}.gif", figure.id, at + 1)), &film.gif)
        }),
    }
}
