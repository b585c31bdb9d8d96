//! What an agent logs.

use sparring_sparse::methods::UpdateCounts;
use sparring_sparse::{Layer, LayerCost, Trainer};

use crate::summary::{LayerSummary, NetworkSummary};

/// One scalar of an agent's log, such as `losses/td` or `sparsity/q/hidden.0/density`.
#[derive(Clone, Debug, PartialEq)]
pub struct Metric {
    /// Slash-separated: the first part groups in TensorBoard.
    pub tag: String,
    /// The value.
    pub value: f64,
}

impl Metric {
    /// `tag` with `value`.
    pub fn new(tag: impl Into<String>, value: f64) -> Self {
        Self { tag: tag.into(), value }
    }
}

/// How much of the sizes of networks is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// All of them.
    Whole,
    /// What has changed since the last call.
    Changes,
}

/// `sparsity/<network>/<what>` and `sparsity/<network>/<layer>/<what>`: the sizes of `trainer` and the densities of
/// its layers, which in most methods never change, and what was rewired since the last call, where something was; with
/// either the shares of a layer's inputs that no active weight reads (`unread`), and of its outputs that none feeds
/// (`unfed`).
pub fn sparsity_metrics(trainer: &mut Trainer, extent: Extent, out: &mut Vec<Metric>) {
    let rewired = trainer.drain_rewired();
    let NetworkSummary { name, layers } = NetworkSummary::of(trainer);
    let is_logged = |counts: &UpdateCounts| {
        extent == Extent::Whole || counts.grown + counts.regrown != counts.dropped
    };
    if rewired.iter().any(is_logged) {
        for (what, of) in SIZES {
            let sum: u64 = layers.iter().map(|layer| of(layer.cost)).sum();
            out.push(Metric::new(format!("sparsity/{name}/{what}"), sum as f64));
        }
    }
    let topologies = trainer.network().layers().iter().map(Layer::topology);
    for ((LayerSummary { name: layer, cost, .. }, counts), topology) in
        layers.iter().zip(rewired).zip(topologies)
    {
        let tag = |what| format!("sparsity/{name}/{layer}/{what}");
        if is_logged(&counts) {
            out.push(Metric::new(tag("density"), cost.density()));
        }
        if extent == Extent::Whole || counts != UpdateCounts::default() {
            let share = |count: usize, of: usize| count as f64 / of as f64;
            out.push(Metric::new(tag("unread"), share(topology.unread(), topology.cols())));
            out.push(Metric::new(tag("unfed"), share(topology.unfed(), topology.rows())));
        }
        let UpdateCounts { dropped, grown, regrown } = counts;
        for (what, count) in [("dropped", dropped), ("grown", grown), ("regrown", regrown)] {
            if count > 0 {
                out.push(Metric::new(tag(what), count as f64));
            }
        }
    }
}

/// `routing/<network>/<layer>/<what>` of each block of experts of `trainer`, behind the layer of this name: what its
/// router did in training since the last call, where it did something.
///
/// | what | |
/// |---|---|
/// | `load.0`, `load.1`, … | share of the tokens that went to each expert; of `soft` the weight of its slots in the outputs |
/// | `dropped` | share of the choices that found no place |
/// | `shifted` | share of the tokens whose first choice is not their largest gate, which is what acting takes |
/// | `entropy` | mean entropy of the gates in nats |
/// | `importance` | mean importance loss, before its coefficient |
/// | `imbalance` | mean load loss, before its coefficient, where the gates have noise |
pub fn routing_metrics(trainer: &mut Trainer, out: &mut Vec<Metric>) {
    let name = trainer.name().to_owned();
    for (layer, load) in trainer.drain_loads() {
        if load.tokens == 0 {
            continue;
        }
        let tag = |what: &str| format!("routing/{name}/{layer}/{what}");
        let (tokens, went) = (load.tokens as f64, load.experts.iter().sum::<f64>());
        let dropped = load.dropped as f64;
        for (expert, count) in load.experts.iter().enumerate() {
            out.push(Metric::new(tag(&format!("load.{expert}")), count / went.max(1.0)));
        }
        out.push(Metric::new(tag("dropped"), dropped / (went + dropped).max(1.0)));
        out.push(Metric::new(tag("shifted"), load.shifted as f64 / tokens));
        out.push(Metric::new(tag("entropy"), load.entropy / tokens));
        let passes = load.passes.max(1) as f64;
        out.push(Metric::new(tag("importance"), load.importance / passes));
        if load.imbalance > 0.0 {
            out.push(Metric::new(tag("imbalance"), load.imbalance / passes));
        }
    }
}

type Size = fn(LayerCost) -> u64;

/// What is logged of a network's size, summed over its layers; operations are those of one sample.
const SIZES: [(&str, Size); 3] = [
    ("active_parameters", LayerCost::active_parameters),
    ("forward_flops", LayerCost::forward_flops),
    ("bytes", |cost| cost.value_bytes() + cost.structure + cost.moment_bytes() + cost.method),
];

#[cfg(test)]
mod tests {
    use sparring_sparse::config::SparsityConfig;
    use sparring_sparse::{Activation, Algebra, Init, LayerSpec, OptimizerConfig, Seed, Shape};

    use super::*;

    #[test]
    fn what_stays_is_logged_where_all_is() {
        let layer = LayerSpec {
            name: "head".into(),
            shape: Shape::Linear { inputs: 3, outputs: 2 },
            activation: Activation::Identity,
            init: Init::GlorotUniform,
            bias: 0.0,
            weight_decay: 0.0,
            algebra: Algebra::REAL,
            then: Vec::new(),
        };
        let optimizer = OptimizerConfig::adam(1e-3);
        let dense = SparsityConfig::dense();
        let mut trainer = Trainer::new("q", &[layer], &dense, optimizer, &Seed::new(1)).unwrap();
        let mut logged = |extent| {
            let mut out = Vec::new();
            sparsity_metrics(&mut trainer, extent, &mut out);
            out
        };
        assert_eq!(logged(Extent::Changes), []);
        let expected = [
            ("sparsity/q/active_parameters", 8.0),
            ("sparsity/q/forward_flops", 14.0),
            ("sparsity/q/bytes", 96.0),
            ("sparsity/q/head/density", 1.0),
            ("sparsity/q/head/unread", 0.0),
            ("sparsity/q/head/unfed", 0.0),
        ];
        assert_eq!(logged(Extent::Whole), expected.map(|(tag, value)| Metric::new(tag, value)));
    }
}
