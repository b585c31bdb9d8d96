//! Memory of a device, and of the host where a device reads it by itself.

use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use super::Gpu;
use crate::error::SparseError;

/// Types whose bytes mean the same on host and device, whatever they are.
///
/// # Safety
/// No padding, no pointers of the host, and every pattern of bits is a value.
pub unsafe trait Plain: Copy + Default + fmt::Debug + Send + Sync + 'static {}

// SAFETY: numbers are.
unsafe impl Plain for f32 {}
// SAFETY: as above.
unsafe impl Plain for f64 {}
// SAFETY: as above.
unsafe impl Plain for u32 {}
// SAFETY: as above.
unsafe impl Plain for u16 {}

/// A piece of a device's memory, given back when it goes.
pub struct Memory {
    address: u64,
    bytes: usize,
    _owner: Box<dyn Any + Send + Sync>,
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes at {:#x}", self.bytes, self.address)
    }
}

impl Memory {
    /// `bytes` at `address`, which `owner` frees when it is dropped.
    pub fn new(address: u64, bytes: usize, owner: impl Any + Send + Sync) -> Self {
        Self { address, bytes, _owner: Box::new(owner) }
    }
}

/// Memory of the host that a device may read and write while the host goes on.
pub struct Pinned {
    data: *mut u8,
    bytes: usize,
    _owner: Box<dyn Any + Send + Sync>,
}

// SAFETY: the memory is this value's alone, and its owner may be dropped anywhere.
unsafe impl Send for Pinned {}
// SAFETY: as above; the host writes through `&mut` only.
unsafe impl Sync for Pinned {}

impl fmt::Debug for Pinned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes of the host", self.bytes)
    }
}

impl Pinned {
    /// `bytes` zeros at `data`, aligned to 8 bytes, which `owner` frees when it is dropped.
    ///
    /// # Safety
    /// The memory is there and nobody else's for as long as `owner` is.
    pub unsafe fn new(data: *mut u8, bytes: usize, owner: impl Any + Send + Sync) -> Self {
        Self { data, bytes, _owner: Box::new(owner) }
    }

    /// Its size.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Where it is.
    pub fn data(&self) -> *mut u8 {
        self.data
    }

    /// Its numbers, to be read after [`Gpu::wait`].
    pub fn values<T: Plain>(&self) -> &[T] {
        // SAFETY: the memory is as long and aligned, and any bits are a value.
        unsafe { std::slice::from_raw_parts(self.data.cast(), self.bytes / size_of::<T>()) }
    }

    /// The same, to be changed after [`Gpu::wait`].
    pub fn values_mut<T: Plain>(&mut self) -> &mut [T] {
        // SAFETY: as above, and nobody else has it.
        unsafe { std::slice::from_raw_parts_mut(self.data.cast(), self.bytes / size_of::<T>()) }
    }
}

/// Numbers on a device.
#[derive(Debug)]
pub struct Buffer<T> {
    gpu: Arc<dyn Gpu>,
    memory: Memory,
    len: usize,
    of: PhantomData<T>,
}

impl<T: Plain> Buffer<T> {
    /// `len` zeros on `gpu`.
    ///
    /// # Errors
    /// No memory left.
    pub fn zeros(gpu: &Arc<dyn Gpu>, len: usize) -> Result<Self, SparseError> {
        Self::of(gpu, &vec![T::default(); len])
    }

    /// Room for `len` on `gpu`, which means nothing until it is written.
    ///
    /// # Errors
    /// No memory left.
    pub fn room(gpu: &Arc<dyn Gpu>, len: usize) -> Result<Self, SparseError> {
        let memory = gpu.alloc(len * size_of::<T>())?;
        Ok(Self { gpu: gpu.clone(), memory, len, of: PhantomData })
    }

    /// A copy of `values` on `gpu`.
    ///
    /// # Errors
    /// No memory left.
    pub fn of(gpu: &Arc<dyn Gpu>, values: &[T]) -> Result<Self, SparseError> {
        let mut buffer = Self::room(gpu, values.len())?;
        buffer.write(values)?;
        Ok(buffer)
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Where number `index` is, which may be the one behind the last.
    pub fn at(&self, index: usize) -> u64 {
        debug_assert!(index <= self.len);
        self.memory.address + (index * size_of::<T>()) as u64
    }

    /// Changes all of them.
    ///
    /// # Errors
    /// Another number of values.
    pub fn write(&mut self, values: &[T]) -> Result<(), SparseError> {
        let (expected, found) = (self.len, values.len());
        if expected != found {
            return Err(SparseError::Length { what: "values for a device", expected, found });
        }
        if values.is_empty() {
            return Ok(());
        }
        // SAFETY: `Plain`; the buffer is as long.
        unsafe {
            let bytes = std::slice::from_raw_parts(values.as_ptr().cast(), size_of_val(values));
            self.gpu.write(self.memory.address, bytes)
        }
    }

    /// All of them, as they are after all work that was asked for.
    ///
    /// # Errors
    /// Those of the device.
    pub fn read(&self) -> Result<Vec<T>, SparseError> {
        let mut values = vec![T::default(); self.len];
        if self.len > 0 {
            // SAFETY: `Plain`; the buffer is as long.
            unsafe {
                let bytes = std::slice::from_raw_parts_mut(
                    values.as_mut_ptr().cast(),
                    self.len * size_of::<T>(),
                );
                self.gpu.read(self.memory.address, bytes)?;
            }
        }
        Ok(values)
    }
}
