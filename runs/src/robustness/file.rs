//! `robustness.csv` of a job: a column for each option, then `episode`, `return` and `length`.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::Trial;

/// The columns behind the options.
const PLAYED: [&str; 3] = ["episode", "return", "length"];

/// What a policy reached under other options of its env.
#[derive(Clone, Debug, PartialEq)]
pub struct Held {
    /// The options, by their keys.
    pub options: BTreeMap<String, Json>,
    /// The mean return of the episodes.
    pub mean_return: f64,
}

/// The bytes of the file that says what was played.
///
/// # Errors
/// None that is known: the rows are written to memory.
pub fn to_csv(trials: &[Trial]) -> csv::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let keys = trials.iter().take(1).flat_map(|trial| trial.under.options.keys());
    writer.write_record(keys.map(String::as_str).chain(PLAYED))?;
    for trial in trials {
        let options: Vec<String> = trial.under.options.values().map(ToString::to_string).collect();
        for (episode, played) in trial.episodes.iter().enumerate() {
            let played = [episode.to_string(), played.ret.to_string(), played.len.to_string()];
            writer.write_record(options.iter().chain(&played))?;
        }
    }
    writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))
}

/// What the bytes of such a file say, in its order.
///
/// # Errors
/// A file of other columns, or with a return that is no number.
pub fn read_csv(bytes: &[u8]) -> Result<Vec<Held>, String> {
    let mut reader = csv::Reader::from_reader(bytes);
    let headers = reader.headers().map_err(|error| error.to_string())?.clone();
    let count = headers.len().saturating_sub(PLAYED.len());
    if headers.iter().skip(count).ne(PLAYED) {
        return Err(format!("its last columns are not {}", PLAYED.join(", ")));
    }
    let mut sums: Vec<(Held, f64)> = Vec::new();
    for row in reader.records() {
        let row = row.map_err(|error| error.to_string())?;
        let line = row.position().map_or(0, csv::Position::line);
        let field = |at: usize| row.get(at).unwrap_or_default();
        let ret: f64 =
            field(count + 1).parse().map_err(|_| format!("line {line} has no return"))?;
        let option = |at: usize| (headers[at].to_owned(), value(field(at)));
        let options: BTreeMap<String, Json> = (0..count).map(option).collect();
        match sums.last_mut().filter(|(last, _)| last.options == options) {
            Some((sum, n)) => (sum.mean_return, *n) = (sum.mean_return + ret, *n + 1.0),
            None => sums.push((Held { options, mean_return: ret }, 1.0)),
        }
    }
    let mean = |(sum, n): (Held, f64)| Held { mean_return: sum.mean_return / n, ..sum };
    Ok(sums.into_iter().map(mean).collect())
}

/// A value as an option is written: a number, a flag, or a text.
fn value(text: &str) -> Json {
    match serde_json::from_str(text) {
        Ok(value @ (Json::Number(_) | Json::Bool(_))) => value,
        Ok(_) | Err(_) => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use sparring_envs::OptionValue;

    use super::super::Perturbation;
    use super::*;
    use crate::evaluate::Played;

    #[test]
    fn what_is_written_is_read_back_as_means() {
        let trial = |sigma: f64, returns: [f64; 2]| {
            let options = BTreeMap::from([
                ("noise_mode".to_owned(), OptionValue::Text("clip".into())),
                ("noise_sigma".to_owned(), OptionValue::Real(sigma)),
            ]);
            let episodes = returns.map(|ret| Played { ret, len: 7 }).to_vec();
            Trial { under: Perturbation { options }, episodes }
        };
        let bytes = to_csv(&[trial(0.0, [1.0, 2.0]), trial(2.5, [0.1, 0.3])]).unwrap();
        let text = String::from_utf8(bytes.clone()).unwrap();
        assert!(text.starts_with("noise_mode,noise_sigma,episode,return,length\nclip,0,0,1,7\n"));
        let held = read_csv(&bytes).unwrap();
        assert_eq!(held.iter().map(|held| held.mean_return).collect::<Vec<_>>(), [1.5, 0.2]);
        let sigma = held[1].options["noise_sigma"].as_f64();
        assert_eq!((sigma, &held[0].options["noise_mode"]), (Some(2.5), &"clip".into()));
        assert!(read_csv(b"a,b\n").is_err() && read_csv(b"").is_err());
        assert!(read_csv(b"episode,return,length\n0,x,1\n").is_err());
    }
}
