//! Plans of actions, and how a transformer reads them.

use sparring_sparse::attention::Sees;

use super::layout::TokenRows;
use crate::data::{Episode, Place, Scales, Vocabulary};

/// How plans are laid out as rows: first what they are made for, then a row for each of their tokens.
#[derive(Clone, Debug, PartialEq)]
pub struct PlanLayout {
    /// What actions are.
    pub words: Vocabulary,
    /// Actions of a plan, `H`.
    pub horizon: usize,
    /// Whether a plan is made for what is still to come.
    pub conditioned: bool,
    /// Of observations and returns.
    pub scales: Scales,
}

/// What a plan is made for, and the plan.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plans {
    /// `(plans, obs_dim)`.
    pub obs: Vec<f32>,
    /// What is still to come, `(plans)`; nothing where plans are not conditioned on it.
    pub to_go: Vec<f32>,
    /// `(plans, tokens)`.
    pub tokens: Vec<u32>,
}

impl PlanLayout {
    /// Tokens of a plan.
    pub fn tokens(&self) -> usize {
        self.horizon * self.words.tokens()
    }

    /// Rows of a plan.
    pub fn rows(&self) -> usize {
        1 + self.tokens()
    }

    /// Numbers of a row: which it is, what is to come, the observation, the token.
    pub fn inputs(&self) -> usize {
        self.rows() + 1 + self.scales.obs_dim() + self.words.size
    }

    /// What a transformer knows of its rows.
    pub fn tokens_of(&self) -> TokenRows {
        let (inputs, tokens, words) = (self.inputs(), self.rows(), self.words.size);
        TokenRows { inputs, tokens, sees: Sees::All, words }
    }

    /// The actions from each of the `places` on; the last of an episode comes again behind its end.
    pub fn plans<'a>(&self, places: impl Iterator<Item = Place<'a>>) -> Plans {
        let mut plans = Plans::default();
        for Place { episode: Episode { trajectory, to_go }, t, .. } in places {
            plans.obs.extend(trajectory.obs_at(t, self.scales.obs_dim()).values());
            if self.conditioned {
                plans.to_go.push(to_go[t]);
            }
            for step in (t..t + self.horizon).map(|step| step.min(trajectory.len() - 1)) {
                plans.tokens.extend(self.words.of_step(&trajectory.actions, step));
            }
        }
        plans
    }

    /// Appends the rows of `plans` whose tokens are `tokens` to `to`.
    pub fn write(&self, plans: &Plans, tokens: &[u32], to: &mut Vec<f32>) {
        let (inputs, dim) = (self.inputs(), self.scales.obs_dim());
        let each = plans.obs.chunks_exact(dim).zip(tokens.chunks_exact(self.tokens()));
        for (i, (obs, tokens)) in each.enumerate() {
            let start = to.len();
            to.resize(start + self.rows() * inputs, 0.0);
            let (first, rest) = to[start..].split_at_mut(inputs);
            first[0] = 1.0;
            let (to_go, numbers) = first[self.rows()..].split_at_mut(1);
            to_go[0] = plans.to_go.get(i).map_or(0.0, |to_go| self.scales.to_go(*to_go));
            self.scales.observation(obs, &mut numbers[..dim]);
            for (place, (row, token)) in rest.chunks_exact_mut(inputs).zip(tokens).enumerate() {
                row[1 + place] = 1.0;
                row[self.rows() + 1 + dim + *token as usize] = 1.0;
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use sparring_envs::{EnvSpec, Space, spec};

    use super::*;
    use crate::data::Summing;

    pub fn layout() -> PlanLayout {
        let (obs, action) = (Space::uniform(&[1], -1.0, 1.0), Space::Discrete { n: 4 });
        let statistics = Summing::new(&obs, &action).finish();
        let env = EnvSpec { obs, action, ..spec("CartPole-v1").unwrap() };
        let words = Vocabulary::of(&env, 4).unwrap();
        PlanLayout { words, horizon: 2, conditioned: true, scales: Scales::of(1, &statistics, &[]) }
    }

    #[test]
    fn rows_say_what_stands_in_them() {
        let layout = layout();
        let plans = Plans { obs: vec![0.5], to_go: vec![3.0], tokens: vec![3, 0] };
        let mut rows = Vec::new();
        layout.write(&plans, &plans.tokens, &mut rows);
        assert_eq!((layout.tokens(), layout.inputs(), rows.len()), (2, 3 + 1 + 1 + 4, 27));
        assert_eq!(rows[..3], [1.0, 0.0, 0.0]);
        assert_eq!((rows[3], rows[5..9].iter().sum::<f32>()), (3.0, 0.0));
        assert_eq!(rows[9..18], [0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
        assert_eq!(rows[18..], [0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0]);
    }
}
