//! Blocks of experts against their definition in f64, their gradients against its central differences, and what must be
//! true of routers.

mod definition;

use crate::common::*;
use definition::{Definition, softmax};
use rand::RngExt;
use sparring_sparse::config::*;
use sparring_sparse::layers::{Conv2d, Padding};
use sparring_sparse::methods::static_sparse::Static;
use sparring_sparse::routing::{Balance, Tokens, Way, hash, reinforce, s_base, soft, top_k};
use sparring_sparse::{
    Activation, Algebra, Ctx, Gradients, Init, Join, LayerSpec, Load, Network, Par, ROUTERS,
    Router, RouterRow, Routing, Seed, Shape, Trainer, Wanted,
};

const SIZE: [usize; 2] = [2, 3];
const PIXELS: usize = 6;
const INPUTS: usize = 2;
const CHANNELS: usize = 4;
const BATCH: usize = 5;
const OUTPUTS: usize = 3;
const BOTH: Wanted = Wanted { input: true, params: true };

fn routing(row: &'static RouterRow, tokens: Tokens) -> Routing {
    Routing { tokens, capacity: 1.0, ..Routing::of(Router::of(row), 3) }
}

fn layer(name: &str, shape: Shape, activation: Activation, then: Vec<Join>) -> LayerSpec {
    LayerSpec {
        name: name.into(),
        shape,
        activation,
        init: Init::Uniform { limit: 0.9 },
        bias: 0.1,
        weight_decay: 0.0,
        algebra: Algebra::REAL,
        then,
    }
}

fn conv(in_channels: usize, out_channels: usize) -> Conv2d {
    let (size, kernel, padding) = (SIZE, [3; 2], Padding::Same);
    Conv2d { in_channels, out_channels, size, kernel, stride: 1, padding }
}

/// A convolution, a block of experts of 5 units, a head.
fn specs(routing: Routing) -> Vec<LayerSpec> {
    let conv = conv(INPUTS, CHANNELS);
    let features = conv.output();
    let [tokens, size] = routing.tokens_of(features);
    let linear = |inputs, outputs| Shape::Linear { inputs, outputs };
    let (relu, none) = (Activation::Relu, Activation::Identity);
    // No token is nothing, of which all gates are the same.
    let tanh = Activation::Tanh;
    let mut all = vec![layer("conv", Shape::Conv2d(conv), tanh, vec![Join::Routed(routing)])];
    if routing.router.is_learned() {
        let router = layer("router", linear(size, routing.logits(tokens)), none, Vec::new());
        all.push(LayerSpec { bias: 0.0, ..router });
    }
    for e in 0..routing.experts {
        all.push(layer(&format!("{e}.0"), linear(size, 5), relu, Vec::new()));
        all.push(layer(&format!("{e}.1"), linear(5, size), none, Vec::new()));
    }
    all.push(layer("head", linear(features.size(), OUTPUTS), none, Vec::new()));
    all
}

fn trainer(routing: Routing, sparsity: &SparsityConfig) -> Trainer {
    Trainer::new("net", &specs(routing), sparsity, ADAM, &Seed::new(3)).unwrap()
}

fn numbers(n: usize, seed: u64) -> Vec<f32> {
    let mut rng = Seed::new(seed).rng();
    (0..n).map(|_| rng.random_range(-1.0..1.0)).collect()
}

fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|v| f64::from(*v)).collect()
}

fn params(network: &Network) -> Vec<f32> {
    network.params().to_vec1().unwrap()
}

/// Output and gradients, in training or outside of it.
fn pass(trainer: &mut Trainer, x: &[f32], dy: &[f32], training: bool) -> (Vec<f32>, Gradients) {
    let mut vjp = match training {
        true => {
            let step = trainer.begin_step().unwrap();
            trainer.vjp(x, &step).unwrap()
        }
        false => trainer.network().vjp(x, &mut Ctx::default()).unwrap(),
    };
    let gradients = vjp.backward(dy, BOTH).unwrap();
    (vjp.into_output(), gradients)
}

