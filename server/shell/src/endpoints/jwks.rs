//! The public keys of this issuer (RFC 7517 §5), cacheable, with an entity tag.

use http::StatusCode;
use http::header::{CACHE_CONTROL, ETAG, HeaderValue, IF_NONE_MATCH};

use super::{Cors, Endpoint, Kind};
use crate::http::{Answer, Arrival};
use crate::rooms::Rooms;

pub(super) const ENDPOINT: Endpoint = Endpoint {
    name: "jwks",
    path: "/oauth2/jwks",
    method: "GET",
    body_limit: 0,
    cors: Cors::Anyone,
    metadata: Some("jwks_uri"),
    client_auth: false,
    summary: "The public keys that verify this issuer's tokens (RFC 7517 §5).",
    kind: Kind::Jwks,
};

pub(super) fn handle(rooms: &Rooms, arrival: &Arrival) -> Answer {
    let policy = rooms.directory.policy();
    cacheable("application/jwk-set+json", policy.jwks.clone(), &policy.jwks_etag, arrival)
}

/// A document that may be kept for a while: 304 for who has it (RFC 9110 §13.1.2).
pub(super) fn cacheable(content_type: &'static str, body: bytes::Bytes, etag: &str, arrival: &Arrival) -> Answer {
    let held = arrival.headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let fresh = held.flat_map(|value| value.split(',')).any(|tag| {
        let tag = tag.trim();
        tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag
    });
    let answer = match fresh {
        true => Answer::empty(StatusCode::NOT_MODIFIED),
        false => Answer::of(StatusCode::OK, content_type, body),
    };
    // Invariant: an entity tag is a quoted base64url digest.
    let etag = HeaderValue::from_str(etag).expect("an entity tag is printable");
    answer.with(ETAG, etag).with(CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"))
}
