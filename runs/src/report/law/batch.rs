//! B*(σ, N) of jobs: the best batch size of each updates a step and size, by score or by the env steps to a return.

use super::ask::Ask;
use super::drawing::{families, panel};
use super::fitted::Fitted;
use super::row::{Line, Recipe};
use super::site::Drawn;
use super::thresholds::Thresholds;
use super::view::LawView;
use crate::chart::{Axis, Panel};
use crate::laws::batch::{ROW, predict};
use crate::report::swept::number;

/// The row of this view.
pub static VIEW: LawView = LawView {
    recipe: Recipe {
        law: &ROW,
        x: &["utd", "n"],
        varying: &[],
        beside: &[],
        by: &[],
        thresholds: Thresholds::Apart { usual: None },
        draws: false,
        lineup: |site| site.lineup(),
        rows,
    },
    title: "Best batch size over size and updates",
    caption: "The batch size of the highest mean score, or of the fewest env steps to the threshold, over n, a line of the fit \
              for each updates a step (UTD).",
    panels,
};

/// The key of a batch size.
const BATCH: &str = "agent.batch_size";

/// All batch sizes, of which those of one place are told apart by what they are judged by.
fn rows(ask: &Ask, drawn: &[Drawn<'_>]) -> Vec<Line> {
    let row = |drawn: &Drawn<'_>| {
        let batch = number(drawn.site.cell, BATCH)?;
        let cost = match ask.thresholds.as_slice() {
            [threshold, ..] => drawn.reached(*threshold),
            [] => -drawn.score(),
        };
        // A batch that never comes there is no best one.
        let y = if cost.is_finite() { batch } else { f64::INFINITY };
        let row = Line::new(drawn, vec![drawn.site.utd, drawn.site.n], y);
        let threshold = ask.thresholds.first().copied();
        Some(Line { cost, threshold, tried: Some(batch), ..row })
    };
    drawn.iter().filter_map(row).collect()
}

fn panels(of: &Fitted<'_>) -> Vec<Panel> {
    let series = families(of, 0, 1, "UTD", |utd, n| predict(&of.fit, utd, n));
    vec![panel(of.label.clone(), Axis::log("n"), Axis::log("best batch size"), series)]
}
