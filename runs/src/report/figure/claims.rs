//! Where the statistics of claims lie.

use super::methods::{self, ends};
use super::plate::{Content, Figure};
use crate::chart::{Axis, Forest, Panel, Plot, Row};
use crate::claim::Relation;
use crate::comparison::{Comparison, Judged};

const PANELS: [(Relation, &str); 2] =
    [(Relation::Difference, "Differences"), (Relation::Ratio, "Ratios")];

/// Where something is claimed.
pub fn figure(comparison: &Comparison) -> Option<Figure> {
    let panels: Vec<Panel> =
        PANELS.iter().filter_map(|(relation, title)| panel(comparison, *relation, title)).collect();
    if panels.is_empty() {
        return None;
    }
    let told = comparison
        .claims
        .iter()
        .map(|one| format!("{}: {}: {}.", one.name, one.claim.says, one.verdict));
    Some(Figure {
        id: "claims".into(),
        title: "What was to be shown".into(),
        caption: format!(
            "Of each claim the difference or the ratio of the interquartile means over all of its pairs, with its 95 % bootstrap interval, and \
             the bound. {} {}",
            told.collect::<Vec<_>>().join(" "),
            methods::config(comparison)
        ),
        command: methods::command(comparison, &[]),
        content: Content::Panels(panels),
    })
}

fn panel(comparison: &Comparison, relation: Relation, title: &str) -> Option<Panel> {
    let row = |judged: &Judged| {
        let (_, bound) = judged.claim.statistic().filter(|(of, _)| *of == relation)?;
        let estimate = judged.estimate.as_ref()?;
        let first = judged.claim.pairs.first()?[0].variant();
        let method = comparison.cells.iter().find(|cell| cell.at.variant == first);
        Some(Row {
            label: format!("{} {bound}", judged.name),
            style: methods::style(method.map_or(first, |cell| &cell.at.method)),
            value: estimate.value,
            interval: ends(estimate),
        })
    };
    let rows: Vec<Row> = comparison.claims.iter().filter_map(row).collect();
    if rows.is_empty() {
        return None;
    }
    let reference = Some(relation.of_equals());
    let x = Axis::linear(title.to_lowercase());
    Some(Panel {
        title: title.to_owned(),
        plot: Plot::Forest(Forest { x, rows, reference, bars: false }),
    })
}
