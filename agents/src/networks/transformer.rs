//! A transformer over tokens (Vaswani et al. 2017, 1706.03762) with its norms before what they norm (Xiong et al. 2020,
//! 2002.04745), as GPT-2 and Decision Transformer (Chen et al. 2021, 2106.01345) have it: every projection is a layer.
//!
//! ```text
//! h ← W x + b                                      `embed`
//! h ← h + W attention(W₃ LayerNorm(h) + b₃) + b    `block.i.qkv`, `block.i.out`; each block
//! h ← h + W₁ relu(W₀ LayerNorm(h) + b₀) + b₁       `block.i.mlp.0`, four times as wide, `block.i.mlp.1`
//! y = W LayerNorm(h) + b                           `head`
//! ```
//!
//! A token comes as numbers that say what it is; there is no table of embeddings, but `embed` of one-hot numbers is one.
//! Weights are drawn as Glorot's.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sparring_sparse::attention::{Attention, Sees};
use sparring_sparse::{Activation, Init, Join, LayerSpec};

use super::residual::Vectors;

/// How large a transformer is, by name. Its width is 32 numbers a block, a head has 32 of them, so that the shape stays
/// while it grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Size {
    /// 1 block of 32 numbers: 12,000 weights.
    Xs,
    /// 2 of 64: 98,000.
    S,
    /// 3 of 96: 332,000.
    M,
    /// 4 of 128: 786,000.
    L,
    /// 6 of 192: 2.7 million.
    Xl,
    /// 9 of 288: 9 million.
    Xxl,
}

impl Size {
    /// Blocks.
    pub fn blocks(self) -> usize {
        match self {
            Self::Xs => 1,
            Self::S => 2,
            Self::M => 3,
            Self::L => 4,
            Self::Xl => 6,
            Self::Xxl => 9,
        }
    }

    /// Numbers between blocks.
    pub fn width(self) -> usize {
        32 * self.blocks()
    }

    /// Heads of a block's attention.
    pub fn heads(self) -> usize {
        self.blocks()
    }
}

/// `(tokens, inputs) → (tokens, outputs)`, over sequences of `tokens`.
pub fn transformer(
    inputs: usize,
    size: Size,
    (tokens, sees): (usize, Sees),
    outputs: usize,
    weight_decay: f64,
) -> Vec<LayerSpec> {
    let (width, blocks, glorot) = (size.width(), size.blocks(), Init::GlorotUniform);
    let (identity, half) = (Activation::Identity, [Join::Add, Join::Save, Join::LayerNorm]);
    let attention = Join::Attention(Attention { heads: size.heads(), tokens, sees });
    let mut network =
        Vectors::new(inputs, weight_decay).linear("embed", width, glorot, (identity, &half[1..]));
    for block in 0..blocks {
        let name = |part: &str| format!("block.{block}.{part}");
        let end: &[Join] = if block + 1 == blocks { &[Join::Add, Join::LayerNorm] } else { &half };
        network = network
            .linear(name("qkv"), 3 * width, glorot, (identity, &[attention]))
            .reading(width)
            .linear(name("out"), width, glorot, (identity, &half))
            .linear(name("mlp.0"), 4 * width, glorot, (Activation::Relu, &[]))
            .linear(name("mlp.1"), width, glorot, (identity, end));
    }
    network.head(outputs, glorot)
}

#[cfg(test)]
mod tests {
    use sparring_sparse::nodes::NetworkPlan;

    use super::*;

    #[test]
    fn sizes_grow_and_keep_their_shape() {
        let sizes = [Size::Xs, Size::S, Size::M, Size::L, Size::Xl, Size::Xxl];
        let weights = sizes.map(|size| {
            let layers = transformer(10, size, (6, Sees::Before), 4, 0.0);
            let plan = NetworkPlan::of_specs(&layers).unwrap();
            assert_eq!(plan.attentions().len(), size.blocks());
            assert_eq!((plan.input().size(), plan.output().size()), (10, 4));
            assert_eq!(size.width() / size.heads(), 32);
            let inner = &layers[1..layers.len() - 1];
            inner.iter().map(|l| l.shape.rows() * l.shape.cols()).sum::<usize>()
        });
        assert_eq!(weights, [12_288, 98_304, 331_776, 786_432, 2_654_208, 8_957_952]);
    }
}
