//! The figure of groups: a chart each, the best on top.

use super::group::{Group, Member};
use crate::chart::{Axis, Forest, Panel, Plot, Row};
use crate::comparison::Comparison;
use crate::report::args::Equal;
use crate::report::figure::{Content, Figure, methods};

/// A chart of scores for each group.
pub fn figure(of: &Comparison, id: &str, groups: &[Group<'_>], what: Equal) -> Figure {
    Figure {
        id: id.to_owned(),
        title: format!("Variants of about the same {}", what.unit()),
        caption: format!(
            "The interquartile mean of the scores of each variant, of {}, with 95 % bootstrap intervals; those of a chart need \
             at most {} times what the smallest of them needs. {}",
            methods::seeds(of.cells.iter()),
            super::SLACK,
            methods::config(of)
        ),
        command: methods::command(of, &["--equal", what.word()]),
        content: Content::Panels(groups.iter().map(|group| panel(of, group, what)).collect()),
    }
}

fn panel(of: &Comparison, group: &Group<'_>, what: Equal) -> Panel {
    let row = |member: &Member| {
        let score = member.cell.score.as_ref()?;
        Some(Row {
            label: methods::name(member.cell, of),
            style: methods::style(&member.cell.at.method),
            value: score.value,
            interval: methods::ends(score),
            judgement: None,
        })
    };
    let rows = group.members.iter().filter_map(row).collect();
    let plot =
        Plot::Forest(Forest { x: Axis::linear("return"), rows, reference: None, bars: false });
    Panel { title: format!("{}: {}", group.env, group.size(what)), plot }
}
