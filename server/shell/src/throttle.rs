//! The throttle: how many wrong answers one may give before having to wait (RFC 6749 §10.10, RFC 6819 §5.1.4.2.3).
//!
//! It counts failures of a client from an address, and of an address whoever it says it is, as buckets that fill with each
//! failure and drain with time. Only what costs us something or guesses at something asks it: Argon2id and introspection.
//! Secrets of 256 random bits are always compared, since nobody guesses those, and so a flood never keeps them out.
//!
//! The table is bounded. What is pushed out is forgotten, to the guesser's advantage: bounding memory comes first, and a
//! guesser needs as many networks as the table has rows to profit.

use std::hash::{BuildHasher as _, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use quick_cache::sync::Cache;

/// How failures are counted.
#[derive(Debug, Clone)]
pub struct ThrottleSettings {
    /// For one client from one address.
    pub pair: Allowance,
    /// For one address (IPv6: one /64), whatever the client.
    pub address: Allowance,
    /// Rows of each of the two tables; a row takes some 100 bytes.
    pub rows: usize,
}

/// Failures that are let pass.
#[derive(Debug, Clone, Copy)]
pub struct Allowance {
    /// As many at once; at least 1.
    pub burst: u32,
    /// And one more each time this has passed.
    pub every: Duration,
}

impl Default for ThrottleSettings {
    fn default() -> Self {
        Self {
            pair: Allowance { burst: 10, every: Duration::from_secs(1) },
            address: Allowance { burst: 100, every: Duration::from_millis(100) },
            rows: 65_536,
        }
    }
}

/// Whether an attempt may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admit {
    /// Yes.
    Yes,
    /// Not now.
    Throttled {
        /// When it may, at the earliest; at least a second, in whole seconds, as `Retry-After` has it.
        retry_after: Duration,
    },
}

/// The failures of the recent past.
#[derive(Debug)]
pub struct Throttle {
    pair: Table,
    address: Table,
    // Security: rows are found under keyed hashes with a key of this process; nobody can aim at another's row.
    hasher: RandomState,
    start: Instant,
}

impl Throttle {
    /// An empty table.
    pub fn new(settings: &ThrottleSettings) -> Self {
        let table = |allowance| Table { rows: Cache::new(settings.rows.max(1)), allowance };
        // The clock that callers read, also where a test has stopped it.
        let start = tokio::time::Instant::now().into_std();
        Self { pair: table(settings.pair), address: table(settings.address), hasher: RandomState::new(), start }
    }

    /// Whether this address may try to be this client. Asking costs it nothing.
    pub fn admit(&self, client_id: &str, address: IpAddr, now: Instant) -> Admit {
        let (pair, address, now) = self.place(client_id, address, now);
        let wait = self.pair.wait(pair, now).max(self.address.wait(address, now));
        if wait == 0 {
            return Admit::Yes;
        }
        Admit::Throttled { retry_after: Duration::from_secs(wait.div_ceil(1_000)) }
    }

    /// Whether this address may do it once more for this client, where each time counts however it ends.
    pub fn admit_one(&self, client_id: &str, address: IpAddr, now: Instant) -> Admit {
        let admit = self.admit(client_id, address, now);
        if admit == Admit::Yes {
            self.failed(client_id, address, now);
        }
        admit
    }

    /// It tried and was wrong.
    pub fn failed(&self, client_id: &str, address: IpAddr, now: Instant) {
        let (pair, address, now) = self.place(client_id, address, now);
        self.pair.charge(pair, now);
        self.address.charge(address, now);
    }

    /// It tried and was right: that makes up for one failure of this client from this address.
    ///
    /// Security: for one only, and none of the address: whoever owns one secret gains no guesses at another's.
    pub fn succeeded(&self, client_id: &str, address: IpAddr, now: Instant) {
        let (pair, _, now) = self.place(client_id, address, now);
        self.pair.refund(pair, now);
    }

    fn place(&self, client_id: &str, address: IpAddr, now: Instant) -> (u64, u64, u64) {
        let network = network_of(address);
        let millis = u64::try_from(now.saturating_duration_since(self.start).as_millis()).unwrap_or(u64::MAX);
        (self.hasher.hash_one((client_id, network)), self.hasher.hash_one(network), millis)
    }
}

/// Who shares a fate: an IPv4 address, or the /64 that one IPv6 host commands.
pub(crate) fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
        address => address,
    }
}

/// One table of buckets. A bucket is the instant (milliseconds since the start) at which it will have drained; none is one
/// that is empty.
#[derive(Debug)]
struct Table {
    rows: Cache<u64, Arc<AtomicU64>>,
    allowance: Allowance,
}

impl Table {
    fn drain(&self) -> u64 {
        u64::try_from(self.allowance.every.as_millis()).unwrap_or(u64::MAX).max(1)
    }

    /// Milliseconds until there is room for a failure; 0 when there is.
    fn wait(&self, row: u64, now: u64) -> u64 {
        let drained_at = self.rows.get(&row).map_or(0, |bucket| bucket.load(Relaxed));
        let room = self.drain().saturating_mul(u64::from(self.allowance.burst.max(1)) - 1);
        drained_at.saturating_sub(now).saturating_sub(room)
    }

