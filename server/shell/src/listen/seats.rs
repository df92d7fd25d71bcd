//! Seats: how many connections there may be, in all and per address.

use crate::listen::metrics::DoorMetrics;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The seats of one server.
#[derive(Debug)]
pub(crate) struct Seats {
    max: usize,
    max_per_address: usize,
    taken: Mutex<HashMap<IpAddr, usize>>,
    metrics: Arc<DoorMetrics>,
}

/// One taken seat; dropping it frees it.
#[derive(Debug)]
pub(crate) struct Seat {
    seats: Arc<Seats>,
    /// `None` where addresses are not counted (behind a proxy).
    address: Option<IpAddr>,
}

impl Seats {
    pub(crate) fn new(max: usize, max_per_address: usize, metrics: Arc<DoorMetrics>) -> Arc<Seats> {
        Arc::new(Seats { max, max_per_address, taken: Mutex::default(), metrics })
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A seat, or nothing (counted in the metrics) if the server or the address has none left.
    pub(crate) fn take(self: &Arc<Self>, address: Option<IpAddr>) -> Option<Seat> {
        let address = address.map(network_of);
        if self.metrics.active.fetch_add(1, Relaxed) >= self.max {
            self.metrics.active.fetch_sub(1, Relaxed);
            DoorMetrics::count(&self.metrics.refused_full);
            return None;
        }
        if let Some(address) = address {
            let mut taken = self.taken();
            let count = taken.entry(address).or_insert(0);
            if *count >= self.max_per_address {
                drop(taken);
                self.metrics.active.fetch_sub(1, Relaxed);
                DoorMetrics::count(&self.metrics.refused_address);
                return None;
            }
            *count += 1;
        }
        DoorMetrics::count(&self.metrics.accepted);
        Some(Seat { seats: Arc::clone(self), address })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if let Some(address) = self.address {
            let mut taken = self.seats.taken();
            if let Some(count) = taken.get_mut(&address) {
                *count -= 1;
                if *count == 0 {
                    taken.remove(&address);
                }
            }
        }
        self.seats.metrics.active.fetch_sub(1, Relaxed);
    }
}

/// Who counts as one: an IPv4 address, or an IPv6 /64 network, which any single subscriber has whole.
fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() & (u128::MAX << 64)).into()),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> Option<IpAddr> {
        Some(text.parse().expect("an address"))
    }

    #[test]
    fn an_address_has_only_its_share() {
        let seats = Seats::new(10, 2, Arc::default());
        let _one = seats.take(ip("192.0.2.1")).expect("free");
        let two = seats.take(ip("::ffff:192.0.2.1")).expect("free");
        assert!(seats.take(ip("192.0.2.1")).is_none());
        assert!(seats.take(ip("192.0.2.2")).is_some());
        drop(two);
        assert!(seats.take(ip("192.0.2.1")).is_some());
    }

    #[test]
    fn an_ipv6_network_counts_as_one() {
        let seats = Seats::new(10, 1, Arc::default());
        let _one = seats.take(ip("2001:db8::1")).expect("free");
        assert!(seats.take(ip("2001:db8::2")).is_none());
        assert!(seats.take(ip("2001:db8:0:1::2")).is_some());
    }

    #[test]
    fn a_refused_connection_leaves_no_trace() {
        let metrics = Arc::<DoorMetrics>::default();
        let seats = Seats::new(1, 1, Arc::clone(&metrics));
        let one = seats.take(ip("192.0.2.1")).expect("free");
        assert!(seats.take(ip("192.0.2.2")).is_none());
        assert_eq!(metrics.active.load(Relaxed), 1);
        drop(one);
        assert_eq!(metrics.active.load(Relaxed), 0);
        assert!(seats.taken().is_empty());
        assert_eq!(metrics.refused_full.load(Relaxed), 1);
    }
}
