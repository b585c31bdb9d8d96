//! DQN's gradient step on a device, as `mod.rs` has it on the host.

use std::sync::Arc;

use sparring_sparse::gpu::kernels::launch;
use sparring_sparse::gpu::{
    DeviceNetwork, DevicePass, DeviceTrainer, Gpu, Precision, Reading, Repeated, Slots, StepOf,
    Use, backward, forward, lerp, rate, read, step,
};
use sparring_sparse::{Executed, Layer, SparseError, Target, Trainer, Wanted};

use super::choice::Choice;
use crate::error::AgentError;
use crate::gpu::kernels::{self, Td, one_block};
use crate::gpu::newest::{Acting, Newest};
use crate::gpu::slab::Slab;
use crate::gpu::turns::{DEPTH, Turns};
use crate::losses::td::Loss;
use crate::replay::Sample;

/// What goes there: the parts of [`DqnOnDevice::there`].
mod there {
    pub const OBS: usize = 0;
    pub const NEXT: usize = 1;
    pub const ACTION: usize = 2;
    pub const REWARD: usize = 3;
    pub const DISCOUNT: usize = 4;
    pub const WEIGHT: usize = 5;
    pub const RATE: usize = 6;
}

/// What comes back: the parts of [`DqnOnDevice::back`].
mod back {
    /// In double precision.
    pub const METRICS: usize = 0;
    pub const DELTA: usize = 1;
    pub const NORM: usize = 2;
}

/// A DQN agent's copy on a device.
#[derive(Debug)]
pub(super) struct DqnOnDevice {
    gpu: Arc<dyn Gpu>,
    q: DeviceTrainer,
    target: DeviceNetwork,
    /// What a step takes there and back, by its turn.
    there: [Slab; DEPTH],
    back: [Slab; DEPTH],
    work: Work,
    graphs: [Repeated; DEPTH],
    turns: Turns,
    acting: Acting,
    newest: Newest,
}

/// The memory of a gradient step.
#[derive(Debug)]
struct Work {
    obs: Slots,
    next: Slots,
    of_target: DevicePass,
    of_q: DevicePass,
    /// Of the online network at the successors, with double Q.
    of_next: Option<DevicePass>,
}

/// What a gradient step on the device gave.
pub(super) struct Results {
    /// Its turn.
    pub turn: usize,
    pub loss: f64,
    pub q: f64,
    pub norm: f32,
    /// `(batch)`.
    pub delta: Vec<f32>,
}

impl DqnOnDevice {
    /// A copy of `q` and its target on `gpu`, where activations are stored as `precision` says.
    pub fn new(
        (gpu, precision): (Arc<dyn Gpu>, Precision),
        choice: &Choice,
        q: &Trainer,
        target: &Target,
    ) -> Result<Self, AgentError> {
        let batch = choice.config.batch_size;
        let obs = choice.input.places(batch);
        let q = DeviceTrainer::new(&gpu, q, precision)?;
        let target = DeviceNetwork::new(&gpu, target.network(), precision)?;
        let pass = |network: &DeviceNetwork, wanted| DevicePass::new(&gpu, network, batch, wanted);
        let of_q = pass(q.network(), Some(Wanted::PARAMS))?;
        let of_next = choice.config.double_q.then(|| pass(q.network(), None)).transpose()?;
        let slots = || q.network().input_slots(of_q.ld());
        let work =
            Work { obs: slots()?, next: slots()?, of_target: pass(&target, None)?, of_next, of_q };
        let there = [obs, obs, batch, batch, batch, batch, 1];
        let back = Slab::new(&gpu, &[4, batch, 1])?;
        Ok(Self {
            there: [Slab::new(&gpu, &there)?, Slab::new(&gpu, &there)?],
            back: [back.twin(&gpu)?, back],
            turns: Turns::new(&gpu)?,
            work,
            q,
            target,
            graphs: Default::default(),
            acting: Acting::default(),
            newest: Newest::Host,
            gpu,
        })
    }

    /// Whether the next gradient step is one for the device: the method does not want to look at it, and a target
    /// that moves has the structure of what it follows.
    pub fn can_step(&self, choice: &Choice, q: &Trainer, target: &Target, updates: u64) -> bool {
        let same = |(a, b): (&Layer, &Layer)| Arc::ptr_eq(a.topology(), b.topology());
        let moves = (updates + 1).is_multiple_of(choice.config.target_every_gradient_steps);
        let mut layers = target.network().layers().iter().zip(q.network().layers());
        q.rests() && (!moves || layers.all(same))
    }

    /// Gathers what the next gradient step takes, `sample` with its `weights (batch)`, and lets it go there, while the
    /// last one may be under way.
    pub fn gather(
        &mut self,
        q: &Trainer,
        sample: &Sample,
        weights: &[f32],
    ) -> Result<(), AgentError> {
        let there = &mut self.there[self.turns.next()];
        there.set_obs(there::OBS, sample.obs.view())?;
        there.set_obs(there::NEXT, sample.next.view())?;
        for (part, values) in [
            (there::ACTION, sample.action.as_slice()),
            (there::REWARD, &sample.reward),
            (there::DISCOUNT, &sample.discount),
            (there::WEIGHT, weights),
            (there::RATE, &[rate(q)]),
        ] {
            there.set(part, values)?;
        }
        // Images take a while to get there. SAFETY: its turn comes again once the step has been collected.
        unsafe { there.upload_ahead(&*self.gpu) }?;
        Ok(())
    }

