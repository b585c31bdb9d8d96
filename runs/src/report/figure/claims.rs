//! Where the statistics of claims lie.

use super::methods::{self, ends};
use super::plate::{Content, Figure};
use crate::chart::{Axis, Forest, Judgement, Panel, Plot, Row};
use crate::claim::{Bound, Relation};
use crate::comparison::{Comparison, Judged, Verdict};

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
             as upright strokes the bound, which stands behind the verdict; of what no seed decides the means. {} {}",
            told.collect::<Vec<_>>().join(" "),
            methods::config(comparison)
        ),
        command: methods::command(comparison, &[]),
        content: Content::Panels(panels),
    })
}

/// Where the bound of a claim stands.
fn ends_of(bound: Bound, equal: f64) -> Vec<f64> {
    match bound {
        Bound::AtLeast(least) => vec![least],
        Bound::AtMost(most) => vec![most],
        Bound::Within(most) => vec![equal - most, equal + most],
    }
}

/// A verdict as short as can be.
fn told(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Held => "held",
        Verdict::NotHeld => "not held",
        Verdict::Undecided { .. } => "undecided",
        Verdict::Open => "open",
    }
}

fn panel(comparison: &Comparison, relation: Relation, title: &str) -> Option<Panel> {
    let row = |judged: &Judged| {
        let (_, bound) = judged.claim.statistic().filter(|(of, _)| *of == relation)?;
        let estimate = judged.estimate.as_ref()?;
        let first = judged.claim.pairs.first()?[0].variant();
        let method = comparison.cells.iter().find(|cell| cell.at.variant == first);
        Some(Row {
            label: judged.name.clone(),
            style: methods::style(method.map_or(first, |cell| &cell.at.method)),
            value: estimate.value,
            interval: ends(estimate),
            judgement: Some(Judgement {
                bounds: ends_of(bound, relation.of_equals()),
                verdict: format!("{} ({bound})", told(judged.verdict)),
            }),
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
