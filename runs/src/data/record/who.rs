//! Who plays the episodes that are recorded.

use std::sync::atomic::AtomicBool;

use sha2::{Digest, Sha256};
use sparring_agents::AgentConfig;
use sparring_envs::EnvSpec;
use sparring_sparse::stats::mean;
use sparring_sparse::{Saved, Seed, saved};

use super::play::{Actor, play};
use super::tape::Take;
use super::training::{Better, Trained, medium, run};
use crate::cli::{Acting, Level, RecordArgs};
use crate::console::note;
use crate::error::{Error, Refusal};
use crate::plan::{Job, Plan};
use crate::policy::{KeptPolicy, with_policy};
use crate::table::thousands;
use crate::variant::Variant;

/// Episodes where nobody says how many.
const EPISODES: usize = 100;

/// Episodes to be written, and who played them.
pub struct Recording {
    /// In order.
    pub takes: Vec<Take>,
    /// The env that they were played on.
    pub spec: EnvSpec,
    /// Environment steps of training behind the policy.
    pub env_steps: Option<u64>,
    /// The policy's hash.
    pub policy: Option<String>,
    /// Mean returns of random actions and of the expert, where they are known.
    pub scores: [Option<f64>; 2],
}

/// The env as an evaluation plays it, whose episodes end for any policy.
fn evaluated(variant: &Variant) -> EnvSpec {
    let most = variant.settings.eval.max_episode_steps;
    let spec = variant.spec.for_evaluation();
    let limit = spec.max_episode_steps.map_or(most, |limit| limit.min(most));
    spec.limit(limit)
}

fn played(
    actor: &mut Actor,
    job: Job<'_>,
    episodes: usize,
    stream: &str,
    stop: &AtomicBool,
) -> Result<Vec<Take>, Error> {
    let seed = Seed::new(job.seed).child("record").child(stream);
    let workers = job.variant.settings.env.workers;
    play(actor, &evaluated(job.variant), episodes, workers, &seed, stop)
        .map_err(Error::system("play the episodes"))?
        .ok_or(Error::Stopped)
}

/// The agent as it acts.
fn config(args: &RecordArgs, job: Job<'_>) -> AgentConfig {
    let agent = &job.variant.settings.agent;
    match args.acting {
        Acting::Evaluation => agent.acting(),
        Acting::Greedy => agent.greedy(),
    }
}

/// Episodes of random actions.
pub fn of_random(args: &RecordArgs, job: Job<'_>, stop: &AtomicBool) -> Result<Recording, Error> {
    let episodes = args.episodes.unwrap_or(EPISODES);
    let takes = played(&mut Actor::Random, job, episodes, "random", stop)?;
    let score = mean(takes.iter().map(|take| take.told.ret));
    let spec = evaluated(job.variant);
    Ok(Recording { takes, spec, env_steps: None, policy: None, scores: [Some(score), None] })
}

/// Episodes of a policy that was kept.
pub fn of_policy(
    args: &RecordArgs,
    job: Job<'_>,
    kept: &KeptPolicy,
    stop: &AtomicBool,
) -> Result<Recording, Error> {
    let agent = kept.agent(&config(args, job), job.seed)?;
    let episodes = args.episodes.unwrap_or(EPISODES);
    let takes = played(&mut Actor::Policy(agent), job, episodes, "expert", stop)?;
    let (env_steps, policy) = (kept.origin.env_steps, Some(hash(&kept.saved)?));
    Ok(Recording { takes, spec: evaluated(job.variant), env_steps, policy, scores: [None; 2] })
}

/// Trains the run of a config, and takes of it what is asked for.
pub fn of_training(
    args: &RecordArgs,
    plan: &Plan,
    job: Job<'_>,
    stop: &AtomicBool,
) -> Result<Recording, Error> {
    plan.check_devices()?;
    let settings = &job.variant.settings;
    let random = played(&mut Actor::Random, job, settings.eval.episodes, "reference", stop)?;
    let random = mean(random.iter().map(|take| take.told.ret));
    note(format!("random actions: return {random:.2}"));
    let trained = run(job, random, args.at == Level::Replay, stop)
        .map_err(Error::system("train"))?
        .ok_or(Error::Stopped)?;
    let Trained { better, episodes } = trained;
    let best = better.last().map_or(f64::NAN, |best| best.score);
    let Some((at_medium, expert)) = levels(&better, random) else {
        return Err(Refusal::argument(
            format!("{}: train", args.what.display()),
            format!("a best return of {best:.2}, where random actions have {random:.2}"),
            "a run that gets better than random",
            "--set train.total_env_steps=..., or --at random",
        ));
    };
    let scores = [Some(random), Some(best)];
    let of = |who: &Better, stream: &str| {
        note(format!(
            "{stream}: return {:.2} after {} environment steps",
            who.score,
            thousands(who.env_steps)
        ));
        let agent = with_policy(&config(args, job), job.variant, &who.policy, job.seed);
        let agent = agent.map_err(Error::system("build the policy"))?;
        let episodes = args.episodes.unwrap_or(EPISODES);
        let takes = played(&mut Actor::Policy(agent), job, episodes, stream, stop)?;
        let (env_steps, policy) = (Some(who.env_steps), Some(hash(&who.policy)?));
        Ok(Recording { takes, spec: evaluated(job.variant), env_steps, policy, scores })
    };
    match args.at {
        Level::Random | Level::Medium => of(at_medium, "medium"),
        Level::Expert => of(expert, "expert"),
        Level::Replay => {
            let until = at_medium.env_steps;
            let ended = episodes.into_iter().filter(|ended| ended.env_steps <= until);
            let mut takes: Vec<_> = ended.map(|ended| ended.take).collect();
            let surplus = takes.len().saturating_sub(args.episodes.unwrap_or(usize::MAX));
            takes.drain(..surplus);
            if takes.is_empty() {
                return Err(Refusal::argument(
                    "--at replay",
                    format!("no whole episode before medium, after {} env steps", thousands(until)),
                    "a training that plays one",
                    "--at medium",
                ));
            }
            // The environments of training keep the env's own time limit.
            let spec = job.variant.spec.for_evaluation();
            Ok(Recording { takes, spec, env_steps: Some(until), policy: None, scores })
        }
    }
}

/// The policies of medium and expert, if any is better than random.
fn levels(better: &[Better], random: f64) -> Option<(&Better, &Better)> {
    let expert = better.last().filter(|best| best.score > random)?;
    let least = medium(random, expert.score);
    Some((better.iter().find(|one| one.score >= least)?, expert))
}

/// SHA-256 of a policy as a safetensors file without metadata.
fn hash(policy: &Saved) -> Result<String, Error> {
    let bytes = saved::to_bytes(policy, None).map_err(Error::system("write the policy"))?;
    Ok(Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medium_is_the_first_a_third_of_the_way() {
        let one = |score, env_steps| Better { score, env_steps, policy: Saved::new() };
        let better = [one(30.0, 100), one(45.0, 200), one(120.0, 300)];
        let (at_medium, expert) = levels(&better, 0.0).unwrap();
        assert_eq!((at_medium.env_steps, expert.env_steps), (200, 300));
        assert!(levels(&better, 120.0).is_none() && levels(&[], 0.0).is_none());
        let (at_medium, expert) = levels(&better[..1], 0.0).unwrap();
        assert_eq!((at_medium.env_steps, expert.env_steps), (100, 100));
    }
}
