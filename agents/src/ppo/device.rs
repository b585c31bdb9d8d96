//! PPO's gradient step on a device, as `step.rs` has it on the host. The spread of continuous actions steps on the
//! host, so that each gradient step waits for the one before.

use std::sync::Arc;

use sparring_sparse::gpu::kernels::launch;
use sparring_sparse::gpu::{
    DeviceNetwork, DevicePass, DeviceTrainer, Gpu, Numbers, Precision, Reading, Repeated, Slots,
    StepOf, Use, backward, forward, rate, read, step,
};
use sparring_sparse::{SparseError, Trainer, Wanted};

use super::choice::{Choice, Minibatch};
use super::state::Stepped;
use crate::error::AgentError;
use crate::gpu::kernels::{self, Surrogate, Value, one_block};
use crate::gpu::newest::{Acting, Newest};
use crate::gpu::slab::Slab;
use crate::not_finite::{Source, loss_is};
use crate::policy::Policy;

/// What goes there: the parts of [`Minibatches::there`].
mod there {
    pub const OBS: usize = 0;
    pub const ACTION: usize = 1;
    pub const LOG_PROB: usize = 2;
    pub const ADVANTAGE: usize = 3;
    pub const OLD: usize = 4;
    pub const RETURN: usize = 5;
    /// Of the actor, and of the critic.
    pub const RATES: usize = 6;
    /// In double precision.
    pub const STD_PARAM: usize = 7;
}

/// What comes back: the parts of [`Minibatches::back`].
mod back {
    /// Of the actor, then of the critic, in double precision.
    pub const METRICS: usize = 0;
    /// The gradient of the spread, in double precision.
    pub const STD_PARAM: usize = 1;
    /// Of the actor, and of the critic.
    pub const NORMS: usize = 2;
}

/// Numbers in double precision that the kernel of the actor's loss gives.
const OF_ACTOR: usize = 4;

/// A PPO agent's copy on a device.
#[derive(Debug)]
pub(super) struct PpoOnDevice {
    gpu: Arc<dyn Gpu>,
    actor: DeviceTrainer,
    critic: DeviceTrainer,
    /// By their rows: whole ones, and the rest of a rollout.
    minibatches: Vec<Minibatches>,
    acting: [Acting; 2],
    newest: Newest,
}

/// The memory of gradient steps on minibatches of one size.
#[derive(Debug)]
struct Minibatches {
    there: Slab,
    back: Slab,
    obs: Slots,
    of_actor: DevicePass,
    of_critic: DevicePass,
    graph: Repeated,
}

/// Which network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// The actor.
    Actor,
    /// The critic.
    Critic,
}

impl PpoOnDevice {
    /// A copy of `actor` and `critic` on `gpu`, where activations are stored as `precision` says.
    pub fn new(
        (gpu, precision): (Arc<dyn Gpu>, Precision),
        actor: &Trainer,
        critic: &Trainer,
    ) -> Result<Self, AgentError> {
        Ok(Self {
            actor: DeviceTrainer::new(&gpu, actor, precision)?,
            critic: DeviceTrainer::new(&gpu, critic, precision)?,
            minibatches: Vec::new(),
            acting: Default::default(),
            newest: Newest::Host,
            gpu,
        })
    }

