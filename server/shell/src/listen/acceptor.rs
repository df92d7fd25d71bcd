//! From an address to connections handed to threads.

use crate::http::Handler;
use crate::http::hall::Hall;
use crate::listen::connection::{Newcomer, live};
use crate::listen::phase::Phase;
use crate::listen::seats::Seats;
use crate::listen::workers::Roster;
use crate::listen::{DoorFault, DoorMetrics, ListenerSettings, ProxySettings, WireSettings};
use crate::tls::TlsIdentity;
use http::HeaderName;
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::watch;

/// Connections that the kernel keeps for us until they are accepted; `net.core.somaxconn` caps it.
const BACKLOG: i32 = 1024;

/// A socket that listens, with its certificate loaded: whatever can fail at start has been tried.
#[derive(Debug)]
pub struct Bound {
    settings: ListenerSettings,
    listener: TcpListener,
    addr: SocketAddr,
    identity: Option<Arc<TlsIdentity>>,
}

impl Bound {
    /// Loads the certificate and takes the address.
    pub fn bind(settings: ListenerSettings) -> Result<Bound, DoorFault> {
        let name = || settings.name.clone();
        let identity = match &settings.wire {
            WireSettings::Tls(tls) => {
                let identity = TlsIdentity::load(tls.clone());
                Some(Arc::new(identity.map_err(|cause| DoorFault::Tls { name: name(), cause })?))
            }
            WireSettings::BehindProxy(proxy) if proxy.trusted.is_empty() => {
                return Err(DoorFault::NoProxies { name: name() });
            }
            WireSettings::BehindProxy(_) => None,
        };
        let bound = listen(settings.addr).and_then(|listener| Ok((listener.local_addr()?, listener)));
        let (addr, listener) = bound.map_err(|cause| match cause.kind() {
            io::ErrorKind::AddrInUse => DoorFault::InUse { name: name(), addr: settings.addr },
            _ => DoorFault::Bind { name: name(), addr: settings.addr, cause },
        })?;
        Ok(Bound { settings, listener, addr, identity })
    }

    /// Where it listens, the port known.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The listener's name.
    pub fn name(&self) -> &str {
        &self.settings.name
    }

    pub(crate) fn identity(&self) -> Option<Arc<TlsIdentity>> {
        self.identity.clone()
    }

    pub(crate) fn proxy(&self) -> Option<ProxySettings> {
        match &self.settings.wire {
            WireSettings::Tls(_) => None,
            WireSettings::BehindProxy(proxy) => Some(proxy.clone()),
        }
    }

    pub(crate) fn client_certificate_header(&self) -> Option<HeaderName> {
        self.settings.client_certificate_header.clone()
    }
}

/// Invariant: no SO_REUSEPORT, so a second server on the same address is an error and not a rival.
fn listen(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&addr.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// The accept loop of one listener.
pub(crate) struct Acceptor<H> {
    pub(crate) hall: Arc<Hall<H>>,
    pub(crate) identity: Option<Arc<TlsIdentity>>,
    pub(crate) seats: Arc<Seats>,
    pub(crate) roster: Roster,
    pub(crate) phase: watch::Receiver<Phase>,
}

impl<H: Handler> Acceptor<H> {
    /// Accepts until the server drains.
    pub(crate) async fn run(mut self, bound: Bound) {
        let listener = tokio::net::TcpListener::from_std(bound.listener).expect("the door's runtime takes a listening socket");
        loop {
            let accepted = tokio::select! {
                biased;
                _ = self.phase.changed() => return,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((tcp, from)) => self.welcome(tcp, from),
                Err(error) => {
                    DoorMetrics::count(&self.hall.metrics.accept_failures);
                    // Out of descriptors or memory: others may free some; a peer that is gone costs nothing.
                    if !matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset) {
                        tracing::warn!(listener = bound.settings.name, %error, "cannot accept");
                        tokio::time::sleep(Duration::from_millis(50)).await;
                    }
                }
            }
        }
    }

    fn welcome(&self, tcp: TcpStream, from: SocketAddr) {
        let proxied = self.hall.proxy.as_ref();
        if proxied.is_some_and(|proxy| !proxy.trusts(from.ip())) {
            DoorMetrics::count(&self.hall.metrics.refused_untrusted);
            return;
        }
        let Some(seat) = self.seats.take(proxied.is_none().then_some(from.ip())) else { return };
        // Leaves the door's reactor here, enters its worker's there.
        let Ok(tcp) = tcp.set_nodelay(true).and_then(|()| tcp.into_std()) else { return };
        let (hall, identity, phase) = (Arc::clone(&self.hall), self.identity.clone(), self.phase.clone());
        self.roster.hand_over(live(Newcomer { tcp, from, seat, hall, identity, phase }));
    }
}
