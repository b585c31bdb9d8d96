//! Who gives memory back.

use std::ffi::c_void;
use std::sync::Arc;

use cudarc::driver::{CudaStream, result};

/// Memory that is freed once the stream's work is done.
pub(super) struct Owned {
    pub address: u64,
    pub stream: Arc<CudaStream>,
}

impl Drop for Owned {
    fn drop(&mut self) {
        // SAFETY: allocated by `Cuda::alloc`, and named by nothing any more. An error would come again.
        unsafe {
            let _ = self.stream.synchronize();
            let _ = result::free_sync(self.address);
        }
    }
}

/// The same of the host.
pub(super) struct OwnedHost {
    pub address: usize,
    pub stream: Arc<CudaStream>,
}

impl Drop for OwnedHost {
    fn drop(&mut self) {
        // SAFETY: allocated by `Cuda::pinned`; an error would come again.
        unsafe {
            let _ = self.stream.synchronize();
            let _ = result::free_host(self.address as *mut c_void);
        }
    }
}
