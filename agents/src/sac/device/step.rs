//! The kernels of a gradient step of SAC, in their order.

use sparring_sparse::gpu::kernels::{KERNELS, Rows, launch};
use sparring_sparse::gpu::{DevicePass, Slots, StepOf, Use, backward, forward, step};
use sparring_sparse::{Rule, SparseError, Wanted};

use super::super::choice::Choice;
use super::super::keys::Temperature;
use super::{SacOnDevice, Work, back, there};
use crate::free_params;
use crate::gpu::kernels::{self, Draw, DrawGrad, SoftActor, SoftCritic, one_block};

impl SacOnDevice {
    /// All that a gradient step launches.
    pub(super) fn ask(&self, choice: &Choice) -> Result<(), SparseError> {
        let (gpu, work) = (&*self.gpu, &self.work);
        // SAFETY: the host waits before it changes what goes there.
        unsafe { self.there().upload(gpu)? };
        self.ask_inputs(choice)?;
        let of_actor = |k: usize, x: &Slots| Use {
            network: self.actor.network(),
            pass: &work.of_actor[k],
            x: x.at(0),
        };
        forward(gpu, &[of_actor(0, &work.next), of_actor(1, &work.taken)])?;
        let draws = [self.draw(choice, 0), self.draw(choice, 1)];
        // SAFETY: buffers of these sizes.
        unsafe {
            launch(gpu, &kernels::KERNELS, "draw", &draws, Draw::shape)?;
        }
        let target = |k: usize| Use {
            network: &self.targets[k],
            pass: &work.of_targets[k],
            x: work.next.at(0),
        };
        let critic = |k: usize| Use {
            network: self.critics[k].network(),
            pass: &work.of_critics[k],
            x: work.taken.at(0),
        };
        forward(gpu, &[target(0), target(1), critic(0), critic(1)])?;
        // SAFETY: as above.
        unsafe {
            let loss = [self.critic_loss(choice)];
            launch(gpu, &kernels::KERNELS, "soft_critic", &loss, one_block)?;
        }
        let grads = [self.critics[0].grads(), self.critics[1].grads()];
        backward(gpu, &[critic(0), critic(1)], &grads, Wanted::PARAMS)?;
        step(gpu, &[self.step_of(1), self.step_of(2)])?;
        let drawn = |k: usize| Use {
            network: self.critics[k].network(),
            pass: &work.of_drawn[k],
            x: work.drawn.at(0),
        };
        forward(gpu, &[drawn(0), drawn(1)])?;
        // SAFETY: as above.
        unsafe {
            let loss = [self.actor_loss(choice)];
            launch(gpu, &kernels::KERNELS, "soft_actor", &loss, one_block)?;
        }
        backward(gpu, &[drawn(0), drawn(1)], &[], Wanted::INPUT)?;
        // SAFETY: as above.
        unsafe {
            let grad = [self.draw_grad(choice)];
            launch(gpu, &kernels::KERNELS, "draw_grad", &grad, DrawGrad::shape)?;
        }
        let actor = of_actor(1, &work.taken);
        backward(gpu, &[actor], &[self.actor.grads()], Wanted::PARAMS)?;
        step(gpu, &[self.step_of(0)])?;
        // SAFETY: the host waits before it reads what comes back.
        unsafe { self.back().download(gpu) }
    }

    /// What networks read, from rows to slots.
    fn ask_inputs(&self, choice: &Choice) -> Result<(), SparseError> {
        let Work { taken, next, drawn, of_actor, .. } = &self.work;
        let (obs_dim, ld) = (choice.obs_dim, of_actor[0].ld());
        let one = |part: usize, to: &Slots, first: usize, width: usize| Rows {
            rows: self.there().at(part),
            slots: to.at(first * ld),
            batch: of_actor[0].batch() as u32,
            ld: ld as u32,
            width: width as u32,
            stored: to.precision(),
        };
        let each = [
            one(there::OBS, taken, 0, obs_dim),
            one(there::OBS, drawn, 0, obs_dim),
            one(there::NEXT, next, 0, obs_dim),
            one(there::ACTION, taken, obs_dim, choice.policy.act_dim),
        ];
        // SAFETY: buffers of these sizes.
        unsafe { launch(&*self.gpu, &KERNELS, "rows_in", &each, Rows::shape) }
    }

