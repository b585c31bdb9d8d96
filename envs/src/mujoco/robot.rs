//! The env that all robots share: a simulation, its start, its steps and its snapshots. What differs is
//! a [`Task`].

use std::sync::Arc;

use super::sim::{Model, Sim};
use crate::env::generator;
use crate::{
    Action, Env, EnvError, EnvRng, EnvSpec, ObsMut, Options, Picture, Space, Step, maker, state,
};

/// What a robot is to do. It has no state of its own: all envs of a spec share it.
pub(super) trait Task: Send + Sync {
    /// Values of an observation.
    fn obs_dim(&self, model: &Model) -> usize;

    /// Adds the noise of a start to the model's own pose at rest.
    fn start(&self, sim: &mut Sim, rng: &mut EnvRng);

    /// Whether observation or reward depends on [`Sim::contact_forces`].
    fn reads_forces(&self) -> bool {
        false
    }

    /// The place whose change per second is the velocity that [`Task::judge`] is given, m.
    fn place(&self, _: &Sim) -> f64 {
        0.0
    }

    /// Writes the observation.
    fn observe(&self, sim: &Sim, obs: &mut Pen<'_>);

    /// The reward and the end after a step with these controls at this velocity, m/s.
    fn judge(&self, sim: &Sim, controls: &[f32], velocity: f64) -> Step;
}

/// What all envs of a spec share.
struct Kind {
    id: &'static str,
    task: Box<dyn Task>,
    model: Model,
    action: Space,
    obs_dim: usize,
    frame_skip: u32,
    /// Seconds of a step.
    dt: f64,
}

/// The spec of a task on the model `xml_file`, both made from its options.
pub(super) fn spec<T: Task + 'static>(
    id: &'static str,
    options: &Options,
    task: impl FnOnce(&Model) -> Result<T, EnvError>,
) -> Result<EnvSpec, EnvError> {
    let model = Model::load(options.text("xml_file")?)?;
    let task = Box::new(task(&model)?);
    let (obs_dim, action) = (task.obs_dim(&model), model.controls());
    let frame_skip = options.u32("frame_skip")?;
    let dt = model.timestep() * f64::from(frame_skip);
    let kind = Kind { id, task, model, action: action.clone(), obs_dim, frame_skip, dt };
    let kind = Arc::new(kind);
    let obs = Space::uniform(&[obs_dim], f32::NEG_INFINITY, f32::INFINITY);
    let make = maker(move || {
        Ok(Robot { kind: kind.clone(), sim: kind.model.sim()?, rng: None, place: None })
    });
    Ok(EnvSpec::new(obs, action, make))
}

/// One robot.
struct Robot {
    kind: Arc<Kind>,
    sim: Sim,
    rng: Option<EnvRng>,
    /// [`Task::place`] after the last step; None before the first reset. It is kept because it comes from
    /// quantities that lag one simulation step behind the state and are no part of it.
    place: Option<f64>,
}

impl Env for Robot {
    fn reset(&mut self, seed: Option<u64>, obs: ObsMut<'_>) -> Result<(), EnvError> {
        let obs = obs.floats(self.kind.obs_dim)?;
        let rng = generator(&mut self.rng, seed)?;
        self.sim.reset();
        self.kind.task.start(&mut self.sim, rng);
        self.sim.forward();
        self.place = Some(self.kind.task.place(&self.sim));
        self.kind.task.observe(&self.sim, &mut Pen { rest: obs });
        Ok(())
    }

    fn step(&mut self, action: Action<'_>, obs: ObsMut<'_>) -> Result<Step, EnvError> {
        let before = self.place.ok_or(EnvError::ResetNeeded)?;
        let Kind { task, action: space, obs_dim, frame_skip, dt, .. } = &*self.kind;
        space.check_action(action)?;
        let Action::Continuous(controls) = action else {
            return Err(EnvError::ActionKind { found: "discrete", allowed: "continuous" });
        };
        let obs = obs.floats(*obs_dim)?;
        self.sim.step(controls, *frame_skip);
        if task.reads_forces() {
            self.sim.compute_forces();
        }
        let place = task.place(&self.sim);
        self.place = Some(place);
        task.observe(&self.sim, &mut Pen { rest: obs });
        Ok(task.judge(&self.sim, controls, (place - before) / dt))
    }

    fn render(&self) -> Result<Picture, EnvError> {
        if self.place.is_none() {
            return Err(EnvError::ResetNeeded);
        }
        self.sim.draw((1.0 / self.kind.dt).round() as u32)
    }

    fn save(&self) -> Result<Vec<u8>, EnvError> {
        state::pack(self.kind.id, &(self.sim.save(), &self.rng, self.place))
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), EnvError> {
        let id = self.kind.id;
        let (sim, rng, place): (Vec<f64>, _, _) = state::unpack(id, bytes)?;
        if !self.sim.restore(&sim) {
            let found = format!("{} numbers of a simulation with another model", sim.len());
            return Err(EnvError::State { id: id.to_owned(), found });
        }
        (self.rng, self.place) = (rng, place);
        Ok(())
    }
}

/// Writes an observation from front to back, rounding to f32.
pub(super) struct Pen<'a> {
    rest: &'a mut [f32],
}

impl Pen<'_> {
    /// These values.
    pub fn write(&mut self, values: &[f64]) {
        self.write_as(values, |value| value);
    }

    /// These values, each changed by `f`.
    pub fn write_as(&mut self, values: &[f64], f: impl Fn(f64) -> f64) {
        let rest = std::mem::take(&mut self.rest);
        let (here, rest) = rest.split_at_mut(values.len());
        for (to, &from) in here.iter_mut().zip(values) {
            *to = f(from) as f32;
        }
        self.rest = rest;
    }
}

/// Adds noise to each value, uniform in `[-scale, scale)`.
pub(super) fn add_uniform(values: &mut [f64], scale: f64, rng: &mut EnvRng) {
    for value in values {
        *value += rng.uniform(-scale, scale);
    }
}

/// Adds normal noise of this deviation to each value.
pub(super) fn add_normal(values: &mut [f64], scale: f64, rng: &mut EnvRng) {
    for value in values {
        *value += scale * rng.standard_normal();
    }
}
