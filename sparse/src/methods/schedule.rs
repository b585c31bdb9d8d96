//! When and how much SET, RigL and SNFS rewire (Evci et al. 2020, 1911.11134, section 3). Steps are
//! gradient steps.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::time::{At, Horizon, Order};

/// When and how much a method drops and grows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct DropGrow {
    /// Gradient steps from one rewiring to the next; step 0 rewires.
    #[schemars(range(min = 1))]
    pub update_every_gradient_steps: u64,
    /// The last part of the run that may rewire, `T` of the decay, as a fraction of its gradient steps.
    #[schemars(range(max = 1.0), extend("exclusiveMinimum" = 0.0))]
    pub update_until: f64,
    /// `f0`: the fraction of active weights that is replaced at step 0.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub drop_fraction: f64,
    /// How the fraction falls to `update_until`.
    pub drop_schedule: Decay,
    /// Where the rewiring stands beside the optimiser's step.
    pub update_order: Order,
}

impl Default for DropGrow {
    fn default() -> Self {
        Self {
            update_every_gradient_steps: 1_000,
            update_until: 0.75,
            drop_fraction: 0.5,
            drop_schedule: Decay::Cosine,
            update_order: Order::BeforeStep,
        }
    }
}

impl DropGrow {
    /// The schedule in a run.
    pub fn over(&self, run: &Horizon) -> Schedule {
        Schedule { keys: self.clone(), until: run.step(self.update_until) }
    }

    /// Says so where a run never rewires, or at its first step only.
    pub fn notes(&self, run: &Horizon) -> Vec<String> {
        let schedule = self.over(run);
        let last = schedule.until.min(run.gradient_steps.saturating_sub(1));
        let at = |step| schedule.fraction_at(At { step, rewired: false }).is_some();
        let again = (1..=last / self.update_every_gradient_steps)
            .any(|k| at(k * self.update_every_gradient_steps));
        let found = format!(
            "update_every_gradient_steps: {} in the {} gradient steps that may rewire, of {}",
            self.update_every_gradient_steps,
            last + 1,
            run.gradient_steps,
        );
        match (at(0), again) {
            (_, true) => Vec::new(),
            (true, false) => vec![format!(
                "rewires once, at step 0, and is a static topology from then on ({found})"
            )],
            (false, false) => vec![format!(
                "never rewires: a static topology (drop_fraction: {}; {found})",
                self.drop_fraction
            )],
        }
    }
}

/// A [`DropGrow`] in a run whose length is known.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    keys: DropGrow,
    until: u64,
}

impl Schedule {
    /// The last gradient step that may rewire.
    pub fn until(&self) -> u64 {
        self.until
    }

    /// Gradient steps from one rewiring to the next.
    pub fn every(&self) -> u64 {
        self.keys.update_every_gradient_steps
    }

    /// Where the rewiring stands beside the optimiser's step.
    pub fn order(&self) -> Order {
        self.keys.update_order
    }

    /// The fraction of active weights to replace at a step; none where it does not rewire. Step 0
    /// rewires, and so does the last one unless the fraction has fallen to nothing.
    pub fn fraction_at(&self, at: At) -> Option<f64> {
        let (t, keys) = (at.step, &self.keys);
        if at.rewired || !t.is_multiple_of(self.every()) || t > self.until {
            return None;
        }
        let progress = if self.until == 0 { 1.0 } else { t as f64 / self.until as f64 };
        let fraction = match keys.drop_schedule {
            Decay::Constant => keys.drop_fraction,
            Decay::Linear => keys.drop_fraction * (1.0 - progress),
            Decay::Cosine => {
                keys.drop_fraction * 0.5 * (1.0 + (std::f64::consts::PI * progress).cos())
            }
        };
        (fraction > 0.0).then_some(fraction)
    }
}

/// The annealing `f(t)` of the drop fraction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Decay {
    /// `f(t) = f0 ½ (1 + cos(π t/T))`.
    #[default]
    Cosine,
    /// `f(t) = f0 (1 − t/T)`.
    Linear,
    /// `f(t) = f0`.
    Constant,
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUN: Horizon = Horizon { gradient_steps: 2_000, sparsity: 0.9 };

    fn keys(drop_schedule: Decay) -> DropGrow {
        DropGrow {
            update_every_gradient_steps: 100,
            update_until: 0.5,
            drop_fraction: 0.4,
            drop_schedule,
            ..DropGrow::default()
        }
    }

    fn fraction(keys: &DropGrow, step: u64) -> Option<f64> {
        keys.over(&RUN).fraction_at(At { step, rewired: false })
    }

    #[test]
    fn step_0_rewires_and_the_last_one_of_a_fallen_fraction_does_not() {
        for decay in [Decay::Constant, Decay::Linear, Decay::Cosine] {
            let at = |step| fraction(&keys(decay), step);
            assert_eq!(at(0), Some(0.4));
            assert_eq!(at(50), None);
            assert_eq!(at(1100), None);
            assert_eq!(at(1000).is_some(), decay == Decay::Constant);
            let again = keys(decay).over(&RUN).fraction_at(At { step: 100, rewired: true });
            assert_eq!(again, None, "its step is due, its rewiring was");
        }
    }

    #[test]
    fn the_three_decays() {
        let at = |decay, t| fraction(&keys(decay), t).unwrap();
        assert_eq!(at(Decay::Constant, 500), 0.4);
        assert!((at(Decay::Linear, 500) - 0.2).abs() < 1e-12);
        assert!((at(Decay::Cosine, 500) - 0.2).abs() < 1e-12);
        // ½ (1 + cos(0.3 π)) = 0.793893
        assert!((at(Decay::Cosine, 300) - 0.4 * 0.793_892_6).abs() < 1e-7);
    }

    #[test]
    fn no_fraction_never_rewires_and_says_so() {
        let never = DropGrow { drop_fraction: 0.0, ..keys(Decay::Constant) };
        assert_eq!(fraction(&never, 0), None);
        assert!(never.notes(&RUN)[0].starts_with("never rewires"));
        let once = DropGrow { update_every_gradient_steps: 1_001, ..keys(Decay::Constant) };
        assert!(once.notes(&RUN)[0].starts_with("rewires once"));
        let soon_over = DropGrow { update_until: 0.0001, ..keys(Decay::Constant) };
        assert!(soon_over.notes(&RUN)[0].starts_with("rewires once"));
        // At its last step a cosine has fallen to nothing.
        let last = DropGrow { update_every_gradient_steps: 1_000, ..keys(Decay::Cosine) };
        assert!(last.notes(&RUN)[0].starts_with("rewires once"));
        assert!(keys(Decay::Cosine).notes(&RUN).is_empty());
    }
}
