//! Returns of different environments on one scale: 0 is as bad as the one end, 1 as good as the other.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

mod reference;

use reference::{ATARI, D4RL, Ends, MUJOCO};

/// Where the ends of a scale come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scale {
    /// The return that counts as 0.
    pub low: f64,
    /// The return that counts as 1.
    pub high: f64,
    /// In words.
    pub source: String,
    /// Whether the ends are those of what is compared, so that they move with it.
    #[serde(default)]
    pub relative: bool,
}

impl Scale {
    /// `(score - low) / (high - low)`; 0 where the ends are one.
    pub fn normalise(&self, score: f64) -> f64 {
        if self.high == self.low { 0.0 } else { (score - self.low) / (self.high - self.low) }
    }
}

/// How returns are normalised.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Normalise {
    /// The table that is asked first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Table>,
    /// Ends of one's own, by the id of the environment.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub own: BTreeMap<String, Bounds>,
}

/// Ends of one's own.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bounds {
    /// The return that counts as 0.
    pub low: f64,
    /// The return that counts as 1.
    pub high: f64,
}

/// A table of ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Table {
    /// Atari: random play is 0, a person 1.
    Human,
    /// MuJoCo: 0 is 0, the dense SAC of the paper 1.
    Paper,
    /// MuJoCo: random and expert of D4RL.
    D4rl,
    /// The lowest and the highest score of what is compared.
    MinMax,
    /// 0 and the highest score of what is compared; as min_max where none is above 0.
    Max,
}

impl Table {
    /// All, by the names that a config gives them.
    pub const ALL: [(&str, Self); 5] = [
        ("human", Self::Human),
        ("paper", Self::Paper),
        ("d4rl", Self::D4rl),
        ("min_max", Self::MinMax),
        ("max", Self::Max),
    ];

    fn ends(self, env: &str) -> Option<Scale> {
        let (rows, source): (&[Ends], &str) = match self {
            Self::Human => (&ATARI, "random play and a person (DQN Zoo)"),
            Self::Paper => (&MUJOCO, "0 and the paper's dense SAC"),
            Self::D4rl => (&D4RL, "random and expert (D4RL)"),
            Self::MinMax | Self::Max => return None,
        };
        let game = game(env);
        let row = rows.iter().find(|row| row.name == game)?;
        Some(Scale { low: row.low, high: row.high, source: source.to_owned(), relative: false })
    }
}

impl Normalise {
    /// It as the values of options `--normalise`.
    pub fn arguments(&self) -> Vec<String> {
        let by = Table::ALL.iter().filter(|(_, table)| Some(*table) == self.by);
        let own = |(env, Bounds { low, high }): (&String, &Bounds)| format!("{env}={low}..{high}");
        let by = by.map(|(name, _)| (*name).to_owned());
        by.chain(self.own.iter().map(own)).collect()
    }

    /// It with what it says nothing of as in `other`.
    pub fn or(mut self, other: Self) -> Self {
        self.by = self.by.or(other.by);
        for (env, ends) in other.own {
            self.own.entry(env).or_insert(ends);
        }
        self
    }

    /// The scale of `env`: its own ends, those of the table that was asked for, or else of the first that has it; last
    /// the range of `scores`.
    pub fn scale(&self, env: &str, scores: &[f64]) -> Scale {
        if let Some(Bounds { low, high }) = self.own.get(env) {
            return Scale {
                low: *low,
                high: *high,
                source: "ends that were given".to_owned(),
                relative: false,
            };
        }
        let tables = match self.by {
            Some(table) => vec![table],
            None => vec![Table::Human, Table::Paper],
        };
        if let Some(scale) = tables.into_iter().find_map(|table| table.ends(env)) {
            return scale;
        }
        let finite = || scores.iter().copied().filter(|score| score.is_finite());
        let (low, high) = (finite().reduce(f64::min), finite().reduce(f64::max));
        if let Some(high) = high.filter(|high| self.by == Some(Table::Max) && *high > 0.0) {
            let source = "0 and the highest score here".to_owned();
            return Scale { low: 0.0, high, source, relative: true };
        }
        Scale {
            low: low.unwrap_or(0.0),
            high: high.unwrap_or(1.0),
            source: "the lowest and the highest score here".to_owned(),
            relative: true,
        }
    }
}

