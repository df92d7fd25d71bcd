//! Health: `live` says that the process answers, `ready` that it can issue tokens.

use http::StatusCode;

use super::{Cors, Endpoint, Kind};
use crate::http::Answer;
use crate::rooms::Rooms;

pub(super) const LIVE: Endpoint = Endpoint {
    name: "live",
    path: "/health/live",
    method: "GET",
    body_limit: 0,
    cors: Cors::Nobody,
    metadata: None,
    client_auth: false,
    summary: "Says that the process answers.",
    kind: Kind::Live,
};

pub(super) const READY: Endpoint = Endpoint {
    name: "ready",
    path: "/health/ready",
    method: "GET",
    body_limit: 0,
    cors: Cors::Nobody,
    metadata: None,
    client_auth: false,
    summary: "Says whether the node can issue tokens.",
    kind: Kind::Ready,
};

/// 200 as long as anybody is there to say so.
pub(super) fn live() -> Answer {
    Answer::json(StatusCode::OK, "{\"status\":\"live\"}").uncached()
}

/// 200 when tokens can be issued, 503 with the reason when not.
pub(super) fn ready(rooms: &Rooms) -> Answer {
    match rooms.not_ready() {
        None => Answer::json(StatusCode::OK, "{\"status\":\"ready\"}").uncached(),
        Some(reason) => {
            let body = serde_json::json!({"status": "not ready", "reason": reason}).to_string();
            Answer::json(StatusCode::SERVICE_UNAVAILABLE, body).uncached().retry_after(1)
        }
    }
}
