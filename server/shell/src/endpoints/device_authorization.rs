//! The device authorization endpoint ([RFC 8628 §3.1](https://www.rfc-editor.org/rfc/rfc8628#section-3.1)): a device without a browser
//! gets two codes, one to show to its person and one to ask with.

use claimsmith_issuer::dpop::{self, Space};
use claimsmith_issuer::grants::device_code;
use claimsmith_protocol::authorize::Parameters;
use claimsmith_protocol::error::{Reason, Refusal};
use claimsmith_protocol::grant::GrantType;
use claimsmith_protocol::token::{REPEATABLE, parse_form};
use http::StatusCode;
use serde_json::json;

use super::{Cors, Endpoint, FORM_LIMIT, Kind};
use crate::authorize::device::{Wish, begin};
use crate::failure::Failure;
use crate::http::{Answer, Arrival};
use crate::rooms::Rooms;
use crate::{desk, possession, report};

pub(super) const ENDPOINT: Endpoint = Endpoint {
    name: "device_authorization",
    path: "/oauth2/device_authorization",
    method: "POST",
    body_limit: FORM_LIMIT,
    cors: Cors::Allowed,
    metadata: Some("device_authorization_endpoint"),
    client_auth: true,
    summary: "Gives a device a code for its person (RFC 8628 §3.1).",
    kind: Kind::DeviceAuthorization,
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
    if !rooms.settings.grants.contains(&GrantType::DeviceCode) {
        return Err(device_code::not_offered().into());
    }
    device_code::admit(client)?;
    let sent = Parameters::of_form(&form).without(&CREDENTIALS);
    if sent.one("client_id").is_some_and(|id| *id != *client.id) {
        return Err(Refusal::invalid_request(Reason::ClientMismatch, "client_id is not the client that authenticated").into());
    }
    if let Some(proof) = &proof {
        // Nothing is bound to it yet: that happens where the token is asked for (RFC 9449 §5).
        dpop::check_alg_of(&client.registration, proof)?;
        possession::settle(rooms, proof).await?;
    }
    let visit = rooms.directory.visit()?;
    let begun = begin(rooms, Wish { arrival, visit: &visit, entry: &caller.entry, instance: caller.instance() }, sent, report).await?;
    let body = json!({
        "device_code": begun.device_code.expose(),
        "user_code": begun.user_code,
        "verification_uri": begun.verification_uri,
        "verification_uri_complete": format!("{}?user_code={}", begun.verification_uri, begun.user_code),
        "expires_in": begun.expires_in,
        "interval": begun.interval,
    });
    let answer = Answer::json(StatusCode::OK, body.to_string()).uncached();
    Ok(possession::renew_nonce(rooms, Space::AuthorizationServer, proof.as_ref(), answer))
}
