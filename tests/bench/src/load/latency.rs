//! Latencies of one class of requests.

use super::Class;

/// Every latency of a class, in nanoseconds.
#[derive(Debug, Default)]
pub(super) struct Latencies(Vec<u64>);

impl Latencies {
    pub(super) fn add(&mut self, nanoseconds: u64) {
        self.0.push(nanoseconds);
    }

    pub(super) fn class(mut self) -> Class {
        self.0.sort_unstable();
        let at = |share: f64| {
            let index = (self.0.len() as f64 * share) as usize;
            self.0.get(index.min(self.0.len().saturating_sub(1))).map_or(0.0, |nanoseconds| *nanoseconds as f64 / 1e3)
        };
        Class { requests: self.0.len() as u64, p50: at(0.5), p99: at(0.99), max: at(1.0) }
    }
}
