//! Who looks at a run, and when.

use sparring_agents::Clock;

use super::run::Run;
use crate::error::TrainError;

/// When something is due: with the first step that reaches a multiple.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Every {
    /// Of environment steps.
    EnvSteps(u64),
    /// Of gradient steps.
    GradientSteps(u64),
}

impl Every {
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

/// What came of a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// All there is to see, until it is due again.
    All,
    /// Nothing yet: it stays due.
    Nothing,
    /// The run is to stop.
    Stopped,
}

/// Who looks at a run. It keeps nothing of its own that the run depends on: a checkpoint knows the run alone.
pub trait Observer {
    /// Its name in [`super::Reached::waiting`].
    fn name(&self) -> &'static str;

    /// Whether it is due with the step from `before` to `now`, the run's end aside.
    fn is_due(&self, before: Clock, now: Clock) -> bool;

    /// Whether it is due before the first step as well.
    fn at_the_start(&self) -> bool {
        false
    }

    /// Looks.
    fn look(&mut self, run: &mut Run<'_>) -> Result<Seen, TrainError>;
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
