//! Sequences with the rows of their neighbours behind them.
//!
//! A row of a sequence is that of the decoder ([`Layout`]), with zeros behind it. A retrieved step has a row of its own:
//! return-to-go, observation and time (from the start of its chunk) stand where the decoder has them, the token of a
//! discrete action too; behind them a 1 for the chunk or for what followed it, and the numbers of a continuous action as
//! bins, from −1 to 1. A neighbour that there is none of has zeros.

use sparring_sparse::attention::{Retrieved, Sees};

use super::super::layout::{Layout, Token, TokenRows};
use super::database::{Chunks, Database};
use crate::data::Place;

/// How rows are laid out.
#[derive(Clone, Debug, PartialEq)]
pub struct RetroLayout {
    /// That of the sequence alone.
    pub own: Layout,
    /// What is chosen about chunks.
    pub chunks: Chunks,
}

impl RetroLayout {
    /// Numbers that tell more of a retrieved step.
    fn more(&self) -> usize {
        2 + if self.own.words.is_discrete() { 0 } else { self.own.words.tokens() }
    }

    /// Numbers of a row.
    pub fn inputs(&self) -> usize {
        self.own.inputs() + self.more()
    }

    /// What a row sees.
    pub fn retrieved(&self) -> Retrieved {
        Retrieved {
            own: self.own.tokens(),
            chunk: self.chunks.steps * self.own.of_step(),
            neighbours: self.chunks.neighbours,
            neighbour: 2 * self.chunks.steps,
        }
    }

    /// Rows of a sequence, those of neighbours included.
    pub fn tokens(&self) -> usize {
        self.retrieved().tokens()
    }

    /// What a transformer knows of its rows.
    pub fn tokens_of(&self) -> TokenRows {
        TokenRows {
            inputs: self.inputs(),
            tokens: self.tokens(),
            sees: Sees::Retrieved(self.retrieved()),
            words: self.own.words.size,
        }
    }

    /// Spreads the rows of the decoder, `own (n, inputs of it)`, among the first of `rows (tokens, inputs)`.
    pub fn spread(&self, own: &[f32], rows: &mut [f32]) {
        let width = self.own.inputs();
        for (own, row) in own.chunks_exact(width).zip(rows.chunks_exact_mut(self.inputs())) {
            row[..width].copy_from_slice(own);
        }
    }

    /// Writes the neighbours `ids` of chunk `chunk` of the sequence `rows (tokens, inputs)`, where the chunk after it reads
    /// them.
    pub fn retrieve(&self, database: &Database, chunk: usize, ids: &[u32], rows: &mut [f32]) {
        let Retrieved { own, neighbours, neighbour, .. } = self.retrieved();
        for (j, id) in ids.iter().enumerate().take(neighbours) {
            let first = own + (chunk * neighbours + j) * neighbour;
            let to = &mut rows[first * self.inputs()..][..neighbour * self.inputs()];
            if let Some(place) = database.place(*id) {
                self.neighbour(place, to);
            }
        }
    }

    /// The rows of the neighbour that begins at `place`: its chunk, and what followed it in its episode.
    fn neighbour(&self, place: Place<'_>, rows: &mut [f32]) {
        let (of, m, layout) = (&place.episode.trajectory, self.chunks.steps, &self.own);
        for (i, row) in rows.chunks_exact_mut(self.inputs()).enumerate() {
            let t = place.t + i;
            if t >= of.len() {
                break;
            }
            let (base, more) = row.split_at_mut(layout.inputs());
            let obs: Vec<f32> = of.obs_at(t, layout.scales.obs_dim()).values().collect();
            let tokens: Vec<u32> = layout.words.of_step(&of.actions, t).collect();
            layout.write(Token::ToGo(place.episode.to_go[t]), i, base);
            layout.write(Token::Observation(&obs), i, base);
            base[..layout.of_step()].fill(0.0);
            more[usize::from(i >= m)] = 1.0;
            match layout.words.is_discrete() {
                true => base[layout.word_at(tokens[0])] = 1.0,
                false => {
                    let bins = layout.words.size as f32;
                    for (to, token) in more[2..].iter_mut().zip(tokens) {
                        *to = 2.0 * (token as f32 + 0.5) / bins - 1.0;
                    }
                }
            }
        }
    }
}
