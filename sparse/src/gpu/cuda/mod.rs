//! A device by the driver of CUDA (crate `cudarc`), which is looked for when one is opened: a build with it starts
//! on machines without.

mod error;
mod event;
mod graph;
mod owned;

use std::collections::HashMap;
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use cudarc::driver::sys::{CUgraphInstantiate_flags, CUstreamCaptureMode};
use cudarc::driver::{CudaContext, CudaFunction, CudaModule, CudaStream, result, sys};
use cudarc::nvrtc::Ptx;

use super::{Asked, Gpu, Graph, Kernels, Launch, Mark, Memory, Pinned, failed};
use crate::error::SparseError;

use error::of_driver;
use event::{Event, Place};
use graph::Recorded;
use owned::{Owned, OwnedHost};

/// One device and a stream of its own.
#[derive(Debug)]
pub(super) struct Cuda {
    context: Arc<CudaContext>,
    stream: Arc<CudaStream>,
    /// What runs beside the stream, and the event by which the two wait for each other.
    side: Arc<CudaStream>,
    /// Where copies run ahead.
    copies: Arc<CudaStream>,
    event: Event,
    is_beside: AtomicBool,
    /// Whether something runs beside that nobody has joined.
    has_forked: AtomicBool,
    loaded: Mutex<Loaded>,
    asked: Arc<Mutex<Asked>>,
}

/// Modules and functions, by where their kernels stand and their name.
#[derive(Debug, Default)]
struct Loaded {
    modules: HashMap<usize, Arc<CudaModule>>,
    functions: HashMap<(usize, &'static str), CudaFunction>,
}

impl Cuda {
    /// Device `number`.
    pub fn open(number: usize) -> Result<Self, SparseError> {
        let what = "cuda";
        // SAFETY: looks for a library and no more.
        if !unsafe { sys::is_culib_present() } {
            let why = "this machine has no driver of NVIDIA (libcuda.so.1); use `cpu`";
            return Err(failed(what, why));
        }
        let context =
            CudaContext::new(number).map_err(|error| match CudaContext::device_count() {
                Ok(count) if number >= count as usize => {
                    failed(&format!("cuda:{number}"), format!("this machine has {count} devices"))
                }
                Ok(_) | Err(_) => failed(what, error),
            })?;
        // SAFETY: all memory of this context that is used here belongs to one stream, or is waited for.
        unsafe { context.disable_event_tracking() };
        let stream = context.new_stream().map_err(of_driver(what))?;
        let side = context.new_stream().map_err(of_driver(what))?;
        let copies = context.new_stream().map_err(of_driver(what))?;
        let event = Event::new()?;
        let (loaded, asked) = (Mutex::default(), Arc::default());
        let (is_beside, has_forked) = (AtomicBool::new(false), AtomicBool::new(false));
        Ok(Self { context, stream, side, copies, event, is_beside, has_forked, loaded, asked })
    }

    /// Where work goes now.
    fn now(&self) -> sys::CUstream {
        match self.is_beside.load(Ordering::Relaxed) {
            true => self.side.cu_stream(),
            false => self.stream.cu_stream(),
        }
    }

    /// Lets what comes next in `later` wait for all that is in `earlier`.
    fn order(&self, earlier: &CudaStream, later: &CudaStream) -> Result<(), SparseError> {
        let flags = sys::CUevent_wait_flags::CU_EVENT_WAIT_DEFAULT;
        // SAFETY: handles of this value.
        unsafe {
            result::event::record(self.event.0, earlier.cu_stream())
                .and_then(|()| result::stream::wait_event(later.cu_stream(), self.event.0, flags))
        }
        .map_err(of_driver("the order of work"))
    }

    fn bind(&self) -> Result<(), SparseError> {
        self.context.bind_to_thread().map_err(of_driver("the context of cuda"))
    }

