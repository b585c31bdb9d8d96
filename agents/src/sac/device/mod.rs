//! SAC's gradient step on a device, as `step.rs` has it on the host.

mod step;

use std::sync::Arc;

use sparring_sparse::gpu::{
    Buffer, DeviceNetwork, DevicePass, DeviceTrainer, Gpu, Precision, Repeated, Slots, lerp, rate,
};
use sparring_sparse::{Executed, Layer, SparseError, Target, Trainer, Wanted};

use super::choice::Choice;
use super::networks::Networks;
use super::state::{SacState, Stepped};
use crate::error::AgentError;
use crate::free_params;
use crate::gpu::newest::{Acting, Newest};
use crate::gpu::slab::Slab;
use crate::gpu::turns::{DEPTH, Turns};
use crate::not_finite::{Source, loss_is};
use crate::replay::Sample;

/// What goes there: the parts of [`SacOnDevice::there`].
mod there {
    pub const OBS: usize = 0;
    pub const NEXT: usize = 1;
    pub const ACTION: usize = 2;
    pub const REWARD: usize = 3;
    pub const DISCOUNT: usize = 4;
    pub const NEXT_NOISE: usize = 5;
    pub const NOISE: usize = 6;
    /// Of the actor, and of the critics.
    pub const RATES: usize = 7;
    pub const TEMPERATURE_RATE: usize = 8;
}

/// What comes back: the parts of [`SacOnDevice::back`].
mod back {
    /// Of the critics, then of the actor, in double precision.
    pub const METRICS: usize = 0;
    /// `log α` and its moments, in double precision.
    pub const LOG_ALPHA: usize = 1;
    /// Of the actor and of the critics.
    pub const NORMS: usize = 2;
}

/// A SAC agent's copy on a device.
#[derive(Debug)]
pub(super) struct SacOnDevice {
    gpu: Arc<dyn Gpu>,
    actor: DeviceTrainer,
    critics: [DeviceTrainer; 2],
    targets: [DeviceNetwork; 2],
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
    /// What critics read: what was taken, what will be taken next, and what the policy would take now.
    taken: Slots,
    next: Slots,
    drawn: Slots,
    /// Of the successors' actions, and of those drawn now.
    log_prob: [Buffer<f32>; 2],
    by_log_prob: Buffer<f32>,
    /// Of the actor at the successors, and at the observations.
    of_actor: [DevicePass; 2],
    of_targets: [DevicePass; 2],
    of_critics: [DevicePass; 2],
    of_drawn: [DevicePass; 2],
}

/// What a gradient step on the device gave.
pub(super) struct Results {
    /// Its turn.
    pub turn: usize,
    pub stepped: Stepped,
    pub log_alpha: Vec<f64>,
}

impl Results {
    /// Whether step `done`, which learnt from its turn of `samples`, gave numbers.
    pub fn check(
        &self,
        samples: &[Sample; DEPTH],
        networks: &Networks,
        done: u64,
    ) -> Result<(), AgentError> {
        let Self { turn, stepped, .. } = self;
        let sample = &samples[*turn];
        for (what, value) in [
            ("the loss of the critics", stepped.critic_loss as f32),
            ("the loss of the actor", stepped.actor_loss as f32),
        ] {
            if !value.is_finite() {
                let sources = [
                    Source::Numbers("a reward", &sample.reward),
                    Source::Numbers("an action", &sample.action),
                ];
                return Err(loss_is(what, value, done, &sources));
            }
        }
        for (trainer, norm) in networks.trainers().into_iter().zip(stepped.norms) {
            trainer.check_norm(norm)?;
        }
        Ok(())
    }
}

