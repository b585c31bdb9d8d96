//! The table of a report over several environments: normalised scores.

use crate::comparison::{Comparison, Group};
use crate::statistics::Estimate;
use crate::table::{Align, Table};

/// One row a group; none where there is one environment.
pub fn table(of: &Comparison) -> Option<Table> {
    if of.tasks.len() < 2 {
        return None;
    }
    let better = of.baseline.as_ref().map(|name| format!("P(better than {name})"));
    let mut columns = vec![
        ("normalised", Align::Left),
        ("tasks", Align::Right),
        ("IQM", Align::Right),
        ("mean", Align::Right),
        ("median", Align::Right),
        ("optimality gap", Align::Right),
    ];
    columns.extend(better.as_deref().map(|name| (name, Align::Right)));
    let mut table = Table::new(&columns);
    for group in &of.groups {
        let Group { label, scored, partial, iqm, mean, median, optimality_gap, lead, .. } = group;
        let mut row = vec![label.clone(), format!("{scored}/{}", of.tasks.len())];
        let shown = |estimate: Option<&Estimate>| match (partial, shown(estimate)) {
            (true, text) if estimate.is_some() => format!("~{text}"),
            (_, text) => text,
        };
        row.extend([iqm, mean, median, optimality_gap].map(|it| shown(it.as_ref())));
        if better.is_some() {
            row.push(shown(lead.as_ref().and_then(|lead| lead.improvement.as_ref())));
        }
        table.row(row);
    }
    Some(table)
}

fn shown(estimate: Option<&Estimate>) -> String {
    match estimate {
        None => "–".to_owned(),
        Some(Estimate { value, interval: None }) => format!("{value:.2}"),
        Some(Estimate { value, interval: Some(it) }) => {
            format!("{value:.2} [{:.2}, {:.2}]", it.low, it.high)
        }
    }
}
