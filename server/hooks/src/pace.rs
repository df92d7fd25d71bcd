//! How much time a plugin's calls take, as a habit.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The mean from which on a plugin is slow. Fifty times what a call usually takes, and half the length of a tick.
const SLOW: Duration = Duration::from_micros(500);

/// What a single call counts at most. With its weight of an eighth, one such call is more than enough to make a plugin slow.
const MOST: Duration = Duration::from_millis(10);

/// A moving mean of the time that calls of one plugin run, nanoseconds; each call weighs an eighth.
#[derive(Debug, Default)]
pub(crate) struct Pace(AtomicU64);

impl Pace {
    /// Whether the plugin's calls are slow.
    pub(crate) fn is_slow(&self) -> bool {
        Duration::from_nanos(self.0.load(Ordering::Relaxed)) > SLOW
    }

    /// Records how long a call ran. Two calls that end at once may lose one of the two: it is a mean.
    pub(crate) fn record(&self, spent: Duration) {
        let spent = u64::try_from(spent.min(MOST).as_nanos()).unwrap_or(u64::MAX);
        let mean = self.0.load(Ordering::Relaxed);
        self.0.store(mean - mean / 8 + spent / 8, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_long_call_makes_it_slow_and_short_ones_make_up_for_it() {
        let pace = Pace::default();
        pace.record(Duration::from_secs(3));
        assert!(pace.is_slow());
        for _ in 0..10 {
            pace.record(Duration::from_micros(10));
        }
        assert!(!pace.is_slow());
    }

    #[test]
    fn ordinary_calls_never_make_it_slow() {
        let pace = Pace::default();
        for _ in 0..1_000 {
            pace.record(Duration::from_micros(200));
        }
        assert!(!pace.is_slow());
        for _ in 0..1_000 {
            pace.record(Duration::from_micros(600));
        }
        assert!(pace.is_slow());
    }
}
