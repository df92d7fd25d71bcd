//! A client's request arrives: which parameters count, whose they are, and what plugins make of scopes and details.

use claimsmith_issuer::authorize::{Asking, AuthorizeRefusal, Column, Object, ReturnAddress, return_address};
use claimsmith_issuer::claims::{RequestedDetails, RequestedScopes};
use claimsmith_issuer::hook::HookPoint;
use claimsmith_issuer::request_object::{self, RequestObject};
use claimsmith_jose::Digest;
use claimsmith_protocol::authorize::{BYTES_MAX, Parameters};
use claimsmith_protocol::error::{ErrorCode, Reason, Refusal};
use claimsmith_protocol::form::Form;
use claimsmith_store::{Claim, Outcome, ReplayGuard};
use http::Method;

use super::flow::{self, Kept, Progress, Walk};
use super::{Entry, Stop, fetching};
use crate::browser::Browser;
use crate::client_documents;
use crate::clock::Now;
use crate::directory::Visit;
use crate::envelope;
use crate::failure::Failure;
use crate::hook_room::{Asked, Occasion, Room};
use crate::http::Arrival;
use crate::report::Report;
use crate::rooms::Rooms;

/// The `request_uri` of a pushed request begins with this (RFC 9126 §2.2).
pub(super) const PUSHED: &str = "urn:ietf:params:oauth:request_uri:";

/// Reads a request, finds its client, and checks it.
pub(super) async fn arrive<'a>(rooms: &'a Rooms, arrival: &'a Arrival, report: &mut Report) -> Result<Walk<'a>, Stop> {
    let now = rooms.clock.now();
    let sent = read(arrival)?;
    let entry = client(rooms, arrival, &sent, report).await?;
    let visit = rooms.directory.visit()?;
    let mut kept = resolve(rooms, (&visit, &entry), sent, Column::Authorize, now).await?;
    // Plugins have shaped a pushed request when it was pushed.
    if kept.pushed.is_none() {
        shape(rooms, arrival, (&visit, &entry), &mut kept, report).await?;
    }
    let asked = flow::ask(rooms, &visit, &entry, &kept)?;
    let browser = Browser::read(rooms, arrival).await?;
    let user = flow::person(rooms, &browser).await?;
    let progress = Progress::default();
    Ok(Walk { rooms, arrival, visit, entry, kept, asked, browser, user, progress, flow: None, now, cookies: None, errand: None })
}

fn refused(reason: Reason, description: &'static str) -> Stop {
    Stop::Refused(AuthorizeRefusal::Page(Refusal::invalid_request(reason, description)))
}

/// The parameters of the query or, of a `POST`, of the body (OpenID Connect Core §3.1.2.1).
fn read(arrival: &Arrival) -> Result<Parameters, Stop> {
    let text = if arrival.method == Method::POST { &arrival.body[..] } else { arrival.query().unwrap_or_default().as_bytes() };
    if text.len() > BYTES_MAX {
        return Err(refused(Reason::TooLarge, "the request is too long"));
    }
    let form = Form::parse_repeated(text).map_err(|_| refused(Reason::MalformedForm, "the request is malformed"))?;
    Ok(Parameters::of_form(&form))
}

/// The client that the request names (RFC 6749 §4.1.2.1: no redirect for one that is not there).
async fn client(rooms: &Rooms, arrival: &Arrival, sent: &Parameters, report: &mut Report) -> Result<Entry, Stop> {
    let mut ids = sent.all("client_id");
    let (Some(id), None) = (ids.next(), ids.next()) else {
        return Err(refused(Reason::MissingParameter, "client_id is missing or stands twice"));
    };
    let entry = client_documents::client(rooms, arrival, id, report).await.map_err(flow::stopped)?;
    report.client(id, entry.is_some());
    match entry {
        Some(entry) if entry.client.enabled => Ok(entry),
        Some(_) => Err(refused(Reason::DisabledClient, "there is no such client")),
        None => Err(refused(Reason::UnknownClient, "there is no such client")),
    }
}

