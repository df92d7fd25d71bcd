//! The one place that asks the operating system what time it is.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use claimsmith_protocol::time::Timestamp;

/// Tells the time. It never runs slower than time passes: a system clock that is set back does not make what has expired
/// good again (SEC-012). One that is set forward is believed, which can only end things early.
#[derive(Debug)]
pub struct Clock {
    began: Instant,
    began_at: i64,
}

/// One reading of the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now(i64);

impl Default for Clock {
    fn default() -> Self {
        Self { began: Instant::now(), began_at: system_milliseconds() }
    }
}

impl Clock {
    /// The time now.
    pub fn now(&self) -> Now {
        Now(self.reading(system_milliseconds(), self.began.elapsed()))
    }

    fn reading(&self, system: i64, elapsed: Duration) -> i64 {
        let elapsed = i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX);
        system.max(self.began_at.saturating_add(elapsed))
    }
}

#[allow(clippy::disallowed_methods, reason = "this is the place the ban points to")]
fn system_milliseconds() -> i64 {
    // Invariant: a system clock before 1970 is read as 1970, where everything has yet to begin.
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sec_012_a_clock_that_is_set_back_brings_nothing_back_to_life() {
        let clock = Clock { began: Instant::now(), began_at: 1_000_000_000 };
        let minute = Duration::from_secs(60);
        assert_eq!(clock.reading(1_000_060_000, minute), 1_000_060_000, "as the system says");
        assert_eq!(clock.reading(999_760_000, minute), 1_000_060_000, "set back by five minutes");
        assert_eq!(clock.reading(1_000_360_000, minute), 1_000_360_000, "set forward by five minutes");
    }
}
