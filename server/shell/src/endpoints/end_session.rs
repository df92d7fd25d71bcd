//! The end session endpoint (OpenID Connect RP-Initiated Logout 1.0 §2).

use super::{Cors, Endpoint, FORM_LIMIT, Kind};
use crate::authorize::finish;
use crate::http::{Answer, Arrival};
use crate::report::Report;
use crate::rooms::Rooms;
use crate::sign_out::{PATH, sign_out};

pub(super) const ENDPOINT: Endpoint = Endpoint {
    name: "end_session",
    path: PATH,
    method: "GET, POST",
    body_limit: FORM_LIMIT,
    cors: Cors::Nobody,
    metadata: Some("end_session_endpoint"),
    client_auth: false,
    summary: "Signs a person out, here and at the clients of the session (OpenID Connect RP-Initiated Logout 1.0 §2).",
    kind: Kind::EndSession,
};

/// A client's wish, or the person's.
pub(super) async fn handle(rooms: &Rooms, arrival: &Arrival) -> Answer {
    let mut report = Report::begin(ENDPOINT.name, arrival);
    let walked = sign_out(rooms, arrival, &mut report).await;
    finish(rooms, arrival, report, walked).await
}
