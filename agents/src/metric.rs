//! What an agent logs.

use sparring_sparse::Trainer;

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

/// `sparsity/<network>/<layer>/<what>`: the density of each layer of `trainer`, and what was rewired
/// since the last call.
pub fn sparsity_metrics(trainer: &mut Trainer, out: &mut Vec<Metric>) {
    let rewired = trainer.drain_rewired();
    for (layer, counts) in trainer.network().layers().iter().zip(rewired) {
        let tag = |what| format!("sparsity/{}/{}/{what}", trainer.name(), layer.name());
        out.push(Metric::new(tag("density"), layer.topology().density()));
        out.push(Metric::new(tag("dropped"), counts.dropped as f64));
        out.push(Metric::new(tag("grown"), counts.grown as f64));
        out.push(Metric::new(tag("regrown"), counts.regrown as f64));
    }
}