/// The experts that tokens go to by the definition; none of a router that mixes.
fn chosen(
    of: &Definition<'_>,
    params: &[f64],
    x: &[f64],
    training: bool,
) -> Option<(Vec<Option<u32>>, bool)> {
    let routing = of.block.routing;
    let (tokens, experts) = (of.tokens(params, x), routing.experts);
    let gates: Vec<Vec<f64>> = of.logits(params, &tokens).iter().map(|z| softmax(z)).collect();
    let largest = |row: &Vec<f64>| (0..experts).rev().max_by(|a, b| row[*a].total_cmp(&row[*b]));
    let best = |row: &Vec<f64>| largest(row).map(|e| e as u32);
    let name = routing.router.row().name;
    if name == soft::ROW.name {
        return None;
    }
    if name == hash::ROW.name {
        let per_sample = hash::of_positions(of.block.tokens, experts);
        let chosen = match routing.tokens {
            Tokens::Batch => x
                .chunks_exact(INPUTS * PIXELS)
                .map(|x| x.iter().map(|x| *x as f32).collect::<Vec<_>>())
                .map(|x| Some(hash::of_observation(&x, experts)))
                .collect(),
            Tokens::Pixels | Tokens::Channels => {
                (0..tokens.len()).map(|t| Some(per_sample[t % of.block.tokens])).collect()
            }
        };
        return Some((chosen, false));
    }
    if name == s_base::ROW.name && training {
        let flat: Vec<f32> = gates.iter().flatten().map(|p| *p as f32).collect();
        let balanced = s_base::sinkhorn(&flat, experts);
        let rows = balanced.chunks_exact(experts).map(|row| best(&row.to_vec()));
        return Some((rows.collect(), true));
    }
    if name == reinforce::ROW.name {
        return Some((gates.iter().map(best).collect(), false));
    }
    // Top-k: rank by rank, token by token, while there are places.
    let k = if name == top_k::ROW.name { routing.k } else { 1 };
    let among = match (routing.tokens, training) {
        (Tokens::Batch, true) => tokens.len(),
        (Tokens::Batch, false) => 1,
        (Tokens::Pixels | Tokens::Channels, _) => of.block.tokens,
    };
    let unlimited = name != top_k::ROW.name || (routing.tokens == Tokens::Batch && !training);
    let places = (among as f64 * routing.capacity / experts as f64).ceil() as usize;
    let mut all = vec![None; tokens.len() * k];
    for (group, gates) in gates.chunks(among).enumerate() {
        let mut taken = vec![0; experts];
        for rank in 0..k {
            for (t, row) in gates.iter().enumerate() {
                let mut order: Vec<usize> = (0..experts).collect();
                order.sort_by(|a, b| row[*b].total_cmp(&row[*a]));
                let e = order[rank];
                if unlimited || taken[e] < places {
                    taken[e] += 1;
                    all[(group * among + t) * k + rank] = Some(e as u32);
                }
            }
        }
    }
    Some((all, true))
}

/// Every router over every kind of tokens that it takes.
fn all() -> Vec<Routing> {
    let tokens = [Tokens::Pixels, Tokens::Channels, Tokens::Batch];
    let mut all = Vec::new();
    for row in ROUTERS {
        for tokens in tokens {
            if !matches!((row.way, tokens), (Way::Mixes, Tokens::Batch)) {
                all.push(routing(row, tokens));
            }
        }
    }
    let two = Routing { k: 2, ..routing(&top_k::ROW, Tokens::Pixels) };
    all.push(two);
    all.push(Routing { normalize: true, tokens: Tokens::Batch, ..two });
    all.push(Routing { normalize: true, ..routing(&soft::ROW, Tokens::Pixels) });
    all
}

