//! What the door counts. Telemetry reads it; nothing here decides anything.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

/// Counters and gauges of one server, shared by all its listeners. All are monotonic except the two gauges.
#[derive(Debug, Default)]
pub struct DoorMetrics {
    /// Connections that got a seat.
    pub accepted: AtomicU64,
    /// Connections closed at once because the server was full.
    pub refused_full: AtomicU64,
    /// Connections closed at once because their address held too many already.
    pub refused_address: AtomicU64,
    /// Connections closed at once because a proxy listener does not trust their address.
    pub refused_untrusted: AtomicU64,
    /// `accept(2)` itself failed, for instance for want of file descriptors.
    pub accept_failures: AtomicU64,
    /// TLS handshakes that failed for another reason than time.
    pub handshake_failures: AtomicU64,
    /// Gauge: connections that hold a seat now.
    pub active: AtomicUsize,
    /// Gauge: requests between admission and answer now.
    pub in_flight: AtomicUsize,
    /// Requests answered, whatever the status.
    pub requests: AtomicU64,
    /// Requests answered 503 because too many were in flight.
    pub refused_busy: AtomicU64,
    /// Requests whose handler panicked.
    pub panics: AtomicU64,
    /// TLS handshake not finished in time.
    pub timeouts_handshake: AtomicU64,
    /// Request head not finished in time.
    pub timeouts_head: AtomicU64,
    /// Request body not finished in time.
    pub timeouts_body: AtomicU64,
    /// Answer not taken in time.
    pub timeouts_write: AtomicU64,
    /// Idle connections closed.
    pub timeouts_idle: AtomicU64,
    /// Connections retired for their age.
    pub retired: AtomicU64,
    /// Connections closed for sending much without asking anything, or for abandoning what they asked.
    pub floods: AtomicU64,
}

impl DoorMetrics {
    /// Adds one to a counter.
    pub(crate) fn count(counter: &AtomicU64) {
        counter.fetch_add(1, Relaxed);
    }
}
