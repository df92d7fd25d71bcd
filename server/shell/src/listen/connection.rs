//! A connection's whole life: handshake, requests, end.

use crate::http::hall::{Hall, Visit};
use crate::http::{Handler, Peer, Security};
use crate::listen::DoorMetrics;
use crate::listen::phase::Phase;
use crate::listen::pulse::{Cut, Pulse, Stall};
use crate::listen::seats::Seat;
use crate::listen::settings::DoorSettings;
use crate::listen::wire::{Stream, Wire};
use crate::tls::{TlsFault, TlsIdentity};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulConnection;
use std::convert::Infallible;
use std::hash::{BuildHasher, RandomState};
use std::net::{SocketAddr, TcpStream};
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// What a new connection is given.
pub(crate) struct Newcomer<H> {
    pub(crate) tcp: TcpStream,
    pub(crate) from: SocketAddr,
    pub(crate) seat: Seat,
    pub(crate) hall: Arc<Hall<H>>,
    /// `None` behind a proxy.
    pub(crate) identity: Option<Arc<TlsIdentity>>,
    pub(crate) phase: watch::Receiver<Phase>,
}

/// Lives from accept to close on one thread; nothing about its end is an error of ours.
pub(crate) async fn live<H: Handler>(newcomer: Newcomer<H>) {
    let Newcomer { tcp, from, seat: _seat, hall, identity, phase } = newcomer;
    let Ok(tcp) = tokio::net::TcpStream::from_std(tcp) else { return };
    let pulse = Pulse::new(&hall.settings);
    let wire = Wire::new(tcp, Arc::clone(&pulse), hall.settings.write_timeout);
    let mut peer = Peer { addr: from.ip().to_canonical(), tls: None, client_certificate: None, client_chain: Vec::new() };
    let (stream, h2) = match identity {
        None => (Stream::Plain(wire), false),
        Some(identity) => {
            let Some((stream, handshake)) = shake_hands(&identity, wire, &hall, from).await else { return };
            peer.tls = Some(Security { version: handshake.version, resumed: handshake.resumed });
            peer.client_certificate = handshake.client_certificate;
            peer.client_chain = handshake.client_chain;
            (Stream::Tls(stream), handshake.h2)
        }
    };
    pulse.begin_http(h2);
    let watched = Watched { pulse: Arc::clone(&pulse), hall: Arc::clone(&hall), phase };
    let visit = Arc::new(Visit { hall: Arc::clone(&hall), peer, pulse });
    let service = service_fn(move |request| {
        let visit = Arc::clone(&visit);
        async move { Ok::<_, Infallible>(visit.receive(request).await) }
    });
    let io = TokioIo::new(stream);
    if h2 {
        watched.serve(http2_builder(&hall.settings).serve_connection(io, service)).await;
    } else {
        watched.serve(http1_builder(&hall.settings).serve_connection(io, service)).await;
    }
}

type Handshaken = (crate::tls::TlsStream<Wire>, crate::tls::Handshake);

async fn shake_hands<H>(identity: &TlsIdentity, wire: Wire, hall: &Hall<H>, from: SocketAddr) -> Option<Handshaken> {
    let outcome: Result<Handshaken, TlsFault> = match tokio::time::timeout(hall.settings.handshake_timeout, identity.accept(wire)).await {
        Ok(outcome) => outcome,
        Err(_) => {
            DoorMetrics::count(&hall.metrics.timeouts_handshake);
            return None;
        }
    };
    outcome
        .inspect_err(|fault| {
            DoorMetrics::count(&hall.metrics.handshake_failures);
            tracing::debug!(peer = %from, %fault, "no TLS");
        })
        .ok()
}

fn http1_builder(settings: &DoorSettings) -> http1::Builder {
    let mut builder = http1::Builder::new();
    // The head deadline is the pulse's: hyper's own allocates a timer per request and counts idle time as head.
    // The hall refuses large heads with a body of ours; hyper's limits stand behind it.
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(None)
        .max_header_size(settings.max_head_bytes * 2)
        .max_buf_size((settings.max_head_bytes * 4).max(64 * 1024));
    builder
}

