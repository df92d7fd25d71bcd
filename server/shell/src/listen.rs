//! The door: sockets, threads, and the life of connections until a request reaches the hall.
//!
//! hyper speaks HTTP; what it leaves to a server is here: how many connections there may be, how long each of
//! their steps may take, how they grow old, and how all of them end without losing a request.

mod acceptor;
mod connection;
mod metrics;
mod phase;
pub(crate) mod proxy;
pub(crate) mod pulse;
mod seats;
pub(crate) mod settings;
mod wire;
mod workers;

pub use acceptor::Bound;
pub use metrics::DoorMetrics;
pub use proxy::{BadNetwork, Network, ProxySettings};
pub use settings::{DoorSettings, H2Settings, ListenerSettings, WireSettings};
pub use workers::Workers;

use crate::http::Handler;
use crate::http::hall::Hall;
use crate::tls::{Refreshed, TlsFault, TlsIdentity};
use phase::Phase;
use seats::Seats;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Why the door cannot open. The texts are for the operator.
#[derive(Debug, thiserror::Error)]
pub enum DoorFault {
    /// Somebody listens there already.
    #[error(
        "{name}: address already in use: {addr}; is another claimsmith running? use --listen or the setting {name} for another address"
    )]
    InUse {
        /// The listener.
        name: String,
        /// The address.
        addr: SocketAddr,
    },
    /// The system refuses the address.
    #[error("{name}: cannot listen on {addr}: {cause}")]
    Bind {
        /// The listener.
        name: String,
        /// The address.
        addr: SocketAddr,
        /// What the system said.
        cause: io::Error,
    },
    /// A proxy listener that trusts nobody would refuse everybody.
    #[error("{name}: a listener behind a proxy needs at least one trusted proxy address")]
    NoProxies {
        /// The listener.
        name: String,
    },
    /// Certificate or key cannot be used.
    #[error("{name}: {cause}")]
    Tls {
        /// The listener.
        name: String,
        /// Why.
        cause: TlsFault,
    },
    /// Threads could not be started.
    #[error("cannot start the serving threads: {0}")]
    Threads(io::Error),
}

/// A running server: its threads, its listeners, its connections. Dropping it ends all of them at once.
#[derive(Debug)]
pub struct Server {
    settings: Arc<DoorSettings>,
    metrics: Arc<DoorMetrics>,
    seats: Arc<Seats>,
    phase: watch::Sender<Phase>,
    identities: Vec<(String, Arc<TlsIdentity>)>,
    workers: Workers,
}

/// How a drain ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drained {
    /// Connections that had to be cut because their requests did not finish in time.
    pub cut: usize,
}

impl Server {
    /// Starts the threads; nothing listens yet.
    pub fn start(settings: DoorSettings) -> Result<Server, DoorFault> {
        let workers = Workers::start(settings.workers, settings.blocking_threads)?;
        let metrics = Arc::<DoorMetrics>::default();
        let seats = Seats::new(settings.max_connections, settings.max_connections_per_address, Arc::clone(&metrics));
        let (phase, _) = watch::channel(Phase::Open);
        Ok(Server { settings: Arc::new(settings), metrics, seats, phase, identities: Vec::new(), workers })
    }

    /// Serves a bound listener with this handler until the server drains.
    pub fn serve<H: Handler>(&mut self, bound: Bound, handler: H) -> SocketAddr {
        let (settings, addr) = (Arc::clone(&self.settings), bound.addr());
        let hall = Arc::new(Hall {
            handler,
            settings,
            metrics: Arc::clone(&self.metrics),
            proxy: bound.proxy(),
            client_certificate_header: bound.client_certificate_header(),
            in_flight: AtomicUsize::new(0),
        });
        let acceptor = acceptor::Acceptor {
            hall,
            identity: bound.identity(),
            seats: Arc::clone(&self.seats),
            roster: self.workers.roster(),
            phase: self.phase.subscribe(),
        };
        if let Some(identity) = bound.identity() {
            let watch = watch_files(bound.name().to_owned(), Arc::clone(&identity), self.phase.subscribe());
            self.workers.door().spawn(watch);
            self.identities.push((bound.name().to_owned(), identity));
        }
        self.workers.door().spawn(acceptor.run(bound));
        addr
    }

    /// Counters and gauges of all listeners.
    pub fn metrics(&self) -> Arc<DoorMetrics> {
        Arc::clone(&self.metrics)
    }

    /// The threads, for what has to run on each of them.
    pub fn workers(&self) -> &Workers {
        &self.workers
    }

    /// Reads all certificates and keys again (SIGHUP). What cannot be used is logged, and returned per listener
    /// with the reason; the pair before it goes on serving.
    pub fn reload(&self) -> Vec<(String, TlsFault)> {
        let refreshed = self.identities.iter().map(|(name, identity)| (name, identity.refresh(true)));
        refreshed.filter_map(|(name, refreshed)| Some((name.clone(), report(name, refreshed)?))).collect()
    }

    /// Stops accepting, tells every connection to finish (GOAWAY, `Connection: close`), waits for requests
    /// until `deadline` from now, then cuts what is left.
    pub async fn drain(&self, deadline: Duration) -> Drained {
        self.phase.send_replace(Phase::Draining);
        let ends_at = Instant::now() + deadline;
        while self.metrics.active.load(Relaxed) > 0 && Instant::now() < ends_at {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let cut = self.metrics.active.load(Relaxed);
        self.phase.send_replace(Phase::Closed);
        Drained { cut }
    }
}

/// Keeps one listener's certificate and ticket keys fresh.
async fn watch_files(name: String, identity: Arc<TlsIdentity>, mut phase: watch::Receiver<Phase>) {
    let mut beat = tokio::time::interval(identity.watch_interval().max(Duration::from_millis(1)));
    loop {
        tokio::select! {
            _ = beat.tick() => { report(&name, identity.refresh(false)); }
            _ = phase.changed() => return,
        }
    }
}

/// Logs what a look at the files led to, and gives back a failure.
fn report(name: &str, refreshed: Refreshed) -> Option<TlsFault> {
    match refreshed {
        Refreshed::Unchanged => None,
        Refreshed::TicketKeys => {
            tracing::debug!(listener = name, "new session ticket keys");
            None
        }
        Refreshed::Replaced => {
            tracing::info!(listener = name, "certificate and key loaded");
            None
        }
        Refreshed::Kept(fault) => {
            tracing::error!(listener = name, %fault, "certificate and key were not replaced; those before go on serving");
            Some(fault)
        }
    }
}
