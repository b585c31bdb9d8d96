//! The layers of a network with blocks of experts.

use sparring_sparse::layers::{Conv2d, Padding};
use sparring_sparse::nodes::{HandedOn, NetworkPlan};
use sparring_sparse::routing::{Balance, Tokens, Way, top_k};
use sparring_sparse::{Activation, Algebra, Features, Init, Join, LayerSpec, Routing, Shape};

use super::super::width::scaled;
use super::keys::{BalanceKeys, ExpertKeys, Placement, RouterName, TokensOf};
use super::refused;
use crate::error::AgentError;

impl ExpertKeys {
    /// The same with `width` times the units.
    pub(in super::super) fn narrowed(self, width: f64) -> Self {
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
        let of_images = match self.tokens {
            TokensOf::Batch => false,
            TokensOf::Pixels | TokensOf::Patches | TokensOf::Channels => true,
        };
        let takes_place = match self.at {
            Placement::Middle => false,
            Placement::Penultimate | Placement::All => of_images,
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
                *inputs = self.tokens_of(*image).output().size();
            }
            let Some((_, features)) = block else {
                all.push(layer);
                continue;
            };
            if let TokensOf::Patches = self.tokens {
                let embedding = embedding(&layer, self.tokens_of(*features));
                all.push(std::mem::replace(&mut layer, embedding));
            }
            layer.then.push(Join::Routed(routing));
            let of = self.layers(&routing, &layer, self.tokens_of(*features).output());
            all.push(layer);
            all.extend(of);
        }
        Ok(all)
    }

    pub(super) fn routing(self) -> Result<Routing, AgentError> {
        let Self { count, router: RouterName(router), k, capacity, noise, normalize, .. } = self;
        let tokens = match self.tokens {
            TokensOf::Pixels | TokensOf::Patches => Tokens::Pixels,
            TokensOf::Channels => Tokens::Channels,
            TokensOf::Batch => Tokens::Batch,
        };
        let name = router.row().name;
        let (k, noise) = if name == top_k::ROW.name { (k, noise) } else { (1, 0.0) };
        if k > count {
            let allowed = format!("at most the count of experts, {count}");
            return Err(refused("k", k.to_string(), &allowed, "more experts"));
        }
        if let (Way::Mixes, Tokens::Batch) = (router.way(), tokens) {
            let found = format!(
                "batch, with the router {name}, whose slots of a single token are all the same"
            );
            let allowed = "pixels, patches or channels, of an image network";
            return Err(refused("tokens", found, allowed, "router: topk"));
        }
        let BalanceKeys { importance, load, entropy } = self.balance;
        if load > 0.0 && noise == 0.0 {
            let found = format!("{load}, with logits without noise");
            let hint = "router: topk, noise: 1";
            return Err(refused("balance.load", found, "0, or a router with noise", hint));
        }
        if let (TokensOf::Patches, Placement::Middle | Placement::All) = (self.tokens, self.at) {
            let found = "patches, of which layers behind the block would not know";
            return Err(refused("tokens", found.into(), "at: penultimate", "tokens: pixels"));
        }
        let balance = Balance { importance, load, entropy };
        let experts = count;
        Ok(Routing { router, experts, k, tokens, capacity, balance, noise, normalize })
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
                    Join::MaxPool(_)
                    | Join::Relu
                    | Join::LayerNorm
                    | Join::Attention(_)
                    | Join::Routed(_) => {}
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
                TokensOf::Patches => {
                    ("patches, where no layer gives images", "batch, or an image network")
                }
                TokensOf::Channels => {
                    ("channels, where no layer gives images", "batch, or an image network")
                }
            };
            return Err(refused("tokens", found.to_owned(), allowed, "tokens: batch"));
        }
        let behind = self.at.of(all);
        for (_, Features { height, width, .. }) in &behind {
            let least = *height.min(width);
            if self.tokens == TokensOf::Patches && self.patch > least {
                let (found, allowed) = (self.patch.to_string(), format!("at most {least}"));
                let hint = format!("the image before the block has {height} by {width} pixels");
                return Err(refused("patch", found, &allowed, &hint));
            }
        }
        Ok(behind)
    }

    /// What makes the tokens of images of `features` from patches of them: of any other tokens, patches of a pixel.
    fn tokens_of(self, features: Features) -> Conv2d {
        let Features { channels, height, width } = features;
        let side = match self.tokens {
            TokensOf::Patches => self.patch,
            TokensOf::Pixels | TokensOf::Channels | TokensOf::Batch => 1,
        };
        Conv2d {
            in_channels: channels,
            out_channels: channels,
            size: [height, width],
            kernel: [side; 2],
            stride: side,
            padding: Padding::Valid,
        }
    }

    /// The layers of a block over `features` behind `layer`.
    pub(super) fn layers(
        self,
        routing: &Routing,
        layer: &LayerSpec,
        features: Features,
    ) -> Vec<LayerSpec> {
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

/// The layer that makes tokens of patches, behind `layer`: linear, drawn as LeCun's (`embedding` of Dopamine's
/// `labs/moes/architectures/networks.py`).
fn embedding(layer: &LayerSpec, conv: Conv2d) -> LayerSpec {
    LayerSpec {
        name: format!("{}.embedding", layer.name),
        shape: Shape::Conv2d(conv),
        activation: Activation::Identity,
        init: Init::TruncatedNormal { scale: 1.0 },
        bias: 0.0,
        weight_decay: layer.weight_decay,
        algebra: Algebra::REAL,
        then: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use sparring_envs::{Space, spec};
    use sparring_sparse::Router;
    use sparring_sparse::routing::{hash, soft};

    use super::super::super::impala::Impala;
    use super::super::super::minatar::Minatar;
    use super::super::super::nature::NatureCnn;
    use super::super::super::{NetworkConfig, simba};
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
        // Patches of 2 by 2 of 8 by 8 pixels: 16 tokens of 16 channels, by a layer of their own.
        let patches = ExpertKeys { tokens: TokensOf::Patches, patch: 2, ..two };
        let of_patches = layers(minatar(), patches).unwrap();
        assert_eq!(
            names(&of_patches)[..3],
            ["conv.0", "conv.0.embedding", "conv.0.embedding.router"]
        );
        assert_eq!((head(&of_patches), of_patches[1].shape.cols()), (16 * 16, 4 * 16));
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
        let minatar = || NetworkConfig::from(Minatar { width: 1.0 });
        let patches = ExpertKeys { tokens: TokensOf::Patches, ..base };
        assert_eq!(refused(mlp(), patches), "network.experts.tokens");
        let deep = ExpertKeys { at: Placement::Middle, ..patches };
        assert_eq!(refused(minatar(), deep), "network.experts.tokens");
        assert_eq!(refused(minatar(), ExpertKeys { patch: 9, ..patches }), "network.experts.patch");
        let balance = BalanceKeys { load: 0.1, ..BalanceKeys::default() };
        assert_eq!(refused(mlp(), ExpertKeys { balance, ..base }), "network.experts.balance.load");
        assert!(layers(mlp(), ExpertKeys { balance, noise: 1.0, ..base }).is_ok());
        assert_eq!(refused(mlp(), ExpertKeys { tokens, ..base }), "network.experts.tokens");
        let router = RouterName(Router::of(&soft::ROW));
        assert_eq!(refused(mlp(), ExpertKeys { router, ..base }), "network.experts.tokens");
        assert_eq!(refused(mlp(), ExpertKeys { k: 9, ..base }), "network.experts.k");
        assert_eq!(refused(NetworkConfig::mlp(&[]), base), "network.experts.tokens");
    }
}
