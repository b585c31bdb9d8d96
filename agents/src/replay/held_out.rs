//! Episodes that are kept apart. A share of them goes into a memory of its own and is never trained on, so that the
//! error on it tells what a network has learnt from what it has learnt by heart: the overfitting of temporal
//! differences (Fu et al. 2025, "Compute-Optimal Scaling for Value-Based Deep RL", 2508.14881) is a training error
//! that falls while the other one rises.

use rand::RngExt;
use serde::{Deserialize, Serialize};
use sparring_envs::{Actions, Batch, Row};
use sparring_sparse::seed::Rng;
use sparring_sparse::{Section, Seed};

use super::{Replay, ReplayConfig};
use crate::error::AgentError;

/// The layout of its section.
const VERSION: u32 = 1;

/// The memory of what is kept apart.
#[derive(Debug)]
pub struct HeldOut {
    share: f64,
    replay: Replay,
    state: HeldOutState,
    /// What the rows of a batch are for training, and for this memory, `(rows)`; filled anew by each batch.
    rows: [Vec<Row>; 2],
}

/// What a training that goes on must have back, beside the memory.
#[derive(Debug, Serialize, Deserialize)]
struct HeldOutState {
    rng: Rng,
    /// Whether the present episode of each environment is kept apart, `(num_envs)`.
    held: Vec<bool>,
}

impl HeldOut {
    /// Beside a memory of the config `training`, for a share of the episodes: it holds that share of the transitions,
    /// and draws uniformly.
    pub fn config(share: f64, training: ReplayConfig) -> ReplayConfig {
        let capacity = ((share * training.capacity as f64).ceil() as usize).max(1);
        ReplayConfig { capacity, prioritized: false, ..training }
    }

    /// Bytes of it; 0 where nothing is kept apart.
    pub fn bytes(share: f64, training: ReplayConfig) -> u64 {
        if share > 0.0 { Self::config(share, training).bytes() } else { 0 }
    }

    /// One that decides by a stream below `seed`; none where nothing is kept apart.
    pub fn new(share: f64, training: ReplayConfig, seed: &Seed) -> Option<Self> {
        (share > 0.0).then(|| {
            let mut rng = seed.child("held_out").rng();
            let held = (0..training.num_envs).map(|_| rng.random::<f64>() < share).collect();
            Self {
                share,
                replay: Replay::new(Self::config(share, training)),
                state: HeldOutState { rng, held },
                rows: Default::default(),
            }
        })
    }

    /// What is kept apart, to be drawn from.
    pub fn replay(&self) -> &Replay {
        &self.replay
    }

    /// Takes one vector step: each row goes to the memory of its episode, which to the other one is void.
    ///
    /// # Errors
    /// Those of [`Replay::store`].
    pub fn store(
        &mut self,
        batch: &Batch<'_>,
        actions: Actions<'_>,
        training: &mut Replay,
    ) -> Result<(), AgentError> {
        let Self { share, replay, state: HeldOutState { rng, held }, rows } = self;
        let is_held = |env: usize| held.get(env).copied().unwrap_or(false);
        for (rows, kept) in rows.iter_mut().zip([false, true]) {
            let of = batch.envs.iter().zip(batch.row);
            rows.clear();
            rows.extend(of.map(|(env, row)| if is_held(*env) == kept { *row } else { Row::Void }));
        }
        let [of_training, own] = &*rows;
        training.store(&Batch { row: of_training, ..*batch }, actions)?;
        replay.store(&Batch { row: own, ..*batch }, actions)?;
        for (env, row) in batch.envs.iter().zip(batch.row) {
            match row {
                Row::Step => {}
                // The next row of the environment begins an episode.
                Row::End(_) | Row::Void => held[*env] = rng.random::<f64>() < *share,
            }
        }
        Ok(())
    }

    /// Writes down all of it, its transitions too.
    ///
    /// # Errors
    /// None that a user could cause.
    pub fn save(&self) -> Result<Section, AgentError> {
        let mut all = Section::new(VERSION);
        all.put("state", &self.state)?;
        all.nest("replay", self.replay.save()?);
        let rows = self.replay.rows();
        all.put("rows", &rows)?;
        all.put("piece", &self.replay.piece(rows))?;
        Ok(all)
    }

