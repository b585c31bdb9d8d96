//! Where the newest values of an agent's networks are, and acting by them.

use sparring_sparse::gpu::{DeviceNetwork, Outputs};
use sparring_sparse::{Network, SparseError};

/// Who has the newest values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Newest {
    /// The host: the device takes them before its next step.
    Host,
    /// The device: the host takes them before it reads them.
    Device,
    /// Both have them.
    Both,
}

/// Outputs of a network by a device, for batches of a few sizes.
#[derive(Debug, Default)]
pub struct Acting {
    /// The last one asked for comes last.
    sizes: Vec<Outputs>,
}

/// Beyond so many samples a batch is filled up with zeros to a multiple of it, so that batches whose size changes each
/// time, those of a rollout, share their memory.
const WHOLE: usize = 256;

/// Sizes that are kept: acting, evaluating, and the values of a rollout with the successors that it kept.
const SIZES: usize = 4;

impl Acting {
    /// `x (n, in) → (n, out)` by `twin` of `network`, whose operations are counted.
    ///
    /// # Errors
    /// An `x` that is no whole rows, and those of the device.
    pub fn outputs(
        &mut self,
        twin: &DeviceNetwork,
        network: &Network,
        x: &[f32],
    ) -> Result<Vec<f32>, SparseError> {
        let batch = x.len() / twin.inputs().max(1);
        let room = if batch > WHOLE { batch.next_multiple_of(WHOLE) } else { batch };
        let found = self.sizes.iter().position(|outputs| outputs.batch() == room);
        let mut outputs = match found {
            Some(at) => self.sizes.remove(at),
            None => Outputs::new(twin, room)?,
        };
        if self.sizes.len() == SIZES {
            self.sizes.remove(0);
        }
        let y = match room == batch {
            true => outputs.of(twin, x),
            false => {
                let mut filled = x.to_vec();
                filled.resize(room * twin.inputs(), 0.0);
                outputs.of(twin, &filled)
            }
        };
        self.sizes.push(outputs);
        network.count_forward(batch);
        let mut y = y?;
        y.truncate(batch * twin.outputs());
        Ok(y)
    }
}
