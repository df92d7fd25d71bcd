//! The walk through the hall: one request, from its head to its answer.

use crate::http::outgoing::Outgoing;
use crate::http::{Answer, Arrival, BodyLimit, Handler, Peer, RequestId};
use crate::listen::DoorMetrics;
use crate::listen::proxy::ProxySettings;
use crate::listen::pulse::{Pulse, Underway};
use crate::listen::settings::DoorSettings;
use crate::tls::certificate_from_header;
use bytes::{Bytes, BytesMut};
use http::header::{CONNECTION, CONTENT_LENGTH, EXPECT, HOST};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Version};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::Poll;
use std::time::Instant;

/// What all connections of a listener share.
#[derive(Debug)]
pub(crate) struct Hall<H> {
    pub(crate) handler: H,
    pub(crate) settings: Arc<DoorSettings>,
    pub(crate) metrics: Arc<DoorMetrics>,
    /// Present on a listener behind a proxy.
    pub(crate) proxy: Option<ProxySettings>,
    pub(crate) client_certificate_header: Option<HeaderName>,
    pub(crate) in_flight: AtomicUsize,
}

/// One connection's view of the hall.
#[derive(Debug)]
pub(crate) struct Visit<H> {
    pub(crate) hall: Arc<Hall<H>>,
    pub(crate) peer: Peer,
    pub(crate) pulse: Arc<Pulse>,
}

/// A place among the requests in flight.
struct Place<'hall, H>(&'hall Hall<H>);

impl<H> Hall<H> {
    fn place(&self) -> Option<Place<'_, H>> {
        let place = Place(self);
        self.metrics.in_flight.fetch_add(1, Relaxed);
        (self.in_flight.fetch_add(1, Relaxed) < self.settings.max_in_flight).then_some(place)
    }
}

impl<H> Drop for Place<'_, H> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Relaxed);
        self.0.metrics.in_flight.fetch_sub(1, Relaxed);
    }
}

impl<H: Handler> Visit<H> {
    /// From request to response.
    pub(crate) async fn receive(self: Arc<Self>, request: Request<Incoming>) -> Response<Outgoing> {
        let at = Instant::now();
        let mut underway = Underway::begin(&self.pulse);
        let (mut parts, mut body) = request.into_parts();
        let headless = parts.method == Method::HEAD;
        if headless {
            parts.method = Method::GET;
        }
        let (version, expects) = (parts.version, parts.headers.contains_key(EXPECT));
        let answer = match self.walk(parts, &mut body, at).await {
            Ok(answer) => answer,
            Err(answer) => self.turn_away(answer, version, expects, &mut body).await,
        };
        if let Some(leave_at) = answer.leave_at {
            tokio::time::sleep_until(leave_at.into()).await;
        }
        DoorMetrics::count(&self.hall.metrics.requests);
        underway.answered();
        render(answer, headless, underway)
    }

    /// `Err` is an answer given before the body was read.
    async fn walk(&self, mut parts: Parts, body: &mut Incoming, at: Instant) -> Result<Answer, Answer> {
        let hall = &*self.hall;
        check_head(&parts, hall.settings.max_head_bytes)?;
        let peer = self.peer_of(&mut parts.headers)?;
        let limit = hall.handler.admit(&parts.method, parts.uri.path(), &parts.headers)?;
        let Some(_place) = hall.place() else {
            DoorMetrics::count(&hall.metrics.refused_busy);
            return Err(busy(hall.settings.retry_after));
        };
        let body = self.read(body, limit).await?;
        let Parts { method, uri, headers, .. } = parts;
        let arrival = Arrival { method, uri, headers, peer, body, at, id: RequestId::fresh() };
        Ok(self.call(arrival).await)
    }

    /// Who is asking; takes the client certificate header away from everyone but trusted proxies.
    fn peer_of(&self, headers: &mut HeaderMap) -> Result<Peer, Answer> {
        let mut peer = self.peer.clone();
        let forwarded = self.hall.client_certificate_header.as_ref().and_then(|name| headers.remove(name));
        // Security: only a listener behind a proxy accepts connections from trusted proxies alone, so only there
        // forwarded headers mean anything.
        let Some(proxy) = &self.hall.proxy else { return Ok(peer) };
        peer.addr = proxy.client_of(peer.addr, headers);
        if let Some(value) = forwarded.filter(|value| !value.is_empty()) {
            let certificate = certificate_from_header(value.as_bytes());
            peer.client_certificate = Some(certificate.ok_or_else(|| {
                Answer::refusal(StatusCode::BAD_REQUEST, "invalid_request", "the forwarded client certificate is malformed")
            })?);
        }
        Ok(peer)
    }

    async fn read(&self, body: &mut Incoming, limit: BodyLimit) -> Result<Bytes, Answer> {
        if body.is_end_stream() {
            return Ok(Bytes::new());
        }
        if body.size_hint().lower() > limit.0 as u64 {
            return Err(too_large());
        }
        let deadline = self.hall.settings.body_timeout;
        tokio::time::timeout(deadline, self.collect(body, limit.0)).await.unwrap_or_else(|_| {
            DoorMetrics::count(&self.hall.metrics.timeouts_body);
            Err(Answer::refusal(StatusCode::REQUEST_TIMEOUT, "invalid_request", "the request body did not arrive in time"))
        })
    }

