//! `sparring eval`: the score of a policy that was saved, on its own env or under other options of it.

use sparring_sparse::Seed;

use crate::cli::EvalArgs;
use crate::console::print;
use crate::error::{Error, Refusal};
use crate::evaluate::{EvalSettings, Means, Played, evaluate};
use crate::policy::{self, Policy};
use crate::stop::Signals;
use crate::table::counted;

/// Plays episodes by the evaluation policy and prints what they came to.
pub fn eval(args: &EvalArgs) -> Result<(), Error> {
    let env = args.env.iter().map(|id| format!("env.id={id}"));
    let set: Vec<String> = env.chain(args.set.iter().cloned()).collect();
    let Policy { variant, mut agent } = policy::load(&args.dir, &set, args.seed)?;
    let spec = &variant.spec;
    let at_once = args.episodes.min(EvalSettings::MOST_ENVS as usize);
    if args.episodes == 0 {
        let hint = "--episodes 20";
        return Err(Refusal::argument("--episodes", "0", "at least 1", hint));
    }
    let settings = EvalSettings {
        episodes: args.episodes,
        num_envs: at_once,
        ..variant.settings.eval.clone()
    };
    let signals = Signals::listen()?;
    let seed = Seed::new(args.seed).child("score");
    let played =
        evaluate(&mut *agent, spec, &settings, &variant.settings.env, &seed, &signals.stop)
            .map_err(Error::system("play the episodes"))?
            .ok_or(Error::Stopped)?;
    print(&told(spec.id, args.seed, &played))
}

fn told(id: &str, seed: u64, played: &[Played]) -> String {
    let Means { ret: mean, deviation, length } = Means::of(played);
    let returns = || played.iter().map(|one| one.ret);
    let (low, high) =
        (returns().fold(f64::INFINITY, f64::min), returns().fold(f64::NEG_INFINITY, f64::max));
    let episodes = counted(played.len(), ["episode", "episodes"]);
    format!(
        "{id}, seed {seed}, {episodes}: return {mean:.3} ± {deviation:.3} (lowest {low:.3}, highest {high:.3}), length {length:.1}\n"
    )
}
