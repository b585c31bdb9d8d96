//! Blocks of experts in the networks of every agent: which router, how many, and where
//! ([`sparring_sparse::routing`] has what they compute).
//!
//! An expert is `dense.0` to `hidden` ReLU units and `dense.1` back to the numbers of a token, drawn as Glorot's; the
//! router is drawn as LeCun's, and both decay as the layer before them does. The layers are
//! `<layer>.router` and `<layer>.expert.<number>.dense.0`, `….dense.1`, where `<layer>` is the one behind which the block
//! stands; `sparsity.layers` names experts like any other, and routers stay dense.
//!
//! A block stands behind a layer whose features are what its tokens are parts of, outside of residual branches. Where
//! tokens are pixels or channels, the block before the head takes the place of the linear hidden layers: the head reads
//! what experts made of the last image, as Obando-Ceron et al. 2024 (2402.08609) have it.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sparring_sparse::nodes::{HandedOn, NetworkPlan};
use sparring_sparse::routing::{Tokens, Way, top_k};
use sparring_sparse::{
    Activation, Algebra, Features, Init, Join, KeyError, LayerSpec, ROUTERS, Router, Routing, Shape,
};

use super::width::scaled;
use crate::error::AgentError;

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
    /// Places of all experts, or their slots, over the tokens that share them. Where samples are tokens, these are a
    /// batch's in training, and elsewhere places never run out. Obando-Ceron et al. 2024 have 1 for soft.
    #[schemars(
        range(max = 1000.0),
        extend("exclusiveMinimum" = 0.0, "x-when" = {"router": ["soft", "topk"]})
    )]
    pub capacity: f64,
    /// What keeps the gates from leaving experts without tokens.
    #[schemars(extend("x-when" = {"router": ["topk", "sbase", "rlr"]}))]
    pub balance: Balance,
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
            capacity: 1.25,
            balance: Balance::default(),
            normalize: false,
        }
    }
}

/// The losses that balance a router, by their coefficients.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Balance {
    /// Of the squared coefficient of variation of the sums of the gates.
    #[schemars(range(min = 0.0))]
    pub importance: f64,
}