#[test]
fn values_and_gradients_are_those_of_the_definition() {
    let half = SparsityConfig::new(Static {}, 0.4, 1);
    for (routing, training) in all().into_iter().flat_map(|r| [(r, false), (r, true)]) {
        let x = numbers(BATCH * INPUTS * PIXELS, 1);
        // What is drawn is not known here.
        if training && routing.router == Router::of(&reinforce::ROW) {
            continue;
        }
        let balance = Balance { importance: 0.3, load: 0.0, entropy: 0.2 };
        let routing = Routing { balance, ..routing };
        for (sparsity, before_images) in [(&SparsityConfig::dense(), false), (&half, true)] {
            let mut specs = specs(routing);
            // A convolution reads what experts made of images through a border.
            if let (true, Some(head)) = (before_images, specs.last_mut()) {
                head.shape = Shape::Conv2d(conv(CHANNELS, OUTPUTS));
            }
            let pixels = if before_images { PIXELS } else { 1 };
            let dy = numbers(BATCH * OUTPUTS * pixels, 2);
            let mut trainer = Trainer::new("net", &specs, sparsity, ADAM, &Seed::new(3)).unwrap();
            let (found, gradients) = pass(&mut trainer, &x, &dy, training);
            let definition = Definition::of(trainer.network(), SIZE);
            let (p, wide_x) = (wide(&params(trainer.network())), wide(&x));
            let chosen = chosen(&definition, &p, &wide_x, training);
            let chosen = chosen.as_ref().map(|(chosen, gated)| (chosen.as_slice(), *gated));
            let balances = training && matches!(routing.router.way(), Way::Chooses { .. });
            let value = |p: &[f64], x: &[f64]| {
                let y = definition.outputs(p, x, chosen);
                let loss: f64 = y.iter().zip(&dy).map(|(y, dy)| y * f64::from(*dy)).sum();
                loss + if balances { definition.balance(p, x) } else { 0.0 }
            };
            let expected = definition.outputs(&p, &wide_x, chosen);
            for (found, expected) in found.iter().zip(&expected) {
                assert!((f64::from(*found) - expected).abs() < 1e-4, "{routing:?} {training}");
            }
            let biases = definition.block.router().map(|r| trainer.network().layers()[r].biases());
            for (i, g) in gradients.params.iter().enumerate() {
                if biases.as_ref().is_some_and(|biases| biases.contains(&i)) {
                    assert_eq!(*g, 0.0, "a router's biases stay 0");
                    continue;
                }
                let at = |delta: f64| {
                    let mut p = p.clone();
                    p[i] += delta;
                    value(&p, &wide_x)
                };
                let slope = (at(1e-6) - at(-1e-6)) / 2e-6;
                let near = 2e-4 * (1.0 + slope.abs());
                assert!((f64::from(*g) - slope).abs() < near, "{routing:?} {i}: {g} {slope}");
            }
            for (i, g) in gradients.input.iter().enumerate() {
                let at = |delta: f64| {
                    let mut x = wide_x.clone();
                    x[i] += delta;
                    value(&p, &x)
                };
                let slope = (at(1e-6) - at(-1e-6)) / 2e-6;
                let near = 2e-4 * (1.0 + slope.abs());
                assert!((f64::from(*g) - slope).abs() < near, "{routing:?} x {i}: {g} {slope}");
            }
        }
    }
}

/// A network with the parameters of another.
fn with(routing: Routing, values: Vec<f32>) -> Network {
    let trainer = trainer(routing, &SparsityConfig::dense());
    Network::new(trainer.network().layers().to_vec(), values).unwrap()
}

#[test]
fn one_expert_with_equal_weights_gives_every_token_the_expert_of_the_mean() {
    let routing = Routing { experts: 1, ..routing(&soft::ROW, Tokens::Pixels) };
    let trainer = trainer(routing, &SparsityConfig::dense());
    let (mut values, router) = (params(trainer.network()), trainer.network().layers()[1].weights());
    values[router].fill(0.0);
    let network = with(routing, values.clone());
    let (x, p) = (numbers(INPUTS * PIXELS, 1), wide(&values));
    let definition = Definition::of(&network, SIZE);
    assert_eq!(definition.block.routing.slots(PIXELS), PIXELS);
    let tokens = definition.tokens(&p, &wide(&x));
    let mean: Vec<f64> =
        (0..CHANNELS).map(|c| tokens.iter().map(|t| t[c]).sum::<f64>() / PIXELS as f64).collect();
    let expected = definition.expert(0, &p, &mean);
    let handed_on = network.activations(&x).unwrap();
    for (c, channel) in handed_on[0].chunks_exact(PIXELS).enumerate() {
        assert!(channel.iter().all(|y| (f64::from(*y) - expected[c]).abs() < 1e-5));
    }
}