/// `ALE/SpaceInvaders-v5`, `SpaceInvadersNoFrameskip-v4` as `space_invaders`; `HalfCheetah-v5` as `half_cheetah`.
fn game(env: &str) -> String {
    // MinAtar's games share names with Atari's, and nothing else.
    if env.starts_with("MinAtar/") {
        return env.to_owned();
    }
    let name = env.rsplit('/').next().unwrap_or(env);
    let name = name.split("-v").next().unwrap_or(name).trim_end_matches("NoFrameskip");
    let mut words = String::new();
    let mut before = None;
    for c in name.chars() {
        if c.is_ascii_uppercase() && before.is_some_and(|b: char| b.is_ascii_lowercase()) {
            words.push('_');
        }
        words.push(c.to_ascii_lowercase());
        before = Some(c);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_found_in_the_tables() {
        let of = |env: &str| Normalise::default().scale(env, &[3.0, 5.0]);
        assert_eq!(
            (of("ALE/SpaceInvaders-v5").low, of("ALE/SpaceInvaders-v5").high),
            (148.0, 1668.7)
        );
        assert_eq!(of("ALE/Pong-v5").normalise(14.6), 1.0);
        assert_eq!(of("ALE/UpNDown-v5").high, 11_693.2);
        assert_eq!(of("HalfCheetah-v5").low, 0.0);
        assert_eq!((of("MinAtar/Breakout-v1").low, of("MinAtar/Breakout-v1").high), (3.0, 5.0));
        let d4rl = Normalise { by: Some(Table::D4rl), ..Normalise::default() };
        assert_eq!(d4rl.scale("HalfCheetah-v5", &[]).high, 12_135.0);
        assert_eq!(d4rl.scale("Walker2d-v5", &[]).high, 4_592.3);
        let max = Normalise { by: Some(Table::Max), ..Normalise::default() };
        let of =
            |scores: &[f64]| (max.scale("Mine-v0", scores).low, max.scale("Mine-v0", scores).high);
        assert_eq!((of(&[3.0, 5.0]), of(&[-3.0, -1.0])), ((0.0, 5.0), (-3.0, -1.0)));
    }

    #[test]
    fn ones_own_ends_come_first() {
        let own = BTreeMap::from([("ALE/Pong-v5".to_owned(), Bounds { low: -21.0, high: 21.0 })]);
        let normalise = Normalise { own, ..Normalise::default() };
        assert_eq!(normalise.scale("ALE/Pong-v5", &[]).normalise(0.0), 0.5);
        assert_eq!(normalise.arguments(), ["ALE/Pong-v5=-21..21"]);
        let of_config = BTreeMap::from([
            ("ALE/Pong-v5".to_owned(), Bounds { low: 0.0, high: 1.0 }),
            ("Mine-v0".to_owned(), Bounds { low: 0.0, high: 2.0 }),
        ]);
        let of_config = Normalise { by: None, own: of_config };
        let both = normalise.or(of_config.clone());
        assert_eq!(both.arguments(), ["ALE/Pong-v5=-21..21", "Mine-v0=0..2"]);
        let human = Normalise { by: Some(Table::Human), ..Normalise::default() };
        let both = human.or(of_config);
        assert_eq!(both.arguments(), ["human", "ALE/Pong-v5=0..1", "Mine-v0=0..2"]);
        assert_eq!(
            Scale { low: 1.0, high: 1.0, source: String::new(), relative: false }.normalise(1.0),
            0.0
        );
    }
}
