//! `sparring report`.

use std::io::IsTerminal;
use std::path::Path;
use std::thread;
use std::time::Duration;

use ::console::Term;

use super::figure::Request;
use super::{lines, page, table, tables, text};
use crate::cli::{ReportArgs, TableFormat};
use crate::comparison::{Choice, Comparison};
use crate::console::{note, print};
use crate::error::Error;
use crate::results::RunResults;

/// How long `--watch` waits before it looks again.
const PAUSE: Duration = Duration::from_secs(5);

/// Prints what the runs in the folders came to and draws their page; with `--watch` again and again, until no job runs.
pub fn report(args: &ReportArgs) -> Result<(), Error> {
    loop {
        let comparison = compare(args)?;
        if args.watch && std::io::stdout().is_terminal() {
            print("\x1b[2J\x1b[H")?;
        }
        print(&shown(args, &comparison)?)?;
        if args.format == TableFormat::Text && !args.no_page {
            // Films take longer than all else, and of a policy that is still trained another one comes soon.
            let film = !(args.no_film || args.watch && comparison.running);
            let request = Request { x: args.x.clone(), by: args.by.clone(), film };
            match (draw(&comparison, &request, &args.out()), args.has_out()) {
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

/// Draws the page of `of` into `folder` and says where it is.
pub fn draw(of: &Comparison, request: &Request, folder: &Path) -> Result<(), Error> {
    let page = page::write(of, &tables(of), request, folder)?;
    note(format!("page: {}", page.display()));
    Ok(())
}

fn compare(args: &ReportArgs) -> Result<Comparison, Error> {
    let folders = args.dirs.iter().chain(&args.add);
    let runs: Vec<RunResults> =
        folders.map(|folder| RunResults::read(folder)).collect::<Result<_, _>>()?;
    let choice = Choice {
        baseline: args.baseline.clone(),
        normalise: args.normalise(),
        variants: args.variant.clone(),
    };
    Comparison::of(runs, args.dirs.len(), &choice)
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

/// How many characters a line of the terminal has; none where the output goes elsewhere, which is to be the same
/// everywhere.
pub fn terminal_width() -> Option<usize> {
    let (_, columns) = Term::stdout().size_checked()?;
    Some(usize::from(columns))
}