#[test]
fn the_order_of_experts_changes_nothing() {
    let x = numbers(BATCH * INPUTS * PIXELS, 1);
    for row in [&top_k::ROW, &soft::ROW, &s_base::ROW] {
        let routing = routing(row, Tokens::Pixels);
        let trainer = trainer(routing, &SparsityConfig::dense());
        let (network, block) = (trainer.network(), trainer.network().backend().plan().blocks()[0]);
        let (layers, old) = (network.layers(), params(network));
        let mut new = old.clone();
        let rows = routing.logits(block.tokens) / routing.experts;
        for (e, from) in [(0, 2), (1, 0), (2, 1)] {
            for (to, from) in block.expert(e).into_iter().zip(block.expert(from)) {
                new[layers[to].params()].copy_from_slice(&old[layers[from].params()]);
            }
            let (router, size) = (layers[1].weights(), rows * block.size);
            let at = |e: usize| router.start + e * size..router.start + (e + 1) * size;
            new[at(e)].copy_from_slice(&old[at(from)]);
        }
        let [before, after] = [old, new].map(|values| with(routing, values).outputs(&x).unwrap());
        assert!(before.iter().zip(&after).all(|(a, b)| (a - b).abs() < 1e-5), "{row:?}");
    }
}

fn loads(routing: Routing, batch: usize) -> Load {
    let (x, dy) = (numbers(batch * INPUTS * PIXELS, 1), numbers(batch * OUTPUTS, 2));
    let mut trainer = trainer(routing, &SparsityConfig::dense());
    let (_, gradients) = pass(&mut trainer, &x, &dy, true);
    gradients.loads.into_iter().next().unwrap()
}

#[test]
fn places_for_all_drop_nothing_and_few_places_drop_many() {
    for tokens in [Tokens::Pixels, Tokens::Batch] {
        let base = routing(&top_k::ROW, tokens);
        let all = loads(Routing { capacity: 3.0, ..base }, 30);
        let few = loads(Routing { capacity: 0.5, ..base }, 30);
        let count = all.tokens as f64;
        assert_eq!((all.dropped, all.experts.iter().sum::<f64>()), (0, count));
        assert!(few.dropped > 0 && few.experts.iter().sum::<f64>() + few.dropped as f64 == count);
    }
    let balanced = loads(routing(&s_base::ROW, Tokens::Batch), 120);
    assert!(balanced.shifted > 0 && balanced.experts.iter().all(|load| (load - 40.0).abs() < 12.0));
    let mixed = loads(routing(&soft::ROW, Tokens::Pixels), 4);
    assert!((mixed.experts.iter().sum::<f64>() - 24.0).abs() < 1e-3 && mixed.entropy > 0.0);
    let hashed = loads(routing(&hash::ROW, Tokens::Pixels), 4);
    assert_eq!((hashed.experts, hashed.shifted), (vec![8.0; 3], 0));
}

#[test]
fn outside_of_training_no_sample_depends_on_another() {
    let (n, batch) = (INPUTS * PIXELS, 20);
    let x = numbers(batch * n, 1);
    for routing in all() {
        let trainer = trainer(routing, &SparsityConfig::dense());
        let together = trainer.network().outputs(&x).unwrap();
        for (x, y) in x.chunks_exact(n).zip(together.chunks_exact(OUTPUTS)) {
            let alone = trainer.network().outputs(x).unwrap();
            assert!(alone.iter().zip(y).all(|(a, b)| (a - b).abs() < 1e-5), "{routing:?}");
        }
        assert!(trainer.network().outputs(&[]).unwrap().is_empty());
    }
}

