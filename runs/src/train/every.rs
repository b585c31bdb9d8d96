//! When something is due.

use sparring_agents::Clock;

/// When something is due: with the first step that reaches a multiple.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Every {
    /// Of environment steps.
    EnvSteps(u64),
    /// Of gradient steps.
    GradientSteps(u64),
}

impl Every {
    /// Of so many environment steps, or of gradient steps where those are told.
    pub fn of(env_steps: u64, gradient_steps: Option<u64>) -> Self {
        gradient_steps.map_or(Self::EnvSteps(env_steps), Self::GradientSteps)
    }

    /// Whether a multiple lies above `before` and not above `now`.
    pub fn is_due(self, before: Clock, now: Clock) -> bool {
        match self {
            Self::EnvSteps(every) => now.env_steps / every > before.env_steps / every,
            Self::GradientSteps(every) => {
                now.gradient_steps / every > before.gradient_steps / every
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_that_passes_a_multiple_is_due() {
        let at = |env_steps, gradient_steps| Clock { env_steps, gradient_steps };
        let due = |every: Every, before, now| every.is_due(before, now);
        assert!(due(Every::EnvSteps(100), at(99, 0), at(102, 0)));
        assert!(due(Every::EnvSteps(100), at(99, 0), at(100, 0)));
        assert!(!due(Every::EnvSteps(100), at(100, 0), at(199, 100)));
        assert!(due(Every::GradientSteps(10), at(0, 9), at(0, 25)));
        assert!(!due(Every::GradientSteps(10), at(0, 10), at(500, 19)));
    }
}