    fn function(
        &self,
        kernels: &'static Kernels,
        name: &'static str,
    ) -> Result<CudaFunction, SparseError> {
        let key = ptr::from_ref(kernels) as usize;
        let Ok(mut loaded) = self.loaded.lock() else {
            return Err(failed("a kernel", "another thread failed while it loaded one"));
        };
        if let Some(function) = loaded.functions.get(&(key, name)) {
            return Ok(function.clone());
        }
        let module = match loaded.modules.get(&key) {
            Some(module) => module.clone(),
            None => {
                let image = Ptx::from_binary(kernels.image.to_vec());
                let module = self.context.load_module(image).map_err(of_driver("the kernels"))?;
                loaded.modules.insert(key, module.clone());
                module
            }
        };
        let function = module.load_function(name).map_err(|error| failed(name, error))?;
        let most = self.context.attribute(
            sys::CUdevice_attribute_enum::CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN,
        );
        let fixed = function
            .get_attribute(sys::CUfunction_attribute_enum::CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES);
        // More than 48 KiB must be asked for once.
        if let (Ok(most), Ok(fixed)) = (most, fixed) {
            let dynamic =
                sys::CUfunction_attribute_enum::CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES;
            function.set_attribute(dynamic, most - fixed).map_err(|error| failed(name, error))?;
        }
        loaded.functions.insert((key, name), function.clone());
        Ok(function)
    }

    fn count(&self, one: impl FnOnce(&mut Asked)) {
        if let Ok(mut asked) = self.asked.lock() {
            one(&mut asked);
        }
    }
}

impl Gpu for Cuda {
    fn name(&self) -> String {
        let name = self.context.name().unwrap_or_else(|_| "a device without a name".to_owned());
        let mut version = 0;
        // SAFETY: fills in an integer.
        unsafe { sys::cuDriverGetVersion(&mut version) };
        let gib = self.context.total_mem().map_or(0.0, |bytes| bytes as f64 / (1u64 << 30) as f64);
        format!("{name}, CUDA {}.{}, {gib:.1} GiB", version / 1000, version % 1000 / 10)
    }

    fn shared_bytes(&self) -> usize {
        // What every device that there is an image for has at least.
        const LEAST: usize = 99 * 1024;
        let most =
            sys::CUdevice_attribute_enum::CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN;
        self.context.attribute(most).map_or(LEAST, |bytes| bytes as usize)
    }

    fn alloc(&self, bytes: usize) -> Result<Memory, SparseError> {
        let what = "memory of cuda";
        self.bind()?;
        self.count(|asked| {
            asked.allocations += 1;
            asked.allocated += bytes as u64;
        });
        // SAFETY: fresh memory.
        let address = unsafe { result::malloc_sync(bytes.max(16)) }
            .map_err(|error| failed(what, format!("{bytes} bytes: {error}")))?;
        Ok(Memory::new(address, bytes, Owned { address, stream: self.stream.clone() }))
    }

    fn pinned(&self, bytes: usize) -> Result<Pinned, SparseError> {
        self.bind()?;
        // SAFETY: fresh memory of the host, zeroed and then its owner's alone.
        unsafe {
            let data = result::malloc_host(bytes.max(8), 0)
                .map_err(of_driver("memory of the host for cuda"))?
                .cast::<u8>();
            data.write_bytes(0, bytes.max(8));
            let owner = OwnedHost { address: data as usize, stream: self.stream.clone() };
            Ok(Pinned::new(data, bytes, owner))
        }
    }

    unsafe fn write(&self, to: u64, from: &[u8]) -> Result<(), SparseError> {
        self.bind()?;
        self.count(|asked| asked.uploads += 1);
        // SAFETY: the caller's; `from` lives until the wait is over.
        unsafe { result::memcpy_htod_async(to, from, self.stream.cu_stream()) }
            .map_err(of_driver("a copy to the device"))?;
        self.wait()
    }

    unsafe fn read(&self, from: u64, into: &mut [u8]) -> Result<(), SparseError> {
        self.bind()?;
        self.count(|asked| asked.downloads += 1);
        // SAFETY: the caller's; `into` lives until the wait is over.
        unsafe { result::memcpy_dtoh_async(into, from, self.stream.cu_stream()) }
            .map_err(of_driver("a copy from the device"))?;
        self.wait()
    }

