//! The pages on which people look after their account: one endpoint for each.

use super::{Cors, Endpoint, FORM_LIMIT, Kind};
use crate::account::{Place, visit};
use crate::authorize::finish;
use crate::http::{Answer, Arrival};
use crate::report::Report;
use crate::rooms::Rooms;

const fn page(name: &'static str, place: Place, summary: &'static str) -> Endpoint {
    Endpoint {
        name,
        path: place.path(),
        method: "GET, POST",
        body_limit: FORM_LIMIT,
        cors: Cors::Nobody,
        metadata: None,
        client_auth: false,
        summary,
        kind: Kind::Account(place),
    }
}

pub(super) const OVERVIEW: Endpoint = page("account", Place::Overview, "The page of a person's account.");
pub(super) const SESSIONS: Endpoint = page("account_sessions", Place::Sessions, "The page on which people end their sessions.");
pub(super) const APPS: Endpoint = page("account_apps", Place::Apps, "The page on which people withdraw the access of clients.");
pub(super) const REQUESTS: Endpoint =
    page("account_requests", Place::Requests, "The page on which people decide what clients have asked of them elsewhere.");
pub(super) const PASSWORD: Endpoint = page("account_password", Place::Password, "The page on which people change their password.");
pub(super) const PASSKEYS: Endpoint = page("account_passkeys", Place::Passkeys, "The page on which people add and remove passkeys.");
pub(super) const AUTHENTICATOR: Endpoint =
    page("account_authenticator", Place::Authenticator, "The page on which people set up an authenticator app.");
pub(super) const RECOVERY_CODES: Endpoint =
    page("account_recovery_codes", Place::RecoveryCodes, "The page on which people make recovery codes.");

/// A page, or what was posted there.
pub(super) async fn handle(place: Place, endpoint: &Endpoint, rooms: &Rooms, arrival: &Arrival) -> Answer {
    let mut report = Report::begin(endpoint.name, arrival);
    let walked = visit(place, rooms, arrival, &mut report).await;
    finish(rooms, arrival, report, walked).await
}