    /// Asks for gradient step `updates` on what was [gathered](Self::gather).
    pub fn step(
        &mut self,
        choice: &Choice,
        (q, target): (&mut Trainer, &Target),
        updates: u64,
    ) -> Result<(), AgentError> {
        self.take(q, target)?;
        let turn = self.turns.next();
        let mut graph = std::mem::take(&mut self.graphs[turn]);
        graph.run(&*self.gpu, || self.ask(choice))?;
        self.graphs[turn] = graph;
        self.turns.asked()?;
        self.newest = Newest::Device;
        if (updates + 1).is_multiple_of(choice.config.target_every_gradient_steps) {
            let pair = [(&self.target, self.q.network())];
            lerp(&*self.gpu, &pair, choice.config.target_tau as f32)?;
        }
        self.count(q, target);
        Ok(())
    }

    /// The turn of the next step, and how many steps are under way.
    pub fn turns(&self) -> &Turns {
        &self.turns
    }

    /// What the oldest step that is under way gave, once it is done; nothing where none is.
    pub fn collect(&mut self) -> Result<Option<Results>, AgentError> {
        let Some(turn) = self.turns.finish()? else { return Ok(None) };
        let back = &self.back[turn];
        let metrics = back.doubles(back::METRICS);
        let (delta, norm) = (back.part(back::DELTA).to_vec(), back.part(back::NORM)[0]);
        Ok(Some(Results { turn, loss: metrics[0], q: metrics[1], norm, delta }))
    }

    /// Gives the newest values to the host, which has read all results.
    pub fn give(&mut self, q: &mut Trainer, target: &Target) -> Result<(), AgentError> {
        if self.newest == Newest::Device {
            self.q.give(q)?;
            self.target.give(target)?;
            self.newest = Newest::Both;
        }
        Ok(())
    }

    /// The host has changed its values, or will.
    pub fn leave_to_host(&mut self) {
        self.newest = Newest::Host;
    }

    /// What `q` gives for `x (n, obs_dim)`.
    pub fn outputs(
        &mut self,
        q: &Trainer,
        target: &Target,
        x: &[f32],
    ) -> Result<Vec<f32>, AgentError> {
        self.take(q, target)?;
        Ok(self.acting.outputs(self.q.network(), q.network(), x)?)
    }

    /// Takes over the host's values where they are the newest.
    fn take(&mut self, q: &Trainer, target: &Target) -> Result<(), AgentError> {
        if self.newest == Newest::Host {
            let same = self.q.take(q)?;
            if !(self.target.take(target.network())? && same) {
                self.graphs.iter_mut().for_each(Repeated::forget);
            }
            self.newest = Newest::Both;
        }
        Ok(())
    }

    /// All that a gradient step launches.
    fn ask(&self, choice: &Choice) -> Result<(), SparseError> {
        let (gpu, Work { obs, next, of_target, of_q, of_next }) = (&*self.gpu, &self.work);
        let turn = self.turns.next();
        let (there, back) = (&self.there[turn], &self.back[turn]);
        let (batch, ld) = (of_q.batch() as u32, of_q.ld() as u32);
        let numbers = choice.input.numbers();
        let reading = |part: usize, to: &Slots| Reading {
            rows: there.at(part),
            numbers,
            to: to.at(0),
            plane: self.q.network().input_plane(),
            stored: to.precision(),
            batch: of_q.batch(),
            ld: of_q.ld(),
        };
        read(gpu, &[reading(there::OBS, obs), reading(there::NEXT, next)])?;
        let online = |pass, x: &Slots| Use { network: self.q.network(), pass, x: x.at(0) };
        let target = Use { network: &self.target, pass: of_target, x: next.at(0) };
        let learning = online(of_q, obs);
        let mut uses = vec![target, learning];
        uses.extend(of_next.iter().map(|pass| online(pass, next)));
        forward(gpu, &uses)?;
        let td = Td {
            q: of_q.output(),
            next: of_target.output(),
            chooses: of_next.as_ref().map_or(0, DevicePass::output),
            action: there.at(there::ACTION),
            reward: there.at(there::REWARD),
            discount: there.at(there::DISCOUNT),
            weight: there.at(there::WEIGHT),
            dq: of_q.output_gradient(),
            delta: back.at(back::DELTA),
            metrics: back.at(back::METRICS),
            batch,
            ld,
            actions: choice.num_actions,
            dueling: u32::from(choice.config.dueling),
            huber: u32::from(choice.config.loss == Loss::Huber),
            stored: self.q.network().precision(),
        };
        // SAFETY: buffers of these sizes.
        unsafe { launch(gpu, &kernels::KERNELS, "td", &[td], one_block)? };
        backward(gpu, &[learning], &[self.q.grads()], Wanted::PARAMS)?;
        let (rate, norm) = (there.at(there::RATE), back.at(back::NORM));
        step(gpu, &[StepOf { trainer: &self.q, rate, norm }])?;
        // SAFETY: the host waits before it reads what comes back.
        unsafe { back.download(gpu) }
    }

    /// Counts what a gradient step executes, as the host's would.
    fn count(&self, q: &mut Trainer, target: &Target) {
        let batch = self.work.of_q.batch();
        let trained = q.network().flops(batch, Wanted::PARAMS);
        let chosen = if self.work.of_next.is_some() { trained.forward } else { 0 };
        q.count_step(Executed { forward: trained.forward + chosen, ..trained });
        target.network().count_forward(batch);
    }
}
