//! The backchannel authentication endpoint (OpenID Connect CIBA §7): a client names its person, and waits while they are asked elsewhere.

use claimsmith_issuer::dpop::{self, Space};
use claimsmith_issuer::grants::ciba;
use claimsmith_protocol::authorize::Parameters;
use claimsmith_protocol::error::{Reason, Refusal};
use claimsmith_protocol::grant::GrantType;
use claimsmith_protocol::token::{REPEATABLE, parse_form};
use http::StatusCode;
use serde_json::json;

use super::{Cors, Endpoint, FORM_LIMIT, Kind};
use crate::authorize::backchannel::begin;
use crate::authorize::device::Wish;
use crate::failure::Failure;
use crate::http::{Answer, Arrival};
use crate::rooms::Rooms;
use crate::{desk, possession, report};

pub(super) const ENDPOINT: Endpoint = Endpoint {
    name: "backchannel_authentication",
    path: "/oauth2/bc-authorize",
    method: "POST",
    body_limit: FORM_LIMIT,
    cors: Cors::Nobody,
    metadata: Some("backchannel_authentication_endpoint"),
    client_auth: true,
    summary: "Has a person asked whom the client names (OpenID Connect CIBA §7).",
    kind: Kind::BackchannelAuthentication,
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
    if !rooms.settings.grants.contains(&GrantType::Ciba) {
        return Err(ciba::not_offered().into());
    }
    ciba::admit(client)?;
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
    let mut body = json!({ "auth_req_id": begun.auth_req_id.expose(), "expires_in": begun.expires_in });
    if let Some(interval) = begun.interval {
        body["interval"] = json!(interval);
    }
    let answer = Answer::json(StatusCode::OK, body.to_string()).uncached();
    Ok(possession::renew_nonce(rooms, Space::AuthorizationServer, proof.as_ref(), answer))
}