impl SacOnDevice {
    /// A copy of `hosts` on `gpu`, where activations are stored as `precision` says.
    pub fn new(
        (gpu, precision): (Arc<dyn Gpu>, Precision),
        choice: &Choice,
        hosts: &Networks,
    ) -> Result<Self, AgentError> {
        if choice.action_copies > 1 {
            let problem = "critics that see actions as planes of an image train on `cpu` only";
            return Err(SparseError::Device { problem: problem.to_owned() }.into());
        }
        let (batch, act_dim) = (choice.config.batch_size, choice.policy.act_dim);
        let (obs, actions) = (batch * choice.obs_dim, batch * act_dim);
        let trainer = |host: &Trainer| DeviceTrainer::new(&gpu, host, precision);
        let actor = trainer(&hosts.actor)?;
        let [first, second] = &hosts.critics;
        let critics = [trainer(first)?, trainer(second)?];
        let of_target = |target: &Target| DeviceNetwork::new(&gpu, target.network(), precision);
        let targets = [of_target(&hosts.targets[0])?, of_target(&hosts.targets[1])?];
        let pass = |network: &DeviceNetwork, wanted| DevicePass::new(&gpu, network, batch, wanted);
        let pair = |networks: [&DeviceNetwork; 2], wanted: [Option<Wanted>; 2]| {
            Ok::<_, SparseError>([pass(networks[0], wanted[0])?, pass(networks[1], wanted[1])?])
        };
        let of_critics = [critics[0].network(), critics[1].network()];
        let (params, input) = (Some(Wanted::PARAMS), Some(Wanted::INPUT));
        let of_actor = pair([actor.network(); 2], [None, params])?;
        let ld = of_actor[0].ld();
        let width = choice.obs_dim + act_dim * choice.action_copies;
        let slots = || Slots::room(&gpu, width * ld, precision);
        let work = Work {
            taken: slots()?,
            next: slots()?,
            drawn: slots()?,
            log_prob: [Buffer::room(&gpu, ld)?, Buffer::room(&gpu, ld)?],
            by_log_prob: Buffer::room(&gpu, 1)?,
            of_actor,
            of_targets: pair([&targets[0], &targets[1]], [None, None])?,
            of_critics: pair(of_critics, [params, params])?,
            of_drawn: pair(of_critics, [input, input])?,
        };
        let there = || Slab::new(&gpu, &[obs, obs, actions, batch, batch, actions, actions, 2, 2]);
        let back = Slab::new(&gpu, &[8, 6, 3])?;
        Ok(Self {
            there: [there()?, there()?],
            back: [back.twin(&gpu)?, back],
            turns: Turns::new(&gpu)?,
            work,
            actor,
            critics,
            targets,
            graphs: Default::default(),
            acting: Acting::default(),
            newest: Newest::Host,
            gpu,
        })
    }

    /// Whether the next gradient step is one for the device: no method wants to look at it, and a target that moves
    /// has the structure of what it follows.
    pub fn can_step(&self, choice: &Choice, hosts: &Networks, updates: u64) -> bool {
        let same = |(a, b): (&Layer, &Layer)| Arc::ptr_eq(a.topology(), b.topology());
        let follows = |(target, critic): (&Target, &Trainer)| {
            target.network().layers().iter().zip(critic.network().layers()).all(same)
        };
        let moves = (updates + 1).is_multiple_of(choice.config.target_every_gradient_steps);
        let fits = !moves || hosts.targets.iter().zip(&hosts.critics).all(follows);
        hosts.actor.rests() && hosts.critics.iter().all(Trainer::rests) && fits
    }

    /// Gathers what the next gradient step takes, `sample` with the observations `obs` and `next (batch, obs_dim)`,
    /// while the last one may be under way.
    pub fn gather(
        &mut self,
        choice: &Choice,
        hosts: &Networks,
        state: &mut SacState,
        sample: &Sample,
        [obs, next]: [&[f32]; 2],
    ) -> Result<(), AgentError> {
        let noise = [0; 2].map(|_| choice.noise(sample.reward.len(), &mut state.noise));
        let rates = [rate(&hosts.actor), rate(&hosts.critics[0])];
        for (part, values) in [
            (there::OBS, obs),
            (there::NEXT, next),
            (there::ACTION, &sample.action),
            (there::REWARD, &sample.reward),
            (there::DISCOUNT, &sample.discount),
            (there::NEXT_NOISE, &noise[0]),
            (there::NOISE, &noise[1]),
            (there::RATES, &rates),
        ] {
            self.there[self.turns.next()].set(part, values)?;
        }
        Ok(())
    }

