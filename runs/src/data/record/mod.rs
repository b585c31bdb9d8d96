//! `sparring record`: episodes of a policy, or of a whole training, as a data set that can be played again.
//!
//! | `--at` | who plays |
//! |---|---|
//! | `random` | points of the action space, uniform where it is bounded |
//! | `medium` | the policy of the first evaluation in training that reached random + (best − random) / 3 |
//! | `expert` | the policy of the best evaluation; of a job's folder or a checkpoint the policy there |
//! | `replay` | whatever the training played until the evaluation of medium, exploring as it did |
//!
//! From a config, the last three train its run first, with `env.seed_episodes: true`: each episode is a whole game from
//! a seed of its own, and `sparring run --set env.seed_episodes=true` trains the very same run. What is taken down are
//! seeds and actions; the set is what an env gives for them, so that each of its episodes has been played twice with the
//! same return before it is written. Rewards are the env's own, as they are before an agent's are clipped.

mod play;
mod tape;
mod training;
mod who;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use sparring_agents::{Split, Trajectory};
use sparring_sparse::Seed;

use super::env_spec;
use super::metadata::{Metadata, Recorded};
use super::replay::Stage;
use super::space;
use super::writer::{About, write};
use crate::cli::{Acting, Level, RecordArgs};
use crate::config::load;
use crate::console::{note, print};
use crate::error::{Error, Refusal};
use crate::files::check_new_folder;
use crate::job_folder::RESOLVED;
use crate::plan::{Job, Plan};
use crate::policy::KeptPolicy;
use crate::resolved::resolved;
use crate::stop::Signals;
use crate::table::{counted, thousands};
use crate::variant::Variant;
use tape::Take;
use who::{Recording, of_policy, of_random, of_training};

/// Records a set into a new folder.
pub fn record(args: &RecordArgs) -> Result<(), Error> {
    check_new_folder(&args.out)?;
    let id = dataset_id(&args.out)?;
    if args.episodes == Some(0) {
        return Err(Refusal::argument("--episodes", "0", "at least 1", "--episodes 100"));
    }
    check_acting(args)?;
    let signals = Signals::listen()?;
    let stop = &*signals.stop;
    let (plan, kept) = match args.what.is_dir() {
        true => of_folder(args)?,
        false => (load(&args.what, &args.set, None)?.only(&args.variant)?, None),
    };
    let plan = alone(plan)?;
    let [variant] = plan.variants.as_slice() else { return Err(several(&plan)) };
    let seed = args.seed.or(plan.seeds.first().copied()).unwrap_or(1);
    let job = Job { variant, seed };
    let recording = match (kept, args.at) {
        (Some(kept), _) => of_policy(args, job, &kept, stop)?,
        (None, Level::Random) => of_random(args, job, stop)?,
        (None, Level::Medium | Level::Expert | Level::Replay) => {
            of_training(args, &plan, job, stop)?
        }
    };
    let Recording { takes, spec, env_steps, policy, scores: [low, high] } = recording;
    let mut metadata =
        Metadata::new(id, args.format, [space::write(&spec.obs), space::write(&spec.action)]);
    metadata.env_spec = Some(env_spec::write(&spec, &variant.settings.env.options));
    metadata.algorithm_name = (args.at != Level::Random).then(|| variant.at.agent.clone());
    (metadata.ref_min_score, metadata.ref_max_score) = (low, high);
    metadata.sparring = Some(Recorded {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        at: args.at.name().to_owned(),
        acting: acting(args).to_owned(),
        seed,
        config: job.identity(),
        env_steps,
        policy,
    });
    let about = About {
        metadata,
        format: args.format,
        obs: &spec.obs,
        action: &spec.action,
        split: Split::draw(takes.len(), &Seed::new(seed).child("split")),
        resolved: &resolved(&plan, job).map_err(Error::content(&args.what))?,
    };
    let mut stage = Stage::new(&spec).map_err(Error::system("make the environment"))?;
    let again = takes.iter().map(|take| again(&mut stage, take, stop));
    let summary = write(&args.out, about, again)?;
    print(&format!(
        "{}: {}, {} steps, return {:.2} (median {:.2})\n",
        args.out.display(),
        counted(summary.episodes, ["episode", "episodes"]),
        thousands(summary.steps as u64),
        summary.returns.mean,
        summary.returns.quantiles[3],
    ))
}