impl Default for Balance {
    fn default() -> Self {
        Self { importance: 0.01 }
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

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TokensOf {
    /// The channels of a pixel.
    Pixels,
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

impl ExpertKeys {
    /// The same with `width` times the units.
    pub(super) fn narrowed(self, width: f64) -> Self {
        Self { hidden: scaled(self.hidden, width), ..self }
    }

    /// The network `layers` with blocks of experts; `hidden` units of an expert are multiplied where it is narrowed.
    ///
    /// # Errors
    /// A network without a layer that they can stand behind, and keys that do not go together.
    pub fn over(self, layers: Vec<LayerSpec>) -> Result<Vec<LayerSpec>, AgentError> {
        let routing = self.routing()?;
        let behind = self.behind(&layers)?;
        let last = behind.last().map_or(0, |(l, _)| *l);
        let takes_place = match (self.tokens, self.at) {
            (TokensOf::Batch, _) | (_, Placement::Middle) => false,
            (TokensOf::Pixels | TokensOf::Channels, Placement::Penultimate | Placement::All) => {
                true
            }
        };
        let (mut all, head) = (Vec::new(), layers.len().saturating_sub(1));
        for (l, mut layer) in layers.into_iter().enumerate() {
            let block = behind.iter().find(|(at, _)| *at == l);
            if takes_place && (last + 1..head).contains(&l) {
                continue;
            }
            if let (true, Shape::Linear { inputs, .. }, Some((_, image))) =
                (takes_place && l == head, &mut layer.shape, behind.last())
            {
                *inputs = image.size();
            }
            let Some((_, features)) = block else {
                all.push(layer);
                continue;
            };
            layer.then.push(Join::Routed(routing));
            let of = self.layers(&routing, &layer, *features);
            all.push(layer);
            all.extend(of);
        }
        Ok(all)
    }

    fn routing(self) -> Result<Routing, AgentError> {
        let Self { count, router: RouterName(router), k, capacity, balance, normalize, .. } = self;
        let tokens = match self.tokens {
            TokensOf::Pixels => Tokens::Pixels,
            TokensOf::Channels => Tokens::Channels,
            TokensOf::Batch => Tokens::Batch,
        };
        let name = router.row().name;
        let k = match router.way() {
            Way::Chooses { .. } if name == top_k::ROW.name => k,
            Way::Chooses { .. } | Way::Hashes | Way::Mixes => 1,
        };
        if k > count {
            let allowed = format!("at most the count of experts, {count}");
            return Err(refused("k", k.to_string(), &allowed, "more experts"));
        }
        if let (Way::Mixes, Tokens::Batch) = (router.way(), tokens) {
            let found = format!(
                "batch, with the router {name}, whose slots of a single token are all the same"
            );
            let allowed = "pixels or channels, of an image network";
            return Err(refused("tokens", found, allowed, "router: topk"));
        }
        let importance = balance.importance;
        Ok(Routing { router, experts: count, k, tokens, capacity, importance, normalize })
    }

    /// The layers behind which blocks stand, and what each hands on there.
    fn behind(self, layers: &[LayerSpec]) -> Result<Vec<(usize, Features)>, AgentError> {
        let plan = NetworkPlan::of_specs(layers)?;
        let (mut open, mut all) = (0i32, Vec::new());
        let hidden = layers.iter().zip(plan.handed_on()).enumerate();
        for (l, (layer, handed_on)) in hidden.take(layers.len().saturating_sub(1)) {
            for join in &layer.then {
                match join {
                    Join::Save => open += 1,
                    Join::Add => open -= 1,
                    Join::MaxPool(_) | Join::Relu | Join::LayerNorm | Join::Routed(_) => {}
                }
            }
            let HandedOn::Node(n) = handed_on else { continue };
            let features = plan.nodes()[n].features;
            let is_image = features.height * features.width > 1;
            if open == 0 && is_image != (self.tokens == TokensOf::Batch) {
                all.push((l, features));
            }
        }
        if all.is_empty() {
            let (found, allowed) = match self.tokens {
                TokensOf::Batch => {
                    ("batch, where no linear layer is hidden", "a network with a hidden layer")
                }
                TokensOf::Pixels => {
                    ("pixels, where no layer gives images", "batch, or an image network")
                }
                TokensOf::Channels => {
                    ("channels, where no layer gives images", "batch, or an image network")
                }
            };
            return Err(refused("tokens", found.to_owned(), allowed, "tokens: batch"));
        }
        Ok(match self.at {
            Placement::All => all,
            Placement::Penultimate => all.split_off(all.len() - 1),
            Placement::Middle => vec![all[(all.len() - 1) / 2]],
        })
    }

    /// The layers of a block over `features` behind `layer`.
    fn layers(self, routing: &Routing, layer: &LayerSpec, features: Features) -> Vec<LayerSpec> {
        let [tokens, size] = routing.tokens_of(features);
        let linear = |name: String, [inputs, outputs]: [usize; 2], activation, init| LayerSpec {
            name: format!("{}.{name}", layer.name),
            shape: Shape::Linear { inputs, outputs },
            activation,
            init,
            bias: 0.0,
            weight_decay: layer.weight_decay,
            algebra: Algebra::REAL,
            then: Vec::new(),
        };
        let (mut all, none) = (Vec::new(), Activation::Identity);
        if routing.router.is_learned() {
            let lecun = Init::TruncatedNormal { scale: 1.0 };
            all.push(linear("router".into(), [size, routing.logits(tokens)], none, lecun));
        }
        for e in 0..routing.experts {
            let name = |layer| format!("expert.{e}.dense.{layer}");
            let glorot = Init::GlorotUniform;
            all.push(linear(name(0), [size, self.hidden], Activation::Relu, glorot));
            all.push(linear(name(1), [self.hidden, size], none, glorot));
        }
        all
    }
}

/// The keys beside those of every kind of network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct Beside {
    /// Blocks of experts, of which each token takes a few; none has none.
    pub experts: Option<ExpertKeys>,
}

pub(super) fn refused(key: &str, found: String, allowed: &str, hint: &str) -> AgentError {
    let key = format!("network.experts.{key}");
    AgentError::Experts(Box::new(KeyError::new(key, found, allowed, hint)))
}

#[cfg(test)]
mod tests {
    use sparring_envs::{Space, spec};
    use sparring_sparse::routing::{hash, soft};

    use super::super::impala::Impala;
    use super::super::minatar::Minatar;
    use super::super::nature::NatureCnn;
    use super::super::{NetworkConfig, simba};
    use super::*;
    use crate::DqnConfig;

    fn layers(network: NetworkConfig, experts: ExpertKeys) -> Result<Vec<LayerSpec>, AgentError> {
        let reads_images = network.row().reads_images;
        let network = network.with_experts(experts);
        let obs = match reads_images {
            true => Space::bytes(&[4, 10, 10]),
            false => spec("CartPole-v1").unwrap().obs,
        };
        DqnConfig { network, ..DqnConfig::paper() }.layers(&obs, 2)
    }

    fn names(layers: &[LayerSpec]) -> Vec<&str> {
        layers.iter().map(|layer| layer.name.as_str()).collect()
    }

    #[test]
    fn blocks_stand_where_they_are_asked_for() {
        let two = ExpertKeys { count: 2, ..ExpertKeys::default() };
        let mlp = || NetworkConfig::mlp(&[8, 6, 5]);
        let of = |at| {
            let layers = layers(mlp(), ExpertKeys { at, ..two }).unwrap();
            let blocks = NetworkPlan::of_specs(&layers).unwrap().blocks().to_vec();
            blocks.iter().map(|block| layers[block.behind].name.clone()).collect::<Vec<_>>()
        };
        assert_eq!(of(Placement::Penultimate), ["hidden.2"]);
        assert_eq!(of(Placement::Middle), ["hidden.1"]);
        assert_eq!(of(Placement::All), ["hidden.0", "hidden.1", "hidden.2"]);
        let one = layers(mlp(), ExpertKeys { at: Placement::Middle, ..two }).unwrap();
        assert_eq!(
            names(&one)[1..7],
            [
                "hidden.1",
                "hidden.1.router",
                "hidden.1.expert.0.dense.0",
                "hidden.1.expert.0.dense.1",
                "hidden.1.expert.1.dense.0",
                "hidden.1.expert.1.dense.1",
            ]
        );
        let pixels = ExpertKeys { tokens: TokensOf::Pixels, ..two };
        let minatar = || NetworkConfig::from(Minatar { width: 1.0 });
        let head = |layers: &[LayerSpec]| layers.last().unwrap().shape.cols();
        let before_head = layers(minatar(), pixels).unwrap();
        assert!(!names(&before_head).contains(&"hidden.0"));
        assert_eq!((head(&before_head), before_head[1].shape.cols()), (1024, 16));
        let middle = layers(minatar(), ExpertKeys { at: Placement::Middle, ..pixels }).unwrap();
        assert!(names(&middle).contains(&"hidden.0") && head(&middle) == 128);
        let samples = layers(minatar(), two).unwrap();
        assert_eq!(samples[2].name, "hidden.0.router");
        // Three stacks, outside of their residual branches; three convolutions.
        let all = ExpertKeys { at: Placement::All, ..pixels };
        for network in [NetworkConfig::from(Impala { width: 0.1 }), NatureCnn { width: 0.1 }.into()]
        {
            let layers = layers(network, all).unwrap();
            assert_eq!(NetworkPlan::of_specs(&layers).unwrap().blocks().len(), 3);
        }
        let soft = RouterName(Router::of(&soft::ROW));
        let channels = ExpertKeys { tokens: TokensOf::Channels, router: soft, ..two };
        // 16 channels of 64 pixels, 16 · 1.25 / 2 slots an expert.
        let mixed = layers(minatar(), channels).unwrap();
        assert_eq!((mixed[1].shape.cols(), mixed[1].shape.rows()), (64, 20));
        let hash = RouterName(Router::of(&hash::ROW));
        let hashed = layers(mlp(), ExpertKeys { router: hash, ..two }).unwrap();
        assert_eq!(hashed[3].name, "hidden.2.expert.0.dense.0");
        let residual =
            layers(simba::Simba { hidden: 8, ..Default::default() }.into(), two).unwrap();
        assert_eq!(residual.last().unwrap().name, "head");
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        let refused = |network: NetworkConfig, experts| {
            let error = layers(network, experts).unwrap_err();
            let AgentError::Experts(error) = error else { panic!("{error}") };
            error.key
        };
        let (base, mlp) = (ExpertKeys::default(), || NetworkConfig::mlp(&[8]));
        let tokens = TokensOf::Pixels;
        assert_eq!(refused(mlp(), ExpertKeys { tokens, ..base }), "network.experts.tokens");
        let router = RouterName(Router::of(&soft::ROW));
        assert_eq!(refused(mlp(), ExpertKeys { router, ..base }), "network.experts.tokens");
        assert_eq!(refused(mlp(), ExpertKeys { k: 9, ..base }), "network.experts.k");
        assert_eq!(refused(NetworkConfig::mlp(&[]), base), "network.experts.tokens");
    }
}
