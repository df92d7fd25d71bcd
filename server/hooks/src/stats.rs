//! What is counted for each plugin and hook, for metrics.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::fault::HookFault;

/// The kinds of [`HookFault`], as metrics name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// [`HookFault::Trapped`].
    Trapped,
    /// [`HookFault::OutOfFuel`].
    OutOfFuel,
    /// [`HookFault::TimedOut`].
    TimedOut,
    /// [`HookFault::MemoryLimit`].
    MemoryLimit,
    /// [`HookFault::OutputTooBig`].
    OutputTooBig,
    /// [`HookFault::InputTooBig`].
    InputTooBig,
    /// [`HookFault::BadOutput`].
    BadOutput,
    /// [`HookFault::Busy`].
    Busy,
    /// [`HookFault::Broken`].
    Broken,
    /// [`HookFault::NoSuchHook`].
    NoSuchHook,
}

impl FaultKind {
    /// Every kind.
    pub const ALL: [Self; 10] = [
        Self::Trapped,
        Self::OutOfFuel,
        Self::TimedOut,
        Self::MemoryLimit,
        Self::OutputTooBig,
        Self::InputTooBig,
        Self::BadOutput,
        Self::Busy,
        Self::Broken,
        Self::NoSuchHook,
    ];

    /// The name in metrics and records.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Trapped => "trapped",
            Self::OutOfFuel => "out_of_fuel",
            Self::TimedOut => "timed_out",
            Self::MemoryLimit => "memory_limit",
            Self::OutputTooBig => "output_too_big",
            Self::InputTooBig => "input_too_big",
            Self::BadOutput => "bad_output",
            Self::Busy => "busy",
            Self::Broken => "broken",
            Self::NoSuchHook => "no_such_hook",
        }
    }

    /// Whether the plugin itself is to blame: such faults count for its circuit breaker.
    pub const fn blames_plugin(self) -> bool {
        match self {
            Self::Trapped | Self::OutOfFuel | Self::TimedOut | Self::MemoryLimit | Self::OutputTooBig | Self::BadOutput => true,
            Self::InputTooBig | Self::Busy | Self::Broken | Self::NoSuchHook => false,
        }
    }
}

impl HookFault {
    /// The kind of this fault.
    pub const fn kind(&self) -> FaultKind {
        match self {
            Self::Trapped { .. } => FaultKind::Trapped,
            Self::OutOfFuel => FaultKind::OutOfFuel,
            Self::TimedOut => FaultKind::TimedOut,
            Self::MemoryLimit => FaultKind::MemoryLimit,
            Self::OutputTooBig => FaultKind::OutputTooBig,
            Self::InputTooBig { .. } => FaultKind::InputTooBig,
            Self::BadOutput { .. } => FaultKind::BadOutput,
            Self::Busy => FaultKind::Busy,
            Self::Broken { .. } => FaultKind::Broken,
            Self::NoSuchHook => FaultKind::NoSuchHook,
        }
    }
}

/// Counters of one hook of one plugin since it was loaded.
#[derive(Debug, Default)]
pub struct HookStats {
    calls: AtomicU64,
    refusals: AtomicU64,
    faults: [AtomicU64; FaultKind::ALL.len()],
    nanoseconds: AtomicU64,
    fuel_max: AtomicU64,
}

impl HookStats {
    pub(crate) fn record(&self, refused: bool, fault: Option<FaultKind>, fuel: u64, duration: Duration) {
        self.calls.fetch_add(1, Ordering::Relaxed);
        if refused {
            self.refusals.fetch_add(1, Ordering::Relaxed);
        }
        if let Some(kind) = fault {
            self.faults[kind as usize].fetch_add(1, Ordering::Relaxed);
        }
        self.nanoseconds.fetch_add(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
        if fuel > self.fuel_max.load(Ordering::Relaxed) {
            self.fuel_max.fetch_max(fuel, Ordering::Relaxed);
        }
    }

    /// Calls, answered or not.
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// Calls in which the plugin refused.
    pub fn refusals(&self) -> u64 {
        self.refusals.load(Ordering::Relaxed)
    }

    /// Calls that came to no answer for that reason.
    pub fn faults(&self, kind: FaultKind) -> u64 {
        self.faults[kind as usize].load(Ordering::Relaxed)
    }

    /// Time spent in calls, waiting for a turn included.
    pub fn total(&self) -> Duration {
        Duration::from_nanos(self.nanoseconds.load(Ordering::Relaxed))
    }

    /// The most fuel one call used.
    pub fn fuel_max(&self) -> u64 {
        self.fuel_max.load(Ordering::Relaxed)
    }
}
