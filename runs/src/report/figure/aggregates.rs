//! Scores over tasks.

use super::methods::{self, ends};
use super::plate::{Content, Figure};
use crate::chart::{Axis, Forest, Panel, Plot, Row};
use crate::comparison::{Comparison, Group};
use crate::statistics::Estimate;

/// A number of a group.
struct Measure {
    title: &'static str,
    of: fn(&Group) -> Option<&Estimate>,
}

const MEASURES: [Measure; 4] = [
    Measure { title: "Interquartile mean", of: |group| group.iqm.as_ref() },
    Measure { title: "Mean", of: |group| group.mean.as_ref() },
    Measure { title: "Median of the tasks' means", of: |group| group.median.as_ref() },
    Measure { title: "Optimality gap (less is better)", of: |group| group.optimality_gap.as_ref() },
];

/// Where there is more than one task.
pub fn figure(comparison: &Comparison) -> Option<Figure> {
    if comparison.tasks.len() < 2 {
        return None;
    }
    let groups = &comparison.groups;
    let styles = methods::styles(groups.iter().map(|group| group.at.method.as_str()));
    let panel = |measure: &Measure| {
        let row = |(group, style)| {
            let estimate = (measure.of)(group)?;
            let (label, interval) = (group.label.clone(), ends(estimate));
            Some(Row { label, style, value: estimate.value, interval, judgement: None })
        };
        let rows = groups.iter().zip(styles.iter().copied()).filter_map(row).collect();
        let x = Axis::linear("normalised score");
        Panel {
            title: measure.title.to_owned(),
            plot: Plot::Forest(Forest { x, rows, reference: None, bars: false }),
        }
    };
    Some(Figure {
        id: "aggregates".into(),
        title: format!("Over all {} environments", comparison.tasks.len()),
        caption: format!(
            "Normalised scores of all seeds of all environments ({}), with 95 % intervals of a bootstrap that resamples the seeds \
             within each environment. {} {}",
            methods::seeds(comparison.cells.iter()),
            methods::scales(comparison),
            methods::config(comparison)
        ),
        command: methods::command(comparison, &[]),
        content: Content::Panels(MEASURES.iter().map(panel).collect()),
    })
}
