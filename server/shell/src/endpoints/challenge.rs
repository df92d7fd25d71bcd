//! Challenges for proofs of attested keys (draft-ietf-oauth-attestation-based-client-auth §6.1).

use http::StatusCode;
use serde_json::json;

use super::{Cors, Endpoint, FORM_LIMIT, Kind};
use crate::attestation;
use crate::http::Answer;
use crate::rooms::Rooms;

pub(super) const ENDPOINT: Endpoint = Endpoint {
    name: "challenge",
    path: "/oauth2/challenge",
    method: "POST",
    body_limit: FORM_LIMIT,
    cors: Cors::Allowed,
    metadata: Some("challenge_endpoint"),
    client_auth: false,
    summary: "Gives a challenge for the proof of an attested key.",
    kind: Kind::Challenge,
};

pub(super) fn handle(rooms: &Rooms) -> Answer {
    let body = json!({ "attestation_challenge": attestation::challenge(rooms) });
    Answer::json(StatusCode::OK, body.to_string()).uncached()
}
