//! What the pages load. Each file lies under its digest, so that it can be kept for ever.

use super::{Cors, Endpoint, Kind};
use crate::http::{Answer, Arrival};
use crate::rooms::Rooms;

pub(super) const ENDPOINT: Endpoint = Endpoint {
    name: "assets",
    path: "/assets",
    method: "GET",
    body_limit: 0,
    cors: Cors::Nobody,
    metadata: None,
    client_auth: false,
    summary: "Style sheets, the script for passkeys and the logo of the pages, one level below.",
    kind: Kind::Asset,
};

pub(super) fn handle(rooms: &Rooms, arrival: &Arrival) -> Answer {
    rooms.pages.load().asset(arrival.path())
}
