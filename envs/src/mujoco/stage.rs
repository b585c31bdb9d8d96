//! Pictures of simulations, by MuJoCo's own renderer into memory. It needs EGL, which Mesa has in software, too.
//!
//! A renderer belongs to the thread that made it, and updating its scene writes into a simulation. So each thread
//! that draws has a stage: a renderer and a simulation of its own, which takes the state of the one that is drawn.

use std::cell::RefCell;
use std::sync::Arc;

use mujoco_rs::prelude::{MjData, MjModel, MjvCamera};
use mujoco_rs::renderer::MjRenderer;
use mujoco_rs::wrappers::mj_model::MjtObjBase;

use crate::{EnvError, Picture};

/// Pixels of a side, as Gymnasium's.
const SIDE: usize = 480;
/// The camera that Gymnasium looks through where a model has it; else a free one sees the whole model.
const CAMERA: &str = "track";

struct Stage {
    data: MjData<Arc<MjModel>>,
    renderer: MjRenderer,
}

thread_local! {
    static STAGE: RefCell<Option<Stage>> = const { RefCell::new(None) };
}

/// Draws `data`, of which `parts` are what its state consists of (MuJoCo's `mjtState`).
pub(super) fn draw(
    data: &MjData<Arc<MjModel>>,
    parts: u32,
    frames_per_second: u32,
) -> Result<Picture, EnvError> {
    let model = data.model_clone();
    STAGE.with_borrow_mut(|slot| {
        let stage = match slot {
            Some(stage) if Arc::ptr_eq(&stage.data.model_clone(), &model) => stage,
            _ => {
                // The old context is gone before there is a new one.
                *slot = None;
                slot.insert(Stage::new(model)?)
            }
        };
        stage.data.set_state(&data.state(parts), parts).map_err(undrawn)?;
        stage.data.forward();
        stage.renderer.sync_data(&mut stage.data).map_err(undrawn)?;
        stage.renderer.render().map_err(undrawn)?;
        let rgb = stage.renderer.rgb_flat().unwrap_or_default().to_vec();
        Ok(Picture::from_rgb(SIDE, rgb, frames_per_second))
    })
}

impl Stage {
    fn new(model: Arc<MjModel>) -> Result<Self, EnvError> {
        let camera = match model.name_to_id(MjtObjBase::mjOBJ_CAMERA, CAMERA) {
            Some(id) => MjvCamera::new_fixed(id),
            None => MjvCamera::new_free(&model),
        };
        let renderer = MjRenderer::new(&model, SIDE, SIDE, 0).map_err(|error| EnvError::NoPicture {
            why: format!(
                "MuJoCo draws through EGL, which did not start here ({error}); Mesa's EGL draws without a GPU"
            ),
        })?;
        let data = MjData::try_new(model).map_err(undrawn)?;
        Ok(Self { data, renderer: renderer.with_camera(camera) })
    }
}

fn undrawn(error: impl std::fmt::Display) -> EnvError {
    EnvError::NoPicture { why: format!("MuJoCo's renderer says: {error}") }
}
