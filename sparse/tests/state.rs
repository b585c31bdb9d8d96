//! A trainer that is written down and read into a fresh one goes on as if nothing had happened.

use crate::common::*;
use serde_json::{Map, Value, json};
use sparring_sparse::config::{Distribution, Pattern, SparsityConfig};
use sparring_sparse::methods::{METHODS, MethodRow};
use sparring_sparse::{
    ClipNorm, Compute, Join, OptimizerConfig, Rule, Section, Seed, SparseError, Target, Trainer,
    WeightDecay,
};

/// Gradient steps of the runs below; schedules end before.
const STEPS: u64 = 40;

/// The method of `row` with a schedule that is over before the run is, for each order of a step that it has.
fn choices(row: &MethodRow) -> Vec<MethodChoice> {
    let schema = (row.schema)().to_value();
    let has = |key: &str| schema["properties"].get(key).is_some();
    let wanted = json!({
        "update_every_gradient_steps": 6, "update_until": 0.7, "drop_fraction": 0.4,
        "grown_value": "normal", "grown_moment": 0.1, "exploration_penalty": 1e-2,
        "prune_every_gradient_steps": 5, "prune_from": 0.1, "prune_until": 0.75,
    });
    let keys: Map<String, Value> =
        wanted.as_object().unwrap().clone().into_iter().filter(|(key, _)| has(key)).collect();
    let orders = match has("update_order") {
        true => vec![Some("before_step"), Some("after_step"), Some("instead_of_step")],
        false => vec![None],
    };
    let of = |order: Option<&str>| {
        let mut keys = keys.clone();
        keys.extend(order.map(|order| ("update_order".to_owned(), json!(order))));
        MethodChoice::new((row.read)(Value::Object(keys)).unwrap())
    };
    orders.into_iter().map(of).collect()
}

fn optimizers() -> Vec<OptimizerConfig> {
    let sgd = |momentum| OptimizerConfig { rule: Rule::Sgd { momentum }, ..ADAM };
    let clipped = OptimizerConfig { max_grad_norm: Some(0.5), clip_norm: ClipNorm::Dense, ..ADAM };
    vec![
        ADAM,
        OptimizerConfig { weight_decay: WeightDecay::Decoupled, ..ADAM },
        sgd(0.0),
        sgd(0.9),
        clipped,
    ]
}

fn config(method: MethodChoice, pattern: Pattern) -> SparsityConfig {
    let distribution = Distribution::Uniform;
    SparsityConfig { gradient_steps: STEPS, pattern, distribution, ..sparse(method, 0.5) }
}

/// A network in training and one that trails it.
struct Pair {
    trainer: Trainer,
    target: Target,
}

impl Pair {
    fn new(config: &SparsityConfig, optimizer: OptimizerConfig, seed: u64) -> Self {
        let mut specs = specs(&WIDTHS);
        specs.iter_mut().for_each(|spec| spec.weight_decay = 1e-2);
        // One layer with parameters behind its biases, and others without.
        specs[1].then = vec![Join::LayerNorm];
        let trainer = Trainer::new("net", &specs, config, optimizer, &Seed::new(seed)).unwrap();
        Self { target: Target::new(trainer.network()).unwrap(), trainer }
    }

    fn train(&mut self, steps: std::ops::Range<u64>) {
        for t in steps {
            self.trainer.set_learning_rate(1e-2 * (1.0 - t as f64 / STEPS as f64));
            train(&mut self.trainer, t);
            if t % 3 == 2 {
                self.target.update(self.trainer.network(), 0.1).unwrap();
            }
        }
    }

    fn save(&self) -> Vec<u8> {
        let mut all = Section::new(1);
        all.nest("trainer", self.trainer.save().unwrap());
        all.nest("target", self.target.save().unwrap());
        all.to_bytes().unwrap()
    }

    fn load(&mut self, bytes: &[u8]) -> Result<(), SparseError> {
        let all = Section::from_bytes(bytes)?;
        self.trainer.load(&all.part("trainer"))?;
        self.target.load(&all.part("target"))
    }
}

/// Uninterrupted, and interrupted before anything, before the first rewiring but one, in the midst of the
/// schedule, in a step that rewires, and after its end.
fn goes_on(config: &SparsityConfig, optimizer: OptimizerConfig) {
    let mut whole = Pair::new(config, optimizer, 1);
    let mut saved = Vec::new();
    for t in 0..STEPS {
        if [0, 1, 4, 12, 17, 35].contains(&t) {
            saved.push((t, whole.save()));
        }
        whole.train(t..t + 1);
    }
    let end = whole.save();
    for (t, bytes) in saved {
        let mut again = Pair::new(config, optimizer, 2);
        again.load(&bytes).unwrap();
        assert!(again.save() == bytes, "{:?} at {t}: it is as it was", config.method);
        again.train(t..STEPS);
        assert!(again.save() == end, "{:?} {optimizer:?} at {t}", config.method);
    }
}

