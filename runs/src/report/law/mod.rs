//! A law of scale over the jobs of a sweep: `--law LAW`.
//!
//! A cell of the sweep is a [`site`]: its N (`--n`), its updates a step σ, the operations of an env step of its training, and
//! the normalised learning curves of its seeds. A law's view says which rows it makes of sites; [`crate::laws`] fits them, as
//! `sparring fit` does to the same rows, which stand beside the figure as CSV. Intervals come of drawing the seeds of every
//! cell again, making the rows anew and fitting those. What never reached a threshold is censored: it is no row of the fit,
//! and is told.
//!
//! Cells of one environment, agent, method and sparsity are one fit; `which-n` fits all methods and sparsities of an
//! environment together (`--variant dense --variant rigl` leaves one of them beside dense), and so does `routing`, of which each router wants a fit of
//! its own beside the networks without one; `utd` takes all environments together.
//! Where cells of a method differ in something else than the law's x, the best of them counts, which is told.

mod ask;
mod batch;
mod chinchilla;
mod drawing;
mod fitted;
mod intrinsic;
mod routing;
mod row;
mod site;
mod sum;
mod tables;
mod threshold;
mod thresholds;
mod utd;
mod view;
mod which_n;

use self::ask::Ask;
use self::fitted::Fitted;
use self::row::Recipe;
use self::site::Site;
use self::view::LawView;
use super::args::ReportArgs;
use super::figure::{Content, Figure, methods};
use super::page::figures;
use super::swept::uneven;
use super::view::View;
use crate::comparison::Comparison;
use crate::error::{Error, Refusal};
use crate::laws::find;

/// The laws that jobs have the rows of.
static VIEWS: [&LawView; 8] = [
    &threshold::VIEW,
    &sum::VIEW,
    &utd::VIEW,
    &batch::VIEW,
    &intrinsic::VIEW,
    &chinchilla::VIEW,
    &which_n::VIEW,
    &routing::VIEW,
];

/// The law `name` fitted to the jobs.
///
/// # Errors
/// A law that there is not, or that takes rows of its own; options that it does not take; too few cells.
pub fn view(of: &Comparison, args: &ReportArgs, name: &str) -> Result<View, Error> {
    let LawView { recipe, title, caption, panels } = law(name)?;
    let ask = Ask::of(recipe.law, recipe.thresholds, args)?;
    let (sites, mut notes) = site::sites(of, &ask);
    notes.splice(0..0, uneven(of.cells.iter()));
    let (mut fits, mut failed) = (Vec::new(), Vec::new());
    for ask in ask.apart() {
        for (label, own) in lineups(recipe, &sites, &ask) {
            match Fitted::of(recipe, &ask, label, own) {
                Ok(fit) => fits.push(fit),
                Err(error) => failed.push(error),
            }
        }
    }
    if fits.is_empty() {
        let none = || {
            let found = format!("no cell with seeds at their end: {}", notes.join("; "));
            Refusal::argument(
                format!("--law {name}"),
                found,
                "finished jobs",
                "wait for them, or run them again",
            )
        };
        return Err(failed.into_iter().next().unwrap_or_else(none));
    }
    notes.extend(failed.iter().map(|error| format!("not fitted: {}", told(error))));
    notes.extend(fits.iter().flat_map(Fitted::notes));
    let id = format!("law-{name}");
    let file = figures(&args.out()).join(format!("{id}.csv"));
    notes.extend(fits.iter().map(|fit| fit.command(&file)));
    let command: Vec<String> = ask.arguments(args);
    let command: Vec<&str> =
        ["--law", name].into_iter().chain(command.iter().map(String::as_str)).collect();
    let figure = Figure {
        id: id.clone(),
        title: (*title).to_owned(),
        caption: format!(
            "{} Points are means of {}; their 95 % intervals, where there are some, are of drawing the seeds again. {} {}",
            caption,
            methods::seeds(of.cells.iter()),
            methods::scales(of),
            methods::config(of)
        ),
        command: methods::command(of, &command),
        content: Content::Panels(fits.iter().flat_map(|fit| panels(fit)).collect()),
    };
    let mut headline = vec![format!("{}: {}", recipe.law.name, recipe.law.formula), ask.told()];
    headline.extend(fits.iter().map(Fitted::sentence));
    Ok(View {
        headline,
        tables: vec![tables::constants(&fits)],
        notes,
        sheets: vec![tables::rows_sheet(&id, recipe, &fits), tables::fit_sheet(&id, &fits)],
        figures: vec![figure],
        id,
    })
}

/// The view of the law `name`.
fn law(name: &str) -> Result<&'static LawView, Error> {
    let law = find("--law", name)?;
    VIEWS.iter().find(|view| view.recipe.law.name == law.name).copied().ok_or_else(|| {
        let names: Vec<&str> = VIEWS.iter().map(|view| view.recipe.law.name).collect();
        let roles: Vec<&str> = law.x.iter().map(|input| input.role).collect();
        Refusal::argument(
            format!("--law {name}"),
            "a law that takes rows of a CSV file, and none that jobs have",
            format!("one of {}", names.join(", ")),
            format!("sparring fit {name} FILE.csv --x {} --y {}", roles.join(" "), law.y.role),
        )
    })
}

/// The sites that are fitted together, under what they are called.
fn lineups<'a>(
    recipe: &Recipe,
    sites: &'a [Site<'a>],
    ask: &Ask,
) -> Vec<(String, Vec<&'a Site<'a>>)> {
    let mut all: Vec<(String, Vec<&Site>)> = Vec::new();
    for site in sites {
        let label = ask.labelled((recipe.lineup)(site));
        match all.iter_mut().find(|(other, _)| *other == label) {
            Some((_, own)) => own.push(site),
            None => all.push((label, vec![site])),
        }
    }
    all
}

/// An error in a line.
fn told(error: &Error) -> String {
    match error {
        Error::Refused(refusal) => {
            format!("{}: {}; {}", refusal.place, refusal.found, refusal.allowed)
        }
        other => other.to_string(),
    }
}
