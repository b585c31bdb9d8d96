//! The end of a gradient step: what the method changes by its gradients, and the step of the optimiser.

use super::asked::{Asked, not_finite};
use super::remap::remap;
use super::state::State;
use super::{Step, Trainer};
use crate::backend::Gradients;
use crate::error::SparseError;
use crate::finite::NotFinite;
use crate::layers::Layer;
use crate::methods::{At, LayerGrads, Order, TopologyUpdate};

impl Trainer {
    /// Ends `step` as [`Self::end_step`] does, with the `gradients` of its pass, of which the input's is not read.
    ///
    /// # Errors
    /// A gradient that is missing or not finite.
    pub fn finish_step(&mut self, step: Step, gradients: Gradients) -> Result<f32, SparseError> {
        let Gradients { params: active, probe, loads, .. } = gradients;
        self.state.loads.iter_mut().zip(&loads).for_each(|(sum, load)| sum.add(load));
        let expected = self.network().num_params();
        let asked = step.probe.as_ref();
        let is_whole = asked.is_none_or(|asked| asked.var().elem_count() == probe.len());
        if active.len() != expected || !is_whole {
            return Err(SparseError::NoGradient { network: self.name.clone() });
        }
        let asked = asked.map(|asked| Asked { patterns: asked.patterns(), values: probe });
        if !step.chooses {
            return self.optimize(&active, asked.as_ref());
        }
        // Before anything is rewired by it.
        self.check(&active, asked.as_ref())?;
        let Step { at, planned, .. } = step;
        match self.state.method.order() {
            Order::AfterStep => {
                let norm = self.optimize(&active, asked.as_ref())?;
                if let Some(updates) = self.choose(at, planned, &active, asked.as_ref())? {
                    self.state.apply(&updates)?;
                }
                Ok(norm)
            }
            Order::BeforeStep => {
                let Some(updates) = self.choose(at, planned, &active, asked.as_ref())? else {
                    return self.optimize(&active, asked.as_ref());
                };
                let layers = self.network().layers();
                let grad = match &asked {
                    Some(asked) => asked.after(layers, &updates, &active),
                    // Nothing was grown, so the gradient is known.
                    None => remap(layers, &updates, &active, |_| &[]),
                };
                self.state.apply(&updates)?;
                self.optimize(&grad, asked.as_ref())
            }
            Order::InsteadOfStep => {
                let Some(updates) = self.choose(at, planned, &active, asked.as_ref())? else {
                    return self.optimize(&active, asked.as_ref());
                };
                self.state.rewired_alone_at = Some(at.step);
                self.state.apply(&updates)?;
                Ok(active.iter().map(|g| f64::from(*g).powi(2)).sum::<f64>().sqrt() as f32)
            }
        }
    }

    /// What the method changes by the gradients that it asked for; what it `planned` stands.
    fn choose(
        &mut self,
        at: At,
        planned: Option<Vec<TopologyUpdate>>,
        active: &[f32],
        asked: Option<&Asked<'_>>,
    ) -> Result<Option<Vec<TopologyUpdate>>, SparseError> {
        if planned.is_some() {
            return Ok(planned);
        }
        let layers = self.network().layers();
        let of_layer = |(l, layer): (usize, &Layer)| LayerGrads {
            active: &active[layer.weights()],
            dense: asked.map_or(&[], |asked| asked.layer(l)),
        };
        let grads: Vec<_> = layers.iter().enumerate().map(of_layer).collect();
        self.with_layers(|method, layers, rng| method.update(at, layers, &grads, rng))
    }

    /// Clips and steps.
    fn optimize(&mut self, grad: &[f32], asked: Option<&Asked<'_>>) -> Result<f32, SparseError> {
        let clips_dense = self.clips_dense();
        let State { network, optimizer, method, .. } = &mut self.state;
        let mut outside = method.backward_set();
        let mut unseen = 0.0;
        if let Some(asked) = asked {
            if clips_dense {
                let patterns = outside.iter().flat_map(|set| set.topologies());
                unseen = asked.squares_outside(network.layers(), patterns);
            }
            if let Some(set) = &mut outside {
                let grad = asked.on(set.topologies());
                set.take_grad(grad);
            }
        }
        match optimizer.step(network, grad, unseen, outside)? {
            Ok(norm) => Ok(norm),
            // What was asked for is no part of the gradient, but of its norm.
            Err(one) => self.check(&[], asked).and(Err(self.error(one))),
        }
    }

    /// That the gradients `active` and those that were `asked` for are finite.
    fn check(&self, active: &[f32], asked: Option<&Asked<'_>>) -> Result<(), SparseError> {
        not_finite(self.network().layers(), active, asked)
            .map_or(Ok(()), |one| Err(self.error(one)))
    }

    fn error(&self, one: NotFinite) -> SparseError {
        one.error(&self.name, self.network().layers(), self.state.optimizer.steps())
    }
}
