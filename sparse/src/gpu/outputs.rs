//! `rows (batch, in) → (batch, out)`: what acting and evaluating ask of a network.

use super::kernels::{KERNELS, Rows, launch};
use super::{
    Buffer, DeviceNetwork, DevicePass, Numbers, Pinned, Precision, Reading, Repeated, Slots, Use,
    forward, read,
};
use crate::error::SparseError;

/// Passes over batches of one size after the other: one copy there, one graph, one copy back.
#[derive(Debug)]
pub struct Outputs {
    pass: DevicePass,
    rows: Buffer<f32>,
    slots: Slots,
    given: Buffer<f32>,
    there: Pinned,
    back: Pinned,
    pass_of: Repeated,
    /// Which memory of a network it names.
    generation: u64,
}

impl Outputs {
    /// For `batch` samples of `network`.
    ///
    /// # Errors
    /// No memory left.
    pub fn new(network: &DeviceNetwork, batch: usize) -> Result<Self, SparseError> {
        let gpu = network.gpu();
        let (read, given) = (batch * network.inputs(), batch * network.outputs());
        let pass = DevicePass::new(gpu, network, batch, None)?;
        Ok(Self {
            rows: Buffer::room(gpu, read)?,
            slots: network.input_slots(pass.ld())?,
            given: Buffer::room(gpu, given)?,
            there: gpu.pinned(read * size_of::<f32>())?,
            back: gpu.pinned(given * size_of::<f32>())?,
            pass_of: Repeated::default(),
            generation: network.generation(),
            pass,
        })
    }

    /// Samples.
    pub fn batch(&self) -> usize {
        self.pass.batch()
    }

    /// What `network` gives for `x (batch, in)`.
    ///
    /// # Errors
    /// Another number of rows, and those of the device.
    pub fn of(&mut self, network: &DeviceNetwork, x: &[f32]) -> Result<Vec<f32>, SparseError> {
        let (expected, found) = (self.rows.len(), x.len());
        if expected != found {
            return Err(SparseError::Length { what: "numbers of a batch", expected, found });
        }
        let gpu = network.gpu();
        self.there.values_mut().copy_from_slice(x);
        let mut pass_of = std::mem::take(&mut self.pass_of);
        if self.generation != network.generation() {
            pass_of.forget();
            self.generation = network.generation();
        }
        pass_of.run(&**gpu, || self.ask(network))?;
        self.pass_of = pass_of;
        gpu.wait()?;
        Ok(self.back.values().to_vec())
    }

    fn ask(&self, network: &DeviceNetwork) -> Result<(), SparseError> {
        let Self { pass, rows, slots, given, there, back, .. } = self;
        let gpu = &**network.gpu();
        let (batch, ld) = (pass.batch(), pass.ld());
        let reading = Reading {
            rows: rows.at(0),
            numbers: Numbers::Floats,
            to: slots.at(0),
            plane: network.input_plane(),
            stored: slots.precision(),
            batch,
            ld,
        };
        let give = Rows {
            rows: given.at(0),
            slots: pass.output(),
            batch: batch as u32,
            ld: ld as u32,
            width: network.outputs() as u32,
            stored: Precision::F32,
        };
        // SAFETY: buffers of these sizes; the host waits before it reads or writes its own.
        unsafe {
            gpu.upload(rows.at(0), there)?;
            read(gpu, &[reading])?;
            forward(gpu, &[Use { network, pass, x: slots.at(0) }])?;
            launch(gpu, &KERNELS, "rows_out", &[give], Rows::shape)?;
            gpu.download(given.at(0), back)
        }
    }
}