/// The episode of a take, which must come out as it did.
fn again(stage: &mut Stage, take: &Take, stop: &AtomicBool) -> Result<Trajectory, Error> {
    if stop.load(Ordering::Relaxed) {
        return Err(Error::Stopped);
    }
    let played =
        stage.play(take.seed, &take.actions).map_err(Error::system("play an episode again"))?;
    let told = take.told;
    let (found, expected) =
        ((played.ret(), played.len(), played.end), (told.ret, told.len as usize, Some(told.end)));
    if found != expected {
        let message = format!(
            "the env is not deterministic: the episode of seed {} had (return, steps, end) {expected:?}, and \
             {found:?} when it was played again",
            take.seed
        );
        return Err(Error::content("env")(message));
    }
    Ok(played)
}

/// The config of the job whose policy is in a folder, and the policy.
fn of_folder(args: &RecordArgs) -> Result<(Plan, Option<KeptPolicy>), Error> {
    let place = args.what.display();
    if args.at != Level::Expert {
        return Err(Refusal::argument(
            format!("--at {}", args.at.name()),
            format!("a folder: {place}"),
            "a config, or with a folder --at expert: one policy is all that it has",
            format!("sparring record {place}/{RESOLVED} --at {}", args.at.name()),
        ));
    }
    let kept = KeptPolicy::find(&args.what, &args.set)?;
    note(format!("policy: {}", kept.origin));
    let plan = load(&kept.job.join(RESOLVED), &args.set, None)?;
    Ok((plan, Some(kept)))
}

/// The plan as it is trained to be recorded, without what only observes.
fn alone(mut plan: Plan) -> Result<Plan, Error> {
    for Variant { settings, .. } in &mut plan.variants {
        if settings.env.batch.is_some() {
            return Err(Refusal::argument(
                format!("{}: env.mode", plan.file.display()),
                "async: which episodes there are depends on time",
                "sync, where the same config and seed give the same set",
                "--set env.mode=sync",
            ));
        }
        settings.env.seed_episodes = true;
        settings.env.on_fault = crate::envs::FaultPolicy::Stop;
        settings.checkpoint.keep = 0;
        (settings.diagnostics, settings.robustness) = (None, None);
    }
    Ok(plan)
}

fn several(plan: &Plan) -> Error {
    let names: Vec<_> = plan.variants.iter().map(|variant| variant.at.name.as_str()).collect();
    let first = names.first().copied().unwrap_or("NAME");
    Refusal::argument(
        format!("{}: variants", plan.file.display()),
        format!("{} of them", names.len()),
        format!("one, by --variant: {}", names.join("; ")),
        format!("--variant '{first}'"),
    )
}

/// A folder's name as the id of a set: Minari's are names with a version.
fn dataset_id(out: &Path) -> Result<String, Error> {
    let name = out.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let is_word = |text: &str| {
        !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_')
    };
    let version = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let fits =
        name.rsplit_once("-v").is_some_and(|(before, after)| is_word(before) && version(after));
    match fits {
        true => Ok(name),
        false => Err(Refusal::argument(
            format!("--out {}", out.display()),
            format!("the name {name}"),
            "a name and a version, such as medium-v0: letters, digits, - and _",
            format!("--out {}-v0", out.display()),
        )),
    }
}

/// Greedy is said of a policy that may be otherwise.
fn check_acting(args: &RecordArgs) -> Result<(), Error> {
    match (args.acting, args.at) {
        (Acting::Greedy, Level::Random | Level::Replay) => Err(Refusal::argument(
            "--acting greedy",
            format!("--at {}", args.at.name()),
            "--at medium or --at expert, which play one policy",
            "leave --acting out",
        )),
        (Acting::Greedy | Acting::Evaluation, _) => Ok(()),
    }
}

fn acting(args: &RecordArgs) -> &'static str {
    match (args.at, args.acting) {
        (Level::Random, _) => "random",
        (Level::Replay, _) => "training",
        (Level::Medium | Level::Expert, Acting::Evaluation) => "evaluation",
        (Level::Medium | Level::Expert, Acting::Greedy) => "greedy",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_a_name_and_a_version() {
        let id = |path: &str| dataset_id(Path::new(path));
        assert_eq!(id("data/half-cheetah/medium-v0").unwrap(), "medium-v0");
        for wrong in ["data/medium", "x/-v1", "x/a b-v1", "x/a-v", "x/a-v1b", "/"] {
            let error = id(wrong).unwrap_err().to_string();
            assert!(error.contains("a name and a version"), "{wrong}: {error}");
        }
    }
}
