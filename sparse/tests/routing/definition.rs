//! A block of experts between a convolution and a head as its definition has it: loops in f64.

use sparring_sparse::routing::{Block, Tokens};
use sparring_sparse::{Layer, Network, Shape};

/// A network of one block.
pub struct Definition<'a> {
    layers: &'a [Layer],
    pub block: Block,
    /// Rows and columns of its images.
    size: [usize; 2],
}

impl<'a> Definition<'a> {
    pub fn of(network: &'a Network, size: [usize; 2]) -> Self {
        let block = network.backend().plan().blocks()[0];
        Self { layers: network.layers(), block, size }
    }

    /// `W x + b` of layer `l`.
    fn linear(&self, l: usize, params: &[f64], x: &[f64]) -> Vec<f64> {
        let layer = &self.layers[l];
        let mut y = params[layer.biases()].to_vec();
        let cols = layer.shape().cols();
        for (position, w) in layer.topology().positions().zip(&params[layer.weights()]) {
            y[position as usize / cols] += w * x[position as usize % cols];
        }
        y
    }

    /// `W ∗ x + b` of layer `l`, 3×3 with as many pixels as before, channel by channel.
    fn conv(&self, l: usize, params: &[f64], x: &[f64]) -> Vec<f64> {
        let (layer, [height, width]) = (&self.layers[l], self.size);
        let (cols, pixels) = (layer.shape().cols(), height * width);
        let mut y: Vec<f64> =
            params[layer.biases()].iter().flat_map(|b| std::iter::repeat_n(*b, pixels)).collect();
        for (position, w) in layer.topology().positions().zip(&params[layer.weights()]) {
            let (to, col) = (position as usize / cols, position as usize % cols);
            let (from, row, column) = (col / 9, col % 9 / 3, col % 3);
            for at in 0..pixels {
                let (v, u) = (at / width + row, at % width + column);
                if (1..=height).contains(&v) && (1..=width).contains(&u) {
                    y[to * pixels + at] += w * x[from * pixels + (v - 1) * width + u - 1];
                }
            }
        }
        y
    }

    /// The tokens of all samples, what the convolution with its tanh gives.
    pub fn tokens(&self, params: &[f64], x: &[f64]) -> Vec<Vec<f64>> {
        let pixels = self.size[0] * self.size[1];
        let mut all = Vec::new();
        for sample in x.chunks_exact(self.layers[0].shape().cols() / 9 * pixels) {
            let features: Vec<f64> =
                self.conv(0, params, sample).iter().map(|v| v.tanh()).collect();
            let channels: Vec<Vec<f64>> =
                features.chunks_exact(pixels).map(<[_]>::to_vec).collect();
            match self.block.routing.tokens {
                Tokens::Pixels => {
                    let pixel = |p: usize| channels.iter().map(|channel| channel[p]).collect();
                    all.extend((0..pixels).map(pixel));
                }
                Tokens::Channels => all.extend(channels),
                Tokens::Batch => all.push(features),
            }
        }
        all
    }

    /// The logits of each token.
    pub fn logits(&self, params: &[f64], tokens: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let Some(router) = self.block.router() else { return vec![Vec::new(); tokens.len()] };
        let one = |token: &Vec<f64>| {
            let length = token.iter().map(|x| x * x).sum::<f64>().sqrt();
            let scale = if self.block.routing.normalize { 1.0 / length } else { 1.0 };
            let token: Vec<f64> = token.iter().map(|x| x * scale).collect();
            let biases = self.layers[router].biases();
            let logits = self.linear(router, params, &token);
            // They have no part in it.
            logits.iter().zip(&params[biases]).map(|(z, b)| z - b).collect()
        };
        tokens.iter().map(one).collect()
    }

    pub fn expert(&self, e: usize, params: &[f64], x: &[f64]) -> Vec<f64> {
        let [first, second] = self.block.expert(e);
        let h: Vec<f64> = self.linear(first, params, x).iter().map(|v| v.max(0.0)).collect();
        self.linear(second, params, &h)
    }

