//! The kernels of CUDA on this machine's processor: tests of what they compute and of who launches them, without a
//! GPU.
//!
//! Memory begins as NaN and ends at a page that nobody may touch. In which order the threads of a kernel run is
//! drawn from a seed: a missing barrier changes results.

use std::ffi::CString;
use std::ptr;
use std::sync::{Arc, Mutex};

use super::{Asked, Gpu, Graph, HostLaunch, Kernels, Launch, Mark, Memory, Pinned, failed};
use crate::error::SparseError;

/// This machine as a device.
#[derive(Debug)]
pub struct Emulator {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    order: u64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    asked: Asked,
    /// What was asked for since a graph began.
    recording: Option<Vec<Work>>,
}

/// One piece of work, with addresses as numbers.
#[derive(Clone, Debug)]
enum Work {
    Upload { to: u64, from: usize, bytes: usize },
    Download { from: u64, to: usize, bytes: usize },
    Launch { host: HostLaunch, name: &'static str, shape: Launch, argument: Vec<u64> },
}

impl Emulator {
    /// One whose threads run in the order of the seed `order`.
    pub fn new(order: u64) -> Self {
        Self { shared: Arc::new(Shared { order, state: Mutex::default() }) }
    }
}

impl Shared {
    fn state<T>(&self, with: impl FnOnce(&mut State) -> T) -> Result<T, SparseError> {
        match self.state.lock() {
            Ok(mut state) => Ok(with(&mut state)),
            Err(_) => Err(failed("the emulator", "another thread failed within it")),
        }
    }

    /// Does `work`, or keeps it while a graph is recorded.
    ///
    /// # Safety
    /// The memory that it names is there, and is as a kernel says.
    unsafe fn ask(&self, work: Work) -> Result<(), SparseError> {
        let now = self.state(|state| match &mut state.recording {
            Some(kept) => {
                kept.push(work);
                None
            }
            None => Some(work),
        })?;
        // SAFETY: the caller's.
        now.map_or(Ok(()), |work| unsafe { self.run(&work) })
    }

    /// # Safety
    /// As [`Self::ask`].
    unsafe fn run(&self, work: &Work) -> Result<(), SparseError> {
        self.state(|State { asked, .. }| match work {
            Work::Upload { .. } => asked.uploads += 1,
            Work::Download { .. } => asked.downloads += 1,
            Work::Launch { .. } => asked.launches += 1,
        })?;
        match work {
            // SAFETY: the caller's.
            Work::Upload { to, from, bytes } => unsafe {
                ptr::copy_nonoverlapping(*from as *const u8, *to as *mut u8, *bytes);
            },
            // SAFETY: the caller's.
            Work::Download { from, to, bytes } => unsafe {
                ptr::copy_nonoverlapping(*from as *const u8, *to as *mut u8, *bytes);
            },
            Work::Launch { host, name, shape: Launch { grid, block, shared }, argument } => {
                let c_name = CString::new(*name).map_err(|error| failed(name, error))?;
                let argument = argument.as_ptr().cast();
                // SAFETY: the caller's.
                let found = unsafe {
                    host(
                        c_name.as_ptr(),
                        grid.as_ptr(),
                        block.as_ptr(),
                        *shared,
                        argument,
                        self.order,
                    )
                };
                if !found {
                    return Err(failed(name, "there is no such kernel"));
                }
            }
        }
        Ok(())
    }
}

/// Pages of which the last is taken away.
struct Fenced {
    map: usize,
    bytes: usize,
}

const PAGE: usize = 4096;

impl Fenced {
    /// Room for `bytes` right before the fence, NaN all of it.
    fn new(bytes: usize) -> Result<(Self, u64), SparseError> {
        let size = bytes.next_multiple_of(16);
        let all = size.next_multiple_of(PAGE) + PAGE;
        let (read_write, private) =
            (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        // SAFETY: fresh pages, which are this value's; the last is taken away before anybody has one.
        unsafe {
            let map = libc::mmap(ptr::null_mut(), all, read_write, private, -1, 0);
            if map == libc::MAP_FAILED {
                let why = std::io::Error::last_os_error();
                return Err(failed("memory of the emulator", format!("{bytes} bytes: {why}")));
            }
            let map = map.cast::<u8>();
            libc::mprotect(map.add(all - PAGE).cast(), PAGE, libc::PROT_NONE);
            map.write_bytes(0xff, all - PAGE);
            let data = map.add(all - PAGE - size) as u64;
            Ok((Self { map: map as usize, bytes: all }, data))
        }
    }
}

impl Drop for Fenced {
    fn drop(&mut self) {
        // SAFETY: mapped by `Fenced::new`.
        unsafe { libc::munmap(self.map as *mut libc::c_void, self.bytes) };
    }
}

impl Gpu for Emulator {
    fn name(&self) -> String {
        "the emulator of CUDA on this processor".to_owned()
    }