#[test]
fn threads_and_repetitions_change_no_bit() {
    let (x, dy) = (numbers(70 * INPUTS * PIXELS, 1), numbers(70 * OUTPUTS, 2));
    for routing in all() {
        let of = |par: Par| {
            let mut trainer = trainer(routing, &SparsityConfig::new(Static {}, 0.4, 1));
            trainer.set_par(par);
            let (y, gradients) = pass(&mut trainer, &x, &dy, true);
            (y, gradients.params, gradients.input, gradients.loads)
        };
        let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
        let one = of(Par::Serial);
        assert!(
            one == of(Par::Serial) && one == pool.install(|| of(Par::Threads(3))),
            "{routing:?}"
        );
    }
}

/// What another pass left in memory that is used again has no part in the next.
#[test]
fn memory_that_was_used_changes_no_bit() {
    let numbers = |n: usize, seed| numbers(20 * n, seed);
    let (x, dy) = (numbers(INPUTS * PIXELS, 1), numbers(OUTPUTS, 2));
    let (other, by) = (numbers(INPUTS * PIXELS, 3), numbers(OUTPUTS, 4));
    for routing in all() {
        let mut trainer = trainer(routing, &SparsityConfig::new(Static {}, 0.4, 1));
        let mut of = |x: &[f32], dy: &[f32]| {
            let (y, gradients) = pass(&mut trainer, x, dy, false);
            (y, gradients.params, gradients.input)
        };
        let fresh = of(&x, &dy);
        assert_ne!(fresh, of(&other, &by));
        assert!(fresh == of(&x, &dy), "{routing:?}");
    }
}

/// Noise is drawn in training alone, and the load loss reaches the router by way of it.
#[test]
fn noise_is_of_training_and_has_a_load_loss() {
    let base = routing(&top_k::ROW, Tokens::Pixels);
    let (x, dy) = (numbers(BATCH * INPUTS * PIXELS, 1), numbers(BATCH * OUTPUTS, 2));
    let of = |noise: f64, load: f64, training: bool| {
        let balance = Balance { load, ..Balance::default() };
        let mut trainer = trainer(Routing { noise, balance, ..base }, &SparsityConfig::dense());
        let router = trainer.network().layers()[1].weights();
        let (y, gradients) = pass(&mut trainer, &x, &dy, training);
        let imbalance = gradients.loads.first().map_or(0.0, |load| load.imbalance);
        (y, gradients.params[router].to_vec(), imbalance)
    };
    assert!(of(2.0, 0.5, false) == of(0.0, 0.0, false));
    let (without, with) = (of(0.0, 0.0, true), of(2.0, 0.0, true));
    assert!(without.0 != with.0 && without.2 == 0.0 && with.2 > 0.0);
    assert!(with == of(2.0, 0.0, true), "the same draw again");
    let by_load = of(2.0, 0.5, true);
    assert!(by_load.0 == with.0 && by_load.2 == with.2 && by_load.1 != with.1);
}

#[test]
fn a_draw_is_reinforced_by_the_losses_that_are_told() {
    let (x, dy) = (numbers(BATCH * INPUTS * PIXELS, 1), numbers(BATCH * OUTPUTS, 2));
    let mut trainer = trainer(routing(&reinforce::ROW, Tokens::Batch), &SparsityConfig::dense());
    let router = trainer.network().layers()[1].weights();
    let mut of = |losses: &[f32]| {
        let step = trainer.begin_step().unwrap();
        let mut vjp = trainer.vjp(&x, &step).unwrap();
        vjp.tell_losses(losses);
        vjp.backward(&dy, BOTH).unwrap().params[router.clone()].to_vec()
    };
    assert!(of(&[]).iter().all(|g| *g == 0.0));
    assert!(of(&[2.0; BATCH]).iter().all(|g| g.abs() < 1e-6), "all as good as the others");
    assert!(of(&[1.0, 2.0, 3.0, 4.0, 5.0]).iter().any(|g| g.abs() > 1e-3));
}

