//! `sparring report`.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use super::args::{ReportArgs, TableFormat};
use super::figure::{Request, axes};
use super::view::View;
use super::{equal, gain, law, lines, page, surface, table, tables, text};
use crate::comparison::{Choice, Claims, Comparison};
use crate::config::load_claims;
use crate::console::{note, print, terminal_width};
use crate::error::{Error, Refusal};
use crate::keys::nearest;
use crate::results::RunResults;

/// How long `--watch` waits before it looks again.
const PAUSE: Duration = Duration::from_secs(5);

/// Prints what the runs in the folders came to and draws their page; with `--watch` again and again, until no job runs.
pub fn report(args: &ReportArgs) -> Result<(), Error> {
    if args.has_out() && args.format == TableFormat::Text && !args.no_page {
        page::check(&args.out())?;
    }
    loop {
        let comparison = compare(args)?;
        if let Some(x) = &args.x {
            check_axis(x, &comparison)?;
        }
        let view = view(args, &comparison)?;
        if args.watch && std::io::stdout().is_terminal() {
            print("\x1b[2J\x1b[H")?;
        }
        match &view {
            Some(view) => print(&view.shown(args.format, terminal_width())?)?,
            None => print(&shown(args, &comparison)?)?,
        }
        if args.format == TableFormat::Text && !args.no_page {
            // Films take longer than all else, and of a policy that is still trained another one comes soon.
            let film = !(args.no_film || args.watch && comparison.running);
            let by = args.by.clone().unwrap_or_else(|| Request::default().by);
            let request = Request { x: args.x.clone(), by, film };
            let drawn = match &view {
                Some(view) => view.write(&comparison, &args.out()).map(told),
                None => draw(&comparison, &request, &args.out()),
            };
            match (drawn, args.has_out()) {
                (Err(error), true) => return Err(error),
                // The tables stand by themselves, as in a folder that cannot be written.
                (Err(error), false) => note(format!("sparring: no page: {error}")),
                (Ok(()), _) => {}
            }
        }
        if !args.watch || !comparison.running {
            return Ok(());
        }
        thread::sleep(PAUSE);
    }
}

/// Refuses a key that could not be an axis.
fn check_axis(x: &str, of: &Comparison) -> Result<(), Error> {
    let axes: Vec<String> = axes(of).into_iter().collect();
    if axes.iter().any(|axis| axis == x) {
        return Ok(());
    }
    let place = format!("--x {x}");
    let found = "a key that the variants do not differ in";
    if axes.is_empty() {
        return Err(Refusal::argument(
            place,
            found,
            "nothing: they differ in no key",
            "leave it out",
        ));
    }
    let near = nearest(x, axes.iter().map(String::as_str)).unwrap_or(&axes[0]).to_owned();
    Err(Refusal::argument(
        place,
        found,
        format!("one of {}", axes.join(", ")),
        format!("--x {near}"),
    ))
}

/// Draws the page of `of` into `folder` and says where it is.
pub fn draw(of: &Comparison, request: &Request, folder: &Path) -> Result<(), Error> {
    page::write(of, &tables(of), request, folder).map(told)
}

fn told(page: PathBuf) {
    note(format!("page: {}", page.display()));
}

/// What was asked for in place of the tables; none where nothing was.
fn view(args: &ReportArgs, of: &Comparison) -> Result<Option<View>, Error> {
    match (&args.law, args.surface.as_slice(), &args.gain, args.equal) {
        (Some(name), ..) => law::view(of, args, name).map(Some),
        (None, [x, y], ..) => surface::view(of, x, y).map(Some),
        (None, _, Some(key), _) => gain::view(of, key, args.by.as_deref()).map(Some),
        (None, _, None, Some(what)) => equal::view(of, what).map(Some),
        (None, _, None, None) => Ok(None),
    }
}

fn compare(args: &ReportArgs) -> Result<Comparison, Error> {
    let folders = args.dirs.iter().chain(&args.add);
    let runs: Vec<RunResults> =
        folders.map(|folder| RunResults::read(folder)).collect::<Result<_, _>>()?;
    let choice = Choice {
        baseline: args.baseline.clone(),
        normalise: args.normalise(),
        variants: args.variant.clone(),
        claims: args.claims.as_deref().map(claims).transpose()?,
    };
    Comparison::of(runs, args.dirs.len(), &choice)
}

fn claims(file: &Path) -> Result<Claims, Error> {
    Ok(Claims { file: file.to_path_buf(), all: load_claims(file)? })
}

fn shown(args: &ReportArgs, of: &Comparison) -> Result<String, Error> {
    match args.format {
        TableFormat::Text => Ok(text(of, terminal_width(), args.layers)),
        TableFormat::Csv => lines::csv(of),
        TableFormat::Json => {
            let pretty = serde_json::to_string_pretty(&lines::json(of));
            pretty.map(|text| text + "\n").map_err(Error::system("write the table as JSON"))
        }
        TableFormat::Markdown => Ok(table::table(of).markdown()),
        TableFormat::Latex => Ok(table::table(of).latex()),
    }
}
