//! A request as the endpoints see it.

use bytes::Bytes;
use http::{HeaderMap, Method, Uri};
use std::cell::Cell;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, Ipv4Addr};
use std::time::Instant;

/// A request with its body, read within its limit and deadline.
#[derive(Debug)]
pub struct Arrival {
    /// The method; never HEAD, which arrives as GET.
    pub method: Method,
    /// The request target; see [`Arrival::path`] and [`Arrival::query`].
    pub uri: Uri,
    /// All headers, a proxy's client certificate header excepted.
    pub headers: HeaderMap,
    /// Who is asking.
    pub peer: Peer,
    /// The whole body.
    pub body: Bytes,
    /// When the head was complete.
    pub at: Instant,
    /// For logs.
    pub id: RequestId,
}

impl Arrival {
    /// A request that nobody sent: what this server does of its own accord.
    pub fn unasked() -> Self {
        Self {
            method: Method::POST,
            uri: Uri::from_static("/"),
            headers: HeaderMap::new(),
            peer: Peer::local(),
            body: Bytes::new(),
            at: Instant::now(),
            id: RequestId::fresh(),
        }
    }

    /// The path, undecoded, as sent: it begins with `/`, except for `OPTIONS *` (`*`) and CONNECT (empty).
    pub fn path(&self) -> &str {
        self.uri.path()
    }

    /// What follows `?`, undecoded.
    pub fn query(&self) -> Option<&str> {
        self.uri.query()
    }
}

/// How many body bytes an endpoint takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BodyLimit(pub usize);

/// Who is asking.
#[derive(Debug, Clone)]
pub struct Peer {
    /// The client's address: of the connection, or as told by a trusted proxy. IPv4 is never IPv6-mapped.
    pub addr: IpAddr,
    /// How the connection is secured; `None` behind a proxy.
    pub tls: Option<Security>,
    /// The client's certificate in DER, proven to be held but its chain unverified: from the handshake on a
    /// listener that asks, or from a trusted proxy's header.
    pub client_certificate: Option<Bytes>,
    /// The certificates that came with it, in DER.
    pub client_chain: Vec<Bytes>,
}

impl Peer {
    /// This server itself.
    pub const fn local() -> Self {
        Self { addr: IpAddr::V4(Ipv4Addr::LOCALHOST), tls: None, client_certificate: None, client_chain: Vec::new() }
    }
}

/// How a connection is secured.
#[derive(Debug, Clone, Copy)]
pub struct Security {
    /// `TLSv1.2` or `TLSv1.3`.
    pub version: &'static str,
    /// The session was resumed.
    pub resumed: bool,
}

/// Tells requests apart in logs; sixteen hexadecimal digits. It is no secret and guards nothing.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestId(u64);

impl RequestId {
    /// A new one, from a per-thread splitmix64 sequence that starts at a random point.
    pub fn fresh() -> RequestId {
        thread_local! {
            static STATE: Cell<u64> = Cell::new(RandomState::new().hash_one(std::thread::current().id()));
        }
        let state = STATE.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        STATE.set(state);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        RequestId(mixed ^ (mixed >> 31))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_ids_are_sixteen_digits_and_differ() {
        let ids: std::collections::HashSet<_> = (0..10_000).map(|_| RequestId::fresh()).collect();
        assert_eq!(ids.len(), 10_000);
        assert!(ids.iter().all(|id| id.to_string().len() == 16));
    }
}
