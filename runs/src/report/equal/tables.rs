//! The table of groups, and its rows for programs.

use super::group::{Group, told};
use crate::report::args::Equal;
use crate::report::sheet::{Sheet, cell, maybe};
use crate::report::table::{interval, none, number};
use crate::statistics::Estimate;
use crate::table::{Align, Table};

/// A row a variant, group by group.
pub fn all(groups: &[Group<'_>], what: Equal) -> Table {
    let mut table = Table::new(&[
        ("env", Align::Left),
        (what.unit(), Align::Right),
        ("variant", Align::Left),
        ("seeds", Align::Right),
        ("return IQM", Align::Right),
        ("95 % interval", Align::Right),
        ("- best", Align::Right),
        ("95 % of that", Align::Right),
    ]);
    for group in groups {
        // The place that it has is told once.
        let mut env = group.env.to_owned();
        for member in &group.members {
            let score = member.cell.score.as_ref();
            let behind = member.behind.as_ref().map(|behind| &behind.difference);
            let shown = |estimate: Option<&Estimate>| {
                estimate.map_or_else(none, |estimate| number(estimate.value))
            };
            table.row([
                std::mem::take(&mut env),
                told(member.size, what),
                member.cell.label.clone(),
                member.cell.finished.to_string(),
                shown(score),
                interval(score.and_then(|score| score.interval)),
                shown(behind),
                interval(behind.and_then(|it| it.interval)),
            ]);
        }
    }
    table
}

/// The same, for programs.
pub fn sheet(name: &str, groups: &[Group<'_>], what: Equal) -> Sheet {
    let columns = [
        "env",
        "group",
        what.word(),
        "variant",
        "seeds",
        "score",
        "low",
        "high",
        "behind",
        "behind_low",
        "behind_high",
    ];
    let mut sheet = Sheet::new(name, &columns);
    for (at, group) in groups.iter().enumerate() {
        for member in &group.members {
            let score = member.cell.score.as_ref();
            let behind = member.behind.as_ref().map(|behind| &behind.difference);
            let numbers = |estimate: Option<&Estimate>| {
                let ends = estimate.and_then(|estimate| estimate.interval);
                [estimate.map(|it| it.value), ends.map(|it| it.low), ends.map(|it| it.high)]
                    .map(maybe)
            };
            let mut row = vec![
                group.env.into(),
                at.into(),
                cell(member.size),
                member.cell.label.as_str().into(),
                member.cell.finished.into(),
            ];
            row.extend(numbers(score));
            row.extend(numbers(behind));
            sheet.rows.push(row);
        }
    }
    sheet
}
