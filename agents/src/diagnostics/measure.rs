//! One measurement of an agent, and what it took.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sparring_sparse::nodes::HandedOn;
use sparring_sparse::routing::Member;
use sparring_sparse::stats::mean_and_variance;
use sparring_sparse::{Layer, Network, Section, Seed, Topology, Trainer};

use super::drift::{Drift, topologies};
use super::gradients::{Form, Gradients};
use super::noise::Noise;
use super::rank::effective_rank;
use super::snr::snr;
use super::{Diagnostics, dormant};
use crate::agent::Agent;
use crate::error::AgentError;
use crate::metric::Metric;
use crate::network_on_batch::{NetworkOnBatch, TdErrors};

/// The layout of its section.
const VERSION: u32 = 1;

/// Measures one agent from its start on.
#[derive(Clone, Debug)]
pub struct Diagnosis {
    what: Diagnostics,
    seed: Seed,
    /// The topologies of the fresh agent's networks.
    start: Vec<Vec<Arc<Topology>>>,
}

/// What a measurement found.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// See the table of [the module](super).
    pub metrics: Vec<Metric>,
    /// The time of each measure over all networks: its name in the config, `batch` for what the agent
    /// lays open, `gradients` for the passes that signal to noise and noise scale share, and `activations` for
    /// those of effective rank and dormant units.
    pub took: Vec<(&'static str, Duration)>,
}

impl Diagnosis {
    /// Of the fresh `agent`; batches and noise are drawn from streams below `seed`.
    pub fn new(what: Diagnostics, agent: &dyn Agent, seed: Seed) -> Self {
        let start = match what.drift {
            true => agent.networks().iter().map(|one| topologies(one.network())).collect(),
            false => Vec::new(),
        };
        Self { what, seed, start }
    }

    /// Writes down what drift is measured from.
    ///
    /// # Errors
    /// None that a user could cause.
    pub fn save(&self, to: &mut Section) -> Result<(), AgentError> {
        to.put("layout", &VERSION)?;
        for (i, network) in self.start.iter().enumerate() {
            for (j, topology) in network.iter().enumerate() {
                let positions: Vec<u32> = topology.positions().collect();
                to.put_u32(format!("start/{i}/{j}"), &positions);
            }
        }
        Ok(())
    }

    /// Takes back what [`Self::save`] wrote of an agent with the same networks.
    ///
    /// # Errors
    /// What is missing, and what does not fit.
    pub fn load(&mut self, from: &Section) -> Result<(), AgentError> {
        let layout: u32 = from.get("layout")?;
        if layout != VERSION {
            return Err(from.misfit("layout", VERSION, layout).into());
        }
        let mut start = self.start.clone();
        for (i, network) in start.iter_mut().enumerate() {
            for (j, topology) in network.iter_mut().enumerate() {
                let (rows, cols) = (topology.rows(), topology.cols());
                let positions = from.u32(&format!("start/{i}/{j}"))?;
                *topology = Arc::new(Topology::new(rows, cols, &positions)?);
            }
        }
        self.start = start;
        Ok(())
    }

    /// What is measured.
    pub fn what(&self) -> &Diagnostics {
        &self.what
    }

    /// Measures `agent` after `env_steps`; none where it has no batch to be measured on yet.
    pub fn measure(
        &self,
        agent: &dyn Agent,
        env_steps: u64,
    ) -> Result<Option<Findings>, AgentError> {
        let mut findings = Findings::default();
        let mut rng = self.seed.child(&env_steps.to_string()).rng();
        let probes = findings.time("batch", |_| agent.probes(self.what.batch, &mut rng))?;
        if probes.is_empty() {
            return Ok(None);
        }
        for one in &probes {
            self.examine(one, &mut findings)?;
        }
        if self.what.norms {
            findings.time("norms", |out| {
                agent.networks().iter().try_for_each(|trainer| norms(trainer, out))
            })?;
        }
        if self.what.drift {
            findings.time("drift", |out| {
                for (trainer, start) in agent.networks().iter().zip(&self.start) {
                    drifts(trainer, start, out);
                }
                Ok(())
            })?;
        }
        Ok(Some(findings))
    }

