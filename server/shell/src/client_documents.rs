//! Clients that are what a document at their `client_id` says
//! ([draft-ietf-oauth-client-id-metadata-document](https://datatracker.ietf.org/doc/draft-ietf-oauth-client-id-metadata-document/)).
//!
//! ```text
//! client_id ── known and fresh ─────────────────────────────────────────────────────────► the client
//!        └─── an https URL ── one fetch for all who ask ── its rules ── those of every registration ── kept ──┘
//! ```
//!
//! What was read is kept as a client like any other, so that everything that is bound to a client holds for it, too. Failures are
//! kept nowhere (§4.4).

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use claimsmith_issuer::client_document::{self, Hosts, Terms};
use claimsmith_issuer::registering::{Policy, refusal};
use claimsmith_protocol::error::{ErrorCode, Reason, Refusal};
use claimsmith_protocol::id::ClientId;
use claimsmith_protocol::time::{Lifetime, Timestamp};
use claimsmith_store::{DocumentClient, Fault as StoreFault, KeptDocument, LoadedClient};
use tokio::sync::{OnceCell, Semaphore};

use crate::directory::Entry;
use crate::failure::{Failure, Fault};
use crate::fetch::{FetchRefusal, Fetched};
use crate::http::Arrival;
use crate::register::{self, Asking};
use crate::report::Report;
use crate::rooms::Rooms;
use crate::throttle::{Admit, Throttle, ThrottleSettings};

/// When to come again where a document could not be had for now.
const AGAIN: Duration = Duration::from_secs(5);

/// How such clients are served.
#[derive(Debug, Clone)]
pub struct DocumentSettings {
    /// Whose documents are read.
    pub hosts: Hosts,
    /// What such clients may have.
    pub policy: Policy,
    /// Whether redirect URIs are of the document's own origin.
    pub same_origin: bool,
    /// The longest document.
    pub bytes: usize,
    /// How long a document is good where its server does not say.
    pub cache_time: Duration,
    /// The bounds of what its server may say.
    pub cache_times: RangeInclusive<Duration>,
    /// The most such clients.
    pub clients_max: u32,
    /// How long one is kept that nobody uses.
    pub unused: Lifetime,
}

/// What came of reading a document, for all who waited for it.
#[derive(Debug, Clone)]
enum Outcome {
    /// It is kept; the directory has it.
    Kept,
    /// It could not be had, and may be another time.
    Away,
    /// There is none.
    Absent,
    /// It is not what it has to be.
    Wrong(Arc<str>),
}

type Flight = Arc<OnceCell<Outcome>>;

/// Documents that are being fetched.
pub struct Documents {
    flights: Mutex<HashMap<Box<str>, Flight>>,
    places: Semaphore,
    throttle: Throttle,
}

impl Documents {
    /// Nothing is being fetched yet; at most `places` are at once.
    pub fn new(throttle: &ThrottleSettings, places: usize) -> Self {
        Self { flights: Mutex::default(), places: Semaphore::new(places), throttle: Throttle::new(throttle) }
    }

    fn flights(&self) -> MutexGuard<'_, HashMap<Box<str>, Flight>> {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn board(&self, client_id: &str) -> Seat<'_> {
        let flight = Arc::clone(self.flights().entry(client_id.into()).or_default());
        Seat { documents: self, client_id: client_id.into(), flight }
    }
}

/// One who waits for a document. The last to leave, or the first who has it, takes the flight off the board: who comes later asks
/// again.
struct Seat<'a> {
    documents: &'a Documents,
    client_id: Box<str>,
    flight: Flight,
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        let mut flights = self.documents.flights();
        let is_ours = flights.get(&self.client_id).is_some_and(|flight| Arc::ptr_eq(flight, &self.flight));
        // The board holds one, and so does this seat.
        if is_ours && (self.flight.initialized() || Arc::strong_count(&self.flight) <= 2) {
            flights.remove(&self.client_id);
        }
    }
}

/// The client of a request: a registered one, or what the document at its `client_id` says. Absent when there is neither.
pub async fn client(rooms: &Rooms, arrival: &Arrival, client_id: &str, report: &mut Report) -> Result<Option<Arc<Entry>>, Failure> {
    let held = rooms.directory.client(client_id).await?;
    // §6.9: registered clients win.
    let is_read = match &held {
        Some(entry) => entry.is_due(rooms.clock.now().timestamp()),
        None => rooms.settings.documents.hosts.admit(client_id),
    };
    let Some(id) = ClientId::parse(client_id).ok().filter(|_| is_read) else { return Ok(held) };
    let seat = rooms.documents.board(client_id);
    let read = Reader { rooms, arrival, id: &id }.read(held.as_deref(), report);
    let outcome = seat.flight.get_or_try_init(|| read).await?.clone();
    drop(seat);
    match outcome {
        Outcome::Kept => rooms.directory.client(client_id).await,
        Outcome::Absent => Ok(None),
        // What is known of a client that cannot be looked at is not used, but neither is it told that it is gone.
        Outcome::Away if held.is_some() => Err(Fault::Busy { what: "the document of a client", retry_after: AGAIN }.into()),
        Outcome::Away => Ok(None),
        Outcome::Wrong(detail) => Err(Refusal {
            code: ErrorCode::InvalidClient,
            description: format!("the document at the client_id is refused: {detail}").into(),
            reason: Reason::UnknownClient,
        }
        .into()),
    }
}

