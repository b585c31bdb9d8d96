//! What a plan shows is what a run reaches, for every method and schedule; or the keys are refused.

use crate::common::{ADAM, WIDTHS, data, specs, squared_error};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use sparring_sparse::config::SparsityConfig;
use sparring_sparse::estimate::estimate;
use sparring_sparse::methods::{METHODS, MethodChoice};
use sparring_sparse::{Seed, Trainer};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_planned_density_is_reached_or_the_keys_are_refused(
        row in prop::sample::select(&METHODS[..]),
        order in prop::sample::select(vec!["before_step", "after_step", "instead_of_step"]),
        sparsity in prop::sample::select(vec![0.1, 0.5, 0.8, 0.95]),
        every in 1u64..40,
        from in prop_oneof![Just(0.0), 0.0f64..1.0],
        length in prop_oneof![Just(0.0), Just(1.0), 0.0f64..1.0],
        fraction in 0.0f64..1.0,
        steps in 1u64..50,
    ) {
        let until = (from + length).min(1.0);
        let wanted = json!({
            "update_every_gradient_steps": every, "update_until": until, "drop_fraction": fraction,
            "update_order": order, "prune_every_gradient_steps": every, "prune_from": from,
            "prune_until": until,
        });
        let schema = (row.schema)().to_value();
        let has = |key: &str| schema["properties"].get(key).is_some();
        let keys: Map<String, Value> =
            wanted.as_object().unwrap().clone().into_iter().filter(|(key, _)| has(key)).collect();
        let method = MethodChoice::new((row.read)(Value::Object(keys)).unwrap());
        let config = SparsityConfig::new(method, sparsity, steps);
        let specs = specs(&WIDTHS);
        let Ok(planned) = estimate(&specs, &config, &ADAM, false, &[16]) else {
            let made = Trainer::new("net", &specs, &config, ADAM, &Seed::new(1));
            prop_assert!(made.is_err(), "what no plan shows is not made");
            return Ok(());
        };
        let mut trainer = Trainer::new("net", &specs, &config, ADAM, &Seed::new(1)).unwrap();
        for t in 0..steps {
            let (x, y) = data(t % 4);
            let step = trainer.begin_step().unwrap();
            let loss = squared_error(trainer.forward(&x, &step).unwrap(), &y);
            trainer.end_step(step, &loss.backward().unwrap()).unwrap();
        }
        for (layer, planned) in trainer.network().layers().iter().zip(&planned.layers) {
            let nnz = layer.topology().nnz();
            prop_assert_eq!(nnz, planned.cost.active as usize, "{} {:?}", layer.name(), config.method);
        }
    }
}
