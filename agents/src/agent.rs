//! What a training loop drives: act, learn, report.
//!
//! An agent says which networks it has; sizes, saved policies, counts of operations and logs of sparsity
//! follow from that. Everything else that is asked of it stands in [`Agent`] as well.

use std::sync::Arc;

use sparring_envs::{Actions, Batch};
use sparring_sparse::gpu::{Gpu, Precision};
use sparring_sparse::seed::Rng;
use sparring_sparse::{Executed, Saved, Section, SparseError, Target, Trainer};

use crate::error::AgentError;
use crate::metric::{Extent, Metric, routing_metrics, sparsity_metrics};
use crate::network_on_batch::NetworkOnBatch;
use crate::observations::{Mode, Observations};
use crate::offline::Offline;
use crate::policy_view::PolicyView;
use crate::replay::Replay;
use crate::summary::NetworkSummary;

/// The layout of a saved agent.
const VERSION: u32 = 1;

/// What an agent can do and what it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Whether it chooses among a few actions.
    pub discrete: bool,
    /// Whether it chooses points of a bounded box.
    pub continuous: bool,
    /// Whether each batch must hold all of its environments.
    pub needs_every_env: bool,
    /// Whether it learns from what others have done, without a step of its own.
    pub learns_offline: bool,
}

impl Capabilities {
    /// Of an agent that chooses among a few actions, learns online, and takes batches as they come.
    pub const DISCRETE: Self =
        Self { discrete: true, continuous: false, needs_every_env: false, learns_offline: false };
}

/// How far an agent is. Due times name one of the two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Clock {
    /// Environment steps that it has learnt from, over all environments.
    pub env_steps: u64,
    /// Gradient steps that it has taken; a network whose rewiring took the place of its own counts fewer.
    pub gradient_steps: u64,
}

impl Clock {
    /// Steps of its own clock: those of environments, or gradient steps of one that learns without any.
    pub fn own(self) -> u64 {
        match self.env_steps {
            0 => self.gradient_steps,
            steps => steps,
        }
    }
}

/// An agent in training. It sees environments only as batches, each of some or all of its environments.
pub trait Agent: Send {
    /// An action for each row of `seen`. To evaluate disturbs no training: it changes nothing that a later
    /// call in [`Mode::Train`] depends on.
    fn act(&mut self, seen: Observations<'_>, mode: Mode) -> Result<Actions<'_>, AgentError>;

    /// Takes one vector step, the answer to the last [`Self::act`] in [`Mode::Train`], and trains as often
    /// as is due. One that learns from a data set learns nothing of it.
    fn learn(&mut self, _batch: &Batch<'_>) -> Result<(), AgentError> {
        Ok(())
    }

    /// The same as one that learns from a data set, if it does.
    fn offline(&mut self) -> Option<&mut dyn Offline> {
        None
    }

    /// Lets it train on `gpu`, between [`Self::learn`] and the next [`Self::act`], where activations are stored as
    /// `precision` says. What it learns is the same up to rounding.
    ///
    /// # Errors
    /// An agent or a network that trains on the processor only, and no memory left.
    fn move_to(&mut self, _gpu: Arc<dyn Gpu>, _precision: Precision) -> Result<(), AgentError> {
        let problem = "this agent trains on the processor only: use `cpu`".to_owned();
        Err(SparseError::Device { problem }.into())
    }

    /// Takes back what a device has computed since: to be called before anything but acting and learning is asked
    /// of it.
    ///
    /// # Errors
    /// Those of the device, and a loss that was no number.
    fn settle(&mut self) -> Result<(), AgentError> {
        Ok(())
    }

    /// How far it is.
    fn clock(&self) -> Clock;

    /// The trained networks as they are now, an actor before its critics.
    fn networks(&self) -> Vec<&Trainer> {
        Vec::new()
    }

    /// The same, to be changed.
    fn networks_mut(&mut self) -> Vec<&mut Trainer> {
        Vec::new()
    }

    /// The networks that follow the trained ones.
    fn targets(&self) -> Vec<&Target> {
        Vec::new()
    }

    /// The same, to be changed.
    fn targets_mut(&mut self) -> Vec<&mut Target> {
        Vec::new()
    }

    /// What it learns from again and again; none of an agent that forgets. [`Self::save`] leaves its
    /// transitions to [`Replay::piece`].
    fn replay(&self) -> Option<&Replay> {
        None
    }

    /// The same, to be restored.
    fn replay_mut(&mut self) -> Option<&mut Replay> {
        None
    }

    /// Writes down all else that acting and learning depend on, and what is yet to be reported.
    fn save_own(&self, to: &mut Section) -> Result<(), AgentError>;

    /// Takes back what [`Self::save_own`] wrote.
    fn load_own(&mut self, from: &Section) -> Result<(), AgentError>;

    /// Moves the means of losses since the last call, and what is true now, into `out`; its networks'
    /// sparsity aside.
    fn drain_losses(&mut self, _out: &mut Vec<Metric>) {}

    /// Moves what is logged into `out`: losses, then sizes, densities and counts of rewiring since the last call, and
    /// what routers did, network by network.
    fn drain_metrics(&mut self, extent: Extent, out: &mut Vec<Metric>) {
        self.drain_losses(out);
        for network in self.networks_mut() {
            sparsity_metrics(network, extent, out);
            routing_metrics(network, out);
        }
    }

    /// Operations that all networks have executed so far, targets included: acting, evaluating and
    /// training.
    fn executed(&self) -> Executed {
        let trained = self.networks().into_iter().map(Trainer::network);
        trained.chain(self.targets().into_iter().map(Target::network)).map(|n| n.executed()).sum()
    }

    /// The sizes of the trained networks as they are now.
    fn summaries(&self) -> Vec<NetworkSummary> {
        self.networks().into_iter().map(NetworkSummary::of).collect()
    }

    /// The networks on a batch of `size` samples, or of as many as a gradient step has, with their
    /// losses as training would compute them; nothing where there is no batch yet, or of an agent that
    /// cannot be diagnosed. It draws from `rng` and works on copies, so that training is not disturbed.
    fn probes(
        &self,
        _size: Option<usize>,
        _rng: &mut Rng,
    ) -> Result<Vec<NetworkOnBatch<'_>>, AgentError> {
        Ok(Vec::new())
    }

