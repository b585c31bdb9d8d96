//! What checkpoints keep the training waiting.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Times that training stood still.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Pauses {
    /// How often.
    pub times: u64,
    /// Seconds of the longest.
    pub longest_s: f64,
    /// Seconds of all.
    pub sum_s: f64,
}

impl Pauses {
    /// One more.
    pub fn add(&mut self, pause: Duration) {
        let seconds = pause.as_secs_f64();
        self.times += 1;
        self.longest_s = self.longest_s.max(seconds);
        self.sum_s += seconds;
    }
}
