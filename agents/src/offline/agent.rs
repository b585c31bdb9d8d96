//! An agent of one model that learns from a data set: sampling, the learning rate, targets, what is kept.

use std::sync::Arc;

use sparring_envs::{Actions, EnvSpec, Obs};
use sparring_sparse::{Saved, Section, Seed, Trainer};

use super::Offline;
use super::keys::OfflineKeys;
use super::model::{Acting, Model};
use super::state::OfflineState;
use crate::agent::{Agent, Capabilities, Clock};
use crate::data::{ActionBuf, Dataset, Scales};
use crate::error::AgentError;
use crate::metric::Metric;
use crate::observations::{Mode, Observations};
use crate::policy_view::PolicyView;

/// What every offline agent can do and what it needs.
pub const CAPABILITIES: Capabilities =
    Capabilities { discrete: true, continuous: true, needs_every_env: false, learns_offline: true };

/// An agent in training on a data set.
pub struct OfflineAgent<M> {
    keys: OfflineKeys,
    model: M,
    data: Option<Arc<Dataset>>,
    state: OfflineState,
    /// The share of the episodes whose return it is asked for, where that is not its own target.
    asked: Option<f64>,
    actions: ActionBuf,
    floats: Vec<f32>,
}

impl<M: Model> OfflineAgent<M> {
    /// A fresh one for `spec` with `model`; what it draws comes from streams below `seed`.
    pub fn new(keys: OfflineKeys, model: M, spec: &EnvSpec, seed: &Seed) -> Self {
        Self {
            keys,
            model,
            data: None,
            state: OfflineState::new(seed),
            asked: None,
            actions: ActionBuf::empty(&spec.action),
            floats: Vec::new(),
        }
    }
}

impl<M: Model> Agent for OfflineAgent<M> {
    fn act(&mut self, seen: Observations<'_>, mode: Mode) -> Result<Actions<'_>, AgentError> {
        let Self { keys, model, state, asked, actions, floats, .. } = self;
        let obs = match seen.obs {
            Obs::F32(values) => values,
            Obs::U8(bytes) => {
                floats.clear();
                floats.extend(bytes.iter().map(|byte| f32::from(*byte)));
                floats
            }
        };
        let target = model.scales().return_at(asked.unwrap_or(keys.target)) as f32;
        actions.clear();
        model.act(&Acting { seen, obs, target, mode }, &mut state.eval, actions)?;
        Ok(actions.view())
    }

    fn offline(&mut self) -> Option<&mut dyn Offline> {
        Some(self)
    }

    fn clock(&self) -> Clock {
        Clock { env_steps: 0, gradient_steps: self.state.updates }
    }

    fn networks(&self) -> Vec<&Trainer> {
        vec![self.model.trainer()]
    }

    fn networks_mut(&mut self) -> Vec<&mut Trainer> {
        vec![self.model.trainer_mut()]
    }

    fn save_own(&self, to: &mut Section) -> Result<(), AgentError> {
        Ok(to.put("state", &self.state)?)
    }

    fn load_own(&mut self, from: &Section) -> Result<(), AgentError> {
        self.state = from.get("state")?;
        Ok(())
    }

    fn drain_losses(&mut self, out: &mut Vec<Metric>) {
        self.state.means.drain(out);
    }

    fn policy_view(&self) -> Result<Option<PolicyView>, AgentError> {
        self.model.policy_view()
    }

    fn save_extra(&self, saved: &mut Saved) -> Result<(), AgentError> {
        self.model.scales().save(saved)
    }

    fn load_extra(&mut self, saved: &Saved) -> Result<(), AgentError> {
        let scales = Scales::load(self.model.scales().obs_dim(), saved)?;
        self.model.set_scales(scales);
        Ok(())
    }
}

impl<M: Model> Offline for OfflineAgent<M> {
    fn take(&mut self, data: Arc<Dataset>) {
        self.model.set_scales(data.scales.clone());
        self.model.prepare(&data);
        self.data = Some(data);
    }

    fn recalls(&self) -> bool {
        self.model.recalls()
    }

    fn recall(&mut self, data: &Arc<Dataset>) {
        self.model.recall(data);
    }

    fn retrofit(&mut self, saved: &Saved) -> Result<(), AgentError> {
        self.model.retrofit(saved)
    }

    fn study(&mut self) -> Result<(), AgentError> {
        let Self { keys, model, data, state, .. } = self;
        let Some(data) = data else { return Ok(()) };
        if let Some(until) = keys.decay_gradient_steps {
            let left = 1.0 - state.updates as f64 / until as f64;
            model.trainer_mut().set_learning_rate(keys.optimizer.learning_rate * left.max(0.0));
        }
        let taught = model.update(data, keys.batch_size, &mut state.sampler)?;
        state.means.add(taught);
        state.updates += 1;
        Ok(())
    }

    fn held_out(&mut self) -> Result<Vec<Metric>, AgentError> {
        let Some(data) = &self.data else { return Ok(Vec::new()) };
        if data.held_out.steps() == 0 {
            return Ok(Vec::new());
        }
        let loss = self.model.loss(&data.held_out, &mut self.state.eval)?;
        Ok(vec![Metric::new("held_out/nats", loss)])
    }

    fn targets(&self) -> Vec<f64> {
        match self.keys.is_conditioned() {
            true => self.keys.targets.clone(),
            false => Vec::new(),
        }
    }

    fn ask(&mut self, share: Option<f64>) {
        self.asked = share;
    }
}
