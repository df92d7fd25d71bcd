//! Dynamic client registration ([RFC 7591](https://www.rfc-editor.org/rfc/rfc7591)) and its management
//! ([RFC 7592](https://www.rfc-editor.org/rfc/rfc7592)).
//!
//! Off unless `registration.mode` says who may register. A registration access token is good for its client alone, and for nothing
//! else; it never changes, so that no lost answer locks a client out.

use claimsmith_issuer::confirmation::Scheme;
use claimsmith_protocol::error::{ErrorCode, Reason, Refusal};
use http::header::{AUTHORIZATION, HeaderValue, WWW_AUTHENTICATE};
use http::{Method, StatusCode};

use super::{Cors, Endpoint, FORM_LIMIT, Kind};
use crate::admin::segment;
use crate::config::RegistrationMode;
use crate::failure::Failure;
use crate::http::{Answer, Arrival};
use crate::register::{self, Admitted, Asking, Owner};
use crate::report::Report;
use crate::rooms::Rooms;
use crate::throttle::Admit;

pub(super) const ENDPOINT: Endpoint = Endpoint {
    name: "registration",
    path: "/oauth2/register",
    method: "POST",
    body_limit: FORM_LIMIT,
    cors: Cors::Nobody,
    metadata: Some("registration_endpoint"),
    client_auth: false,
    summary: "Registers a client by its own wish (RFC 7591 §3).",
    kind: Kind::Register,
};

pub(super) const MANAGEMENT: Endpoint = Endpoint {
    name: "registered_client",
    path: "/oauth2/register/{client_id}",
    method: "GET, PUT, DELETE",
    body_limit: FORM_LIMIT,
    cors: Cors::Nobody,
    metadata: None,
    client_auth: false,
    summary: "Shows, replaces or deletes a client that registered itself (RFC 7592 §2).",
    kind: Kind::RegisteredClient,
};

/// A new client.
pub(super) async fn walk(rooms: &Rooms, arrival: &Arrival, report: &mut Report) -> Result<Answer, Failure> {
    let token = bearer(arrival);
    let admitted = match rooms.settings.registration.mode {
        RegistrationMode::Off => return Ok(Answer::refusal(StatusCode::NOT_FOUND, "invalid_request", "there is nothing at this path")),
        RegistrationMode::Open if token.is_none() => {
            if let Admit::Throttled { retry_after } = rooms.registrations.admit_one("", arrival.peer.addr, arrival.at) {
                return Err(Failure::Throttled { retry_after });
            }
            Admitted::anybody()
        }
        RegistrationMode::Open | RegistrationMode::Token => {
            let Some(token) = token else { return Ok(unauthorized(arrival)) };
            let Some(admitted) = register::admit(rooms, token).await? else { return Ok(unauthorized(arrival)) };
            admitted
        }
    };
    let sent = register::parse(&arrival.body)?;
    let Some(shown) = register::create(Asking { rooms, arrival, report }, sent, admitted).await? else { return Ok(unauthorized(arrival)) };
    let uri = shown.members.get("client_id").and_then(serde_json::Value::as_str).map(|id| uri_of(rooms, id)).unwrap_or_default();
    Ok(Answer::json(StatusCode::CREATED, shown.document(&uri, None)).uncached())
}

/// What a client does with its own registration.
pub(super) async fn manage(rooms: &Rooms, arrival: &Arrival, report: &mut Report) -> Result<Answer, Failure> {
    let Some(token) = bearer(arrival) else { return Ok(unauthorized(arrival)) };
    let id = arrival.path().rsplit_once('/').map_or("", |(_, last)| last);
    let id = percent_encoding::percent_decode_str(id).decode_utf8_lossy();
    let Some(owner) = register::owner(rooms, token, &id).await? else { return Ok(unauthorized(arrival)) };
    report.client(&id, true);
    if !owner.is_enabled() {
        return Ok(Answer::refusal(StatusCode::FORBIDDEN, "access_denied", "the client is disabled"));
    }
    match arrival.method {
        Method::DELETE => {
            owner.delete(Asking { rooms, arrival, report }).await?;
            Ok(Answer::empty(StatusCode::NO_CONTENT).uncached())
        }
        Method::PUT => replace(Asking { rooms, arrival, report }, owner, (&id, token)).await,
        _ => Ok(Answer::json(StatusCode::OK, owner.show().document(&uri_of(rooms, &id), Some(token))).uncached()),
    }
}

async fn replace(asking: Asking<'_>, owner: Owner, (id, token): (&str, &str)) -> Result<Answer, Failure> {
    let rooms = asking.rooms;
    let sent = register::parse(&asking.arrival.body)?;
    let shown = owner.replace(asking, sent).await?;
    Ok(Answer::json(StatusCode::OK, shown.document(&uri_of(rooms, id), Some(token))).uncached())
}

fn uri_of(rooms: &Rooms, id: &str) -> String {
    rooms.urls.url(&format!("{}/{}", ENDPOINT.path, segment(id)))
}

/// The one bearer token of the request (RFC 6750 §2.1).
fn bearer(arrival: &Arrival) -> Option<&str> {
    let mut headers = arrival.headers.get_all(AUTHORIZATION).iter();
    let (first, None) = (headers.next()?, headers.next()) else { return None };
    let (scheme, token) = Scheme::split(first.to_str().ok()?)?;
    (scheme == Scheme::Bearer && !token.is_empty()).then_some(token)
}

/// RFC 6750 §3: a code only where there were credentials.
fn unauthorized(arrival: &Arrival) -> Answer {
    if !arrival.headers.contains_key(AUTHORIZATION) {
        let answer = Answer::empty(StatusCode::UNAUTHORIZED).uncached();
        return answer.with(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"claimsmith\""));
    }
    let answer = Answer::refusal(StatusCode::UNAUTHORIZED, "invalid_token", "the token is not good here");
    answer.with(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"claimsmith\", error=\"invalid_token\""))
}

/// RFC 7591 §3.1.
pub(super) fn wants_json() -> Refusal {
    Refusal::new(ErrorCode::InvalidClientMetadata, Reason::MalformedMetadata, "the body must be application/json")
}