fn http2_builder(settings: &DoorSettings) -> http2::Builder<TokioExecutor> {
    let h2 = &settings.h2;
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(h2.max_streams)
        .initial_stream_window_size(h2.stream_window)
        .initial_connection_window_size(h2.connection_window)
        .max_send_buf_size(h2.send_buffer)
        .max_frame_size(16 * 1024)
        .max_header_list_size(u32::try_from(settings.max_head_bytes * 2).unwrap_or(u32::MAX))
        .max_pending_accept_reset_streams(h2.max_pending_resets)
        .max_local_error_reset_streams(h2.max_error_resets)
        .keep_alive_interval(h2.ping_interval)
        .keep_alive_timeout(h2.ping_timeout);
    builder
}

/// A connection under watch.
struct Watched<H> {
    pulse: Arc<Pulse>,
    hall: Arc<Hall<H>>,
    phase: watch::Receiver<Phase>,
}

impl<H> Watched<H> {
    /// Drives the connection until it ends, stalls, grows old or the server drains.
    async fn serve(mut self, connection: impl GracefulConnection<Error = hyper::Error>) {
        let settings = Arc::clone(&self.hall.settings);
        let (beat, retires_at) = (beat_of(&settings), Instant::now() + jittered(settings.max_age));
        let mut leaves_at: Option<Instant> = None;
        let mut connection = pin!(connection);
        let mut timer = pin!(tokio::time::sleep(beat));
        loop {
            tokio::select! {
                biased;
                ended = connection.as_mut() => return self.ended(ended),
                () = &mut timer => {
                    let now = Instant::now();
                    timer.as_mut().reset((now + beat).into());
                    match self.pulse.stalled(now, &settings) {
                        _ if leaves_at.is_some_and(|at| now >= at) => return,
                        Some(stall @ (Stall::Head | Stall::Write)) => return self.count(stall),
                        _ if leaves_at.is_some() => continue,
                        Some(Stall::Idle) => self.count(Stall::Idle),
                        None if now >= retires_at => DoorMetrics::count(&self.hall.metrics.retired),
                        None => continue,
                    }
                }
                changed = self.phase.changed() => {
                    if changed.is_err() || *self.phase.borrow() == Phase::Closed {
                        return;
                    }
                }
            }
            // From here on: no new requests, the ones begun may finish.
            connection.as_mut().graceful_shutdown();
            leaves_at.get_or_insert(Instant::now() + settings.linger);
        }
    }

    fn ended(&self, ended: Result<(), hyper::Error>) {
        match self.pulse.cut() {
            Some(Cut::Flood) => DoorMetrics::count(&self.hall.metrics.floods),
            Some(Cut::Write) => self.count(Stall::Write),
            None => {}
        }
        if let Err(error) = ended {
            tracing::debug!(%error, "a connection ended early");
        }
    }

    fn count(&self, stall: Stall) {
        let metrics = &self.hall.metrics;
        DoorMetrics::count(match stall {
            Stall::Head => &metrics.timeouts_head,
            Stall::Write => &metrics.timeouts_write,
            Stall::Idle => &metrics.timeouts_idle,
        });
    }
}

/// How often a connection is looked at: often enough that a deadline is met within half of itself.
fn beat_of(settings: &DoorSettings) -> Duration {
    let shortest = settings.head_timeout.min(settings.write_timeout).min(settings.idle_timeout);
    (shortest.min(settings.linger).min(settings.max_age) / 2).max(Duration::from_millis(10))
}

/// Plus or minus a tenth, so that connections that began together do not end together.
fn jittered(age: Duration) -> Duration {
    let tenth = age / 10;
    let permille = RandomState::new().hash_one(age) % 1000;
    age - tenth + (tenth * 2 / 1000) * u32::try_from(permille).unwrap_or(0)
}
