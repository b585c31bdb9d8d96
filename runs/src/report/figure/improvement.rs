//! How likely a run is better than one of the baseline.

use super::methods::{self, ends};
use super::plate::{Content, Figure};
use crate::chart::{Axis, Forest, Panel, Plot, Row};
use crate::comparison::Comparison;

/// Where there is a baseline.
pub fn figure(comparison: &Comparison) -> Option<Figure> {
    let baseline = comparison.baseline.as_ref()?;
    let groups = &comparison.groups;
    let styles = methods::styles(groups.iter().map(|group| group.at.method.as_str()));
    let rows = groups.iter().zip(styles).filter_map(|(group, style)| {
        let estimate = group.lead.as_ref()?.improvement.as_ref()?;
        let (label, interval) = (group.label.clone(), ends(estimate));
        Some(Row { label, style, value: estimate.value, interval, judgement: None })
    });
    let rows: Vec<Row> = rows.collect();
    if rows.is_empty() {
        return None;
    }
    let x = Axis::linear(format!("P(better than {baseline})")).reaching([0.0, 1.0]);
    let plot = Plot::Forest(Forest { x, rows, reference: Some(0.5), bars: false });
    Some(Figure {
        id: "improvement".into(),
        title: "Probability of improvement".into(),
        caption: format!(
            "How likely a run scores higher than one of {baseline} on the same environment, with 95 % bootstrap intervals \
             over {}: 0.5 is no difference. {}",
            methods::seeds(comparison.cells.iter()),
            methods::config(comparison)
        ),
        command: methods::command(comparison, &[]),
        content: Content::Panels(vec![Panel { title: String::new(), plot }]),
    })
}
