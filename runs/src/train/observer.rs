//! Who looks at a run, and when.

use sparring_agents::Clock;

use super::run::Run;
use crate::error::TrainError;

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
