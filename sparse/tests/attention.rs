//! Transformers, which are networks with attention, against a plain account of them in f64.

use crate::common::{ADAM, fixed, pruning, rewiring, snip, sparse as sparse_at, top_kast};
use rand::RngExt;
use sparring_sparse::attention::{Attention, Cache, Retrieved, Sees};
use sparring_sparse::config::SparsityConfig;
use sparring_sparse::kernels::norm::EPSILON;
use sparring_sparse::{
    Activation, Algebra, Ctx, Init, Join, Layer, LayerSpec, Network, Par, Seed, Shape, Trainer,
    Wanted,
};

const INPUTS: usize = 5;
const WIDTH: usize = 8;
const OUTPUTS: usize = 3;
const BOTH: Wanted = Wanted { input: true, params: true };

/// An embedding, `blocks` blocks before each half of which stands a norm, and a head.
fn specs(blocks: usize, attention: Attention) -> Vec<LayerSpec> {
    let (relu, none) = (Activation::Relu, Activation::Identity);
    let layer =
        |name: String, [inputs, outputs]: [usize; 2], activation, then: &[Join]| LayerSpec {
            name,
            shape: Shape::Linear { inputs, outputs },
            activation,
            init: Init::Uniform { limit: 0.5 },
            bias: 0.1,
            weight_decay: 0.0,
            algebra: Algebra::REAL,
            then: then.to_vec(),
        };
    let half = [Join::Add, Join::Save, Join::LayerNorm];
    let mut all = vec![layer("embed".into(), [INPUTS, WIDTH], none, &half[1..])];
    for b in 0..blocks {
        let name = |part| format!("block.{b}.{part}");
        let end: &[Join] = if b + 1 == blocks { &[Join::Add, Join::LayerNorm] } else { &half };
        all.push(layer(name("qkv"), [WIDTH, 3 * WIDTH], none, &[Join::Attention(attention)]));
        all.push(layer(name("out"), [WIDTH, WIDTH], none, &half));
        all.push(layer(name("mlp.0"), [WIDTH, 2 * WIDTH], relu, &[]));
        all.push(layer(name("mlp.1"), [2 * WIDTH, WIDTH], none, end));
    }
    all.push(layer("head".into(), [WIDTH, OUTPUTS], none, &[]));
    all
}

fn trainer(attention: Attention, sparsity: &SparsityConfig) -> Trainer {
    Trainer::new("net", &specs(2, attention), sparsity, ADAM, &Seed::new(3)).unwrap()
}

/// Half of all weights, for good.
fn half() -> SparsityConfig {
    sparse_at(fixed(), 0.5)
}

fn numbers(n: usize, seed: u64) -> Vec<f32> {
    let mut rng = Seed::new(seed).rng();
    (0..n).map(|_| rng.random_range(-1.0..1.0)).collect()
}

fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|v| f64::from(*v)).collect()
}

fn linear(layer: &Layer, params: &[f64], x: &[f64]) -> Vec<f64> {
    let mut y = params[layer.biases()].to_vec();
    let cols = layer.shape().cols();
    for (position, w) in layer.topology().positions().zip(&params[layer.weights()]) {
        y[position as usize / cols] += w * x[position as usize % cols];
    }
    if layer.activation() == Activation::Relu {
        y.iter_mut().for_each(|y| *y = y.max(0.0));
    }
    y
}

fn normed(params: &[f64], x: &[f64]) -> Vec<f64> {
    let (n, (scale, shift)) = (x.len() as f64, params.split_at(x.len()));
    let mean = x.iter().sum::<f64>() / n;
    let var = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
    let rate = 1.0 / (var + f64::from(EPSILON)).sqrt();
    x.iter().zip(scale.iter().zip(shift)).map(|(x, (a, b))| a * (x - mean) * rate + b).collect()
}

/// Whether token `i` sees token `j`, as the words have it.
fn sees(of: Sees, i: usize, j: usize) -> bool {
    match of {
        Sees::All => true,
        Sees::Before => j <= i,
        Sees::Retrieved(Retrieved { own, chunk, neighbours, neighbour }) => {
            let group = |token: usize| (token - own) / (neighbours * neighbour);
            match (i < own, j < own) {
                (true, true) => j <= i,
                (true, false) => group(j) + 1 == i / chunk,
                (false, true) => j / chunk == group(i),
                (false, false) => (i - own) / neighbour == (j - own) / neighbour,
            }
        }
    }
}

