//! SAC's gradient step on the host: critics → actor, by the stepped critics → temperature, by the log-probabilities of
//! the actor's draw → targets, if due.

use sparring_sparse::stats::mean;
use sparring_sparse::{Trainer, Wanted};

use super::choice::{ActorLoss, Choice, Draws};
use super::keys::Temperature;
use super::networks::Networks;
use super::state::{SacState, Stepped};
use crate::error::AgentError;
use crate::free_params;
use crate::losses::{LossGrad, soft};
use crate::not_finite::{Source, check, loss_is};
use crate::replay::Sample;

/// One gradient step on `sample`, whose observations and successors are `obs` and `next (batch, obs_dim)`.
pub(super) fn step(
    choice: &Choice,
    networks: &mut Networks,
    state: &mut SacState,
    sample: &Sample,
    [obs, next]: [&[f32]; 2],
) -> Result<Stepped, AgentError> {
    let Networks { actor, critics, targets } = networks;
    let head = actor.network().outputs(next)?;
    let noise = choice.noise(sample.reward.len(), &mut state.noise);
    let draws = Draws { head: &head, noise: &noise };
    let of_targets = [targets[0].network(), targets[1].network()];
    let y = choice.target_values(state.alpha(), sample, next, draws, of_targets)?;
    let taken = choice.critic_input(obs, &sample.action, choice.policy.act_dim);
    let OfCritics { loss: critic_loss, q, norms: [first, second] } =
        step_critics(critics, state.updates, &taken, &y)?;
    let OfActor { loss: actor_loss, log_prob, norm } =
        step_actor(choice, actor, critics, state, obs)?;
    step_temperature(choice, state, log_prob)?;
    state.updates += 1;
    if state.updates.is_multiple_of(choice.config.target_every_gradient_steps) {
        for (target, critic) in targets.iter_mut().zip(critics) {
            target.update(critic.network(), choice.config.target_tau)?;
        }
    }
    Ok(Stepped { critic_loss, q, actor_loss, log_prob, norms: [norm, first, second] })
}

/// What the critics' step gave: the sum of their losses, and the first one's mean value.
struct OfCritics {
    loss: f64,
    q: f64,
    norms: [f32; 2],
}

/// `taken (batch, obs_dim + act_dim)`, `y (batch)`.
fn step_critics(
    critics: &mut [Trainer; 2],
    updates: u64,
    taken: &[f32],
    y: &[f32],
) -> Result<OfCritics, AgentError> {
    let [first, second] = &mut *critics;
    let steps = [first.begin_step()?, second.begin_step()?];
    let mut passes = [first.vjp(taken, &steps[0])?, second.vjp(taken, &steps[1])?];
    let losses = passes.each_ref().map(|pass| soft::critic(pass.output(), y));
    let value = losses[0].value + losses[1].value;
    if !value.is_finite() {
        let sources = [
            Source::Numbers("a target value", y),
            Source::Network("`critic.1`", first.network(), taken),
            Source::Network("`critic.2`", second.network(), taken),
        ];
        return Err(loss_is("the loss of the critics", value, updates, &sources));
    }
    let q = mean(passes[0].output().iter().map(|q| f64::from(*q)));
    let mut norms = [0.0; 2];
    let each = critics.iter_mut().zip(steps).zip(passes.iter_mut().zip(&losses)).zip(&mut norms);
    for (((critic, step), (pass, LossGrad { grad, samples, .. })), norm) in each {
        pass.tell_losses(samples);
        let gradients = pass.backward(grad, Wanted::PARAMS)?;
        *norm = critic.finish_step(step, gradients)?;
    }
    Ok(OfCritics { loss: f64::from(value), q, norms })
}

/// What the actor's step gave; `log_prob` is the mean of `log π(ã|s)`.
struct OfActor {
    loss: f64,
    log_prob: f64,
    norm: f32,
}

/// `obs (batch, obs_dim)`.
fn step_actor(
    choice: &Choice,
    actor: &mut Trainer,
    critics: &[Trainer; 2],
    state: &mut SacState,
    obs: &[f32],
) -> Result<OfActor, AgentError> {
    let noise = choice.noise(obs.len() / choice.obs_dim, &mut state.noise);
    let step = actor.begin_step()?;
    let mut pass = actor.vjp(obs, &step)?;
    let draws = Draws { head: pass.output(), noise: &noise };
    let networks = [critics[0].network(), critics[1].network()];
    let ActorLoss { value, log_prob, head, samples } =
        choice.actor_loss(state.alpha(), obs, draws, networks)?;
    if !value.is_finite() {
        let source = Source::Network("`actor`", actor.network(), obs);
        return Err(loss_is("the loss of the actor", value, state.updates, &[source]));
    }
    pass.tell_losses(&samples);
    let gradients = pass.backward(&head, Wanted::PARAMS)?;
    let norm = actor.finish_step(step, gradients)?;
    Ok(OfActor { loss: f64::from(value), log_prob, norm })
}

fn step_temperature(
    choice: &Choice,
    state: &mut SacState,
    log_prob: f64,
) -> Result<(), AgentError> {
    let Choice { config, policy, .. } = choice;
    if let Temperature::Learned { target_entropy_per_dim, .. } = config.temperature {
        let grad = -(log_prob + target_entropy_per_dim * policy.act_dim as f64);
        state.log_alpha.step(&[grad], free_params::rule(config.optimizer.rule));
    }
    check("the temperature", &[state.alpha()], state.updates)
}
