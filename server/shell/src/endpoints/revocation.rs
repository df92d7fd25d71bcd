//! Token revocation ([RFC 7009](https://www.rfc-editor.org/rfc/rfc7009)).
//!
//! 200 for every token, known or not; a token of another client lives on. The revocation is in the database before the
//! answer leaves, and introspection reads it there, so that it counts at once on every node.

use claimsmith_issuer::claims::Revoked;
use claimsmith_issuer::hook::HookPoint;
use claimsmith_issuer::introspect::{KnownToken, may_revoke};
use claimsmith_protocol::handle::{RefreshClaim, RefreshToken};
use claimsmith_protocol::token::{parse_form, parse_token};
use claimsmith_store::Ending;
use http::StatusCode;

use super::{Cors, Endpoint, FORM_LIMIT, Kind};
use crate::failure::Failure;
use crate::hook_room::Asked;
use crate::http::{Answer, Arrival};
use crate::rooms::Rooms;
use crate::{desk, hook_room, known_token, record, report};

pub(super) const ENDPOINT: Endpoint = Endpoint {
    name: "revocation",
    path: "/oauth2/revoke",
    method: "POST",
    body_limit: FORM_LIMIT,
    cors: Cors::Allowed,
    metadata: Some("revocation_endpoint"),
    client_auth: true,
    summary: "Ends a token (RFC 7009 §2).",
    kind: Kind::Revocation,
};

/// From the request to its answer; what happens on the way goes into `report`.
pub(super) async fn walk(rooms: &Rooms, arrival: &Arrival, report: &mut report::Report) -> Result<Answer, Failure> {
    let form = parse_form(&arrival.body, &[])?;
    let presented = desk::presented(rooms, arrival, &form)?;
    let visit = rooms.directory.visit()?;
    let caller = desk::authenticate(rooms, presented, arrival, report).await?;
    let text = parse_token(&form)?;
    let now = rooms.clock.now();
    let occasion = hook_room::Occasion { arrival, form: &form, grant: None, now };
    let room = hook_room::Room::open(rooms, &visit, &caller, occasion);
    // RFC 7009 §2.1: with a refresh token, everything of its grant ends.
    if let Some(claim) = RefreshToken::read(text) {
        end_grant(rooms, room, &caller, claim, report).await?;
    } else if let Some(token) = known_token::find(rooms, &visit, text, now).await?.live()
        && may_revoke(&caller.client, &token)
    {
        tell(room, &token, report).await?;
        record::revoke(rooms, &token).await?;
    }
    Ok(Answer::empty(StatusCode::OK).uncached())
}

/// Tells the plugins of an access token.
async fn tell(mut room: hook_room::Room<'_>, token: &KnownToken, report: &mut report::Report) -> Result<(), Failure> {
    if !room.has(HookPoint::Revocation) {
        return Ok(());
    }
    let claims = token.members();
    let scopes: Vec<Box<str>> = token.scope().unwrap_or_default().split_ascii_whitespace().map(Into::into).collect();
    let revoked = Revoked { token_type: "access_token", scopes: &scopes, claims: &claims };
    room.revocation(revoked, Asked { subject: token.subject(), ..Asked::default() }, report).await
}

/// Ends the grant of a refresh token, if it is the caller's.
async fn end_grant(
    rooms: &Rooms,
    mut room: hook_room::Room<'_>,
    caller: &desk::Caller,
    claim: RefreshClaim,
    report: &mut report::Report,
) -> Result<(), Failure> {
    let found = rooms.store.load_grant(claim.grant).await?;
    let own = found.filter(|found| found.grant.client_id == caller.client.client().id);
    if let Some(own) = own.filter(|_| rooms.shared.is_genuine(&claim)) {
        let allowed = &own.grant.allowed;
        let revoked = Revoked { token_type: "refresh_token", scopes: &allowed.scopes, claims: &[] };
        room.revocation(revoked, Asked { subject: Some(&allowed.subject), ..Asked::default() }, report).await?;
        rooms.store.end_grants(Ending::Grant(claim.grant), rooms.clock.now().timestamp()).await?;
    }
    Ok(())
}