/// Forgets clients whose documents nobody has asked for in a long time.
pub async fn sweep(rooms: &Rooms) {
    let now = rooms.clock.now().timestamp().seconds();
    let before = Timestamp::from_seconds(now - i64::from(rooms.settings.documents.unused.seconds()));
    match rooms.store.sweep_client_documents(before).await {
        Ok(0) => {}
        Ok(clients) => tracing::info!(clients, "clients with documents that nobody uses were forgotten"),
        Err(fault) => tracing::warn!(%fault, "clients with documents that nobody uses were not forgotten"),
    }
}

/// Reads one document.
#[derive(Clone, Copy)]
struct Reader<'a> {
    rooms: &'a Rooms,
    arrival: &'a Arrival,
    id: &'a ClientId,
}

impl Reader<'_> {
    async fn read(self, entry: Option<&Entry>, report: &mut Report) -> Result<Outcome, Failure> {
        let rooms = self.rooms;
        let held = rooms.store.load_client(self.id).await?;
        if self.is_fresh(entry, held.as_ref()).await {
            return Ok(Outcome::Kept);
        }
        if let Admit::Throttled { retry_after } = rooms.documents.throttle.admit_one("", self.arrival.peer.addr, self.arrival.at) {
            return Err(Failure::Throttled { retry_after });
        }
        let Ok(_place) = rooms.documents.places.try_acquire() else {
            return Err(Fault::Busy { what: "documents of clients", retry_after: AGAIN }.into());
        };
        let fetched = match rooms.fetcher.json_within(self.id, rooms.settings.documents.bytes).await {
            Ok(fetched) => fetched,
            Err(reason) => {
                tracing::info!(client_id = %self.id, %reason, "the document of a client cannot be fetched");
                return Ok(if is_passing(&reason) { Outcome::Away } else { Outcome::Absent });
            }
        };
        match self.keep(&fetched, held, entry, report).await {
            Ok(()) => Ok(Outcome::Kept),
            Err(Failure::Refused(refusal)) => {
                tracing::info!(client_id = %self.id, reason = %refusal.description, "the document of a client is refused");
                Ok(Outcome::Wrong(refusal.description.into()))
            }
            Err(failure) => Err(failure),
        }
    }

    /// Whether another node, or whoever was before us, has read it meanwhile.
    async fn is_fresh(self, entry: Option<&Entry>, held: Option<&LoadedClient>) -> bool {
        let Some(held) = held else { return false };
        let now = self.rooms.clock.now().timestamp();
        let is_fresh = held.document.is_none_or(|document| document.good_until > now);
        if is_fresh {
            self.rooms.directory.reach(held.generation).await;
            if let (Some(entry), Some(document)) = (entry, held.document) {
                entry.prolong(document.good_until);
            }
        }
        is_fresh
    }

    async fn keep(self, fetched: &Fetched, held: Option<LoadedClient>, entry: Option<&Entry>, report: &mut Report) -> Result<(), Failure> {
        let Self { rooms, arrival, id } = self;
        let settings = &rooms.settings.documents;
        let grants: Vec<_> = settings.policy.grants.iter().copied().filter(|grant| rooms.settings.grants.contains(grant)).collect();
        let terms = Terms { grants: &grants, response_types: &rooms.settings.people.response_types, same_origin: settings.same_origin };
        let sent = client_document::read(register::parse(&fetched.body)?, id, terms).map_err(|wrong| refusal(&wrong))?;
        let before = held.as_ref().map(|held| &held.record);
        let (client, digest) = register::read_document(Asking { rooms, arrival, report }, id, sent, &settings.policy, before).await?;
        let good_until = rooms.clock.now().timestamp().plus(settings.good_for(fetched.max_age));
        let document = KeptDocument { digest, good_until };
        if held.as_ref().is_some_and(|held| held.document.is_some_and(|document| document.digest == digest)) {
            rooms.store.prolong_client_document(id, good_until).await?;
            if let Some(entry) = entry {
                entry.prolong(good_until);
            }
            return Ok(());
        }
        let replaces = before.map(|record| record.version);
        let ask_again = before.is_some_and(|record| client_document::is_another(&record.client, &client));
        match rooms.store.keep_document_client(DocumentClient { client, document, replaces, ask_again }, settings.clients_max).await {
            Ok(written) => rooms.directory.reach(written.generation).await,
            // Another node has read it at the same time.
            Err(StoreFault::Exists { .. } | StoreFault::Conflict { .. } | StoreFault::Missing { .. }) => rooms.catch_up().await,
            Err(fault) => return Err(fault.into()),
        }
        Ok(())
    }
}

impl DocumentSettings {
    fn good_for(&self, max_age: Option<Duration>) -> Lifetime {
        let good_for = max_age.unwrap_or(self.cache_time).clamp(*self.cache_times.start(), *self.cache_times.end());
        Lifetime::from_seconds(u32::try_from(good_for.as_secs()).unwrap_or(u32::MAX))
    }
}

/// Whether a document may be had another time.
fn is_passing(reason: &FetchRefusal) -> bool {
    match reason {
        FetchRefusal::Unresolvable(_)
        | FetchRefusal::Connection(_)
        | FetchRefusal::TimedOut
        | FetchRefusal::Busy
        | FetchRefusal::Stopped => true,
        FetchRefusal::Status(status) => *status == 429 || *status >= 500,
        _ => false,
    }
}
