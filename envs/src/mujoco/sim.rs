//! Models and simulations: all that the robots see of MuJoCo.

use std::path::PathBuf;
use std::sync::{Arc, Once};

use mujoco_rs::logging::set_log_handler;
use mujoco_rs::prelude::{MjData, MjModel};
use mujoco_rs::wrappers::mj_data::MjtState;
use mujoco_rs::wrappers::mj_logging::{MjLogMessage, MjtLogLevel};
use mujoco_rs::wrappers::mj_model::MjtObjBase;

use super::stage;
use crate::{EnvError, Picture, Space, simulators};

/// What brings a simulation back: all that the next step depends on.
const STATE: u32 = MjtState::mjSTATE_INTEGRATION as u32;

/// A model, loaded once and shared.
pub(super) struct Model {
    file: String,
    model: Arc<MjModel>,
}

impl Model {
    /// The model of this file; a name without a folder means one of Gymnasium's.
    pub fn load(name: &str) -> Result<Self, EnvError> {
        static QUIET: Once = Once::new();
        // SAFETY: nothing of MuJoCo is in use before the first model is loaded, and that is here.
        QUIET.call_once(|| unsafe { set_log_handler(log) });
        let assets = simulators::folder().join("gymnasium/envs/mujoco/assets");
        let path = if name.contains('/') { PathBuf::from(name) } else { assets.join(name) };
        let file = path.display().to_string();
        match MjModel::from_xml(&path) {
            Ok(model) => Ok(Self { file, model: Arc::new(model) }),
            Err(error) => {
                let allowed = format!(
                    "run scripts/fetch-simulators, or name the folder of its files by {}, or a model \
                     of your own, with a slash in its path, by the option xml_file",
                    simulators::VARIABLE
                );
                Err(EnvError::Model { file, found: error.to_string(), allowed })
            }
        }
    }

    /// A simulation of it.
    pub fn sim(&self) -> Result<Sim, EnvError> {
        let data = MjData::try_new(self.model.clone());
        data.map(Sim).map_err(|error| EnvError::Model {
            file: self.file.clone(),
            found: error.to_string(),
            allowed: "free some memory, or use fewer envs".to_owned(),
        })
    }

    /// The bounds of its controls.
    pub fn controls(&self) -> Space {
        let range = self.model.actuator_ctrlrange();
        let bound = |side: usize| range.iter().map(|range| range[side] as f32).collect::<Vec<_>>();
        Space::vector(&bound(0), &bound(1))
    }

    /// Seconds of a step of the simulation.
    pub fn timestep(&self) -> f64 {
        self.model.opt().timestep
    }

    /// Values of a position.
    pub fn nq(&self) -> usize {
        self.model.nq() as usize
    }

    /// Values of a velocity.
    pub fn nv(&self) -> usize {
        self.model.nv() as usize
    }

    /// Masses of the bodies, kg, shape `(bodies)`; the first body is the world.
    pub fn masses(&self) -> &[f64] {
        self.model.body_mass()
    }

    /// The index of a body.
    pub fn body(&self, name: &str) -> Result<usize, EnvError> {
        let body = self.model.name_to_id(MjtObjBase::mjOBJ_BODY, name);
        body.ok_or_else(|| self.lacks(&format!("has no body `{name}`")))
    }

    /// The model is not one for the env.
    pub fn lacks(&self, found: &str) -> EnvError {
        EnvError::Model {
            file: self.file.clone(),
            found: found.to_owned(),
            allowed:
                "name a model that has what the env reads by the option xml_file, or leave it out"
                    .to_owned(),
        }
    }
}

/// MuJoCo's warnings are counted in the simulation; of an error the process dies, and so it is told.
fn log(message: &MjLogMessage) {
    if message.level() == MjtLogLevel::mjLOG_ERROR {
        eprintln!("MuJoCo: {}", message.subject());
    }
}

/// One simulation.
pub(super) struct Sim(MjData<Arc<MjModel>>);

impl Sim {
    /// To the model's own pose, at rest.
    pub fn reset(&mut self) {
        self.0.reset();
    }

    /// Computes everything from positions and velocities that were changed.
    pub fn forward(&mut self) {
        self.0.forward();
    }

    /// So many steps under the same controls.
    pub fn step(&mut self, controls: &[f32], steps: u32) {
        for (to, &from) in self.0.ctrl_mut().iter_mut().zip(controls) {
            *to = f64::from(from);
        }
        for _ in 0..steps {
            self.0.step();
        }
    }

    /// Computes [`Sim::contact_forces`], which steps alone do not.
    pub fn compute_forces(&mut self) {
        self.0.rne_post_constraint();
    }

    /// Positions, shape `(nq)`.
    pub fn qpos(&self) -> &[f64] {
        self.0.qpos()
    }

    /// Velocities, shape `(nv)`.
    pub fn qvel(&self) -> &[f64] {
        self.0.qvel()
    }

    /// Positions to be changed; [`Sim::forward`] then takes note.
    pub fn qpos_mut(&mut self) -> &mut [f64] {
        self.0.qpos_mut()
    }

    /// Velocities to be changed; [`Sim::forward`] then takes note.
    pub fn qvel_mut(&mut self) -> &mut [f64] {
        self.0.qvel_mut()
    }

    /// Controls of the last step, shape `(nu)`.
    pub fn controls(&self) -> &[f64] {
        self.0.ctrl()
    }

    /// Where the frame of a body is, m.
    pub fn body(&self, body: usize) -> [f64; 3] {
        self.0.xpos()[body]
    }

    /// Where the centres of mass of the bodies are, m, shape `(bodies, 3)`.
    pub fn centres(&self) -> &[[f64; 3]] {
        self.0.xipos()
    }

    /// Where the sites are, m, shape `(sites, 3)`.
    pub fn sites(&self) -> &[[f64; 3]] {
        self.0.site_xpos()
    }

    /// External forces and torques on the bodies, shape `(bodies, 6)`.
    pub fn contact_forces(&self) -> &[[f64; 6]] {
        self.0.cfrc_ext()
    }

    /// Inertias and masses of the bodies about the centre of mass, shape `(bodies, 10)`.
    pub fn inertias(&self) -> &[[f64; 10]] {
        self.0.cinert()
    }

    /// Velocities of the bodies about the centre of mass, shape `(bodies, 6)`.
    pub fn body_velocities(&self) -> &[[f64; 6]] {
        self.0.cvel()
    }

    /// Forces of the actuators on the joints, shape `(nv)`.
    pub fn actuator_forces(&self) -> &[f64] {
        self.0.qfrc_actuator()
    }

    /// Forces of the constraints on the joints, shape `(nv)`.
    pub fn constraint_forces(&self) -> &[f64] {
        self.0.qfrc_constraint()
    }

    /// What a camera sees of it.
    pub fn draw(&self, frames_per_second: u32) -> Result<Picture, EnvError> {
        stage::draw(&self.0, STATE, frames_per_second)
    }

    /// All that the next step depends on.
    pub fn save(&self) -> Vec<f64> {
        self.0.state(STATE).into_vec()
    }

    /// Takes back what [`Sim::save`] gave; false, and nothing is changed, where it is of another model.
    pub fn restore(&mut self, state: &[f64]) -> bool {
        state.len() == self.0.model().state_size(STATE) && self.0.set_state(state, STATE).is_ok()
    }
}
