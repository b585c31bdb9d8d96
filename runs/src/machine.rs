//! The machine that a run is on.

use std::num::NonZero;
use std::thread::available_parallelism;

use serde::{Deserialize, Serialize};
use sparring_sparse::gpu::DeviceName;
use sysinfo::{CpuRefreshKind, System};

/// What a run folder says about the machine.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Machine {
    /// The processor's name.
    pub cpu: String,
    /// Cores that this process may use.
    pub cores: usize,
    /// Memory in GiB.
    pub memory_gib: f64,
    /// The operating system.
    pub os: String,
    /// The architecture.
    pub arch: String,
    /// The devices beside the processor that a run names, with their drivers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub devices: Vec<String>,
}

impl Machine {
    /// This machine.
    pub fn this() -> Self {
        let system = System::new().map(|mut system| {
            system.refresh_memory();
            system.refresh_cpu_list(CpuRefreshKind::nothing());
            system
        });
        let system = system.ok();
        let cpu = system.as_ref().and_then(|system| system.cpus().first());
        Self {
            cpu: cpu.map(|cpu| cpu.brand().trim().to_owned()).unwrap_or_default(),
            cores: cores(),
            memory_gib: gib(system.as_ref().map_or(0, System::total_memory)),
            os: System::long_os_version().unwrap_or_default(),
            arch: std::env::consts::ARCH.to_owned(),
            devices: Vec::new(),
        }
    }

    /// This machine with the `devices` that a run names, as far as they can be opened.
    pub fn with(devices: impl IntoIterator<Item = DeviceName>) -> Self {
        let mut known = Vec::new();
        for device in devices {
            if let Ok(Some(gpu)) = device.open() {
                let one = format!("{device}: {}", gpu.name());
                if !known.contains(&one) {
                    known.push(one);
                }
            }
        }
        Self { devices: known, ..Self::this() }
    }
}

/// Cores that this process may use.
pub fn cores() -> usize {
    available_parallelism().map_or(1, NonZero::get)
}

/// Memory that can still be taken, a container's limit included; none where the system does not
/// tell.
pub fn available_memory() -> Option<u64> {
    let mut system = System::new().ok()?;
    system.refresh_memory();
    let free = system.available_memory();
    // Pages of files count against a container's limit but are given back on demand, so what is
    // resident is what is gone.
    let limits = system.cgroup_limits();
    Some(limits.map_or(free, |limits| free.min(limits.total_memory.saturating_sub(limits.rss))))
}

/// A number of bytes in GiB, with two decimals.
pub fn gibibytes(bytes: u64) -> String {
    format!("{:.2}", gib(bytes))
}

fn gib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 30)
}
