//! Token introspection ([RFC 7662](https://www.rfc-editor.org/rfc/rfc7662)).
//!
//! Whatever speaks against a token (unknown, expired, revoked, foreign, not for this caller) has the same answer, byte by
//! byte. Revocations are read from the database, so that they count at once on every node. Who asks about too many tokens
//! that nobody knows has to wait (§4).

use claimsmith_issuer::claims::IntrospectionAnswer;
use claimsmith_issuer::introspect::may_learn;
use claimsmith_protocol::credentials::Presented;
use claimsmith_protocol::error::{Reason, Refusal};
use claimsmith_protocol::token::{parse_form, parse_token};
use http::StatusCode;

use super::{Cors, Endpoint, FORM_LIMIT, Kind};
use crate::failure::Failure;
use crate::guesses::Question;
use crate::http::{Answer, Arrival};
use crate::known_token::{self, Found};
use crate::rooms::Rooms;
use crate::{desk, hook_room, report};

pub(super) const ENDPOINT: Endpoint = Endpoint {
    name: "introspection",
    path: "/oauth2/introspect",
    method: "POST",
    body_limit: FORM_LIMIT,
    cors: Cors::Nobody,
    metadata: Some("introspection_endpoint"),
    client_auth: true,
    summary: "Tells whether a token is active and what it says (RFC 7662 §2).",
    kind: Kind::Introspection,
};

/// What every inactive token gets.
const INACTIVE: &str = "{\"active\":false}";

/// From the request to its answer; what happens on the way goes into `report`.
pub(super) async fn walk(rooms: &Rooms, arrival: &Arrival, report: &mut report::Report) -> Result<Answer, Failure> {
    let form = parse_form(&arrival.body, &[])?;
    let presented = Presented::parse(desk::authorization(arrival), &form)?;
    let visit = rooms.directory.visit()?;
    let caller = desk::authenticate(rooms, presented, arrival, report).await?;
    // RFC 7662 §2.1: the caller must authenticate, and `none` proves nothing.
    if !caller.client.is_confidential() {
        return Err(Refusal::invalid_client(Reason::CallerNotAllowed).into());
    }
    let text = parse_token(&form)?;
    let inactive = || Ok(Answer::json(StatusCode::OK, INACTIVE).uncached());
    let now = rooms.clock.now();
    let caller_id = caller.client.client().id.as_str();
    let question = Question { caller: caller_id, address: arrival.peer.addr, token: text };
    rooms.guesses.admit(question, arrival.at)?;
    let found = known_token::find(rooms, &visit, text, now).await?;
    match found {
        Found::Unknown => rooms.guesses.unknown(question, arrival.at)?,
        Found::Live(_) | Found::Revoked => rooms.guesses.known(question),
    }
    let Some(token) = found.live() else { return inactive() };
    let owner = rooms.directory.client(&token.client_id).await?;
    let client = owner.as_ref().map(|entry| &entry.client);
    if !may_learn(&caller.client, &token, client, visit.resources(), now.timestamp()) {
        return inactive();
    }
    let Some(owner) = owner else { return inactive() };
    // The owner may just have been read: its bindings are those of a policy that is no older.
    let visit = rooms.directory.visit()?;
    let occasion = hook_room::Occasion { arrival, form: &form, grant: None, now };
    let mut room = hook_room::Room::of_client(rooms, &visit, &owner, occasion);
    let answer = room.introspection(IntrospectionAnswer::of(token.members(), caller_id), report).await?;
    let mut body = Vec::with_capacity(1_024);
    answer.render(&mut body);
    Ok(Answer::json(StatusCode::OK, body).uncached())
}
