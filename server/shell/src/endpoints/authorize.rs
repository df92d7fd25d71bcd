//! The authorization endpoint ([RFC 6749 §3.1](https://www.rfc-editor.org/rfc/rfc6749#section-3.1)) and the pages behind it.

use super::{Cors, Endpoint, FORM_LIMIT, Kind};
use crate::authorize::{begin, come_back, finish, post, show};
use crate::http::{Answer, Arrival};
use crate::report::Report;
use crate::rooms::Rooms;

pub(super) const ENDPOINT: Endpoint = Endpoint {
    name: "authorization",
    path: "/oauth2/authorize",
    method: "GET, POST",
    body_limit: FORM_LIMIT,
    cors: Cors::Nobody,
    metadata: Some("authorization_endpoint"),
    client_auth: false,
    summary: "Asks a person on behalf of a client (RFC 6749 §3.1).",
    kind: Kind::Authorize,
};

pub(super) const SIGN_IN: Endpoint = Endpoint {
    name: "sign_in",
    path: "/signin",
    method: "GET, POST",
    body_limit: FORM_LIMIT,
    cors: Cors::Nobody,
    metadata: None,
    client_auth: false,
    summary: "The pages on which people sign in.",
    kind: Kind::FlowPage,
};

pub(super) const CONSENT: Endpoint = Endpoint {
    name: "consent",
    path: "/consent",
    method: "GET, POST",
    body_limit: FORM_LIMIT,
    cors: Cors::Nobody,
    metadata: None,
    client_auth: false,
    summary: "The page on which people agree to what a client asks for.",
    kind: Kind::FlowPage,
};

pub(super) const UPSTREAM: Endpoint = Endpoint {
    name: "sign_in_upstream",
    path: crate::upstream::RETURN_PATH,
    method: "GET",
    body_limit: FORM_LIMIT,
    cors: Cors::Nobody,
    metadata: None,
    client_auth: false,
    summary: "Where people come back to from another provider (OpenID Connect Core §3.1.2.5).",
    kind: Kind::UpstreamReturn,
};

/// A client's request.
pub(super) async fn handle(rooms: &Rooms, arrival: &Arrival) -> Answer {
    let mut report = Report::begin(ENDPOINT.name, arrival);
    let walked = begin(rooms, arrival, &mut report).await;
    finish(rooms, arrival, report, walked).await
}

/// A page of a flow, or what was posted there.
pub(super) async fn page(endpoint: &Endpoint, rooms: &Rooms, arrival: &Arrival) -> Answer {
    let mut report = Report::begin(endpoint.name, arrival);
    let posted = arrival.method == http::Method::POST;
    let walked = if posted { post(rooms, arrival, &mut report).await } else { show(rooms, arrival, &mut report).await };
    finish(rooms, arrival, report, walked).await
}

/// A person who comes back from another provider.
pub(super) async fn upstream(rooms: &Rooms, arrival: &Arrival) -> Answer {
    let mut report = Report::begin(UPSTREAM.name, arrival);
    let walked = come_back(rooms, arrival, &mut report).await;
    finish(rooms, arrival, report, walked).await
}