/// Finds the parameters that count: those of a pushed request, of a request object, or the plain ones.
pub(super) async fn resolve(
    rooms: &Rooms,
    (visit, entry): (&Visit, &Entry),
    sent: Parameters,
    column: Column,
    now: Now,
) -> Result<Kept, Stop> {
    let refuse = |code, description| {
        let refusal = Refusal::new(code, Reason::MalformedRequestObject, description);
        returned(rooms, (visit, entry), &sent, refusal)
    };
    match (sent.one("request"), sent.one("request_uri")) {
        (None, None) => Ok(Kept::plain(sent)),
        (Some(_), Some(_)) => Err(refuse(ErrorCode::InvalidRequest, "request and request_uri cannot both be there")),
        // RFC 9126 §2.1.
        (None, Some(_)) if column == Column::Par => Err(refuse(ErrorCode::InvalidRequest, "a request_uri cannot be pushed")),
        (None, Some(uri)) if uri.starts_with(PUSHED) => pushed(rooms, entry, uri, now).await,
        (None, Some(uri)) if uri.starts_with("https://") && !rooms.settings.people.request_uris => {
            Err(refuse(ErrorCode::RequestUriNotSupported, "request_uri is for pushed requests only"))
        }
        (None, Some(uri)) if uri.starts_with("https://") => {
            let text = fetching::fetch(rooms, entry, uri).await.map_err(|refusal| returned(rooms, (visit, entry), &sent, refusal))?;
            object(rooms, entry, &text, column, now).await.map_err(|failure| unread(rooms, (visit, entry), &sent, failure))
        }
        (None, Some(_)) => Err(refuse(ErrorCode::InvalidRequestUri, "the request_uri is not one of ours")),
        (Some(text), None) => {
            object(rooms, entry, text, column, now).await.map_err(|failure| unread(rooms, (visit, entry), &sent, failure))
        }
    }
}

/// An object that is no use.
fn unread(rooms: &Rooms, room: (&Visit, &Entry), sent: &Parameters, failure: Failure) -> Stop {
    match failure {
        Failure::Refused(refusal) => returned(rooms, room, sent, refusal),
        failure => flow::stopped(failure),
    }
}

/// The parameters of a signed request object (RFC 9101 §6).
///
/// A pushed one, or one at the backchannel, counts once if it has a `jti`. One that came through the browser may come again while it is good: people reload
/// pages, and each time they are asked anew.
pub(super) async fn object(rooms: &Rooms, entry: &Entry, text: &str, column: Column, now: Now) -> Result<Kept, Failure> {
    let inner = request_object::open(text, rooms.object_keys.all())?;
    let jws = request_object::parse(&inner)?;
    let keys = envelope::keys(rooms, &entry.client, jws.header().kid()).await;
    let expected = request_object::Expected {
        client: &entry.client,
        issuer: rooms.urls.as_str(),
        algs: &rooms.settings.client_auth.signing_algs,
        now: now.timestamp(),
        backchannel: matches!(column, Column::Backchannel(_)),
    };
    let RequestObject { parameters, replay } = request_object::verify(jws, keys.as_deref(), &expected)?;
    if let Some(guard) = replay.filter(|_| column != Column::Authorize) {
        let guard = ReplayGuard { client_id: entry.client.id.clone(), jti_digest: guard.digest, expires_at: guard.expires_at };
        if rooms.store.settle(vec![Claim::Guard(guard)]).await? != [Outcome::Settled] {
            let description = "the request object was pushed before";
            return Err(Refusal::new(ErrorCode::InvalidRequestObject, Reason::ReplayedAssertion, description).into());
        }
    }
    Ok(Kept {
        parameters,
        object: Object::Signed,
        pushed: None,
        dpop_jkt: None,
        instance: None,
        signed: Some(inner.into_owned()),
        device: None,
    })
}

