//! What the sandbox may use. Every default was measured or argued in the design of the sandbox.

use std::path::PathBuf;
use std::time::Duration;

/// Settings of the whole host, fixed when it starts.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Linear memory of one call, bytes; also the address space of a slot. 16 MiB.
    pub memory: usize,
    /// Bytes of a slot's memory that are wiped in place instead of given back to the system. 256 KiB.
    pub memory_keep_resident: usize,
    /// Stack of a guest, bytes. 256 KiB.
    pub wasm_stack: usize,
    /// Stack on which a call runs, guest and host functions together, bytes. 1 MiB.
    pub async_stack: usize,
    /// Calls that may be under way at once in this process; more wait. 200.
    pub slots: u32,
    /// Cores that run calls: the number of runtimes of the server. The machine's parallelism.
    pub cores: usize,
    /// Calls of one plugin that may wait for their turn; the next is answered busy. 256.
    pub queue: usize,
    /// How long a call waits for its turn before it is answered busy. 250 ms.
    pub queue_wait: Duration,
    /// Consecutive faults of a plugin that open its circuit; 0 never opens it. 20.
    pub breaker_faults: u32,
    /// How long an open circuit refuses calls before one may probe. 5 s.
    pub breaker_rest: Duration,
    /// A component without its custom sections, bytes. 2 MiB.
    pub component: usize,
    /// A component as uploaded, bytes. 32 MiB.
    pub upload: usize,
    /// Address space of the compiling child, bytes. 1 GiB.
    pub compile_memory: u64,
    /// CPU time of the compiling child, seconds. 30.
    pub compile_cpu: u64,
    /// Where compiled code is kept; private to the server's user. `None`: compiled code is not kept.
    pub cache: Option<PathBuf>,
    /// What one call may use unless its binding says otherwise.
    pub limits: Limits,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            memory: 16 << 20,
            memory_keep_resident: 256 << 10,
            wasm_stack: 256 << 10,
            async_stack: 1 << 20,
            slots: 200,
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            queue: 256,
            queue_wait: Duration::from_millis(250),
            breaker_faults: 20,
            breaker_rest: Duration::from_secs(5),
            component: 2 << 20,
            upload: 32 << 20,
            compile_memory: 1 << 30,
            compile_cpu: 30,
            cache: None,
            limits: Limits::default(),
        }
    }
}

/// What one call may use.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Fuel, about one unit per instruction. 20 million.
    pub fuel: u64,
    /// Wall time from the moment the call has its turn. 50 ms.
    pub wall: Duration,
    /// Linear memory, bytes; never more than [`Settings::memory`]. 16 MiB.
    pub memory: usize,
    /// What the call hands to the plugin, bytes of text and 16 for each item. 256 KiB.
    pub input: usize,
    /// What the plugin answers, bytes of text and 16 for each item. 32 KiB.
    pub output: usize,
    /// Edits in one answer. 256.
    pub edits: usize,
    /// Log text of one call, bytes; what is beyond is cut. 16 KiB.
    pub logs: usize,
    /// Calls of host functions in one call. 10,000.
    pub host_calls: u32,
    /// Whether the call is made for a request or rehearsed.
    pub surroundings: Surroundings,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            fuel: 20_000_000,
            wall: Duration::from_millis(50),
            memory: 16 << 20,
            input: 256 << 10,
            output: 32 << 10,
            edits: 256,
            logs: 16 << 10,
            host_calls: 10_000,
            surroundings: Surroundings::Live,
        }
    }
}

/// What a guest finds around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Surroundings {
    /// Random bytes of the operating system, and the time that is really left.
    Live,
    /// The same in every run, for self-tests and replay: random bytes 0, 1, 2 … 255, 0 …
    Rehearsed {
        /// What the guest is told when it asks for the time left.
        remaining_milliseconds: u32,
    },
}
