//! The page on which a person types the code that a device shows ([RFC 8628 §3.3](https://www.rfc-editor.org/rfc/rfc8628#section-3.3)).

use super::{Cors, Endpoint, FORM_LIMIT, Kind};
use crate::authorize::{device, finish};
use crate::http::{Answer, Arrival};
use crate::report::Report;
use crate::rooms::Rooms;

pub(super) const ENDPOINT: Endpoint = Endpoint {
    name: "device",
    path: device::PATH,
    method: "GET, POST",
    body_limit: FORM_LIMIT,
    cors: Cors::Nobody,
    metadata: None,
    client_auth: false,
    summary: "The page on which people type the code that a device shows (RFC 8628 §3.3).",
    kind: Kind::Device,
};

/// The page, or the code that was typed.
pub(super) async fn handle(rooms: &Rooms, arrival: &Arrival) -> Answer {
    let mut report = Report::begin(ENDPOINT.name, arrival);
    let walked = device::visit(rooms, arrival, &mut report).await;
    finish(rooms, arrival, report, walked).await
}