#[test]
fn every_method_works_inside_experts_and_routers_stay_dense() {
    let (x, dy) = (numbers(BATCH * INPUTS * PIXELS, 1), numbers(BATCH * OUTPUTS, 2));
    let schedule = || DropGrow { drop_fraction: 0.5, ..drop_grow(2) };
    let methods = [
        fixed(),
        set(schedule()),
        rigl(schedule()),
        snfs(schedule()),
        snip(),
        top_kast(2, 0.3, 1e-4),
        pruning(1, 6, 2),
    ];
    for (method, routing) in
        methods.into_iter().flat_map(|m| all().into_iter().map(move |r| (m.clone(), r)))
    {
        let sparsity = SparsityConfig {
            layers: [("conv".into(), 0.0)].into(),
            ..SparsityConfig::new(method, 0.5, RUN)
        };
        let mut trainer = trainer(routing, &sparsity);
        for _ in 0..9 {
            let step = trainer.begin_step().unwrap();
            let mut vjp = trainer.vjp(&x, &step).unwrap();
            let gradients = vjp.backward(&dy, Wanted::PARAMS).unwrap();
            drop(vjp);
            trainer.finish_step(step, gradients).unwrap();
        }
        let plan = trainer.network().backend().plan();
        for (l, layer) in trainer.network().layers().iter().enumerate().skip(1) {
            assert_eq!(plan.is_router(l), layer.topology().density() == 1.0, "{}", layer.name());
        }
        let [(name, load)] = &trainer.drain_loads()[..] else { panic!("one block") };
        assert_eq!((name.as_str(), load.passes), ("conv", 9));
    }
    // A router has no sparsity to choose.
    let own = SparsityConfig {
        layers: [("router".into(), 0.5)].into(),
        ..SparsityConfig::new(Static {}, 0.5, 1)
    };
    let specs = specs(routing(&top_k::ROW, Tokens::Pixels));
    assert!(Trainer::new("net", &specs, &own, ADAM, &Seed::new(1)).is_err());
}

/// Without drops a batch takes what the model says: each token one expert.
#[test]
fn operations_are_those_of_what_was_routed() {
    let routing = Routing { capacity: 3.0, ..routing(&top_k::ROW, Tokens::Pixels) };
    let trainer = trainer(routing, &SparsityConfig::dense());
    let (x, dy) = (numbers(3 * INPUTS * PIXELS, 1), numbers(3 * OUTPUTS, 2));
    let network = trainer.network();
    let mut vjp = network.vjp(&x, &mut Ctx::default()).unwrap();
    vjp.backward(&dy, BOTH).unwrap();
    assert_eq!(network.executed(), network.flops(3, BOTH));
    // 2 · 18 tokens, 4 · 5 weights in and out again, and 4 · 3 of the router.
    let experts = 2 * 18 * (2 * 20 + 12);
    let rest = 2 * 18 * 9 * INPUTS * CHANNELS + 2 * 3 * CHANNELS * PIXELS * OUTPUTS;
    assert_eq!(network.executed().forward, (experts + rest) as u64);
}

#[test]
fn blocks_that_do_not_fit_are_refused() {
    let of = |change: fn(&mut Vec<LayerSpec>)| {
        let mut specs = specs(routing(&top_k::ROW, Tokens::Pixels));
        change(&mut specs);
        let dense = SparsityConfig::dense();
        Trainer::new("net", &specs, &dense, ADAM, &Seed::new(1))
            .map(|_| ())
            .map_err(|e| e.to_string())
    };
    assert!(of(|_| ()).is_ok());
    let error = |change| of(change).unwrap_err();
    assert!(error(|specs| specs.truncate(4)).contains("without its layers"));
    assert!(error(|specs| drop(specs.remove(1))).contains("does not fit the tokens"));
    assert!(error(|specs| specs[2].then = vec![Join::Relu]).contains("a step after a layer"));
    assert!(error(|specs| specs[3].activation = Activation::Relu).contains("does not fit"));
}

#[cfg(any(feature = "emulate", feature = "cuda"))]
#[test]
fn a_device_says_that_it_lacks_them() {
    use sparring_sparse::gpu::{DeviceTrainer, Precision};
    let trainer = trainer(routing(&top_k::ROW, Tokens::Pixels), &SparsityConfig::dense());
    let gpu = crate::common::device::device(1);
    let error = DeviceTrainer::new(&gpu, &trainer, Precision::F32).err().unwrap().to_string();
    assert!(error.contains("block of experts behind layer `conv`") && error.contains("use `cpu`"));
}
