//! The page of a comparison: one HTML file that needs no network and no other file, and its figures as SVG and PNG
//! beside it.
//!
//! ```text
//! report/index.html
//! report/figures/<id>.svg, <id>.png, films-<n>.gif
//! report/<view>.html, figures/<view>.csv    of a view, such as law-sum
//! ```

mod content;
mod headline;
mod html;
#[cfg(test)]
mod tests;

use std::fs;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::figure::{self, Figure, Request, all};
use crate::chart::{Drawing, Panel, png, sheet};
use crate::comparison::Comparison;
use crate::error::{Error, Refusal};
use crate::files::write_whole;
use crate::table::Table;

pub use content::Content;
use html::GENERATOR;

/// Where the figures of a page in `folder` stand.
pub fn figures(folder: &Path) -> PathBuf {
    folder.join("figures")
}

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
    let content = Content {
        headline: &headline::sentences(comparison),
        tables,
        notes: &super::notes(comparison),
        figures: &all(comparison, request),
    };
    write_content(comparison, &content, folder, "index")
}

/// Refuses a `folder` for a page that is a file, or has a page which is none of ours.
pub fn check(folder: &Path) -> Result<(), Error> {
    let shown = format!("--out {}", folder.display());
    if folder.exists() && !folder.is_dir() {
        let hint = format!("{shown}-page");
        return Err(Refusal::argument(
            shown,
            "a file",
            "a folder, new or of an earlier report",
            hint,
        ));
    }
    let page = folder.join("index.html");
    let is_ours = |text: &[u8]| text.windows(GENERATOR.len()).any(|at| at == GENERATOR.as_bytes());
    match fs::read(&page) {
        Ok(text) if !is_ours(&text) => Err(Refusal::argument(
            shown,
            format!("{}, which no report has written", page.display()),
            "a folder, new or of an earlier report",
            format!("--out {}", folder.join("report").display()),
        )),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Writes the page `name` of `comparison` with `content` into `folder`, and tells where it is.
///
/// # Errors
/// A folder that cannot be written.
pub fn write_content(
    comparison: &Comparison,
    content: &Content<'_>,
    folder: &Path,
    name: &str,
) -> Result<PathBuf, Error> {
    let of_figures = figures(folder);
    fs::create_dir_all(&of_figures).map_err(Error::file(&of_figures, "make"))?;
    content.figures.par_iter().try_for_each(|figure| write_figure(figure, &of_figures))?;
    let path = folder.join(format!("{name}.html"));
    write_whole(&path, html::page(comparison, content).into_string())?;
    Ok(path)
}

fn write_figure(figure: &Figure, folder: &Path) -> Result<(), Error> {
    match &figure.content {
        figure::Content::Panels(panels) => {
            let drawings: Vec<Drawing> = panels.iter().map(Panel::draw).collect();
            let svg = sheet(&figure.title, &drawings);
            write_whole(&folder.join(format!("{}.svg", figure.id)), &svg)?;
            let png = png(&svg).map_err(Error::system("draw a figure"))?;
            write_whole(&folder.join(format!("{}.png", figure.id)), png)
        }
        figure::Content::Films(films) => films.iter().enumerate().try_for_each(|(at, film)| {
            write_whole(&folder.join(format!("{}-{}.gif", figure.id, at + 1)), &film.gif)
        }),
    }
}