fn attended(of: Attention, rows: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let (width, size) = (rows[0].len() / 3, rows[0].len() / 3 / of.heads);
    let mut out = vec![vec![0.0; width]; rows.len()];
    for (t, row) in rows.iter().enumerate() {
        let first = t / of.tokens * of.tokens;
        let seen: Vec<&Vec<f64>> = (0..of.tokens)
            .filter(|j| sees(of.sees, t - first, *j))
            .map(|j| &rows[first + j])
            .collect();
        for h in 0..of.heads {
            let part = |row: &[f64], part: usize| row[part * width + h * size..][..size].to_vec();
            let q = part(row, 0);
            let score = |other: &&Vec<f64>| {
                let k = part(other, 1);
                let dot: f64 = q.iter().zip(&k).map(|(q, k)| q * k).sum();
                (dot / (size as f64).sqrt()).exp()
            };
            let scores: Vec<f64> = seen.iter().map(score).collect();
            let sum: f64 = scores.iter().sum();
            for (other, score) in seen.iter().zip(scores) {
                for (to, v) in out[t][h * size..].iter_mut().zip(part(other, 2)) {
                    *to += score / sum * v;
                }
            }
        }
    }
    out
}

/// What the network gives, `(tokens · out)`.
fn outputs(network: &Network, params: &[f64], x: &[f64]) -> Vec<f64> {
    let mut rows: Vec<Vec<f64>> = x.chunks_exact(INPUTS).map(<[f64]>::to_vec).collect();
    let mut saved = Vec::new();
    for layer in network.layers() {
        rows = rows.iter().map(|x| linear(layer, params, x)).collect();
        for join in layer.then() {
            match join {
                Join::Save => saved.push(rows.clone()),
                Join::Add => {
                    let skip: Vec<Vec<f64>> = saved.pop().unwrap();
                    for (row, skip) in rows.iter_mut().zip(skip) {
                        row.iter_mut().zip(skip).for_each(|(x, s)| *x += s);
                    }
                }
                Join::LayerNorm => {
                    rows = rows.iter().map(|x| normed(&params[layer.norm(0)], x)).collect();
                }
                Join::Attention(of) => rows = attended(*of, &rows),
                Join::MaxPool(_) | Join::Relu | Join::Routed(_) => unreachable!(),
            }
        }
    }
    rows.concat()
}

fn all() -> [Attention; 4] {
    let causal = Attention { heads: 2, tokens: 4, sees: Sees::Before };
    let one = Attention { heads: 1, tokens: 1, sees: Sees::Before };
    let retrieved = Retrieved { own: 5, chunk: 2, neighbours: 2, neighbour: 2 };
    let sees = Sees::Retrieved(retrieved);
    let retrieved = Attention { tokens: retrieved.tokens(), sees, ..causal };
    [causal, Attention { sees: Sees::All, ..causal }, one, retrieved]
}

#[test]
fn values_and_gradients_are_those_of_the_plain_account() {
    for (attention, sparsity) in all().into_iter().zip([
        SparsityConfig::dense(),
        SparsityConfig { layers: [("embed".into(), 0.0)].into(), ..half() },
        SparsityConfig::dense(),
        half(),
    ]) {
        let trainer = trainer(attention, &sparsity);
        let (network, tokens) = (trainer.network(), 3 * attention.tokens);
        let (x, dy) = (numbers(tokens * INPUTS, 1), numbers(tokens * OUTPUTS, 2));
        let params: Vec<f32> = network.params().to_vec1().unwrap();
        let (p, wide_x) = (wide(&params), wide(&x));
        let mut vjp = network.vjp(&x, &mut Ctx::default()).unwrap();
        let gradients = vjp.backward(&dy, BOTH).unwrap();
        let expected = outputs(network, &p, &wide_x);
        for (found, expected) in vjp.into_output().iter().zip(&expected) {
            assert!((f64::from(*found) - expected).abs() < 1e-5, "{found} {expected}");
        }
        let value = |p: &[f64], x: &[f64]| -> f64 {
            let y = outputs(network, p, x);
            y.iter().zip(&dy).map(|(y, dy)| y * f64::from(*dy)).sum()
        };
        let slope = |at: &dyn Fn(f64) -> f64| (at(1e-6) - at(-1e-6)) / 2e-6;
        let near = |found: f32, slope: f64, what: String| {
            let off = (f64::from(found) - slope).abs();
            assert!(off < 1e-5 * (1.0 + slope.abs()), "{attention:?} {what}: {found} {slope}");
        };
        for (i, g) in gradients.params.iter().enumerate() {
            let at = |delta: f64| {
                let mut p = p.clone();
                p[i] += delta;
                value(&p, &wide_x)
            };
            near(*g, slope(&at), format!("{i}"));
        }
        for (i, g) in gradients.input.iter().enumerate() {
            let at = |delta: f64| {
                let mut x = wide_x.clone();
                x[i] += delta;
                value(&p, &x)
            };
            near(*g, slope(&at), format!("x {i}"));
        }
    }
}

