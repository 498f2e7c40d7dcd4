//! Limits on a renderer, which the system enforces.
#![expect(clippy::disallowed_methods, reason = "the size of this process is in /proc")]

use std::io;

use rustix::process::{Resource, Rlimit, Signal, getrlimit, set_parent_process_death_signal, setrlimit};
use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

use crate::template::STACK;

/// Limits on the rendering of one template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// CPU time, in seconds.
    pub cpu_seconds: u64,
    /// Memory, in MB.
    pub memory_mb: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { cpu_seconds: 1, memory_mb: 256 }
    }
}

impl Limits {
    /// The environment variable with the CPU time.
    pub const CPU: &str = "KMODGEN_TEMPLATE_CPU_SECONDS";

    /// The environment variable with the memory.
    pub const MEMORY: &str = "KMODGEN_TEMPLATE_MEMORY_MB";

    /// Limits this process for good, but for its CPU time: it needs no file, no process and no core dump,
    /// and ends with its parent.
    pub(super) fn confine(self) -> io::Result<()> {
        set_parent_process_death_signal(Some(Signal::KILL))?;
        let size = size_of_process()?;
        lower(Resource::As, size.saturating_add(self.memory_mb << 20))?;
        // The engine recurses on this thread. Its stack grows when it is used, up to this limit.
        let stack = getrlimit(Resource::Stack);
        let wanted = Some(STACK as u64);
        setrlimit(Resource::Stack, Rlimit { current: smaller(wanted, stack.maximum), maximum: stack.maximum })?;
        for resource in [Resource::Core, Resource::Fsize, Resource::Nproc] {
            lower(resource, 0)?;
        }
        // Beyond the three that are open.
        lower(Resource::Nofile, 3)
    }

    /// Gives this process CPU time for one more template. The system counts whole seconds.
    pub(super) fn grant_cpu(self) -> io::Result<()> {
        let used = u64::try_from(clock_gettime(ClockId::ProcessCPUTime).tv_sec).unwrap_or(0);
        let limit = getrlimit(Resource::Cpu);
        let wanted = Some(used + self.cpu_seconds + 1);
        setrlimit(Resource::Cpu, Rlimit { current: smaller(wanted, limit.maximum), maximum: limit.maximum })?;
        Ok(())
    }
}

fn lower(resource: Resource, to: u64) -> io::Result<()> {
    let limit = smaller(Some(to), getrlimit(resource).maximum);
    Ok(setrlimit(resource, Rlimit { current: limit, maximum: limit })?)
}

/// The smaller of two limits, of which `None` is none.
fn smaller(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    one.into_iter().chain(other).min()
}

/// The address space of this process, in bytes.
fn size_of_process() -> io::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let size = status.lines().find_map(|line| line.strip_prefix("VmSize:")?.strip_suffix("kB")?.trim().parse().ok());
    size.map(|kib: u64| kib << 10).ok_or_else(|| io::Error::other("/proc/self/status has no VmSize"))
}