    async fn collect(&self, body: &mut Incoming, limit: usize) -> Result<Bytes, Answer> {
        let mut first = Bytes::new();
        let mut rest = BytesMut::new();
        while let Some(frame) = body.frame().await {
            let broken = |_| Answer::refusal(StatusCode::BAD_REQUEST, "invalid_request", "the request body is broken");
            let Ok(data) = frame.map_err(broken)?.into_data() else { continue };
            if data.is_empty() {
                continue;
            }
            self.pulse.body_grew();
            if first.len() + rest.len() + data.len() > limit {
                return Err(too_large());
            }
            // Most bodies are one frame, which is handed on as it is; from the second frame on they are put together.
            if first.is_empty() && rest.is_empty() {
                first = data;
                continue;
            }
            rest.extend_from_slice(&std::mem::take(&mut first));
            rest.extend_from_slice(&data);
        }
        Ok(if rest.is_empty() { first } else { rest.freeze() })
    }

    /// Security: a panic is a fault of ours; the client learns nothing of it and the connection lives on.
    async fn call(&self, arrival: Arrival) -> Answer {
        let id = arrival.id;
        let mut call = pin!(self.hall.handler.call(arrival));
        let outcome = poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| call.as_mut().poll(cx))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(answer)) => Poll::Ready(Some(answer)),
            Err(_) => Poll::Ready(None),
        });
        outcome.await.unwrap_or_else(|| {
            DoorMetrics::count(&self.hall.metrics.panics);
            tracing::error!(request = %id, "the handler panicked");
            Answer::refusal(StatusCode::INTERNAL_SERVER_ERROR, "server_error", "the server met an unexpected condition")
        })
    }

    /// Refuses a request whose body was not wholly read.
    ///
    /// A client that is still sending would see a reset instead of the answer, so what it sends is thrown away up to a
    /// limit and the body deadline. A client that waits for `100 Continue` sends nothing. HTTP/2 has a reset that leaves
    /// the answer standing (RFC 9113 §8.1), but curl of Debian 12 drops the answer at any reset.
    async fn turn_away(&self, answer: Answer, version: Version, expects: bool, body: &mut Incoming) -> Answer {
        if body.is_end_stream() {
            return answer;
        }
        let settings = &self.hall.settings;
        let late = answer.status == StatusCode::REQUEST_TIMEOUT;
        let worthwhile = !expects && !late && body.size_hint().lower() <= settings.discard_limit as u64;
        let gone =
            worthwhile && tokio::time::timeout(settings.body_timeout, self.discard(body, settings.discard_limit)).await.unwrap_or(false);
        if gone || version >= Version::HTTP_2 { answer } else { answer.with(CONNECTION, HeaderValue::from_static("close")) }
    }

    /// Whether the body ended within the limit.
    async fn discard(&self, body: &mut Incoming, limit: usize) -> bool {
        let mut seen = 0;
        while let Some(frame) = body.frame().await {
            let Ok(frame) = frame else { return false };
            let length = frame.data_ref().map_or(0, Bytes::len);
            seen += length;
            if seen > limit {
                return false;
            }
            if length > 0 {
                self.pulse.body_grew();
            }
        }
        true
    }
}

/// What no endpoint should see.
fn check_head(parts: &Parts, max_bytes: usize) -> Result<(), Answer> {
    let target = parts.uri.path_and_query().map_or(0, |target| target.as_str().len());
    let headers: usize = parts.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    if target + headers > max_bytes {
        let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
        return Err(Answer::refusal(status, "invalid_request", "the request head is too large"));
    }
    // RFC 9112 §3.2: exactly one Host in HTTP/1.1, never several.
    let hosts = parts.headers.get_all(HOST).iter().count();
    if hosts > 1 || (hosts == 0 && parts.version == Version::HTTP_11) {
        return Err(Answer::refusal(StatusCode::BAD_REQUEST, "invalid_request", "one Host header is needed"));
    }
    Ok(())
}

fn too_large() -> Answer {
    Answer::refusal(StatusCode::PAYLOAD_TOO_LARGE, "invalid_request", "the request body is too large")
}

fn busy(retry_after: u32) -> Answer {
    let status = StatusCode::SERVICE_UNAVAILABLE;
    Answer::refusal(status, "temporarily_unavailable", "too many requests at once").retry_after(retry_after)
}

fn render(answer: Answer, headless: bool, underway: Underway) -> Response<Outgoing> {
    let Answer { status, mut headers, mut body, .. } = answer;
    // RFC 9110 §8.6: no Content-Length in a 204; in a 304 it would speak of the body that is not sent.
    if status == StatusCode::NO_CONTENT || status == StatusCode::NOT_MODIFIED {
        headers.remove(CONTENT_LENGTH);
        body = Bytes::new();
    } else {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
    }
    if headless {
        body = Bytes::new();
    }
    let mut response = Response::new(Outgoing::new(body, underway));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}
