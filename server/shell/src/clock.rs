//! The one place that asks the operating system what time it is.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use claimsmith_protocol::time::Timestamp;

/// Tells the time. Tests that need another one shift it; a release binary never does.
#[derive(Debug, Default)]
pub struct Clock {
    shift_milliseconds: AtomicI64,
}

/// One reading of the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now(i64);

impl Clock {
    /// The time now.
    #[allow(clippy::disallowed_methods, reason = "this is the place the ban points to")]
    pub fn now(&self) -> Now {
        // Invariant: a system clock before 1970 is read as 1970, where everything has yet to begin.
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Now(i64::try_from(since.as_millis()).unwrap_or(i64::MAX).saturating_add(self.shift_milliseconds.load(Ordering::Relaxed)))
    }

    /// Shifts the clock, for tests.
    #[cfg(test)]
    pub fn shift(&self, milliseconds: i64) {
        self.shift_milliseconds.fetch_add(milliseconds, Ordering::Relaxed);
    }
}

impl Now {
    /// Whole seconds.
    pub const fn timestamp(self) -> Timestamp {
        Timestamp::from_seconds(self.0 / 1_000)
    }

    /// Milliseconds since 1970.
    pub const fn milliseconds(self) -> i64 {
        self.0
    }
}