    /// What depends on a batch.
    fn examine(&self, one: &NetworkOnBatch<'_>, findings: &mut Findings) -> Result<(), AgentError> {
        let what = &self.what;
        let NetworkOnBatch { trainer, input, .. } = one;
        let tag = |what: &str| format!("network/{}/{what}", trainer.name());
        let network = trainer.network().deep_clone()?;
        if what.takes_gradients() {
            let gradients = findings.time("gradients", |_| {
                Gradients::of(&network, input, &one.loss_grad, what.takes_dense())
            })?;
            self.of_gradients(&gradients, tag, findings)?;
        }
        if let (true, Some((name, of))) = (what.q, &one.values) {
            findings.time("q", |out| {
                let (mean, variance) = spread(&of(&network.outputs(input)?));
                out.push(Metric::new(tag(&format!("{name}_mean")), mean));
                out.push(Metric::new(tag(&format!("{name}_variance")), variance));
                Ok(())
            })?;
        }
        if let (true, Some(errors)) = (what.td_error, &one.td_errors) {
            findings.time("td_error", |out| {
                let TdErrors { training, held_out } = errors()?;
                out.push(Metric::new(tag("td_error_training"), training));
                out.push(Metric::new(tag("td_error_held_out"), held_out));
                Ok(())
            })?;
        }
        if let (true, Some(of)) = (what.entropy, &one.entropy) {
            findings.time("entropy", |out| {
                let entropy = of(&network.outputs(input)?);
                out.push(Metric::new(tag("entropy"), entropy));
                Ok(())
            })?;
        }
        if what.effective_rank || what.dormant {
            let hidden = findings.time("activations", |_| hidden(&network, input))?;
            let read = hidden.iter().rfind(|one| !one.within);
            if let (true, Some(Hidden { features, width, .. })) = (what.effective_rank, read) {
                findings.time("effective_rank", |out| {
                    let width = *width;
                    out.push(Metric::new(tag("effective_rank"), effective_rank(features, width)));
                    Ok(())
                })?;
            }
            if what.dormant {
                findings.time("dormant", |out| {
                    let (mut dormant, mut all) = (0, 0);
                    for Hidden { layer, features, width, .. } in &hidden {
                        let units = layer.shape().rows();
                        let places = width / units;
                        let scores = dormant::scores(features, units, places);
                        let count = dormant::count(&scores, what.dormant_tau);
                        let tag = tag(&format!("{}/dormant", layer.name()));
                        out.push(Metric::new(tag, count as f64 / units as f64));
                        (dormant, all) = (dormant + count, all + units);
                    }
                    out.push(Metric::new(tag("dormant"), dormant as f64 / all.max(1) as f64));
                    Ok(())
                })?;
            }
        }
        Ok(())
    }

    /// What is measured on the gradients of single samples.
    fn of_gradients(
        &self,
        gradients: &Gradients,
        tag: impl Fn(&str) -> String,
        findings: &mut Findings,
    ) -> Result<(), AgentError> {
        let what = &self.what;
        if !what.snr.is_empty() {
            findings.time("snr", |out| {
                for (form, found) in snr(gradients, &what.snr) {
                    let tag = tag(&format!("snr_{}", form.name()));
                    out.push(Metric::new(tag.clone(), found.mean));
                    out.push(Metric::new(format!("{tag}_std"), found.std));
                }
                Ok(())
            })?;
        }
        if !what.noise_scale.is_empty() {
            findings.time("noise_scale", |out| {
                for form in &what.noise_scale {
                    let tag = tag(&format!("noise_scale_{}", form.name()));
                    noises(gradients, *form, &tag, out);
                }
                Ok(())
            })?;
        }
        Ok(())
    }
}