    fn shared_bytes(&self) -> usize {
        227 * 1024
    }

    fn alloc(&self, bytes: usize) -> Result<Memory, SparseError> {
        self.shared.state(|state| {
            state.asked.allocations += 1;
            state.asked.allocated += bytes as u64;
        })?;
        let (owner, address) = Fenced::new(bytes)?;
        Ok(Memory::new(address, bytes, owner))
    }

    fn pinned(&self, bytes: usize) -> Result<Pinned, SparseError> {
        let mut owner = vec![0u64; bytes.div_ceil(8)];
        let data = owner.as_mut_ptr().cast();
        // SAFETY: the vector is its owner's alone and is not resized.
        Ok(unsafe { Pinned::new(data, bytes, owner) })
    }

    unsafe fn write(&self, to: u64, from: &[u8]) -> Result<(), SparseError> {
        let from = Work::Upload { to, from: from.as_ptr() as usize, bytes: from.len() };
        // SAFETY: the caller's.
        unsafe { self.shared.run(&from) }
    }

    unsafe fn read(&self, from: u64, into: &mut [u8]) -> Result<(), SparseError> {
        let into = Work::Download { from, to: into.as_mut_ptr() as usize, bytes: into.len() };
        // SAFETY: the caller's.
        unsafe { self.shared.run(&into) }
    }

    unsafe fn upload(&self, to: u64, from: &Pinned) -> Result<(), SparseError> {
        let from = Work::Upload { to, from: from.data() as usize, bytes: from.bytes() };
        // SAFETY: the caller's.
        unsafe { self.shared.ask(from) }
    }

    unsafe fn download(&self, from: u64, into: &Pinned) -> Result<(), SparseError> {
        let into = Work::Download { from, to: into.data() as usize, bytes: into.bytes() };
        // SAFETY: the caller's.
        unsafe { self.shared.ask(into) }
    }

    unsafe fn launch(
        &self,
        kernels: &'static Kernels,
        name: &'static str,
        shape: Launch,
        argument: &[u64],
    ) -> Result<(), SparseError> {
        let Some(host) = kernels.host else {
            return Err(failed(name, "a crate's kernels were built without the feature `emulate`"));
        };
        let argument = argument.to_vec();
        // SAFETY: the caller's.
        unsafe { self.shared.ask(Work::Launch { host, name, shape, argument }) }
    }

    fn mark(&self) -> Result<Box<dyn Mark>, SparseError> {
        Ok(Box::new(Place { shared: self.shared.clone() }))
    }

    fn wait(&self) -> Result<(), SparseError> {
        self.shared.state(|state| state.asked.waits += 1)
    }

    fn record(
        &self,
        work: &mut dyn FnMut() -> Result<(), SparseError>,
    ) -> Result<Box<dyn Graph>, SparseError> {
        self.shared.state(|state| state.recording = Some(Vec::new()))?;
        let done = work();
        let work = self.shared.state(|state| state.recording.take())?.unwrap_or_default();
        done?;
        Ok(Box::new(Recorded { work, shared: self.shared.clone() }))
    }

    fn asked(&self) -> Asked {
        self.shared.state(|state| state.asked).unwrap_or_default()
    }
}

/// All before it is done at once.
#[derive(Debug)]
struct Place {
    shared: Arc<Shared>,
}

impl Mark for Place {
    fn set(&self) -> Result<(), SparseError> {
        Ok(())
    }

    fn wait(&self) -> Result<(), SparseError> {
        self.shared.state(|state| state.asked.waits += 1)
    }
}

#[derive(Debug)]
struct Recorded {
    work: Vec<Work>,
    shared: Arc<Shared>,
}

impl Graph for Recorded {
    fn replay(&self) -> Result<(), SparseError> {
        // SAFETY: what was asked for could be done then, and its memory is there still.
        self.work.iter().try_for_each(|work| unsafe { self.shared.run(work) })
    }
}