    /// Takes back what [`Self::save`] wrote.
    ///
    /// # Errors
    /// What is missing, and what does not fit.
    pub fn load(&mut self, from: &Section) -> Result<(), AgentError> {
        from.require_version(VERSION)?;
        let state: HeldOutState = from.get("state")?;
        if state.held.len() != self.state.held.len() {
            let expected = format!("episodes of {} environments", self.state.held.len());
            return Err(from.misfit("state", expected, "others").into());
        }
        self.replay.load(&from.part("replay"))?;
        let piece: Vec<u8> = from.get("piece")?;
        self.replay.restore(from.get("rows")?, &mut std::iter::once(Ok(piece)))?;
        self.state = state;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use sparring_envs::{Dtype, End, Obs, ObsBuf};

    use super::*;
    use crate::replay::Sample;

    const CONFIG: ReplayConfig = ReplayConfig {
        capacity: 400,
        n_step: 2,
        discount: 0.5,
        prioritized: false,
        num_envs: 2,
        dtype: Dtype::F32,
        obs_dim: 1,
        frames: 1,
        act_dim: 1,
    };

    /// Two environments that count the steps of all their episodes, of five steps each; every row is told by its
    /// observation.
    fn filled(held_out: &mut HeldOut, training: &mut Replay, steps: Range<u32>) {
        for t in steps {
            let obs = [t as f32, 1000.0 + t as f32];
            let next = obs.map(|obs| obs + 1.0);
            let row = if t % 5 == 4 { Row::End(End::Terminated) } else { Row::Step };
            let batch = Batch {
                envs: &[0, 1],
                obs: Obs::F32(&obs),
                next: Obs::F32(&next),
                reward: &[1.0, 1.0],
                row: &[row, row],
                finished: &[],
            };
            held_out.store(&batch, Actions::Discrete(&[0, 1]), training).unwrap();
        }
    }

    /// The observations that `replay` holds, in order.
    fn seen(replay: &Replay) -> Vec<i64> {
        let mut sample = Sample::default();
        replay.sample(4_000, &mut Seed::new(1).rng(), &mut sample).unwrap();
        let ObsBuf::F32(obs) = &sample.obs else { return Vec::new() };
        let mut all: Vec<i64> = obs.iter().map(|obs| *obs as i64).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    #[test]
    fn an_episode_is_held_out_as_a_whole_and_never_trained_on() {
        let mut training = Replay::new(CONFIG);
        let mut held_out = HeldOut::new(0.3, CONFIG, &Seed::new(5)).unwrap();
        filled(&mut held_out, &mut training, 0..100);
        let (trained, held) = (seen(&training), seen(held_out.replay()));
        assert!(trained.iter().all(|obs| !held.contains(obs)));
        // Whole episodes: all five steps of each are in one of the two.
        let of_episode = |obs: i64| (obs / 1000, obs % 1000 / 5);
        assert!(trained.iter().all(|a| held.iter().all(|b| of_episode(*a) != of_episode(*b))));
        assert_eq!(trained.len() + held.len(), 200);
        assert_eq!(held.len() % 5, 0);
        let episodes = held.len() / 5;
        assert!((4..=20).contains(&episodes), "{episodes} of 40");
    }

    #[test]
    fn nothing_is_held_out_of_a_share_of_nothing() {
        assert!(HeldOut::new(0.0, CONFIG, &Seed::new(5)).is_none());
        assert_eq!(HeldOut::bytes(0.0, CONFIG), 0);
        assert!(HeldOut::bytes(0.5, CONFIG) > 0);
        assert_eq!(HeldOut::config(0.5, CONFIG).capacity, 200);
        assert_eq!(HeldOut::config(1e-9, CONFIG).capacity, 1);
    }

    #[test]
    fn what_was_saved_goes_on_with_the_same_episodes() {
        let mut trainings = [Replay::new(CONFIG), Replay::new(CONFIG)];
        let mut whole = HeldOut::new(0.3, CONFIG, &Seed::new(5)).unwrap();
        filled(&mut whole, &mut trainings[0], 0..53);
        let section = Section::from_bytes(&whole.save().unwrap().to_bytes().unwrap()).unwrap();
        let mut resumed = HeldOut::new(0.3, CONFIG, &Seed::new(6)).unwrap();
        resumed.load(&section).unwrap();
        filled(&mut whole, &mut trainings[0], 53..100);
        filled(&mut resumed, &mut trainings[1], 53..100);
        assert_eq!(seen(whole.replay()), seen(resumed.replay()));
        assert_eq!(whole.state.held, resumed.state.held);
        let other = ReplayConfig { num_envs: 3, ..CONFIG };
        assert!(HeldOut::new(0.3, other, &Seed::new(5)).unwrap().load(&section).is_err());
    }
}