impl Findings {
    /// Does `work`, and counts its time as that of `name`.
    fn time<T>(
        &mut self,
        name: &'static str,
        work: impl FnOnce(&mut Vec<Metric>) -> Result<T, AgentError>,
    ) -> Result<T, AgentError> {
        let begun = Instant::now();
        let done = work(&mut self.metrics);
        match self.took.iter_mut().find(|(other, _)| *other == name) {
            Some((_, took)) => *took += begun.elapsed(),
            None => self.took.push((name, begun.elapsed())),
        }
        done
    }
}

/// A layer with units, and what it writes for a batch.
struct Hidden<'a> {
    layer: &'a Layer,
    /// `(rows, width)`.
    features: Vec<f32>,
    width: usize,
    /// Whether it is one of an expert, which reads a part of the tokens.
    within: bool,
}

/// The hidden layers of `network` with what they write for `input`: of experts those with units.
fn hidden<'a>(network: &'a Network, input: &[f32]) -> Result<Vec<Hidden<'a>>, AgentError> {
    let (plan, outputs) = (network.backend().plan(), network.activations(input)?);
    let each = network.layers().iter().zip(plan.handed_on()).zip(outputs);
    let one = |((layer, handed_on), features): ((&'a Layer, HandedOn), Vec<f32>)| {
        match handed_on {
            // The head.
            HandedOn::Node(n) if n == plan.last() => None,
            HandedOn::Node(n) => {
                let width = plan.nodes()[n].features.size();
                Some(Hidden { layer, features, width, within: false })
            }
            HandedOn::Within(_, Member::Expert { layer: 0, .. }) => {
                let width = layer.shape().rows();
                Some(Hidden { layer, features, width, within: true })
            }
            HandedOn::Within(_, Member::Router | Member::Expert { .. }) => None,
        }
    };
    Ok(each.filter_map(one).collect())
}

/// A scale that the batch cannot tell is left out.
fn noises(gradients: &Gradients, form: Form, tag: &str, out: &mut Vec<Metric>) {
    let sums = gradients.over(form);
    let singly = Noise::of_samples(&sums.moments);
    if let Some(Noise { trace, signal }) = singly {
        out.push(Metric::new(format!("{tag}_trace"), trace));
        out.push(Metric::new(format!("{tag}_signal"), signal));
    }
    let scales = [("", singly), ("_two_batches", Noise::of_small_batches(sums))];
    for (of, noise) in scales {
        out.extend(noise.and_then(|n| n.scale()).map(|n| Metric::new(format!("{tag}{of}"), n)));
    }
}

fn norms(trainer: &Trainer, out: &mut Vec<Metric>) -> Result<(), AgentError> {
    let params: Vec<f32> = trainer.network().params().to_vec1()?;
    let norm = |values: &[f32]| values.iter().map(|w| f64::from(*w).powi(2)).sum::<f64>().sqrt();
    let tag = |what: &str| format!("network/{}/{what}", trainer.name());
    out.push(Metric::new(tag("parameter_norm"), norm(&params)));
    for layer in trainer.network().layers() {
        let tag = tag(&format!("{}/weight_norm", layer.name()));
        out.push(Metric::new(tag, norm(&params[layer.weights()])));
    }
    Ok(())
}

fn drifts(trainer: &Trainer, start: &[Arc<Topology>], out: &mut Vec<Metric>) {
    let layers = trainer.network().layers();
    let drifts = layers.iter().zip(start).map(|(layer, start)| {
        (format!("{}/", layer.name()), Drift::between(start, layer.topology()))
    });
    let drifts: Vec<_> = drifts.collect();
    let sum = Drift::sum(drifts.iter().map(|(_, drift)| *drift));
    for (of, drift) in drifts.into_iter().chain([(String::new(), sum)]) {
        let tag = |what: &str| format!("network/{}/{of}{what}", trainer.name());
        out.push(Metric::new(tag("drift"), drift.share()));
        out.push(Metric::new(tag("jaccard"), drift.jaccard()));
    }
}

fn spread(values: &[f32]) -> (f64, f64) {
    mean_and_variance(values.iter().map(|x| f64::from(*x)))
}