/// Of many sequences, which begin and end anywhere in tiles: each as if it were alone.
#[test]
fn a_sequence_knows_nothing_of_others_and_a_causal_token_nothing_of_later_ones() {
    let attention = Attention { heads: 4, tokens: 7, sees: Sees::Before };
    let trainer = trainer(attention, &half());
    let network = trainer.network();
    let x = numbers(20 * 7 * INPUTS, 1);
    let together = network.outputs(&x).unwrap();
    for (x, y) in x.chunks_exact(7 * INPUTS).zip(together.chunks_exact(7 * OUTPUTS)) {
        let alone = network.outputs(x).unwrap();
        assert!(alone.iter().zip(y).all(|(a, b)| (a - b).abs() < 1e-5));
    }
    for t in 0..7 {
        let mut other = x.clone();
        for sequence in other.chunks_exact_mut(7 * INPUTS) {
            sequence[t * INPUTS..].iter_mut().for_each(|x| *x = 1.0 - *x);
        }
        let changed = network.outputs(&other).unwrap();
        for (a, b) in together.chunks_exact(7 * OUTPUTS).zip(changed.chunks_exact(7 * OUTPUTS)) {
            assert_eq!(a[..t * OUTPUTS], b[..t * OUTPUTS]);
            assert_ne!(a[t * OUTPUTS..], b[t * OUTPUTS..]);
        }
    }
    // Without a mask all tokens see all.
    let open = Attention { sees: Sees::All, ..attention };
    let open = Network::new(trainer_of(open).network().layers().to_vec(), values(network));
    let open = open.unwrap();
    let mut other = x.clone();
    other[6 * INPUTS] += 1.0;
    assert_ne!(open.outputs(&x).unwrap()[..OUTPUTS], open.outputs(&other).unwrap()[..OUTPUTS]);
}

fn trainer_of(attention: Attention) -> Trainer {
    trainer(attention, &half())
}

fn values(network: &Network) -> Vec<f32> {
    network.params().to_vec1().unwrap()
}

#[test]
fn with_a_cache_new_tokens_alone_give_what_all_give() {
    let attention = Attention { heads: 2, tokens: 9, sees: Sees::Before };
    let trainer = trainer_of(attention);
    let (network, sequences) = (trainer.network(), 3);
    let x = numbers(sequences * 9 * INPUTS, 1);
    let whole = network.outputs(&x).unwrap();
    for pieces in [vec![1; 9], vec![3, 1, 5], vec![9], vec![2, 7]] {
        let mut cache = Cache::new(sequences);
        for again in 0..2 {
            cache.clear();
            for tokens in &pieces {
                let start = cache.tokens();
                let of =
                    |s: usize, wide: usize| (s * 9 + start) * wide..(s * 9 + start + tokens) * wide;
                let new: Vec<f32> =
                    (0..sequences).flat_map(|s| x[of(s, INPUTS)].to_vec()).collect();
                let mut ctx = Ctx { cache: Some(&mut cache), ..Ctx::default() };
                let y = network.vjp(&new, &mut ctx).unwrap().into_output();
                assert_eq!(cache.tokens(), start + tokens);
                let expected = (0..sequences).flat_map(|s| whole[of(s, OUTPUTS)].to_vec());
                for (y, expected) in y.iter().zip(expected) {
                    assert!((y - expected).abs() < 1e-5, "{pieces:?} {again}: {y} {expected}");
                }
            }
        }
    }
}

