//! What runs were to show, and whether it holds.

use super::number;
use crate::claim::Relation;
use crate::comparison::{Comparison, Judged};
use crate::statistics::Estimate;
use crate::table::{Align, Table};

/// Columns that a narrow terminal goes without, the first of them first.
pub const SPARE: [&str; 4] = ["paper", "pairs", "says", "seeds"];

/// One row a claim; none where nothing is claimed.
pub fn table(of: &Comparison) -> Option<Table> {
    if of.claims.is_empty() {
        return None;
    }
    let mut table = Table::new(&[
        ("claim", Align::Left),
        ("verdict", Align::Left),
        ("statistic", Align::Left),
        ("value", Align::Right),
        ("95 % interval", Align::Right),
        ("bound", Align::Right),
        ("pairs", Align::Right),
        ("seeds", Align::Right),
        ("says", Align::Left),
        ("paper", Align::Left),
    ]);
    for Judged { name, claim, estimate, pairs, seeds, verdict, .. } in &of.claims {
        let (statistic, bound) = match claim.statistic() {
            Some((Relation::Ratio, bound)) => ("ratio", bound.to_string()),
            Some((Relation::Difference, bound)) => ("difference", bound.to_string()),
            None => ("", String::new()),
        };
        let (value, interval) = match estimate {
            None => ("–".to_owned(), "–".to_owned()),
            Some(Estimate { value, interval }) => {
                let interval = interval.as_ref().map_or_else(
                    || "–".to_owned(),
                    |it| format!("[{}, {}]", number(it.low), number(it.high)),
                );
                (number(*value), interval)
            }
        };
        table.row([
            name.clone(),
            verdict.to_string(),
            statistic.to_owned(),
            value,
            interval,
            bound,
            pairs.to_string(),
            if *seeds > 0 { seeds.to_string() } else { "–".to_owned() },
            claim.says.clone(),
            claim.paper.clone().unwrap_or_default(),
        ]);
    }
    Some(table)
}
