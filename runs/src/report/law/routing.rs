//! Routed networks of jobs: what experts make of the final score, or of the env steps to a normalised return.

use super::ask::Ask;
use super::drawing::{families, panel};
use super::fitted::Fitted;
use super::row::{Line, Recipe};
use super::site::{Drawn, Site};
use super::thresholds::Thresholds;
use super::view::LawView;
use crate::chart::{Axis, Panel};
use crate::laws::routing::{ROW, predict};
use crate::report::swept::number;

/// The row of this view.
pub static VIEW: LawView = LawView {
    recipe: Recipe {
        law: &ROW,
        x: &["n", "experts"],
        varying: &[],
        beside: &[],
        by: &[],
        thresholds: Thresholds::Apart { usual: None },
        draws: false,
        lineup: |site| site.place(),
        rows,
    },
    title: "What experts buy",
    caption: "What falls with size (1 − the normalised score, or env steps to the threshold) over the weights that a sample goes \
              through, half of the operations of its forward pass, the router's among them; a line of the fit for each number of \
              experts, of which 1 is the network without any.",
    panels,
};

/// Where networks have their experts, by agent.
const COUNTS: [&str; 3] = [
    "agent.network.experts.count",
    "agent.critic_network.experts.count",
    "agent.actor_network.experts.count",
];

/// How many experts a site has: 1 without any.
fn experts(site: &Site<'_>) -> f64 {
    COUNTS.iter().find_map(|key| number(site.cell, key)).unwrap_or(1.0)
}

fn rows(ask: &Ask, drawn: &[Drawn<'_>]) -> Vec<Line> {
    let row = |drawn: &Drawn<'_>| {
        Line::falling(ask, drawn, vec![drawn.site.flops / 2.0, experts(drawn.site)])
    };
    drawn.iter().map(row).collect()
}

fn panels(of: &Fitted<'_>) -> Vec<Panel> {
    let left = if of.ask.thresholds.is_empty() { "1 − score" } else { "env steps" };
    let lines = families(of, 1, 0, "experts", |experts, n| predict(&of.fit, n, experts));
    vec![panel(of.label.clone(), Axis::log("weights of a sample's way"), Axis::log(left), lines)]
}