    unsafe fn upload(&self, to: u64, from: &Pinned) -> Result<(), SparseError> {
        self.bind()?;
        self.count(|asked| asked.uploads += 1);
        // SAFETY: the caller's.
        unsafe {
            let from = std::slice::from_raw_parts(from.data(), from.bytes());
            result::memcpy_htod_async(to, from, self.stream.cu_stream())
        }
        .map_err(of_driver("a copy to the device"))
    }

    unsafe fn upload_ahead(&self, to: u64, from: &Pinned) -> Result<(), SparseError> {
        self.bind()?;
        self.count(|asked| asked.uploads += 1);
        // SAFETY: the caller's.
        unsafe {
            let from = std::slice::from_raw_parts(from.data(), from.bytes());
            result::memcpy_htod_async(to, from, self.copies.cu_stream())
        }
        .map_err(of_driver("a copy to the device"))?;
        self.order(&self.copies, &self.stream)
    }

    unsafe fn download(&self, from: u64, into: &Pinned) -> Result<(), SparseError> {
        self.bind()?;
        self.count(|asked| asked.downloads += 1);
        // SAFETY: the caller's.
        unsafe {
            let into = std::slice::from_raw_parts_mut(into.data(), into.bytes());
            result::memcpy_dtoh_async(into, from, self.stream.cu_stream())
        }
        .map_err(of_driver("a copy from the device"))
    }

    unsafe fn launch(
        &self,
        kernels: &'static Kernels,
        name: &'static str,
        shape: Launch,
        argument: &[u64],
    ) -> Result<(), SparseError> {
        self.bind()?;
        let function = self.function(kernels, name)?;
        self.count(|asked| asked.launches += 1);
        let Launch { grid, block, shared } = shape;
        // SAFETY: the caller's; the driver copies the argument before it returns.
        unsafe {
            result::launch_kernel(
                function.cu_function(),
                grid.into(),
                block.into(),
                shared,
                self.now(),
                &mut [argument.as_ptr().cast_mut().cast()],
            )
        }
        .map_err(|error| failed(name, error))
    }

    fn beside(&self, work: &mut dyn FnMut() -> Result<(), SparseError>) -> Result<(), SparseError> {
        self.bind()?;
        self.order(&self.stream, &self.side)?;
        self.is_beside.store(true, Ordering::Relaxed);
        self.has_forked.store(true, Ordering::Relaxed);
        let done = work();
        self.is_beside.store(false, Ordering::Relaxed);
        done
    }

    fn join(&self) -> Result<(), SparseError> {
        match self.has_forked.swap(false, Ordering::Relaxed) {
            true => self.order(&self.side, &self.stream),
            false => Ok(()),
        }
    }

    fn mark(&self) -> Result<Box<dyn Mark>, SparseError> {
        self.bind()?;
        let event = Event::new()?;
        Ok(Box::new(Place { event, stream: self.stream.clone(), asked: self.asked.clone() }))
    }

    fn wait(&self) -> Result<(), SparseError> {
        self.count(|asked| asked.waits += 1);
        self.stream.synchronize().map_err(of_driver("work of the device"))
    }

    fn record(
        &self,
        work: &mut dyn FnMut() -> Result<(), SparseError>,
    ) -> Result<Box<dyn Graph>, SparseError> {
        let what = "a graph of cuda";
        let before = self.asked();
        let mode = CUstreamCaptureMode::CU_STREAM_CAPTURE_MODE_THREAD_LOCAL;
        self.stream.begin_capture(mode).map_err(of_driver(what))?;
        let done = work();
        let flags = CUgraphInstantiate_flags(0);
        let graph = self.stream.end_capture(flags).map_err(of_driver(what));
        done?;
        let graph = graph?.ok_or_else(|| failed(what, "nothing was recorded"))?;
        graph.upload().map_err(of_driver(what))?;
        let now = self.asked();
        self.count(|asked| *asked = before);
        let each = Asked {
            launches: now.launches - before.launches,
            uploads: now.uploads - before.uploads,
            downloads: now.downloads - before.downloads,
            waits: 0,
            allocations: 0,
            allocated: 0,
        };
        Ok(Box::new(Recorded { graph, each, asked: self.asked.clone() }))
    }

    fn asked(&self) -> Asked {
        self.asked.lock().map(|asked| *asked).unwrap_or_default()
    }
}
