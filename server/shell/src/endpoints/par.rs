//! Pushed authorization requests ([RFC 9126](https://www.rfc-editor.org/rfc/rfc9126)).
//!
//! The client is known before its person is: it authenticates as at the token endpoint, and the request is checked whole by the same
//! matrix as at the authorization endpoint. What is kept is good for one completed authorization.

use claimsmith_issuer::dpop::{self, Space};
use claimsmith_protocol::authorize::Parameters;
use claimsmith_protocol::error::{Reason, Refusal};
use claimsmith_protocol::token::{REPEATABLE, parse_form};
use http::StatusCode;

use super::{Cors, Endpoint, FORM_LIMIT, Kind};
use crate::authorize::{Pushing, push};
use crate::failure::Failure;
use crate::http::{Answer, Arrival};
use crate::rooms::Rooms;
use crate::{desk, possession, report};

pub(super) const ENDPOINT: Endpoint = Endpoint {
    name: "par",
    path: "/oauth2/par",
    method: "POST",
    body_limit: FORM_LIMIT,
    cors: Cors::Allowed,
    metadata: Some("pushed_authorization_request_endpoint"),
    client_auth: true,
    summary: "Takes an authorization request from the client itself (RFC 9126 §2).",
    kind: Kind::Par,
};

/// What authenticates the client, and is no part of the request.
const CREDENTIALS: [&str; 3] = ["client_secret", "client_assertion", "client_assertion_type"];

/// From the request to its answer; what happens on the way goes into `report`.
pub(super) async fn walk(rooms: &Rooms, arrival: &Arrival, report: &mut report::Report) -> Result<Answer, Failure> {
    let form = parse_form(&arrival.body, REPEATABLE)?;
    let presented = desk::presented(rooms, arrival, &form)?;
    let proof = possession::proof(rooms, arrival, Space::AuthorizationServer, None)?;
    let caller = desk::authenticate_with(rooms, presented, proof.as_ref(), arrival, report).await?;
    let client = caller.client.client();
    let sent = Parameters::of_form(&form).without(&CREDENTIALS);
    if sent.one("client_id").is_some_and(|id| *id != *client.id) {
        return Err(Refusal::invalid_request(Reason::ClientMismatch, "client_id is not the client that authenticated").into());
    }
    if let Some(proof) = &proof {
        dpop::check_alg_of(&client.registration, proof)?;
        possession::settle(rooms, proof).await?;
    }
    let visit = rooms.directory.visit()?;
    let jkt = proof.as_ref().map(|proof| proof.jkt().to_base64url());
    let pushing = Pushing { arrival, visit: &visit, entry: &caller.entry, jkt, instance: caller.instance() };
    let pushed = push(rooms, pushing, sent, report).await?;
    let body = format!(r#"{{"request_uri":"{}","expires_in":{}}}"#, pushed.request_uri, pushed.expires_in);
    let answer = Answer::json(StatusCode::CREATED, body).uncached();
    Ok(possession::renew_nonce(rooms, Space::AuthorizationServer, proof.as_ref(), answer))
}
