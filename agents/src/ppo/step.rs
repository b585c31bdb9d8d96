//! PPO's gradient step on the host: both losses and their gradients → the actor rewires, clips and steps → the critic
//! likewise. The spread of continuous actions steps after it, wherever it was taken.

use sparring_sparse::{Trainer, Wanted};

use super::choice::{Choice, Minibatch};
use super::state::Stepped;
use crate::error::AgentError;
use crate::losses::LossGrad;
use crate::losses::surrogate::{Decisions, Surrogate};
use crate::not_finite::{Source, loss_is};

/// One gradient step on `minibatch`, with `updates` behind it.
pub(super) fn step(
    choice: &Choice,
    [actor, critic]: [&mut Trainer; 2],
    std_param: &[f64],
    minibatch: &Minibatch,
    updates: u64,
) -> Result<Stepped, AgentError> {
    let Minibatch { obs, action, log_prob, advantage, value: old, ret } = minibatch;
    let step = actor.begin_step()?;
    let mut acting = actor.vjp(obs, &step)?;
    let decisions = Decisions { action, log_prob, advantage };
    let Surrogate { loss, samples, head, std_param, kl, clip_fraction, entropy } =
        choice.surrogate(acting.output(), std_param, decisions);
    let critic_step = critic.begin_step()?;
    let mut valuing = critic.vjp(obs, &critic_step)?;
    let of_critic = choice.value_loss(valuing.output(), old, ret);
    let LossGrad { value: critic_loss, grad: value, samples: critic_samples } = of_critic;
    if !loss.is_finite() {
        let advantages = Source::Numbers("an advantage", advantage);
        let sources = [advantages, Source::Network("`actor`", actor.network(), obs)];
        return Err(loss_is("the loss of `actor`", loss, updates, &sources));
    }
    if !critic_loss.is_finite() {
        let returns = Source::Numbers("a return", ret);
        let sources = [returns, Source::Network("`critic`", critic.network(), obs)];
        return Err(loss_is("the loss of `critic`", critic_loss, updates, &sources));
    }
    acting.tell_losses(&samples);
    let gradients = acting.backward(&head, Wanted::PARAMS)?;
    let actor_norm = actor.finish_step(step, gradients)?;
    valuing.tell_losses(&critic_samples);
    let gradients = valuing.backward(&value, Wanted::PARAMS)?;
    let critic_norm = critic.finish_step(critic_step, gradients)?;
    Ok(Stepped {
        loss: f64::from(loss),
        kl,
        clip_fraction,
        entropy,
        critic_loss: f64::from(critic_loss),
        std_param,
        norms: [actor_norm, critic_norm],
    })
}
