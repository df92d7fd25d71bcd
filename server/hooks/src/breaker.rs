//! The circuit breaker of one plugin: after repeated faults it gets a rest, then one call may probe.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::fault::HookFault;

/// The breaker of one plugin.
#[derive(Debug)]
pub(crate) struct Breaker {
    born: Instant,
    faults: AtomicU32,
    /// Milliseconds after `born` until which calls are refused; 0 while the circuit is closed.
    until: AtomicU64,
    threshold: u32,
    rest: Duration,
}

impl Breaker {
    pub(crate) fn new(threshold: u32, rest: Duration) -> Self {
        Self { born: Instant::now(), faults: AtomicU32::new(0), until: AtomicU64::new(0), threshold, rest }
    }

    /// Whether a call may be made. While the circuit is open, one call per rest may.
    pub(crate) fn admit(&self) -> Result<(), HookFault> {
        let until = self.until.load(Ordering::Relaxed);
        if until == 0 {
            return Ok(());
        }
        let now = self.now();
        if now >= until && self.until.compare_exchange(until, self.end(now), Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            return Ok(());
        }
        let until = self.until.load(Ordering::Relaxed);
        Err(HookFault::Broken { rest: Duration::from_millis(until.saturating_sub(now)) })
    }

    /// Records that the plugin answered.
    pub(crate) fn answered(&self) {
        if self.faults.load(Ordering::Relaxed) != 0 {
            self.faults.store(0, Ordering::Relaxed);
        }
        if self.until.load(Ordering::Relaxed) != 0 {
            self.until.store(0, Ordering::Relaxed);
        }
    }

    /// Records a fault of the plugin.
    pub(crate) fn failed(&self) {
        let faults = self.faults.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        if self.threshold != 0 && faults >= self.threshold {
            self.until.store(self.end(self.now()), Ordering::Relaxed);
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.born.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn end(&self, now: u64) -> u64 {
        now.saturating_add(u64::try_from(self.rest.as_millis()).unwrap_or(u64::MAX)).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_after_consecutive_faults_only() {
        let breaker = Breaker::new(3, Duration::from_secs(3600));
        for _ in 0..5 {
            breaker.failed();
            breaker.failed();
            breaker.answered();
        }
        assert!(breaker.admit().is_ok());
        for _ in 0..3 {
            breaker.failed();
        }
        assert!(matches!(breaker.admit(), Err(HookFault::Broken { .. })));
    }

    #[test]
    fn after_the_rest_one_call_probes_and_its_answer_closes() {
        let breaker = Breaker::new(1, Duration::from_secs(3600));
        breaker.failed();
        breaker.until.store(1, Ordering::Relaxed);
        while breaker.now() < 1 {
            std::thread::yield_now();
        }
        assert!(breaker.admit().is_ok(), "the probe");
        assert!(breaker.admit().is_err(), "only one probe");
        breaker.answered();
        assert!(breaker.admit().is_ok());
    }

    #[test]
    fn a_threshold_of_zero_never_opens() {
        let breaker = Breaker::new(0, Duration::from_secs(1));
        for _ in 0..100 {
            breaker.failed();
        }
        assert!(breaker.admit().is_ok());
    }
}
