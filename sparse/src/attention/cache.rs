//! Keys and values of tokens that are there already.

/// The keys and values that a causal network has computed, of sequences that grow together.
#[derive(Clone, Debug)]
pub struct Cache {
    sequences: usize,
    tokens: usize,
    /// Of each attention of the network its keys and values: sequence by sequence, token by token, `(2 d)`.
    pub(crate) layers: Vec<Vec<Vec<f32>>>,
}

impl Cache {
    /// Of so many sequences, which have no tokens yet.
    pub fn new(sequences: usize) -> Self {
        Self { sequences, tokens: 0, layers: Vec::new() }
    }

    /// Sequences.
    pub fn sequences(&self) -> usize {
        self.sequences
    }

    /// Tokens that each sequence has.
    pub fn tokens(&self) -> usize {
        self.tokens
    }

    /// Forgets all tokens.
    pub fn clear(&mut self) {
        self.tokens = 0;
        self.layers.iter_mut().flatten().for_each(Vec::clear);
    }

    /// Room for `count` attentions.
    pub(crate) fn of(&mut self, count: usize) {
        self.layers.resize_with(count, || vec![Vec::new(); self.sequences]);
    }

    /// Each sequence has `tokens` more.
    pub(crate) fn grow(&mut self, tokens: usize) {
        self.tokens += tokens;
    }
}