    /// Of the successors' actions, and of those at the observations.
    fn draw(&self, choice: &Choice, k: usize) -> Draw {
        let work = &self.work;
        let (pass, ld) = (&work.of_actor[k], work.of_actor[k].ld());
        let (noise, to) = [(there::NEXT_NOISE, &work.next), (there::NOISE, &work.drawn)][k];
        let policy = &choice.policy;
        Draw {
            head: pass.output(),
            noise: self.there().at(noise),
            action: to.at(choice.obs_dim * ld),
            log_prob: work.log_prob[k].at(0),
            batch: pass.batch() as u32,
            ld: ld as u32,
            act_dim: policy.act_dim as u32,
            copies: choice.action_copies as u32,
            log_std: [policy.log_std_min, policy.log_std_max],
            stored: to.precision(),
            pad: 0,
        }
    }

    fn critic_loss(&self, choice: &Choice) -> SoftCritic {
        let Work { of_targets, of_critics, log_prob, .. } = &self.work;
        SoftCritic {
            q_next: of_targets.each_ref().map(DevicePass::output),
            q: of_critics.each_ref().map(DevicePass::output),
            log_prob: log_prob[0].at(0),
            reward: self.there().at(there::REWARD),
            discount: self.there().at(there::DISCOUNT),
            log_alpha: self.back().at(back::LOG_ALPHA),
            dq: of_critics.each_ref().map(DevicePass::output_gradient),
            metrics: self.back().at(back::METRICS),
            batch: of_critics[0].batch() as u32,
            ld: of_critics[0].ld() as u32,
            reward_scale: choice.config.reward_scale as f32,
            stored: self.actor.network().precision(),
        }
    }

    fn actor_loss(&self, choice: &Choice) -> SoftActor {
        let Work { of_drawn, log_prob, by_log_prob, .. } = &self.work;
        let (learns, target_entropy) = match choice.config.temperature {
            Temperature::Learned { target_entropy_per_dim, .. } => {
                (1, target_entropy_per_dim * choice.policy.act_dim as f64)
            }
            Temperature::Fixed { .. } => (0, 0.0),
        };
        let [beta1, beta2, eps] = match free_params::rule(choice.config.optimizer.rule) {
            Rule::Adam { beta1, beta2, eps } => [beta1, beta2, eps],
            Rule::Sgd { momentum } => [momentum, 0.0, 0.0],
        };
        SoftActor {
            log_prob: log_prob[1].at(0),
            q: of_drawn.each_ref().map(DevicePass::output),
            dq: of_drawn.each_ref().map(DevicePass::output_gradient),
            by_log_prob: by_log_prob.at(0),
            log_alpha: self.back().at(back::LOG_ALPHA),
            // Two numbers in double precision further.
            metrics: self.back().at(back::METRICS) + 2 * size_of::<f64>() as u64,
            rate: self.there().at(there::TEMPERATURE_RATE),
            batch: of_drawn[0].batch() as u32,
            ld: of_drawn[0].ld() as u32,
            learns,
            target_entropy: target_entropy as f32,
            beta1: beta1 as f32,
            beta2: beta2 as f32,
            eps: eps as f32,
            stored: self.actor.network().precision(),
        }
    }

    fn draw_grad(&self, choice: &Choice) -> DrawGrad {
        let Work { of_actor, of_drawn, by_log_prob, .. } = &self.work;
        let Draw { head, noise, batch, ld, act_dim, copies, log_std, stored, pad, .. } =
            self.draw(choice, 1);
        DrawGrad {
            head,
            noise,
            dx: of_drawn.each_ref().map(|pass| pass.input_gradient(choice.obs_dim)),
            by_log_prob: by_log_prob.at(0),
            dhead: of_actor[1].output_gradient(),
            batch,
            ld,
            act_dim,
            copies,
            log_std,
            stored,
            pad,
        }
    }

    /// Of the actor (0) or of a critic.
    fn step_of(&self, k: usize) -> StepOf<'_> {
        let trainer = match k.checked_sub(1) {
            Some(critic) => &self.critics[critic],
            None => &self.actor,
        };
        let number = |at: u64, index: usize| at + (index * size_of::<f32>()) as u64;
        StepOf {
            trainer,
            rate: number(self.there().at(there::RATES), k.min(1)),
            norm: number(self.back().at(back::NORMS), k),
        }
    }
}
