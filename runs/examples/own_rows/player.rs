//! What the agent does, UCB1 (Auer et al. 2002, figure 1): the action of the highest mean plus what it is unsure of.

use serde::{Deserialize, Serialize};
use sparring_agents::{Agent, AgentError, Clock, Mode, Observations};
use sparring_envs::{Actions, Batch};
use sparring_sparse::Section;

pub struct Player {
    pub exploration: f64,
    pub state: State,
    /// What was played last, one a row.
    pub actions: Vec<u32>,
}

/// What goes on after a stop.
#[derive(Serialize, Deserialize)]
pub struct State {
    pub means: Vec<f64>,
    pub plays: Vec<f64>,
    pub env_steps: u64,
}

impl Agent for Player {
    fn act(&mut self, seen: Observations<'_>, mode: Mode) -> Result<Actions<'_>, AgentError> {
        let State { means, plays, env_steps } = &self.state;
        let unsure = if mode == Mode::Train { self.exploration } else { 0.0 };
        let log = (*env_steps as f64 + 1.0).ln();
        let score = |&a: &usize| means[a] + unsure * (log / plays[a].max(1e-9)).sqrt();
        let best = (0..means.len()).max_by(|a, b| score(a).total_cmp(&score(b)));
        self.actions = vec![best.unwrap_or_default() as u32; seen.envs.len()];
        Ok(Actions::Discrete(&self.actions))
    }

    fn learn(&mut self, batch: &Batch<'_>) -> Result<(), AgentError> {
        let State { means, plays, env_steps } = &mut self.state;
        for step in batch.rows() {
            let action = self.actions[step.row] as usize;
            plays[action] += 1.0;
            means[action] += (step.reward - means[action]) / plays[action];
        }
        *env_steps += batch.envs.len() as u64;
        Ok(())
    }

    fn clock(&self) -> Clock {
        Clock { env_steps: self.state.env_steps, gradient_steps: 0 }
    }

    fn save_own(&self, to: &mut Section) -> Result<(), AgentError> {
        Ok(to.put("state", &self.state)?)
    }

    fn load_own(&mut self, from: &Section) -> Result<(), AgentError> {
        self.state = from.get("state")?;
        Ok(())
    }
}
