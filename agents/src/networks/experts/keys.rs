//! What is chosen about blocks of experts.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sparring_sparse::routing::top_k;
use sparring_sparse::{ROUTERS, Router};

/// Blocks of experts: which router, how many experts, and where.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ExpertKeys {
    /// Experts of a block.
    #[schemars(range(min = 1, max = 1000))]
    pub count: usize,
    /// Who says which of them reads what; `sparring list routers` says how.
    #[schemars(extend("x-required" = true))]
    pub router: RouterName,
    /// Experts that a token goes to.
    #[schemars(range(min = 1), extend("x-when" = {"router": ["topk"]}))]
    pub k: usize,
    /// Units of an expert; `width` multiplies them.
    #[schemars(range(min = 1))]
    pub hidden: usize,
    /// Where blocks stand.
    pub at: Placement,
    /// What a token is.
    #[schemars(extend("x-required" = true))]
    pub tokens: TokensOf,
    /// Rows and columns of a patch.
    #[schemars(range(min = 1, max = 1000), extend("x-when" = {"tokens": ["patches"]}))]
    pub patch: usize,
    /// Places of all experts, or their slots, over the tokens that share them. Where samples are tokens, these are a
    /// batch's in training, and elsewhere places never run out. Obando-Ceron et al. 2024 have 1 for soft.
    #[schemars(
        range(max = 1000.0),
        extend("exclusiveMinimum" = 0.0, "x-when" = {"router": ["soft", "topk"]})
    )]
    pub capacity: f64,
    /// The standard deviation of what is added to each logit in training, times the count of experts; Riquelme et al. 2021
    /// have 1.
    #[schemars(range(min = 0.0, max = 1e6), extend("x-when" = {"router": ["topk"]}))]
    pub noise: f64,
    /// What keeps the gates from leaving experts without tokens.
    #[schemars(extend("x-when" = {"router": ["topk", "sbase", "rlr"]}))]
    pub balance: BalanceKeys,
    /// Whether the router reads tokens of length 1.
    pub normalize: bool,
}

impl Default for ExpertKeys {
    fn default() -> Self {
        Self {
            count: 8,
            router: RouterName(Router::of(&top_k::ROW)),
            k: 1,
            hidden: 64,
            at: Placement::Penultimate,
            tokens: TokensOf::Batch,
            patch: 3,
            capacity: 1.25,
            noise: 0.0,
            balance: BalanceKeys::default(),
            normalize: false,
        }
    }
}

/// The losses that balance a router, by their coefficients.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BalanceKeys {
    /// Of the squared coefficient of variation of the sums of the gates.
    #[schemars(range(min = 0.0))]
    pub importance: f64,
    /// Of the squared coefficient of variation of how often an expert would be chosen if the noise were drawn again; wants
    /// `noise`.
    #[schemars(range(min = 0.0))]
    pub load: f64,
    /// Of the gates' mean entropy, which is taken from the loss.
    #[schemars(range(min = 0.0))]
    pub entropy: f64,
}

impl Default for BalanceKeys {
    fn default() -> Self {
        Self { importance: 0.01, load: 0.0, entropy: 0.0 }
    }
}

/// Where blocks of experts stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Placement {
    /// Before the head.
    Penultimate,
    /// Behind the middle one of the layers that they can stand behind, the earlier of two.
    Middle,
    /// Behind every one of them.
    All,
}

impl Placement {
    /// Those of `all` places, from input to output, at which blocks stand.
    pub(super) fn of<T>(self, mut all: Vec<T>) -> Vec<T> {
        let last = all.len().saturating_sub(1);
        match self {
            Self::All => all,
            Self::Penultimate => all.split_off(last),
            Self::Middle => all.into_iter().skip(last / 2).take(1).collect(),
        }
    }
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TokensOf {
    /// The channels of a pixel.
    Pixels,
    /// The channels of what a convolution without overlap makes of a patch: as many as the image has.
    Patches,
    /// The pixels of a channel.
    Channels,
    /// A sample of the batch.
    Batch,
}

/// A router by name.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RouterName(pub Router);

impl Serialize for RouterName {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.0.row().name.serialize(to)
    }
}

impl<'de> Deserialize<'de> for RouterName {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let name = Cow::<'de, str>::deserialize(from)?;
        let row = ROUTERS.iter().find(|row| row.name == name);
        let row = row.ok_or_else(|| D::Error::custom(format!("unknown router {name}")))?;
        Ok(Self(Router::of(row)))
    }
}

impl JsonSchema for RouterName {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "RouterName".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "enum": ROUTERS.map(|row| row.name)})
    }
}