    /// One gradient step on `minibatch`, with `updates` behind it.
    pub fn step(
        &mut self,
        choice: &Choice,
        [actor, critic]: [&mut Trainer; 2],
        std_param: &[f64],
        minibatch: &Minibatch,
        updates: u64,
    ) -> Result<Stepped, AgentError> {
        self.take(actor, critic)?;
        let rows = minibatch.advantage.len();
        let found = self.minibatches.iter().position(|one| one.of_actor.batch() == rows);
        let mut one = match found {
            Some(at) => self.minibatches.swap_remove(at),
            None => Minibatches::new(self, choice, rows)?,
        };
        let Minibatch { obs, action, log_prob, advantage, value, ret } = minibatch;
        for (part, values) in [
            (there::OBS, obs.as_slice()),
            (there::ACTION, action),
            (there::LOG_PROB, log_prob),
            (there::ADVANTAGE, advantage),
            (there::OLD, value),
            (there::RETURN, ret),
            (there::RATES, &[rate(actor), rate(critic)]),
        ] {
            one.there.set(part, values)?;
        }
        one.there.set_doubles(there::STD_PARAM, std_param);
        let mut graph = std::mem::take(&mut one.graph);
        graph.run(&*self.gpu, || one.ask(self, choice))?;
        one.graph = graph;
        self.newest = Newest::Device;
        for trainer in [&mut *actor, &mut *critic] {
            trainer.count_step(trainer.network().flops(rows, Wanted::PARAMS));
        }
        self.gpu.wait()?;
        let metrics = one.back.doubles(back::METRICS);
        let norms = one.back.part(back::NORMS);
        let stepped = Stepped {
            loss: metrics[0],
            kl: metrics[1],
            clip_fraction: metrics[2],
            entropy: metrics[3],
            critic_loss: metrics[OF_ACTOR],
            std_param: one.back.doubles(back::STD_PARAM),
            norms: [norms[0], norms[1]],
        };
        self.minibatches.push(one);
        for (what, loss, of, source) in [
            ("the loss of `actor`", stepped.loss, "an advantage", advantage),
            ("the loss of `critic`", stepped.critic_loss, "a return", ret),
        ] {
            if !loss.is_finite() {
                let source = Source::Numbers(of, source);
                return Err(loss_is(what, loss as f32, updates, &[source]));
            }
        }
        actor.check_norm(stepped.norms[0])?;
        critic.check_norm(stepped.norms[1])?;
        Ok(stepped)
    }

    /// Gives the newest values to the host.
    pub fn give(&mut self, actor: &mut Trainer, critic: &mut Trainer) -> Result<(), AgentError> {
        if self.newest == Newest::Device {
            self.actor.give(actor)?;
            self.critic.give(critic)?;
            self.newest = Newest::Both;
        }
        Ok(())
    }

    /// The host has changed its values, or will.
    pub fn leave_to_host(&mut self) {
        self.newest = Newest::Host;
    }

    /// What this `part` of `actor` and `critic` gives for `x (n, obs_dim)`.
    pub fn outputs(
        &mut self,
        part: Part,
        [actor, critic]: [&Trainer; 2],
        x: &[f32],
    ) -> Result<Vec<f32>, AgentError> {
        self.take(actor, critic)?;
        let [of_actor, of_critic] = &mut self.acting;
        let (acting, own, host) = match part {
            Part::Actor => (of_actor, &self.actor, actor),
            Part::Critic => (of_critic, &self.critic, critic),
        };
        Ok(acting.outputs(own.network(), host.network(), x)?)
    }

    /// Takes over the host's values where they are the newest.
    fn take(&mut self, actor: &Trainer, critic: &Trainer) -> Result<(), AgentError> {
        if self.newest == Newest::Host {
            let same = self.actor.take(actor)?;
            if !(self.critic.take(critic)? && same) {
                self.minibatches.iter_mut().for_each(|one| one.graph.forget());
            }
            self.newest = Newest::Both;
        }
        Ok(())
    }
}

impl Minibatches {
    fn new(of: &PpoOnDevice, choice: &Choice, rows: usize) -> Result<Self, SparseError> {
        let gpu = &of.gpu;
        let (dim, act_dim) = (choice.obs_dim, choice.policy.act_dim());
        let pass =
            |network: &DeviceNetwork| DevicePass::new(gpu, network, rows, Some(Wanted::PARAMS));
        let spread = 2 * choice.policy.std_params();
        let there = [rows * dim, rows * act_dim, rows, rows, rows, rows, 2, spread];
        let of_actor = pass(of.actor.network())?;
        Ok(Self {
            there: Slab::new(gpu, &there)?,
            back: Slab::new(gpu, &[2 * (OF_ACTOR + 1), spread, 2])?,
            obs: of.actor.network().input_slots(of_actor.ld())?,
            of_critic: pass(of.critic.network())?,
            of_actor,
            graph: Repeated::default(),
        })
    }