    /// Writes down all that a training which goes on must have back, between [`Self::learn`] and the next
    /// [`Self::act`], but the transitions of [`Self::replay`].
    ///
    /// # Errors
    /// Those of candle.
    fn save(&self, to: &mut Section) -> Result<(), AgentError> {
        to.put("layout", &VERSION)?;
        for trainer in self.networks() {
            to.nest(&format!("network.{}", trainer.name()), trainer.save()?);
        }
        for (i, target) in self.targets().into_iter().enumerate() {
            to.nest(&format!("target.{i}"), target.save()?);
        }
        if let Some(replay) = self.replay() {
            to.nest("replay", replay.save()?);
        }
        let mut own = Section::new(VERSION);
        self.save_own(&mut own)?;
        to.nest("own", own);
        Ok(())
    }

    /// Takes back what [`Self::save`] wrote of an agent of the same choices, whatever its seed. A replay
    /// memory holds nothing until [`Replay::restore`], and learning then waits for what comes.
    ///
    /// # Errors
    /// What is missing, and what does not fit: this agent is then neither the old nor the new one.
    fn load(&mut self, from: &Section) -> Result<(), AgentError> {
        let layout: u32 = from.get("layout")?;
        if layout != VERSION {
            return Err(from.misfit("layout", VERSION, layout).into());
        }
        for trainer in self.networks_mut() {
            let name = format!("network.{}", trainer.name());
            trainer.load(&from.part(&name))?;
        }
        for (i, target) in self.targets_mut().into_iter().enumerate() {
            target.load(&from.part(&format!("target.{i}")))?;
        }
        if let Some(replay) = self.replay_mut() {
            replay.load(&from.part("replay"))?;
        }
        self.load_own(&from.part("own"))
    }

    /// What acting in [`Mode::Eval`] is, laid open; none of an agent that acts by no single network.
    ///
    /// # Errors
    /// Those of candle.
    fn policy_view(&self) -> Result<Option<PolicyView>, AgentError> {
        Ok(None)
    }

    /// Puts what acting in [`Mode::Eval`] depends on into `saved`, the critics beside it.
    fn save_policy(&self, saved: &mut Saved) -> Result<(), AgentError> {
        for trainer in self.networks() {
            trainer.network().save_weights(trainer.name(), saved)?;
        }
        self.save_extra(saved)
    }

    /// Takes back what [`Self::save_policy`] gave, to act with: it cannot learn then.
    fn load_policy(&mut self, saved: &Saved) -> Result<(), AgentError> {
        self.networks_mut().into_iter().try_for_each(|trainer| trainer.load_weights(saved))?;
        self.load_extra(saved)
    }

    /// Puts what acting depends on beside the networks into `saved`.
    fn save_extra(&self, _saved: &mut Saved) -> Result<(), AgentError> {
        Ok(())
    }

    /// Takes back what [`Self::save_extra`] gave.
    fn load_extra(&mut self, _saved: &Saved) -> Result<(), AgentError> {
        Ok(())
    }
}