/// A refusal, sent where the plain parameters say if that can be trusted (RFC 9101 §7), else shown.
pub(super) fn returned(rooms: &Rooms, room: (&Visit, &Entry), sent: &Parameters, refusal: Refusal) -> Stop {
    match address(rooms, room, sent) {
        Some(to) => Stop::Refused(AuthorizeRefusal::Returned(refusal, Box::new(to))),
        None => Stop::Refused(AuthorizeRefusal::Page(refusal)),
    }
}

/// Where the plain parameters want the answer, if that can be trusted.
fn address(rooms: &Rooms, (visit, entry): (&Visit, &Entry), sent: &Parameters) -> Option<ReturnAddress> {
    let asking = Asking {
        parameters: sent,
        client: &entry.client,
        policy: &rooms.settings.people,
        resources: visit.resources(),
        column: Column::Authorize,
        object: Object::None,
        pushed: false,
    };
    return_address(&asking).ok()
}

/// RFC 9126 §4: everything else in the URL is ignored.
async fn pushed(rooms: &Rooms, entry: &Entry, uri: &str, now: Now) -> Result<Kept, Stop> {
    let unknown = || {
        let refusal =
            Refusal::new(ErrorCode::InvalidRequestUri, Reason::UnknownGrantHandle, "the request_uri is unknown, over, or another client's");
        Stop::Refused(AuthorizeRefusal::Page(refusal))
    };
    let digest = Digest::of(uri.as_bytes());
    let found = rooms.store.pushed_request(digest, now.timestamp()).await?;
    let found = found.filter(|pushed| pushed.client_id == entry.client.id).ok_or_else(unknown)?;
    let mut kept: Kept = serde_json::from_str(&found.request).map_err(|_| unknown())?;
    kept.pushed = Some(digest.to_hex());
    Ok(kept)
}

/// Lets plugins shape scopes and authorization details, before anything else looks at them.
pub(super) async fn shape(
    rooms: &Rooms,
    arrival: &Arrival,
    (visit, entry): (&Visit, &Entry),
    kept: &mut Kept,
    report: &mut Report,
) -> Result<(), Stop> {
    let form = Form::default();
    let mut room = Room::of_client(rooms, visit, entry, Occasion { arrival, form: &form, grant: None, now: rooms.clock.now() });
    let returned = |kept: &Kept, failure| match failure {
        Failure::Refused(refusal) => returned(rooms, (visit, entry), &kept.parameters, refusal),
        Failure::Failed(fault) => match address(rooms, (visit, entry), &kept.parameters) {
            Some(to) => Stop::FailedTo(fault, Box::new(to)),
            None => Stop::Failed(fault),
        },
        other => flow::stopped(other),
    };
    let scopes: Vec<Box<str>> =
        kept.parameters.one("scope").unwrap_or_default().split(' ').filter(|word| !word.is_empty()).map(Into::into).collect();
    let asked = Asked { scopes: &scopes, ..Asked::default() };
    if room.has(HookPoint::Scope) {
        let shaped = room.scope(RequestedScopes::of(scopes.clone()), asked, report).await.map_err(|failure| returned(kept, failure))?;
        if shaped != scopes {
            let text = shaped.iter().map(AsRef::as_ref).collect::<Vec<&str>>().join(" ");
            kept.parameters = kept.parameters.without(&["scope"]).with("scope", &text);
        }
    }
    let details = kept.parameters.one("authorization_details").and_then(|text| serde_json::from_str::<Vec<serde_json::Value>>(text).ok());
    if let Some(items) = details.filter(|_| room.has(HookPoint::AuthorizationDetails)) {
        let shaped =
            room.authorization_details(RequestedDetails::of(items), asked, report).await.map_err(|failure| returned(kept, failure))?;
        let text = serde_json::Value::Array(shaped).to_string();
        kept.parameters = kept.parameters.without(&["authorization_details"]).with("authorization_details", &text);
    }
    Ok(())
}