    /// All that a gradient step launches.
    fn ask(&self, of: &PpoOnDevice, choice: &Choice) -> Result<(), SparseError> {
        let (gpu, config) = (&*of.gpu, &choice.config);
        let Self { there, back, obs, of_actor, of_critic, .. } = self;
        let (batch, ld) = (of_actor.batch() as u32, of_actor.ld() as u32);
        let stored = obs.precision();
        let reading = Reading {
            rows: there.at(there::OBS),
            numbers: Numbers::Floats,
            to: obs.at(0),
            plane: of.actor.network().input_plane(),
            stored,
            batch: of_actor.batch(),
            ld: of_actor.ld(),
        };
        // SAFETY: the host waits before it changes what goes there.
        unsafe { there.upload(gpu)? };
        read(gpu, &[reading])?;
        let x = obs.at(0);
        let acting = Use { network: of.actor.network(), pass: of_actor, x };
        let valuing = Use { network: of.critic.network(), pass: of_critic, x };
        both(acting, valuing, |uses, _| forward(gpu, uses))?;
        let surrogate = Surrogate {
            head: of_actor.output(),
            action: there.at(there::ACTION),
            log_prob: there.at(there::LOG_PROB),
            advantage: there.at(there::ADVANTAGE),
            std_param: there.at(there::STD_PARAM),
            dhead: of_actor.output_gradient(),
            dstd: back.at(back::STD_PARAM),
            metrics: back.at(back::METRICS),
            batch,
            ld,
            width: choice.policy.width() as u32,
            gaussian: u32::from(matches!(choice.policy, Policy::Gaussian(_))),
            clip: config.clip as f32,
            entropy_coef: config.entropy_coef as f32,
            stored,
            pad: 0,
        };
        let value = Value {
            value: of_critic.output(),
            old: there.at(there::OLD),
            ret: there.at(there::RETURN),
            dvalue: of_critic.output_gradient(),
            metrics: back.at(back::METRICS) + (OF_ACTOR * size_of::<f64>()) as u64,
            batch,
            ld,
            clips: u32::from(config.value_clip.is_some()),
            clip: config.value_clip.unwrap_or(0.0) as f32,
            coef: config.value_coef as f32,
            stored,
        };
        // SAFETY: buffers of these sizes.
        unsafe {
            launch(gpu, &kernels::KERNELS, "surrogate", &[surrogate], one_block)?;
            launch(gpu, &kernels::KERNELS, "value_loss", &[value], one_block)?;
        }
        let grads = [of.actor.grads(), of.critic.grads()];
        both(acting, valuing, |uses, first| backward(gpu, uses, &grads[first..], Wanted::PARAMS))?;
        let number = |at: u64, index: usize| at + (index * size_of::<f32>()) as u64;
        let step_of = |trainer, k| StepOf {
            trainer,
            rate: number(there.at(there::RATES), k),
            norm: number(back.at(back::NORMS), k),
        };
        step(gpu, &[step_of(&of.actor, 0), step_of(&of.critic, 1)])?;
        // SAFETY: the host waits before it reads what comes back.
        unsafe { back.download(gpu) }
    }
}

/// Actor and critic side by side where they have as many layers, else one after the other; `run` is told which of the
/// two comes first.
fn both(
    actor: Use<'_>,
    critic: Use<'_>,
    run: impl Fn(&[Use<'_>], usize) -> Result<(), SparseError>,
) -> Result<(), SparseError> {
    match actor.network.goes_beside(critic.network) {
        true => run(&[actor, critic], 0),
        false => run(&[actor], 0).and_then(|()| run(&[critic], 1)),
    }
}
