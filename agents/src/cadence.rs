//! When an off-policy agent trains, in environment steps, whatever the number of environments.
//!
//! After the warm-up, every `train_every_env_steps` environment steps bring `gradient_steps` gradient
//! steps: the update-to-data ratio is `gradient_steps / train_every_env_steps`. A step of `n`
//! environments is `n` environment steps, and those that it passes are made up for at once.

/// When an agent trains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cadence {
    /// Environment steps before the first training.
    pub warmup_env_steps: u64,
    /// Environment steps from one training to the next.
    pub train_every_env_steps: u64,
    /// Gradient steps in one training.
    pub gradient_steps: u64,
}

impl Cadence {
    /// Gradient steps due by `env_steps`.
    pub fn due(&self, env_steps: u64) -> u64 {
        let trainings =
            env_steps.saturating_sub(self.warmup_env_steps) / self.train_every_env_steps;
        trainings.saturating_mul(self.gradient_steps)
    }

    /// Gradient steps in a run of `total_env_steps`, which `num_envs` at once round up.
    pub fn total(&self, total_env_steps: u64, num_envs: usize) -> u64 {
        self.due(total_env_steps.next_multiple_of(num_envs as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ratio_holds_for_any_number_of_environments() {
        let cadence =
            Cadence { warmup_env_steps: 100, train_every_env_steps: 4, gradient_steps: 3 };
        let due = [0, 100, 103, 104, 107, 108, 1100].map(|steps| cadence.due(steps));
        assert_eq!(due, [0, 0, 0, 3, 3, 6, 750]);
        let totals = [1, 4, 8, 1000].map(|num_envs| cadence.total(1100, num_envs));
        assert_eq!(totals, [750, 750, 753, 1425]);
        // In strides of seven environments, none is lost.
        let strides: Vec<u64> =
            (0..200).map(|i| cadence.due(7 * i + 7) - cadence.due(7 * i)).collect();
        assert_eq!(strides.iter().sum::<u64>(), cadence.due(1400));
    }
}
