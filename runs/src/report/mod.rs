//! What results came to, from their folders alone: tables for a terminal, for programs and for papers.
//! `run` prints at its end what `report` prints again.

mod args;
mod claims;
mod command;
mod cost;
mod diagnostics;
mod equal;
mod figure;
mod gain;
mod law;
mod lines;
mod over_tasks;
mod page;
mod sheet;
mod smooth;
mod surface;
mod swept;
mod table;
mod view;

use std::mem::discriminant;

use crate::comparison::{ByMean, Comparison, Judged, Task, listed};
use crate::sizes::{self, layers_table};
use crate::table::Table;
pub use args::ReportArgs;
pub use command::{draw, report};
pub use diagnostics::share;
pub use figure::Request;
pub use table::number;

/// The tables and notes of a comparison, at most so many characters wide where that can be had; with every layer of
/// every variant where `layers` is set.
pub fn text(of: &Comparison, width: Option<usize>, layers: bool) -> String {
    let (finished, planned) = (of.finished(), of.planned());
    let mut text = format!("{}: {finished} of {planned} jobs finished\n", of.name);
    text += "score of a seed: mean return over the last tenth of its evaluations";
    text += &beside(of);
    text += "\n\n";
    let mut add = |table: Table| text += &format!("{table}\n");
    add(table::table(of).fit(width, &table::SPARE));
    if let Some(table) = over_tasks::table(of) {
        add(table.fit(width, &["mean", "median", "optimality gap"]));
    }
    if let Some(table) = claims::table(of) {
        add(table.fit(width, &claims::SPARE));
    }
    add(cost::table(&of.cells).fit(width, &cost::SPARE));
    // The notes stand right below the last table.
    text.pop();
    text += &diagnostics::lines(&of.cells);
    // On one environment returns stand as they are, but in claims.
    let is_used = |task: &&Task| match of.tasks.len() {
        1 => !of.claims.is_empty() && !task.scale.relative,
        _ => true,
    };
    let scales = of.tasks.iter().filter(is_used);
    let scales: Vec<String> = scales
        .map(|task| {
            let scale = &task.scale;
            format!(
                "{} {} to {} ({})",
                task.env,
                number(scale.low),
                number(scale.high),
                scale.source
            )
        })
        .collect();
    let notes = notes(of);
    if !notes.is_empty() || !scales.is_empty() {
        text.push('\n');
    }
    if !scales.is_empty() {
        let what = if of.tasks.len() > 1 { "normalised" } else { "normalised in claims" };
        text += &format!("{what} from 0 to 1: {}\n", scales.join("; "));
    }
    for note in &notes {
        text += &format!("note: {note}\n");
    }
    if layers {
        for cell in &of.cells {
            text += &format!(
                "\n{}\n{}",
                cell.label,
                layers_table(&cell.networks).fit(width, &sizes::SPARE)
            );
        }
    }
    text
}

/// What a reader should know of a comparison and of its claims.
fn notes(of: &Comparison) -> Vec<String> {
    let warnings = of.warnings.iter().map(ToString::to_string);
    let open =
        |claim: &Judged| Some(format!("the claim {} is open: {}", claim.name, claim.why.as_ref()?));
    let open = of.claims.iter().filter_map(open);
    let is_apart = |claim: &&Judged| claim.estimate.is_some() && claim.seeds > 0 && !claim.paired;
    let apart: Vec<String> =
        of.claims.iter().filter(is_apart).map(|claim| claim.name.clone()).collect();
    let apart = (!apart.is_empty()).then(|| {
        format!("claims whose two sides have other seeds, which are not paired: {}", listed(&apart))
    });
    let fewer = of.claims.iter().filter(|claim| claim.missing > 0 && claim.estimate.is_some());
    let fewer = fewer.map(|Judged { name, pairs, missing, .. }| {
        format!(
            "the claim {name} is judged by {pairs} of its {} pairs: the others have no finished seeds of both",
            pairs + missing
        )
    });
    let by_mean = of.claims.iter().filter_map(by_mean);
    warnings.chain(open).chain(apart).chain(fewer).chain(by_mean).collect()
}

/// What the mean says of a claim, where it says another thing than the interquartile mean.
fn by_mean(claim: &Judged) -> Option<String> {
    let ByMean { estimate, verdict } = claim.by_mean.as_ref()?;
    (discriminant(verdict) != discriminant(&claim.verdict)).then(|| {
        let interval = estimate.interval.as_ref();
        let interval = interval
            .map_or(String::new(), |it| format!(" [{}, {}]", number(it.low), number(it.high)));
        format!(
            "the claim {} is {} by the interquartile mean, which may drop most of an environment, and {verdict} by the mean: {}{interval}",
            claim.name,
            claim.verdict,
            number(estimate.value),
        )
    })
}

/// The main tables, for a page.
pub fn tables(of: &Comparison) -> Vec<Table> {
    let (main, cost) = (table::table(of), cost::table(&of.cells));
    let main = [Some(main), over_tasks::table(of), claims::table(of), Some(cost)];
    main.into_iter().flatten().collect()
}

/// What the column of differences says.
fn beside(of: &Comparison) -> String {
    let Some(baseline) = &of.baseline else { return String::new() };
    let against = || of.cells.iter().filter_map(|cell| cell.against.as_ref());
    if against().next().is_none() {
        return String::new();
    }
    let how = match against().all(|against| against.paired) {
        true => ", paired by seed",
        false => "",
    };
    format!("; * best; - {baseline}: difference of the IQMs{how}")
}