    /// Invariant: a bucket holds at most `burst` failures, so that attempts which were under way together put nobody off
    /// for longer than that.
    fn charge(&self, row: u64, now: u64) {
        let fresh = || Ok::<_, std::convert::Infallible>(Arc::default());
        let Ok(bucket) = self.rows.get_or_insert_with(&row, fresh);
        let full = self.drain().saturating_mul(u64::from(self.allowance.burst.max(1)));
        bucket.update(Relaxed, Relaxed, |drained_at| drained_at.max(now).saturating_add(self.drain()).min(now.saturating_add(full)));
    }

    fn refund(&self, row: u64, now: u64) {
        if let Some(bucket) = self.rows.get(&row) {
            bucket.update(Relaxed, Relaxed, |drained_at| drained_at.max(now).saturating_sub(self.drain()).max(now));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn throttle() -> Throttle {
        Throttle::new(&ThrottleSettings {
            pair: Allowance { burst: 3, every: 2 * SECOND },
            address: Allowance { burst: 5, every: SECOND },
            rows: 1_000,
        })
    }

    fn home() -> IpAddr {
        "192.0.2.7".parse().unwrap()
    }

    fn throttled(seconds: u32) -> Admit {
        Admit::Throttled { retry_after: seconds * SECOND }
    }

    #[test]
    fn sec_008_a_burst_passes_then_one_per_interval() {
        let (throttle, now) = (throttle(), Instant::now());
        for _ in 0..3 {
            assert_eq!(throttle.admit("c", home(), now), Admit::Yes);
            throttle.failed("c", home(), now);
        }
        assert_eq!(throttle.admit("c", home(), now), throttled(2));
        assert_eq!(throttle.admit("c", home(), now + SECOND), throttled(1));
        assert_eq!(throttle.admit("c", home(), now + 2 * SECOND), Admit::Yes);
        throttle.failed("c", home(), now + 2 * SECOND);
        assert_eq!(throttle.admit("c", home(), now + 2 * SECOND), throttled(2));
        assert_eq!(throttle.admit("c", home(), now + 60 * SECOND), Admit::Yes, "forgotten after a while");
    }

    #[test]
    fn tok_037_others_are_not_locked_out() {
        let (throttle, now) = (throttle(), Instant::now());
        for _ in 0..1_000 {
            throttle.failed("victim", home(), now);
        }
        assert_ne!(throttle.admit("victim", home(), now), Admit::Yes);
        assert_eq!(throttle.admit("victim", "192.0.2.8".parse().unwrap(), now), Admit::Yes, "the real client elsewhere");
        assert_eq!(throttle.admit("victim", home(), now + 2 * SECOND), Admit::Yes, "a thousand at once cost no more than a burst");
    }

    #[test]
    fn sec_008_an_address_is_counted_across_clients() {
        let (throttle, now) = (throttle(), Instant::now());
        for client in ["a", "b", "c", "d", "e"] {
            assert_eq!(throttle.admit(client, home(), now), Admit::Yes);
            throttle.failed(client, home(), now);
        }
        assert_eq!(throttle.admit("f", home(), now), throttled(1));
        assert_eq!(throttle.admit("f", "192.0.2.8".parse().unwrap(), now), Admit::Yes);
    }

    #[test]
    fn an_ipv6_host_is_its_slash_64_and_a_mapped_address_its_ipv4() {
        let (throttle, now) = (throttle(), Instant::now());
        for last in 1..=5_u16 {
            throttle.failed("c", Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 0, 0, 0, last).into(), now);
            throttle.failed("c", home(), now);
        }
        assert_ne!(throttle.admit("c", "2001:db8:0:1::99".parse().unwrap(), now), Admit::Yes);
        assert_eq!(throttle.admit("c", "2001:db8:0:2::99".parse().unwrap(), now), Admit::Yes);
        assert_ne!(throttle.admit("c", "::ffff:192.0.2.7".parse().unwrap(), now), Admit::Yes);
    }

    #[test]
    fn a_success_makes_up_for_one_failure_of_the_pair_only() {
        let (throttle, now) = (throttle(), Instant::now());
        for _ in 0..3 {
            throttle.failed("c", home(), now);
        }
        throttle.succeeded("c", home(), now);
        assert_eq!(throttle.admit("c", home(), now), Admit::Yes);
        throttle.failed("c", home(), now);
        assert_ne!(throttle.admit("c", home(), now), Admit::Yes);
        throttle.failed("d", home(), now);
        for _ in 0..10 {
            throttle.succeeded("other", home(), now);
            throttle.succeeded("d", home(), now);
        }
        assert_ne!(throttle.admit("other", home(), now), Admit::Yes, "the address is still in debt");
    }

    #[test]
    fn the_table_is_bounded() {
        let throttle = throttle();
        let now = Instant::now();
        for index in 0..20_000_u32 {
            throttle.failed(&index.to_string(), IpAddr::V4(index.into()), now);
        }
        assert!(throttle.pair.rows.len() <= 1_000 && throttle.address.rows.len() <= 1_000);
    }
}
