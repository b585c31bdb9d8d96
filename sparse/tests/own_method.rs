//! A method that stands outside this crate: keys, row, what it remembers; by the public API alone.

use crate::common::{ADAM, WIDTHS, data, specs, squared_error};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sparring_sparse::config::SparsityConfig;
use sparring_sparse::keys::{KeyError, to_value};
use sparring_sparse::memory::{LayerMemory, MethodMemory};
use sparring_sparse::methods::{
    Ask, At, DropGrow, Horizon, Kept, LayerGrads, Layers, Method, MethodChoice, MethodKeys,
    MethodRow, Schedule, TopologyUpdate,
};
use sparring_sparse::seed::Rng;
use sparring_sparse::{OptimizerConfig, Section, Seed, SparseError, Trainer};

static ROW: MethodRow =
    MethodRow::of::<TurnsKeys>("turns", "grows by the gradient and at random, in turns");

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
struct TurnsKeys {
    #[serde(flatten)]
    schedule: DropGrow,
    /// Rewirings by the gradient, one after the other, before one at random.
    #[schemars(range(min = 1))]
    by_gradient: u64,
}

impl MethodKeys for TurnsKeys {
    fn row(&self) -> &'static MethodRow {
        &ROW
    }

    fn to_value(&self) -> Value {
        to_value(self)
    }

    fn build(&self, run: &Horizon) -> Result<Box<dyn Method>, KeyError> {
        Ok(Box::new(Turns { schedule: self.schedule.over(run), keys: self.clone(), done: 0 }))
    }
}

#[derive(Debug)]
struct Turns {
    schedule: Schedule,
    keys: TurnsKeys,
    /// Rewirings so far.
    done: u64,
}

impl Method for Turns {
    fn ask(&mut self, at: At, _: &Layers<'_>, _: &mut Rng) -> Result<Ask, SparseError> {
        Ok(self.schedule.fraction_at(at).map_or(Ask::Nothing, |_| Ask::Dense))
    }

    fn update(
        &mut self,
        at: At,
        layers: &Layers<'_>,
        grads: &[LayerGrads<'_>],
        rng: &mut Rng,
    ) -> Result<Option<Vec<TopologyUpdate>>, SparseError> {
        let Some(fraction) = self.schedule.fraction_at(at) else { return Ok(None) };
        let at_random = self.done % (self.keys.by_gradient + 1) == self.keys.by_gradient;
        self.done += 1;
        let updates = layers.each_sparse(|l, layer| {
            let kept = Kept::largest(layer, fraction);
            match at_random {
                true => kept.grow_random(rng),
                false => {
                    let scores = grads[l].dense.iter().map(|g| g.abs());
                    kept.grow_largest(&layer.blocks.dense_sums(scores))
                }
            }
        });
        updates.map(Some)
    }

    fn save(&self, to: &mut Section) -> Result<(), SparseError> {
        to.put("done", &self.done)
    }

    fn load(&mut self, from: &Section, _: &Layers<'_>) -> Result<(), SparseError> {
        self.done = from.get("done")?;
        Ok(())
    }

    fn memory(&self, layer: &LayerMemory) -> MethodMemory {
        layer.rewired(layer.active).by_dense_gradient(layer)
    }
}

fn trainer(seed: u64) -> Trainer {
    let keys = json!({"update_every_gradient_steps": 4, "update_until": 1.0, "by_gradient": 2});
    let method = MethodChoice::new((ROW.read)(keys).unwrap());
    let config = SparsityConfig { gradient_steps: 40, ..SparsityConfig::new(method, 0.5, 40) };
    let adam = OptimizerConfig { learning_rate: 1e-2, ..ADAM };
    Trainer::new("net", &specs(&WIDTHS), &config, adam, &Seed::new(seed)).unwrap()
}

fn train(trainer: &mut Trainer, steps: std::ops::Range<u64>) -> Vec<f32> {
    let one = |t| {
        let (x, y) = data(t % 4);
        let step = trainer.begin_step().unwrap();
        let loss = squared_error(trainer.forward(&x, &step).unwrap(), &y);
        trainer.end_step(step, &loss.backward().unwrap()).unwrap();
        loss.to_scalar().unwrap()
    };
    steps.map(one).collect()
}

#[test]
fn it_has_a_row_with_keys() {
    let schema = (ROW.schema)().to_value();
    assert_eq!(schema["properties"]["by_gradient"]["minimum"], 1);
    assert!(schema["properties"]["drop_fraction"]["default"].is_number());
}

#[test]
fn it_trains_rewires_and_goes_on_from_what_it_wrote() {
    let mut whole = trainer(1);
    let losses = train(&mut whole, 0..22);
    assert!(losses[20] < 0.7 * losses[0], "{losses:?}");
    let rewired = whole.drain_rewired();
    assert!(rewired.iter().any(|counts| counts.grown > 0), "{rewired:?}");
    let saved = whole.save().unwrap();
    assert_eq!(saved.part("memory").get::<u64>("done").unwrap(), 6);
    let rest = train(&mut whole, 22..40);
    let mut again = trainer(2);
    again.load(&saved).unwrap();
    assert_eq!(train(&mut again, 22..40), rest);
    assert!(whole.save().unwrap().to_bytes().unwrap() == again.save().unwrap().to_bytes().unwrap());
}