    /// Asks for the gradient step on what was [gathered](Self::gather).
    pub fn step(
        &mut self,
        choice: &Choice,
        hosts: &mut Networks,
        state: &mut SacState,
    ) -> Result<(), AgentError> {
        if self.newest == Newest::Host {
            self.take(hosts, state)?;
        }
        let (rule, ahead) = (choice.config.optimizer.rule, self.turns.under_way() as u64);
        let temperature = state.log_alpha.rate(free_params::rule(rule), ahead);
        let turn = self.turns.next();
        self.there[turn].set_doubles(there::TEMPERATURE_RATE, &[temperature]);
        let mut graph = std::mem::take(&mut self.graphs[turn]);
        graph.run(&*self.gpu, || self.ask(choice))?;
        self.graphs[turn] = graph;
        self.turns.asked()?;
        self.newest = Newest::Device;
        state.updates += 1;
        if state.updates.is_multiple_of(choice.config.target_every_gradient_steps) {
            let pairs = self.targets.iter().zip(&self.critics);
            let pairs: Vec<_> = pairs.map(|(target, critic)| (target, critic.network())).collect();
            lerp(&*self.gpu, &pairs, choice.config.target_tau as f32)?;
        }
        count(hosts, choice.config.batch_size);
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
        let norms = back.part(back::NORMS);
        let stepped = Stepped {
            critic_loss: metrics[0],
            q: metrics[1],
            actor_loss: metrics[2],
            log_prob: metrics[3],
            norms: [norms[0], norms[1], norms[2]],
        };
        Ok(Some(Results { turn, stepped, log_alpha: back.doubles(back::LOG_ALPHA) }))
    }

    /// Gives the newest values to the host, which has read all results.
    pub fn give(&mut self, hosts: &mut Networks) -> Result<(), AgentError> {
        if self.newest == Newest::Device {
            self.actor.give(&mut hosts.actor)?;
            for (own, critic) in self.critics.iter().zip(hosts.critics.iter_mut()) {
                own.give(critic)?;
            }
            for (own, target) in self.targets.iter().zip(hosts.targets.iter_mut()) {
                own.give(target)?;
            }
            self.newest = Newest::Both;
        }
        Ok(())
    }

    /// The host has changed its values, or will.
    pub fn leave_to_host(&mut self) {
        self.newest = Newest::Host;
    }

    /// The actor's head for `x (n, obs_dim)`.
    pub fn head(
        &mut self,
        hosts: &Networks,
        state: &SacState,
        x: &[f32],
    ) -> Result<Vec<f32>, AgentError> {
        if self.newest == Newest::Host {
            self.take(hosts, state)?;
        }
        Ok(self.acting.outputs(self.actor.network(), hosts.actor.network(), x)?)
    }

    /// What the step takes that is asked for.
    fn there(&self) -> &Slab {
        &self.there[self.turns.next()]
    }

    /// Where what it gives goes.
    fn back(&self) -> &Slab {
        &self.back[self.turns.next()]
    }

    fn take(&mut self, hosts: &Networks, state: &SacState) -> Result<(), AgentError> {
        let mut same = self.actor.take(&hosts.actor)?;
        for (own, critic) in self.critics.iter_mut().zip(&hosts.critics) {
            same &= own.take(critic)?;
        }
        for (own, target) in self.targets.iter_mut().zip(&hosts.targets) {
            same &= own.take(target.network())?;
        }
        if !same {
            self.graphs.iter_mut().for_each(Repeated::forget);
        }
        // Of the device's memory there is one, which any of them writes.
        let [back, ..] = &mut self.back;
        back.set_doubles(back::LOG_ALPHA, &state.log_alpha.numbers());
        back.write(&*self.gpu)?;
        self.newest = Newest::Both;
        Ok(())
    }
}

/// Counts what a gradient step executes, network by network, as the host's would.
fn count(hosts: &mut Networks, batch: usize) {
    let Networks { actor, critics, targets } = hosts;
    let sum = |all: &[Executed]| all.iter().copied().sum::<Executed>();
    let once = Executed { backward: 0, ..actor.network().flops(batch, Wanted::PARAMS) };
    let trained = actor.network().flops(batch, Wanted::PARAMS);
    actor.count_step(sum(&[once, trained]));
    for critic in critics.iter_mut() {
        let each = [Wanted::PARAMS, Wanted::INPUT].map(|w| critic.network().flops(batch, w));
        critic.count_step(sum(&each));
    }
    targets.iter().for_each(|target| target.network().count_forward(batch));
}
