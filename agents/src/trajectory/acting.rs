//! Acting by a transformer, token by token, for one environment.

use sparring_sparse::attention::Cache;
use sparring_sparse::{Ctx, Network};

use super::layout::{Layout, Token};
use crate::error::AgentError;

/// An episode under way, as the network has read it.
#[derive(Clone, Debug)]
pub struct Under {
    cache: Cache,
    /// Rows of whole steps that the network has read or is to read, oldest first, and where steps begin among them.
    rows: Vec<Vec<f32>>,
    /// Rows that it has not read.
    unread: usize,
    time: usize,
    to_go: f32,
}

impl Under {
    /// The beginning of an episode that shall come to the return `target`.
    pub fn new(target: f32) -> Self {
        Self { cache: Cache::new(1), rows: Vec::new(), unread: 0, time: 0, to_go: target }
    }

    /// Takes the reward of the last action in.
    pub fn reward(&mut self, reward: f32) {
        self.to_go -= reward;
        self.time += 1;
    }

    /// The tokens of the action for `obs`, each chosen by `choose` from its logits.
    ///
    /// What the network reads are the last steps that fit into a sequence. Once it is full, the older half is forgotten and
    /// the rest read again, since what was computed of it knew the steps that are gone.
    ///
    /// # Errors
    /// Those of the network.
    pub fn act(
        &mut self,
        layout: &Layout,
        network: &Network,
        obs: &[f32],
        mut choose: impl FnMut(&[f32]) -> u32,
    ) -> Result<Vec<u32>, AgentError> {
        if self.rows.len() + layout.of_step() > layout.tokens() {
            let kept = layout.steps / 2 * layout.of_step();
            self.rows.drain(..self.rows.len() - kept);
            self.cache.clear();
            self.unread = kept;
        }
        if layout.conditioned {
            self.push(layout, Token::ToGo(self.to_go));
        }
        self.push(layout, Token::Observation(obs));
        let mut tokens = Vec::new();
        for place in 0..layout.words.tokens() {
            let token = choose(&self.read(network)?);
            self.push(layout, Token::Action { place, token });
            tokens.push(token);
        }
        Ok(tokens)
    }

    fn push(&mut self, layout: &Layout, token: Token<'_>) {
        let mut row = vec![0.0; layout.inputs()];
        layout.write(token, self.time, &mut row);
        self.rows.push(row);
        self.unread += 1;
    }

    /// Lets the network read what it has not; what it gives for the last row.
    fn read(&mut self, network: &Network) -> Result<Vec<f32>, AgentError> {
        let new = self.rows[self.rows.len() - self.unread..].concat();
        let mut ctx = Ctx { cache: Some(&mut self.cache), ..Ctx::default() };
        let mut y = network.vjp(&new, &mut ctx)?.into_output();
        let last = y.len() / self.unread.max(1) * self.unread.saturating_sub(1);
        self.unread = 0;
        Ok(y.split_off(last))
    }
}
