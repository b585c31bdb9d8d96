//! The numbers of a gradient step in one piece, there and back.

use std::ops::Range;
use std::sync::Arc;

use sparring_envs::Obs;
use sparring_sparse::SparseError;
use sparring_sparse::gpu::{Buffer, Gpu, Pinned};

/// Numbers from 16 bytes to 16 bytes.
const ALIGNED: usize = 4;

/// Parts of `f32`s that travel together.
#[derive(Debug)]
pub struct Slab {
    host: Pinned,
    device: Arc<Buffer<f32>>,
    parts: Vec<Range<usize>>,
}

impl Slab {
    /// Parts of these sizes.
    ///
    /// # Errors
    /// No memory left.
    pub fn new(gpu: &Arc<dyn Gpu>, sizes: &[usize]) -> Result<Self, SparseError> {
        let (mut parts, mut end) = (Vec::new(), 0);
        for size in sizes {
            parts.push(end..end + size);
            end = (end + size).next_multiple_of(ALIGNED);
        }
        let (host, device) = (gpu.pinned(end * size_of::<f32>())?, Buffer::zeros(gpu, end)?);
        Ok(Self { host, device: Arc::new(device), parts })
    }

    /// The same memory of the device, with other memory of the host.
    ///
    /// # Errors
    /// No memory left.
    pub fn twin(&self, gpu: &Arc<dyn Gpu>) -> Result<Self, SparseError> {
        let host = gpu.pinned(self.host.bytes())?;
        Ok(Self { host, device: self.device.clone(), parts: self.parts.clone() })
    }

    /// Part `part` on the host.
    pub fn part(&self, part: usize) -> &[f32] {
        &self.host.values()[self.parts[part].clone()]
    }

    fn part_mut(&mut self, part: usize) -> &mut [f32] {
        &mut self.host.values_mut()[self.parts[part].clone()]
    }

    /// Changes part `part` on the host.
    ///
    /// # Errors
    /// Another number of values.
    pub fn set(&mut self, part: usize, values: &[f32]) -> Result<(), SparseError> {
        let place = self.part_mut(part);
        let (expected, found) = (place.len(), values.len());
        if expected != found {
            let what = "numbers of a gradient step";
            return Err(SparseError::Length { what, expected, found });
        }
        place.copy_from_slice(values);
        Ok(())
    }

    /// Changes part `part` on the host to observations as the environment shows them.
    ///
    /// # Errors
    /// Another number of values.
    pub fn set_obs(&mut self, part: usize, obs: Obs<'_>) -> Result<(), SparseError> {
        let bytes = match obs {
            Obs::F32(values) => return self.set(part, values),
            Obs::U8(bytes) => bytes,
        };
        let place = self.part_mut(part);
        let (whole, rest) = bytes.as_chunks::<4>();
        let (expected, found) = (place.len(), bytes.len().div_ceil(4));
        if expected != found {
            let what = "bytes of a gradient step";
            return Err(SparseError::Length { what, expected, found });
        }
        for (to, four) in place.iter_mut().zip(whole) {
            *to = f32::from_bits(u32::from_le_bytes(*four));
        }
        if let (Some(to), false) = (place.last_mut(), rest.is_empty()) {
            let mut four = [0; 4];
            four[..rest.len()].copy_from_slice(rest);
            *to = f32::from_bits(u32::from_le_bytes(four));
        }
        Ok(())
    }

    /// Numbers in double precision of part `part`, which has two places for each.
    pub fn doubles(&self, part: usize) -> Vec<f64> {
        let pairs = self.part(part).chunks_exact(2);
        let double =
            |pair: &[f32]| u64::from(pair[0].to_bits()) | u64::from(pair[1].to_bits()) << u32::BITS;
        pairs.map(|pair| f64::from_bits(double(pair))).collect()
    }

    /// Changes the numbers in double precision of part `part`.
    pub fn set_doubles(&mut self, part: usize, values: &[f64]) {
        for (pair, value) in self.part_mut(part).chunks_exact_mut(2).zip(values) {
            let bits = value.to_bits();
            pair[0] = f32::from_bits(bits as u32);
            pair[1] = f32::from_bits((bits >> u32::BITS) as u32);
        }
    }

    /// Where part `part` is on the device.
    pub fn at(&self, part: usize) -> u64 {
        self.device.at(self.parts[part].start)
    }

    /// Copies all of it there and waits.
    ///
    /// # Errors
    /// Those of the device.
    pub fn write(&self, gpu: &dyn Gpu) -> Result<(), SparseError> {
        // SAFETY: the wait.
        unsafe { self.upload(gpu)? };
        gpu.wait()
    }

    /// Lets the device copy all of it there.
    ///
    /// # Safety
    /// The host does not change it before it has waited.
    ///
    /// # Errors
    /// Those of the device.
    pub unsafe fn upload(&self, gpu: &dyn Gpu) -> Result<(), SparseError> {
        // SAFETY: of one size; the rest is the caller's.
        unsafe { gpu.upload(self.device.at(0), &self.host) }
    }

    /// The same beside the work that was asked for before, which does not read it.
    ///
    /// # Safety
    /// As [`Self::upload`].
    ///
    /// # Errors
    /// Those of the device.
    pub unsafe fn upload_ahead(&self, gpu: &dyn Gpu) -> Result<(), SparseError> {
        // SAFETY: of one size; the rest is the caller's.
        unsafe { gpu.upload_ahead(self.device.at(0), &self.host) }
    }

    /// Lets the device copy all of it back.
    ///
    /// # Safety
    /// The host does not read it before it has waited.
    ///
    /// # Errors
    /// Those of the device.
    pub unsafe fn download(&self, gpu: &dyn Gpu) -> Result<(), SparseError> {
        // SAFETY: of one size; the rest is the caller's.
        unsafe { gpu.download(self.device.at(0), &self.host) }
    }
}