#[test]
fn every_method_goes_on_under_every_optimizer() {
    for row in METHODS {
        for method in choices(row) {
            for optimizer in optimizers() {
                goes_on(&config(method.clone(), Pattern::Unstructured), optimizer);
            }
        }
    }
}

#[test]
fn every_method_goes_on_under_every_pattern_and_form() {
    for row in METHODS {
        for method in choices(row) {
            for pattern in [Pattern::Nm { n: 1, m: 2 }, Pattern::Block { height: 3, width: 2 }] {
                let config = config(method.clone(), pattern);
                goes_on(&SparsityConfig { compute: Compute::Dense.into(), ..config }, ADAM);
            }
        }
    }
}

#[test]
fn another_network_method_sparsity_or_optimizer_is_refused_by_name() {
    let of = |method: MethodChoice, sparsity: f64, optimizer| {
        let config = SparsityConfig { gradient_steps: STEPS, ..sparse(method, sparsity) };
        build(&config, optimizer)
    };
    let mut one = of(rigl(drop_grow(5)), 0.5, ADAM);
    for t in 0..8 {
        train(&mut one, t);
    }
    let saved = one.save().unwrap();
    let refused = |mut other: Trainer, name: &str| {
        let error = other.load(&saved).unwrap_err().to_string();
        assert!(error.contains(&format!("`{name}`")), "{error}");
    };
    refused(of(set(drop_grow(5)), 0.5, ADAM), "method");
    refused(of(rigl(drop_grow(5)), 0.6, ADAM), "shares");
    let sgd = OptimizerConfig { rule: Rule::Sgd { momentum: 0.9 }, ..ADAM };
    refused(of(rigl(drop_grow(5)), 0.5, sgd), "optimizer/v");
    let config = SparsityConfig { gradient_steps: STEPS, ..sparse(rigl(drop_grow(5)), 0.5) };
    let wider = Trainer::new("net", &specs(&[6, 30, 24, 3]), &config, ADAM, &Seed::new(1));
    refused(wider.unwrap(), "shares");
    let mut fresh = of(rigl(drop_grow(5)), 0.5, ADAM);
    assert!(fresh.load(&Section::new(1)).is_err());
    assert!(fresh.load(&saved.part("nothing")).is_err());
    fresh.load(&saved).unwrap();
}

/// Every array of a saved trainer cut short, and every one gone: an error that names it, and no panic.
#[test]
fn what_is_cut_or_gone_is_named() {
    for row in METHODS {
        let config = config(choices(row).remove(0), Pattern::Unstructured);
        let mut pair = Pair::new(&config, ADAM, 1);
        pair.train(0..8);
        let whole = pair.trainer.save().unwrap();
        for name in whole.names() {
            let mut gone = whole.clone();
            gone.remove(&name);
            let cut = whole.f32(&name).ok().filter(|values| !values.is_empty()).map(|values| {
                let mut cut = whole.clone();
                cut.put_f32(name.clone(), &values[1..]);
                cut
            });
            for broken in [Some(gone), cut].into_iter().flatten() {
                let error = Pair::new(&config, ADAM, 2).trainer.load(&broken).unwrap_err();
                let found = error.to_string();
                let place = name.strip_suffix("/version").unwrap_or(&name);
                assert!(found.contains(place), "{name}: {found}");
            }
        }
    }
}

/// Positions that no run can have: the loaded trainer would choose by them.
#[test]
fn impossible_topologies_are_refused() {
    let config = config(rigl(drop_grow(5)), Pattern::Nm { n: 1, m: 2 });
    let pair = Pair::new(&config, ADAM, 1);
    let whole = pair.trainer.save().unwrap();
    let name = "network/1/positions";
    let positions = whole.u32(name).unwrap();
    let mut shifted = positions.clone();
    // The second of a pair of which the first is active: two in a group, and none in another.
    let free = (0..).find(|p| !positions.contains(p) && positions.contains(&(p ^ 1))).unwrap();
    shifted.pop();
    shifted.push(free);
    shifted.sort_unstable();
    let mut reversed = positions.clone();
    reversed.reverse();
    for broken in [shifted, reversed, vec![u32::MAX; positions.len()]] {
        let mut section = whole.clone();
        section.put_u32(name, &broken);
        let error = Pair::new(&config, ADAM, 2).trainer.load(&section).unwrap_err().to_string();
        assert!(error.contains(name), "{error}");
    }
}

#[test]
fn a_network_that_was_loaded_to_act_cannot_be_trained() {
    let mut saved = sparring_sparse::Saved::new();
    let one = trainer(rigl(drop_grow(5)), 0.5, ADAM);
    one.network().save_weights("net", &mut saved).unwrap();
    let mut other = build(&sparse(rigl(drop_grow(5)), 0.5), ADAM);
    other.load_weights(&saved).unwrap();
    assert!(matches!(other.begin_step(), Err(SparseError::ActsOnly { .. })));
    other.load(&one.save().unwrap()).unwrap();
    assert!(other.begin_step().is_ok());
}
