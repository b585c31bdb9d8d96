//! When and how much a topology changes (PAPERS 1.7 and 1.9). Steps are gradient steps.

use crate::config::{Decay, DropGrow, Pruning};

impl DropGrow {
    /// The fraction of active weights to replace at step `t`; none where `t` does not rewire.
    /// Step 0 rewires, and so does `until` itself unless the fraction has fallen to nothing.
    pub fn fraction_at(&self, t: u64) -> Option<f64> {
        if !t.is_multiple_of(self.every) || t > self.until {
            return None;
        }
        let progress = if self.until == 0 { 1.0 } else { t as f64 / self.until as f64 };
        let fraction = match self.decay {
            Decay::Constant => self.drop_fraction,
            Decay::Linear => self.drop_fraction * (1.0 - progress),
            Decay::Cosine => {
                self.drop_fraction * 0.5 * (1.0 + (std::f64::consts::PI * progress).cos())
            }
        };
        (fraction > 0.0).then_some(fraction)
    }
}

impl Pruning {
    /// The share `1 − (1 − p)³` of the final sparsity to hold from step `t` on, with
    /// `p = (t − t0) / (t1 − t0)` (Zhu & Gupta 2017, 1710.01878, equation 1 from an initial sparsity
    /// of 0); none where `t` does not prune.
    pub fn progress_at(&self, t: u64) -> Option<f64> {
        if t < self.start || t > self.end || !(t - self.start).is_multiple_of(self.every) {
            return None;
        }
        if self.end == self.start {
            return Some(1.0);
        }
        let p = (t - self.start) as f64 / (self.end - self.start) as f64;
        Some(1.0 - (1.0 - p).powi(3))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Order;

    fn drop_grow(decay: Decay) -> DropGrow {
        DropGrow { every: 100, until: 1000, drop_fraction: 0.4, decay, order: Order::BeforeStep }
    }

    #[test]
    fn step_0_rewires_and_the_last_one_of_a_fallen_fraction_does_not() {
        for decay in [Decay::Constant, Decay::Linear, Decay::Cosine] {
            let schedule = drop_grow(decay);
            assert_eq!(schedule.fraction_at(0), Some(0.4));
            assert_eq!(schedule.fraction_at(50), None);
            assert_eq!(schedule.fraction_at(1100), None);
            assert_eq!(schedule.fraction_at(1000).is_some(), decay == Decay::Constant);
        }
    }

    #[test]
    fn the_three_decays() {
        let at = |decay, t| drop_grow(decay).fraction_at(t).unwrap();
        assert_eq!(at(Decay::Constant, 500), 0.4);
        assert!((at(Decay::Linear, 500) - 0.2).abs() < 1e-12);
        assert!((at(Decay::Cosine, 500) - 0.2).abs() < 1e-12);
        // ½ (1 + cos(0.3 π)) = 0.793893
        assert!((at(Decay::Cosine, 300) - 0.4 * 0.793_892_6).abs() < 1e-7);
    }

    #[test]
    fn no_fraction_never_rewires() {
        let schedule = DropGrow { drop_fraction: 0.0, ..drop_grow(Decay::Constant) };
        assert_eq!(schedule.fraction_at(0), None);
    }

    #[test]
    fn the_cubic_schedule() {
        let pruning = Pruning { start: 200, end: 600, every: 100 };
        assert_eq!(pruning.progress_at(100), None);
        assert_eq!(pruning.progress_at(200), Some(0.0));
        assert_eq!(pruning.progress_at(250), None);
        assert_eq!(pruning.progress_at(300), Some(0.578125));
        assert_eq!(pruning.progress_at(400), Some(0.875));
        assert_eq!(pruning.progress_at(600), Some(1.0));
        assert_eq!(pruning.progress_at(700), None);
    }
}
