//! Steps of episodes as the rows that a transformer reads.
//!
//! A step is its tokens in order: return-to-go, where the policy is conditioned on it; observation; the tokens of the
//! action. The row of a token has numbers for which of these it is, then the return-to-go, the observation and the action's
//! token as one-hot, where it has them and zeros elsewhere, then the time of the step in its episode:
//! `sin(t / 10⁴^(i/8))` and `cos(…)` for `i` from 0 to 7 (Vaswani et al. 2017, section 3.5). A row that an action's token
//! follows is asked for it: that of the observation, and of all tokens of the action but the last.

use sparring_sparse::attention::Sees;

use crate::data::{Episode, Scales, Vocabulary};

/// Numbers that tell the time.
const TIMES: usize = 16;

/// How rows are laid out.
#[derive(Clone, Debug, PartialEq)]
pub struct Layout {
    /// What actions are.
    pub words: Vocabulary,
    /// Whether a step begins with its return-to-go.
    pub conditioned: bool,
    /// Steps of a sequence.
    pub steps: usize,
    /// Of observations and returns.
    pub scales: Scales,
}

/// What a transformer knows of the rows that it reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenRows {
    /// Numbers of a row.
    pub inputs: usize,
    /// Rows of a sequence.
    pub tokens: usize,
    /// What a row sees of its sequence.
    pub sees: Sees,
    /// Tokens to choose from.
    pub words: usize,
}

/// A token before it is a row.
#[derive(Clone, Copy, Debug)]
pub enum Token<'a> {
    /// What is still to come.
    ToGo(f32),
    /// As the env shows it.
    Observation(&'a [f32]),
    /// Token `place` of an action.
    Action {
        /// Which of the action's tokens.
        place: usize,
        /// What it is.
        token: u32,
    },
}

impl Layout {
    /// Tokens of a step.
    pub fn of_step(&self) -> usize {
        usize::from(self.conditioned) + 1 + self.words.tokens()
    }

    /// Tokens of a sequence.
    pub fn tokens(&self) -> usize {
        self.steps * self.of_step()
    }

    /// Numbers of a row.
    pub fn inputs(&self) -> usize {
        self.of_step() + 1 + self.scales.obs_dim() + self.words.size + TIMES
    }

    /// What a transformer knows of its rows.
    pub fn tokens_of(&self) -> TokenRows {
        let (inputs, tokens, words) = (self.inputs(), self.tokens(), self.words.size);
        TokenRows { inputs, tokens, sees: Sees::Before, words }
    }

    /// Where the one-hot of an action's `token` has its 1.
    pub fn word_at(&self, token: u32) -> usize {
        self.of_step() + 1 + self.scales.obs_dim() + token as usize
    }

    /// Writes `token` of the step at `time` into a `row` of zeros.
    pub fn write(&self, token: Token<'_>, time: usize, row: &mut [f32]) {
        let first = usize::from(self.conditioned);
        let (kind, rest) = row.split_at_mut(self.of_step());
        let (to_go, rest) = rest.split_at_mut(1);
        let (obs, rest) = rest.split_at_mut(self.scales.obs_dim());
        let (words, times) = rest.split_at_mut(self.words.size);
        match token {
            Token::ToGo(value) => {
                kind[0] = 1.0;
                to_go[0] = self.scales.to_go(value);
            }
            Token::Observation(seen) => {
                kind[first] = 1.0;
                self.scales.observation(seen, obs);
            }
            Token::Action { place, token } => {
                kind[first + 1 + place] = 1.0;
                words[token as usize] = 1.0;
            }
        }
        for (i, pair) in times.chunks_exact_mut(2).enumerate() {
            let angle = time as f32 / 1e4f32.powf(2.0 * i as f32 / TIMES as f32);
            pair.copy_from_slice(&[angle.sin(), angle.cos()]);
        }
    }

    /// The steps of `episode` from `start` on as `rows (tokens, inputs)`, of zeros, and what each is asked for,
    /// `targets (tokens)`. Rows beyond the end of the episode stay as they are and are asked for nothing.
    pub fn window(
        &self,
        episode: &Episode,
        start: usize,
        (rows, targets): (&mut [f32], &mut [Option<u32>]),
    ) {
        let mut place = 0;
        let mut put = |token: Token<'_>, time: usize, target: Option<u32>| {
            let row = &mut rows[place * self.inputs()..][..self.inputs()];
            self.write(token, time, row);
            targets[place] = target;
            place += 1;
        };
        let Episode { trajectory: episode, to_go } = episode;
        let end = episode.len().min(start + self.steps);
        for (t, to_go) in to_go.iter().enumerate().take(end).skip(start) {
            let tokens: Vec<u32> = self.words.of_step(&episode.actions, t).collect();
            if self.conditioned {
                put(Token::ToGo(*to_go), t, None);
            }
            let obs: Vec<f32> = episode.obs_at(t, self.scales.obs_dim()).values().collect();
            put(Token::Observation(&obs), t, tokens.first().copied());
            for (place, token) in tokens.iter().enumerate() {
                let next = tokens.get(place + 1).copied();
                put(Token::Action { place, token: *token }, t, next);
            }
        }
    }
}
