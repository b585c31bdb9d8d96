//! `sparring data`: what a data set holds, and whether all of it is as it should be.

use serde::Serialize;
use serde_json::json;

use super::replay::{Stage, difference};
use super::source::Source;
use super::summary::{Brief, Content, SHARES, Spread, Summary};
use super::wrong::Wrong;
use crate::cli::DataArgs;
use crate::console::print;
use crate::error::Error;
use crate::files::{check_ending, check_file, write_whole};
use crate::table::{Align, Table, counted, thousands};

/// What playing the actions again has shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Replayed {
    /// So many episodes have given the same observations and rewards, bit for bit.
    Equal(usize),
    /// Nothing was played, and why.
    Not(String),
}

/// Reads all of a set, checks it, and prints what it holds.
pub fn data(args: &DataArgs) -> Result<(), Error> {
    let source = Source::open(&args.path, args.env.as_deref())?;
    let (mut stage, mut replayed) = stage(&source, args)?;
    let (mut briefs, mut content) = (Vec::with_capacity(source.len()), Content::default());
    for at in 0..source.len() {
        let episode = source.episode(at)?;
        briefs.push(Brief::from(&episode));
        content.add(&episode);
        if let (Some(stage), Some(seed)) = (&mut stage, episode.seed) {
            let differs = match stage.play(seed, &episode.actions) {
                Ok(again) => difference(&episode, &again, source.obs().dim()),
                Err(error) => Some(error.to_string()),
            };
            if let Some(found) = differs {
                let allowed = "the same rewards and observations, bit for bit";
                let hint = "the version and the simulators that recorded the set, or --no-replay";
                let wrong = Wrong::new("played again from its seed", found, allowed, hint);
                return Err(wrong.of_episode(at).in_file(&source.path));
            }
            if let Replayed::Equal(count) = &mut replayed {
                *count += 1;
            }
        }
    }
    let summary = Summary::of(&briefs);
    check_total(&source, &summary)?;
    if let Some(out) = &args.out {
        check_ending(out, "png")?;
        check_file(out)?;
        let name = source.path.display().to_string();
        write_whole(out, super::picture::picture(&name, &briefs)?)?;
    }
    match args.json {
        true => print(&as_json(&source, &summary, &replayed, &content.finish())?),
        false => print(&as_text(&source, &summary, &replayed)),
    }
}

/// Where episodes are played again, or why they are not: an env of ours is known to give the same again only where the
/// set was recorded here.
fn stage(source: &Source, args: &DataArgs) -> Result<(Option<Stage>, Replayed), Error> {
    let not = |why: &str| Ok((None, Replayed::Not(why.to_owned())));
    let recorded = source.metadata().is_some_and(|metadata| metadata.sparring.is_some());
    match &source.env {
        _ if args.no_replay => not("--no-replay"),
        _ if !recorded => not("recorded by others"),
        None => not("this build has no such env"),
        Some(spec) => {
            let stage = Stage::new(spec).map_err(Error::system("make the environment"))?;
            Ok((Some(stage), Replayed::Equal(0)))
        }
    }
}

/// Whether the set has as many steps as it says.
fn check_total(source: &Source, summary: &Summary) -> Result<(), Error> {
    match source.metadata() {
        Some(metadata) if metadata.total_steps != summary.steps as u64 => {
            let found =
                format!("{}, where the episodes have {}", metadata.total_steps, summary.steps);
            Err(Wrong::damaged("total_steps", found).in_file(&source.path))
        }
        Some(_) | None => Ok(()),
    }
}

/// Whose steps they are, and who recorded them.
fn origin(source: &Source) -> String {
    let env = source.env.as_ref().map_or("an env not known here", |spec| spec.id);
    let Some(metadata) = source.metadata() else { return format!("{env}, a file of D4RL") };
    let format = &metadata.data_format;
    match &metadata.sparring {
        None => format!("{env}, Minari {} in {format}", metadata.minari_version),
        Some(by) => {
            let trained =
                by.env_steps.map(|steps| format!(" after {} env steps", thousands(steps)));
            format!(
                "{env}, {}{}, acting: {}, seed {}; Minari {} in {format}, by sparring {}",
                by.at,
                trained.unwrap_or_default(),
                by.acting,
                by.seed,
                metadata.minari_version,
                by.version
            )
        }
    }
}

fn as_text(source: &Source, summary: &Summary, replayed: &Replayed) -> String {
    let mut columns = vec![("of".to_owned(), Align::Left), ("mean".to_owned(), Align::Right)];
    let names = SHARES.map(|share| match share {
        0.0 => "least".to_owned(),
        0.5 => "median".to_owned(),
        1.0 => "most".to_owned(),
        share => format!("{:.0} %", 100.0 * share),
    });
    columns.extend(names.map(|name| (name, Align::Right)));
    let mut table = Table::new(&columns);
    let mut row = |name: &str, spread: &Spread, digits: usize| {
        let numbers = [spread.mean].into_iter().chain(spread.quantiles);
        let numbers = numbers.map(|x| format!("{x:.digits$}"));
        table.row([name.to_owned()].into_iter().chain(numbers));
    };
    row("return", &summary.returns, 2);
    row("steps", &summary.lengths, 0);
    let ends = summary.ends;
    let scores = source.metadata().and_then(|of| Some([of.ref_min_score?, of.ref_max_score?]));
    let scaled = scores.map(|[low, high]| {
        let share = (summary.returns.mean - low) / (high - low);
        format!("score: {share:.3} of the way from random, {low:.2}, to expert, {high:.2}\n")
    });
    let checked = match replayed {
        Replayed::Equal(count) => format!(
            "played again from their seeds: {}, each with the same rewards and observations, bit for bit",
            counted(*count, ["episode", "episodes"])
        ),
        Replayed::Not(why) => format!("not played again: {why}"),
    };
    format!(
        "{}: {}\nobservations: {}\nactions: {}\n{}, {} steps; terminated {}, truncated {}, open {}\n{table}{}{checked}\n",
        source.path.display(),
        origin(source),
        source.obs(),
        source.action(),
        counted(summary.episodes, ["episode", "episodes"]),
        thousands(summary.steps as u64),
        ends.terminated,
        ends.truncated,
        ends.open,
        scaled.unwrap_or_default(),
    )
}

fn as_json(
    source: &Source,
    summary: &Summary,
    replayed: &Replayed,
    content: &str,
) -> Result<String, Error> {
    let metadata = source.metadata();
    let told = json!({
        "path": source.path,
        "env": source.env.as_ref().map(|spec| spec.id),
        "format": metadata.map_or("d4rl", |metadata| metadata.data_format.as_str()),
        "recorded": metadata.and_then(|metadata| metadata.sparring.as_ref()),
        "summary": summary,
        "quantiles_at": SHARES,
        "replayed": replayed,
        "content": content,
    });
    let text = serde_json::to_string_pretty(&told).map_err(Error::system("write JSON"))?;
    Ok(format!("{text}\n"))
}
