//! The pulse of one connection: what has happened on it and when, so that one timer per connection can tell
//! a busy one from one that only holds a seat.
//!
//! The wire reports bytes, the hall reports requests; the connection's own task reads both at every beat. A
//! connection lives on one thread, so the atomics are never contended; they only make the pulse shareable.

use crate::listen::settings::DoorSettings;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// No instant.
const NEVER: u64 = u64::MAX;

/// See the module. Instants are microseconds since `start`.
#[derive(Debug)]
pub(crate) struct Pulse {
    start: Instant,
    budget: u64,
    max_abandoned: u32,
    /// HTTP/2 frames that are no request (pings, window updates) must not start the head deadline.
    multiplexed: AtomicBool,
    /// Requests begun and not yet gone.
    open: AtomicU32,
    /// Answers that the protocol machinery has not fetched yet.
    untaken: AtomicU32,
    untaken_since: AtomicU64,
    idle_since: AtomicU64,
    head_since: AtomicU64,
    bytes: AtomicU64,
    abandoned: AtomicU32,
    /// Why the wire was cut.
    cut: AtomicU8,
}

/// Why a connection has to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stall {
    /// A request head is overdue.
    Head,
    /// An answer waits for a peer that does not take it.
    Write,
    /// Nothing was asked for too long.
    Idle,
}

/// Why the wire itself was cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// See [`Flood`].
    Flood,
    /// The peer took nothing.
    Write,
}

/// The peer sends bytes without asking anything, or gives up whatever it asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the peer sends too much without asking anything")]
pub(crate) struct Flood;

impl Pulse {
    pub(crate) fn new(settings: &DoorSettings) -> Arc<Pulse> {
        Arc::new(Pulse {
            start: Instant::now(),
            budget: settings.max_bytes_between_requests,
            max_abandoned: settings.max_abandoned,
            multiplexed: AtomicBool::new(false),
            open: AtomicU32::new(0),
            untaken: AtomicU32::new(0),
            untaken_since: AtomicU64::new(NEVER),
            idle_since: AtomicU64::new(0),
            head_since: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            abandoned: AtomicU32::new(0),
            cut: AtomicU8::new(0),
        })
    }

    fn micros(&self, at: Instant) -> u64 {
        u64::try_from(at.saturating_duration_since(self.start).as_micros()).unwrap_or(NEVER - 1)
    }

    fn now(&self) -> u64 {
        self.micros(Instant::now())
    }

    /// The handshake is over and HTTP begins; with HTTP/2 only the first request has a head deadline, later
    /// ones fall under the idle deadline.
    pub(crate) fn begin_http(&self, multiplexed: bool) {
        let now = self.now();
        self.multiplexed.store(multiplexed, Relaxed);
        self.idle_since.store(now, Relaxed);
        self.head_since.store(now, Relaxed);
        self.bytes.store(0, Relaxed);
    }

    /// Bytes came from the network.
    ///
    /// Security: pings, settings, window updates, empty frames and resets cost the peer next to nothing; this
    /// budget bounds all of them, whatever their kind, without knowing frames.
    pub(crate) fn received(&self, count: usize) -> Result<(), Flood> {
        let bytes = self.bytes.load(Relaxed) + count as u64;
        self.bytes.store(bytes, Relaxed);
        if bytes > self.budget || self.abandoned.load(Relaxed) > self.max_abandoned {
            self.cut.store(1, Relaxed);
            return Err(Flood);
        }
        if self.open.load(Relaxed) == 0 && self.head_since.load(Relaxed) == NEVER && !self.multiplexed.load(Relaxed) {
            self.head_since.store(self.now(), Relaxed);
        }
        Ok(())
    }

    /// A body grew, which is what bytes are for.
    pub(crate) fn body_grew(&self) {
        self.bytes.store(0, Relaxed);
    }

    /// The peer took nothing of an answer for too long.
    pub(crate) fn write_stalled(&self) {
        self.cut.store(2, Relaxed);
    }

    /// Why the wire was cut, if it was.
    pub(crate) fn cut(&self) -> Option<Cut> {
        match self.cut.load(Relaxed) {
            0 => None,
            1 => Some(Cut::Flood),
            _ => Some(Cut::Write),
        }
    }

