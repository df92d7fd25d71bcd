//! How much time a plugin's calls take, as a habit.
//!
//! What counts is CPU time: on a machine that is overloaded every call lasts long, and whoever were sent to a thread of low
//! priority for that would starve there. But asking for it is a system call, so calls are timed by the wall first, and only
//! those of a plugin that seems slow are looked at more closely.

use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::slow_lane::thread_time;

/// The mean from which on a plugin is slow: a tick, and a hundred times what a call usually takes.
const SLOW: Duration = Duration::from_millis(1);

/// What a single call counts at most. With its weight of an eighth, one such call is just enough to make a plugin slow.
const MOST: Duration = Duration::from_millis(10);

/// How long the calls of one plugin take.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    /// From beginning to end.
    wall: Mean,
    /// On a processor; known of plugins alone whose calls last long.
    busy: Mean,
}

impl Pace {
    /// Whether the plugin's calls are slow.
    pub(crate) fn is_slow(&self) -> bool {
        self.busy.is_long()
    }

    /// Times a run of the plugin.
    pub(crate) async fn time<T>(&self, run: impl Future<Output = T>) -> T {
        let began = Instant::now();
        let output = if self.wall.is_long() { self.time_closely(run).await } else { run.await };
        self.wall.record(began.elapsed());
        output
    }

    /// Times the processor alone: what runs on the thread while the guest pauses is not its own.
    async fn time_closely<T>(&self, run: impl Future<Output = T>) -> T {
        let (mut run, mut busy) = (pin!(run), Duration::ZERO);
        let output = std::future::poll_fn(|cx| {
            let before = thread_time();
            let polled = run.as_mut().poll(cx);
            busy += thread_time().saturating_sub(before);
            polled
        });
        let output = output.await;
        self.busy.record(busy);
        output
    }
}

/// A moving mean, nanoseconds; each sample weighs an eighth.
#[derive(Debug, Default)]
struct Mean(AtomicU64);

impl Mean {
    fn is_long(&self) -> bool {
        Duration::from_nanos(self.0.load(Ordering::Relaxed)) > SLOW
    }

    /// Adds a sample. Of two at the same instant one may be lost: it is a mean.
    fn record(&self, spent: Duration) {
        let spent = u64::try_from(spent.min(MOST).as_nanos()).unwrap_or(u64::MAX);
        let mean = self.0.load(Ordering::Relaxed);
        self.0.store(mean - mean / 8 + spent / 8, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_sample_makes_it_long_and_short_ones_make_up_for_it() {
        let mean = Mean::default();
        mean.record(Duration::from_secs(3));
        assert!(mean.is_long());
        for _ in 0..5 {
            mean.record(Duration::from_micros(10));
        }
        assert!(!mean.is_long());
        for _ in 0..1_000 {
            mean.record(Duration::from_micros(900));
        }
        assert!(!mean.is_long());
    }

    #[tokio::test]
    async fn waiting_is_not_slow() {
        let pace = Pace::default();
        for _ in 0..4 {
            pace.time(tokio::time::sleep(Duration::from_millis(20))).await;
        }
        assert!(pace.wall.is_long() && !pace.is_slow());
    }

    #[tokio::test]
    async fn working_is_slow() {
        let pace = Pace::default();
        for _ in 0..4 {
            pace.time(async {
                let before = thread_time();
                while thread_time() - before < Duration::from_millis(20) {}
            })
            .await;
        }
        assert!(pace.is_slow());
    }
}
