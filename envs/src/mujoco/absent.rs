//! What stands for MuJoCo in a build without the feature: types that have no value, so that the tasks are
//! compiled and checked in every build. [`crate::EnvRow::spec`] names the feature before any of this is met.

use crate::{EnvError, Feature, Picture, Space};

/// No model.
pub(super) enum Model {}

/// No simulation.
pub(super) enum Sim {}

impl Model {
    pub fn load(_: &str) -> Result<Self, EnvError> {
        Err(EnvError::Feature { id: "a robot", feature: Feature::Mujoco })
    }

    pub fn sim(&self) -> Result<Sim, EnvError> {
        match *self {}
    }

    pub fn controls(&self) -> Space {
        match *self {}
    }

    pub fn timestep(&self) -> f64 {
        match *self {}
    }

    pub fn nq(&self) -> usize {
        match *self {}
    }

    pub fn nv(&self) -> usize {
        match *self {}
    }

    pub fn masses(&self) -> &[f64] {
        match *self {}
    }

    pub fn body(&self, _: &str) -> Result<usize, EnvError> {
        match *self {}
    }

    pub fn lacks(&self, _: &str) -> EnvError {
        match *self {}
    }
}

impl Sim {
    pub fn reset(&mut self) {
        match *self {}
    }

    pub fn forward(&mut self) {
        match *self {}
    }

    pub fn step(&mut self, _: &[f32], _: u32) {
        match *self {}
    }

    pub fn compute_forces(&mut self) {
        match *self {}
    }

    pub fn qpos(&self) -> &[f64] {
        match *self {}
    }

    pub fn qvel(&self) -> &[f64] {
        match *self {}
    }

    pub fn qpos_mut(&mut self) -> &mut [f64] {
        match *self {}
    }

    pub fn qvel_mut(&mut self) -> &mut [f64] {
        match *self {}
    }

    pub fn controls(&self) -> &[f64] {
        match *self {}
    }

    pub fn body(&self, _: usize) -> [f64; 3] {
        match *self {}
    }

    pub fn centres(&self) -> &[[f64; 3]] {
        match *self {}
    }

    pub fn sites(&self) -> &[[f64; 3]] {
        match *self {}
    }

    pub fn contact_forces(&self) -> &[[f64; 6]] {
        match *self {}
    }

    pub fn inertias(&self) -> &[[f64; 10]] {
        match *self {}
    }

    pub fn body_velocities(&self) -> &[[f64; 6]] {
        match *self {}
    }

    pub fn actuator_forces(&self) -> &[f64] {
        match *self {}
    }

    pub fn constraint_forces(&self) -> &[f64] {
        match *self {}
    }

    pub fn draw(&self, _: u32) -> Result<Picture, EnvError> {
        match *self {}
    }

    pub fn save(&self) -> Vec<f64> {
        match *self {}
    }

    pub fn restore(&mut self, _: &[f64]) -> bool {
        match *self {}
    }
}