    /// What has stalled at `now`, if anything has.
    pub(crate) fn stalled(&self, now: Instant, settings: &DoorSettings) -> Option<Stall> {
        let now = self.micros(now);
        let overdue = |since: u64, limit: Duration| since != NEVER && u128::from(now.saturating_sub(since)) >= limit.as_micros();
        if self.untaken.load(Relaxed) > 0 && overdue(self.untaken_since.load(Relaxed), settings.write_timeout) {
            return Some(Stall::Write);
        }
        if self.open.load(Relaxed) > 0 {
            return None;
        }
        if overdue(self.head_since.load(Relaxed), settings.head_timeout) {
            return Some(Stall::Head);
        }
        overdue(self.idle_since.load(Relaxed), settings.idle_timeout).then_some(Stall::Idle)
    }
}

/// One request on its way, from its head until its answer was fetched. Dropped early, it counts as abandoned.
#[derive(Debug)]
pub(crate) struct Underway {
    pulse: Arc<Pulse>,
    answered: bool,
}

impl Underway {
    pub(crate) fn begin(pulse: &Arc<Pulse>) -> Underway {
        pulse.open.fetch_add(1, Relaxed);
        pulse.head_since.store(NEVER, Relaxed);
        pulse.bytes.store(0, Relaxed);
        Underway { pulse: Arc::clone(pulse), answered: false }
    }

    /// The answer is ready for the wire.
    pub(crate) fn answered(&mut self) {
        self.answered = true;
        if self.pulse.untaken.fetch_add(1, Relaxed) == 0 {
            self.pulse.untaken_since.store(self.pulse.now(), Relaxed);
        }
    }
}

impl Drop for Underway {
    fn drop(&mut self) {
        let now = self.pulse.now();
        if self.answered {
            self.pulse.untaken.fetch_sub(1, Relaxed);
            self.pulse.untaken_since.store(now, Relaxed);
        } else {
            self.pulse.abandoned.fetch_add(1, Relaxed);
        }
        self.pulse.idle_since.store(now, Relaxed);
        self.pulse.open.fetch_sub(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> DoorSettings {
        DoorSettings { max_bytes_between_requests: 100, max_abandoned: 2, ..DoorSettings::default() }
    }

    fn later(pulse: &Pulse, by: Duration) -> Instant {
        pulse.start + by
    }

    #[test]
    fn a_new_connection_owes_its_first_head() {
        let settings = settings();
        let pulse = Pulse::new(&settings);
        assert_eq!(pulse.stalled(later(&pulse, Duration::ZERO), &settings), None);
        assert_eq!(pulse.stalled(later(&pulse, settings.head_timeout), &settings), Some(Stall::Head));
    }

    #[test]
    fn an_open_request_is_no_idleness() {
        let settings = settings();
        let pulse = Pulse::new(&settings);
        let underway = Underway::begin(&pulse);
        assert_eq!(pulse.stalled(later(&pulse, settings.idle_timeout * 2), &settings), None);
        drop(underway);
        assert_eq!(pulse.stalled(later(&pulse, settings.idle_timeout * 2), &settings), Some(Stall::Idle));
    }

    #[test]
    fn an_answer_that_nobody_takes_stalls_the_connection() {
        let settings = settings();
        let pulse = Pulse::new(&settings);
        let mut underway = Underway::begin(&pulse);
        underway.answered();
        assert_eq!(pulse.stalled(later(&pulse, settings.write_timeout * 2), &settings), Some(Stall::Write));
    }

    #[test]
    fn bytes_without_requests_are_a_flood() {
        let pulse = Pulse::new(&settings());
        assert_eq!(pulse.received(100), Ok(()));
        drop(Underway::begin(&pulse));
        assert_eq!(pulse.received(60), Ok(()));
        pulse.body_grew();
        assert_eq!(pulse.received(60), Ok(()));
        assert_eq!(pulse.received(41), Err(Flood));
    }

    #[test]
    fn abandoned_requests_are_a_flood() {
        let pulse = Pulse::new(&settings());
        for _ in 0..3 {
            assert_eq!(pulse.received(1), Ok(()));
            drop(Underway::begin(&pulse));
        }
        assert_eq!(pulse.received(1), Err(Flood));
    }

    #[test]
    fn a_ping_on_http2_owes_no_head() {
        let settings = settings();
        let pulse = Pulse::new(&settings);
        pulse.begin_http(true);
        drop(Underway::begin(&pulse));
        pulse.received(17).expect("within budget");
        assert_eq!(pulse.stalled(later(&pulse, settings.head_timeout * 2), &settings), None);
    }
}