    /// What the block makes of the tokens where `chosen (tokens, k)` are their experts.
    fn routed(
        &self,
        params: &[f64],
        tokens: &[Vec<f64>],
        chosen: &[Option<u32>],
        gated: bool,
    ) -> Vec<Vec<f64>> {
        let (logits, k) = (self.logits(params, tokens), chosen.len() / tokens.len());
        let mut all = Vec::new();
        for ((token, z), chosen) in tokens.iter().zip(logits).zip(chosen.chunks_exact(k)) {
            let mut y = vec![0.0; token.len()];
            for e in chosen.iter().flatten().map(|e| *e as usize) {
                let gate = if gated { softmax(&z)[e] } else { 1.0 };
                let of = self.expert(e, params, token);
                y.iter_mut().zip(of).for_each(|(y, of)| *y += gate * of);
            }
            all.push(y);
        }
        all
    }

    /// SoftMoE.
    fn mixed(&self, params: &[f64], tokens: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let logits = self.logits(params, tokens);
        let slots = self.block.routing.slots(self.block.tokens);
        let mut all = Vec::new();
        for (tokens, logits) in
            tokens.chunks_exact(self.block.tokens).zip(logits.chunks_exact(self.block.tokens))
        {
            let of_slot = |slot: usize| {
                let column: Vec<f64> = logits.iter().map(|z| z[slot]).collect();
                let weights = softmax(&column);
                let mut u = vec![0.0; self.block.size];
                for (token, weight) in tokens.iter().zip(weights) {
                    u.iter_mut().zip(token).for_each(|(u, x)| *u += weight * x);
                }
                self.expert(slot / slots, params, &u)
            };
            let given: Vec<Vec<f64>> = (0..logits[0].len()).map(of_slot).collect();
            for z in logits {
                let mut y = vec![0.0; self.block.size];
                for (given, weight) in given.iter().zip(softmax(z)) {
                    y.iter_mut().zip(given).for_each(|(y, g)| *y += weight * g);
                }
                all.push(y);
            }
        }
        all
    }

    /// The features of all samples behind the block.
    pub fn block(
        &self,
        params: &[f64],
        x: &[f64],
        chosen: Option<(&[Option<u32>], bool)>,
    ) -> Vec<Vec<f64>> {
        let tokens = self.tokens(params, x);
        let y = match chosen {
            Some((chosen, gated)) => self.routed(params, &tokens, chosen, gated),
            None => self.mixed(params, &tokens),
        };
        let Block { tokens, size, between, within, .. } = self.block;
        let one = |tokens: &[Vec<f64>]| {
            let mut features = vec![0.0; tokens.len() * size];
            for (t, token) in tokens.iter().enumerate() {
                for (j, value) in token.iter().enumerate() {
                    features[t * between + j * within] = *value;
                }
            }
            features
        };
        y.chunks_exact(tokens).map(one).collect()
    }

    /// What the network gives, `(batch · out)`.
    pub fn outputs(
        &self,
        params: &[f64],
        x: &[f64],
        chosen: Option<(&[Option<u32>], bool)>,
    ) -> Vec<f64> {
        let head = self.layers.len() - 1;
        let features = self.block(params, x, chosen);
        let of = |features: &Vec<f64>| match self.layers[head].shape() {
            Shape::Linear { .. } => self.linear(head, params, features),
            Shape::Conv2d(_) => self.conv(head, params, features),
        };
        features.iter().flat_map(of).collect()
    }

    /// `(std / mean)²` of the sums of the gates, and their mean entropy, times their coefficients.
    pub fn balance(&self, params: &[f64], x: &[f64]) -> f64 {
        let logits = self.logits(params, &self.tokens(params, x));
        let of = |z: &Vec<f64>| -softmax(z).iter().map(|p| p * p.ln()).sum::<f64>();
        let entropy = logits.iter().map(of).sum::<f64>() / logits.len() as f64;
        let experts = logits[0].len();
        let mut sums = vec![0.0; experts];
        for z in &logits {
            sums.iter_mut().zip(softmax(z)).for_each(|(sum, p)| *sum += p);
        }
        let mean = sums.iter().sum::<f64>() / experts as f64;
        let deviation = sums.iter().map(|s| (s - mean).powi(2)).sum::<f64>() / experts as f64;
        let balance = self.block.routing.balance;
        balance.importance * deviation / mean / mean - balance.entropy * entropy
    }
}

pub fn softmax(z: &[f64]) -> Vec<f64> {
    let sum: f64 = z.iter().map(|z| z.exp()).sum();
    z.iter().map(|z| z.exp() / sum).collect()
}