#[test]
fn threads_and_repetitions_change_no_bit() {
    let attention = Attention { heads: 2, tokens: 10, sees: Sees::Before };
    let (x, dy) = (numbers(130 * INPUTS, 1), numbers(130 * OUTPUTS, 2));
    let of = |par: Par| {
        let mut trainer = trainer_of(attention);
        trainer.set_par(par);
        let twice = || {
            let mut vjp = trainer.network().vjp(&x, &mut Ctx::default()).unwrap();
            let gradients = vjp.backward(&dy, BOTH).unwrap();
            (vjp.into_output(), gradients.params, gradients.input)
        };
        let first = twice();
        assert!(first == twice());
        first
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
    assert!(of(Par::Serial) == pool.install(|| of(Par::Threads(3))));
}

#[test]
fn every_method_trains_a_transformer() {
    let attention = Attention { heads: 2, tokens: 4, sees: Sees::Before };
    let x = numbers(6 * 4 * INPUTS, 1);
    let wanted = numbers(6 * 4 * OUTPUTS, 2);
    let others = [fixed(), snip(), top_kast(20, 0.3, 1e-4), pruning(5, 60, 5)];
    for method in rewiring(20).into_iter().chain(others) {
        let mut trainer = trainer(attention, &sparse_at(method.clone(), 0.5));
        let mut losses = Vec::new();
        for _ in 0..120 {
            let step = trainer.begin_step().unwrap();
            let mut vjp = trainer.vjp(&x, &step).unwrap();
            let dy: Vec<f32> = vjp.output().iter().zip(&wanted).map(|(y, w)| y - w).collect();
            losses.push(dy.iter().map(|d| d * d).sum::<f32>());
            let gradients = vjp.backward(&dy, Wanted::PARAMS).unwrap();
            drop(vjp);
            trainer.finish_step(step, gradients).unwrap();
        }
        let name = method.row().name;
        assert!(losses[119] < 0.7 * losses[0], "{name}: {} to {}", losses[0], losses[119]);
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let attention = Attention { heads: 2, tokens: 4, sees: Sees::Before };
    let error = |of: Attention, change: fn(&mut Vec<LayerSpec>)| {
        let mut specs = specs(1, of);
        change(&mut specs);
        let dense = SparsityConfig::dense();
        Trainer::new("net", &specs, &dense, ADAM, &Seed::new(1)).err().map(|e| e.to_string())
    };
    assert_eq!(error(attention, |_| ()), None);
    let told = |of, change, what: &str| assert!(error(of, change).unwrap().contains(what));
    told(Attention { heads: 3, ..attention }, |_| (), "does not divide its width");
    told(Attention { tokens: 0, ..attention }, |_| (), "between no tokens");
    let seven = |specs: &mut Vec<LayerSpec>| {
        specs[1].shape = Shape::Linear { inputs: WIDTH, outputs: 7 };
    };
    told(attention, seven, "does not give queries");
    let other = |specs: &mut Vec<LayerSpec>| {
        let attention = Attention { heads: 2, tokens: 5, sees: Sees::Before };
        specs[2].shape = Shape::Linear { inputs: WIDTH, outputs: 3 * WIDTH };
        specs[2].then = vec![Join::Attention(attention), Join::Add, Join::Save, Join::LayerNorm];
    };
    told(attention, other, "between another number of tokens");
    let trainer = trainer_of(attention);
    let cut = trainer.network().outputs(&numbers(6 * INPUTS, 1)).unwrap_err().to_string();
    assert!(cut.contains("a batch of 6 tokens, where sequences have 4"), "{cut}");
    assert!(trainer.network().outputs(&[]).unwrap().is_empty());
    let open = trainer_of(Attention { sees: Sees::All, ..attention });
    for (network, sequences, what) in
        [(trainer.network(), 5, "as many for each"), (open.network(), 1, "not causal")]
    {
        let mut cache = Cache::new(sequences);
        let mut ctx = Ctx { cache: Some(&mut cache), ..Ctx::default() };
        let error = network.vjp(&numbers(4 * INPUTS, 1), &mut ctx).err().unwrap().to_string();
        assert!(error.contains(what), "{error}");
    }
}
