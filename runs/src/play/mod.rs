//! `sparring play`: one episode, drawn.
//!
//! The episode is Gymnasium's of `reset(seed=N)`; random actions are those of `action_space.seed(N)`. A
//! file that ends in `.gif` shows all of it at the env's own rate, one in `.png` the sheet of
//! [`sheet`].

mod film;
mod miniature;
mod player;
mod sheet;
mod thin;

use std::path::Path;

use sparring_envs::{End, EnvError, EnvRng, EnvSpec, ObsBuf};

use crate::cli::PlayArgs;
use crate::config::load_env;
use crate::console::print;
use crate::error::{Error, Refusal};
use crate::files::write_whole;
use crate::policy::{self, KeptPolicy, Policy};
use film::Film;
use player::Player;

/// An episode of an env without a time limit is cut here: nobody watches longer.
const MOST_STEPS: u32 = 27_000;

/// Plays one episode into a file and prints how it went.
pub fn play(args: &PlayArgs) -> Result<(), Error> {
    let mut film = Film::new(&args.out)?;
    let (spec, mut player) = player(args)?;
    let Told { ret, len, end } = episode(&spec, &mut player, args.seed, &mut film)
        .map_err(|error| undrawn(error, spec.id))?;
    let frames = film.frames();
    write_whole(&args.out, &film.finish()?)?;
    print(&format!(
        "{}, seed {}: return {ret:.2}, {len} steps, {end}; {frames} frames in {}\n",
        spec.id,
        args.seed,
        args.out.display()
    ))
}

/// A small animation of the policy in the folder of a job, the episode of `reset(seed=seed)`; none of an env that has
/// no picture.
///
/// # Errors
/// A folder without a policy, and an episode that cannot be played.
pub fn miniature(job: &Path, seed: u64) -> Result<Option<Vec<u8>>, Error> {
    let kept = KeptPolicy::find(job, &[])?;
    let agent = kept.agent(&kept.variant.settings.agent.acting(), seed)?;
    let (mut film, mut player) = (Film::miniature(), Player::Policy(agent));
    match episode(&kept.variant.spec, &mut player, seed, &mut film) {
        Ok(_) => film.finish().map(Some),
        Err(error) if no_picture(&error).is_some() => Ok(None),
        Err(error) => Err(error),
    }
}

/// What is played, and who plays it.
fn player(args: &PlayArgs) -> Result<(EnvSpec, Player), Error> {
    let refused = |place: &str, found: &str, allowed: &str, hint: &str| {
        Err(Refusal::argument(place, found, allowed, hint))
    };
    let way = "sparring play --env CartPole-v1 --random --out cartpole.gif";
    match (&args.checkpoint, args.random, &args.env) {
        (Some(_), true, _) => refused(
            "--random",
            "--checkpoint beside it",
            "one of --checkpoint DIR and --random",
            "leave one of the two out",
        ),
        (None, false, _) => refused(
            "sparring play",
            "nobody who plays",
            "one of --checkpoint DIR and --random",
            way,
        ),
        (None, true, None) => refused("--env", "nothing", "the id of an env", way),
        (None, true, Some(id)) => {
            Ok((load_env(id, &args.set)?, Player::Random(EnvRng::new(args.seed))))
        }
        (Some(dir), false, env) => {
            let Policy { variant, agent } = policy::load(dir, &args.set, args.seed)?;
            let spec = variant.spec;
            match env {
                Some(id) if id != spec.id => refused(
                    &format!("--env {id}"),
                    &format!("a policy of {}", spec.id),
                    "the env that the policy was trained on",
                    "leave --env out",
                ),
                _ => Ok((spec, Player::Policy(agent))),
            }
        }
    }
}

/// How an episode went.
struct Told {
    ret: f64,
    len: u32,
    end: &'static str,
}

fn episode(spec: &EnvSpec, player: &mut Player, seed: u64, film: &mut Film) -> Result<Told, Error> {
    let mut env = spec.make.one().map_err(unplayed)?;
    let mut obs = ObsBuf::zeros(spec.obs.dtype(), spec.obs.dim());
    env.reset(Some(seed), obs.view_mut()).map_err(unplayed)?;
    film.add(&env.render().map_err(unplayed)?)?;
    let limit = spec.max_episode_steps.unwrap_or(MOST_STEPS);
    let (mut ret, mut len, mut before) = (0.0, 0, None);
    loop {
        let action = player.act(&spec.action, obs.view(), before)?;
        let step = env.step(action.as_action(), obs.view_mut()).map_err(unplayed)?;
        film.add(&env.render().map_err(unplayed)?)?;
        ret += step.reward;
        before = Some(step.reward);
        len += 1;
        let end = match step.end {
            Some(End::Terminated) => "terminated",
            Some(End::Truncated) => "truncated",
            None if len < limit => continue,
            None if spec.max_episode_steps.is_some() => "truncated by the time limit",
            None => "cut here, for it has no time limit",
        };
        return Ok(Told { ret, len, end });
    }
}

fn unplayed(error: EnvError) -> Error {
    Error::System { what: "play the episode", source: Box::new(error) }
}

/// An env without a picture is a mistake of who asked for one.
fn undrawn(error: Error, id: &str) -> Error {
    match no_picture(&error) {
        Some(why) => Refusal::argument(
            format!("--env {id}"),
            format!("an env that has no picture: {why}"),
            "an env that can be drawn",
            "CartPole-v1",
        ),
        None => error,
    }
}

/// Why the env has no picture, if that is what went wrong.
fn no_picture(error: &Error) -> Option<&str> {
    let Error::System { source, .. } = error else { return None };
    match source.downcast_ref() {
        Some(EnvError::NoPicture { why }) => Some(why),
        _ => None,
    }
}
