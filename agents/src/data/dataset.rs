//! What an agent learns from: the episodes of one or several data sets, in two parts.

use sparring_envs::EnvSpec;

use super::episodes::Episodes;
use super::scales::Scales;
use super::statistics::Summing;
use super::trajectory::Trajectory;

/// Episodes to learn from, and episodes that measure what was learnt.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// Those that are learnt from.
    pub train: Episodes,
    /// Those that are held out.
    pub held_out: Episodes,
    /// Of those that are learnt from.
    pub scales: Scales,
}

impl Dataset {
    /// That of episodes of `spec`.
    pub fn new(spec: &EnvSpec, train: Vec<Trajectory>, held_out: Vec<Trajectory>) -> Self {
        let mut summing = Summing::new(&spec.obs, &spec.action);
        train.iter().for_each(|episode| summing.add(episode));
        let train: Episodes = train.into_iter().collect();
        let scales = Scales::of(spec.obs.dim(), &summing.finish(), &train.returns());
        Self { train, held_out: held_out.into_iter().collect(), scales }
    }
}
