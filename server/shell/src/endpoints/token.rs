//! The token endpoint: the whole walk of a request, top to bottom.
//!
//! Reading room → identity desk → court → hook room → vault → records → way out. No room calls back into an earlier one,
//! and nothing leaves that the ledger does not know.

use claimsmith_issuer::dpop::Space;
use claimsmith_issuer::grants::Request;
use claimsmith_protocol::token::{REPEATABLE, parse_form, parse_grant_type};

use super::{Cors, Endpoint, FORM_LIMIT, Kind};
use crate::companions::{self, Making};
use crate::court::{self, Docket, Judged};
use crate::failure::Failure;
use crate::http::{Answer, Arrival};
use crate::rooms::Rooms;
use crate::{assertions, desk, hook_room, issue, possession, record, report};

pub(super) const ENDPOINT: Endpoint = Endpoint {
    name: "token",
    path: "/oauth2/token",
    method: "POST",
    body_limit: FORM_LIMIT,
    cors: Cors::Allowed,
    metadata: Some("token_endpoint"),
    client_auth: true,
    summary: "Issues an access token (RFC 6749 §3.2).",
    kind: Kind::Token,
};

/// From the request to its answer; what happens on the way goes into `report`.
pub(super) async fn walk(rooms: &Rooms, arrival: &Arrival, report: &mut report::Report) -> Result<Answer, Failure> {
    // Reading room: bytes become a request, or the client's mistake has a name.
    let form = parse_form(&arrival.body, REPEATABLE)?;
    let grant = parse_grant_type(&form, &rooms.settings.grants)?;
    report.grant(grant);
    let presented = desk::presented(rooms, arrival, &form)?;
    report.stage(report::Stage::Parse);

    // What the request proves to hold, before anything of it is spent.
    let proof = possession::proof(rooms, arrival, Space::AuthorizationServer, None)?;

    // Identity desk: a proof becomes a client.
    let now = rooms.clock.now();
    let caller = desk::authenticate_with(rooms, presented, proof.as_ref(), arrival, report).await?;
    let request = Request::parse(grant, &form)?;
    let docket = Docket { caller: &caller, request: &request, arrival, form: &form, grant, proof: proof.as_ref(), now };
    let answer = serve(rooms, docket, report).await?;
    // Way out.
    Ok(possession::renew_nonce(rooms, Space::AuthorizationServer, proof.as_ref(), answer))
}

/// What a client gets that has proved who it is; the same where it is given that unasked (OpenID Connect CIBA §10.3).
pub async fn serve(rooms: &Rooms, docket: Docket<'_>, report: &mut report::Report) -> Result<Answer, Failure> {
    let Docket { caller, request, arrival, grant, now, .. } = docket;
    // Records, out, and the court: what the client is entitled to. Pure but for the waiting.
    let judged = court::judge(rooms, docket, report).await?;
    let Judged { visit, mut entitled, loaded, confirmation, guard, presented, mut room } = judged;

    // Hook room: the client's plugins shape the drafts. Nothing is spent yet.
    let background = companions::background_for(&room, loaded.as_ref(), confirmation);
    court::hooks::shape(&mut room, (request, &presented), &mut entitled, background.as_ref(), report).await?;
    let asked = hook_room::Asked::of(request, &entitled, background.as_ref(), &caller.entry.client.id);
    let client_id = &caller.entry.client.id;
    let subject = asked.subject.unwrap_or(client_id).into();
    let (answer, reference, token, advance) = if let Some(exchanged) = entitled.makes_no_access_token() {
        let making = assertions::Making { entitled: &entitled, exchanged, presented: &presented, confirmation, now: now.timestamp() };
        let (answer, token) = assertions::make(rooms, (&visit, &mut room), making, asked, report).await?;
        (answer, None, token, None)
    } else {
        let draft = issue::draft(rooms, client_id, &entitled, confirmation, now.timestamp());
        let claims = room.access_token(draft, entitled.lifetime_ceiling.seconds(), asked, report).await?;
        let (caller, loaded, now) = (&caller.client, loaded.as_ref(), now.timestamp());
        let making = Making { entitled: &entitled, loaded, asked, claims: &claims, caller, request, now };
        let plan = companions::plan(rooms, making, &mut room, report).await?;
        let members = room.token_response(asked, report).await?;
        // Vault, then records: nothing leaves that the ledger does not know.
        let token = issue::access_token(rooms, &visit, &entitled, &claims, report).await?;
        let mut companions = companions::make(rooms, (&visit, &mut room), making, (plan, &token.text), report).await?;
        let answer = issue::render(&token, &claims, &companions, &members);
        (answer, token.reference, claims.into_record(), companions.take_advance())
    };
    let (shaped_by, of_person) = (room.shaped_by(), record::OfPerson::of(&entitled));
    let circumstances = record::Circumstances { grant, shaped_by, request: arrival.id, subject, of_person, advance };
    court::exchange::once(rooms, guard).await?;
    record::settle(rooms, client_id, reference, token, circumstances).await?;
    report.stage(report::Stage::Settle);
    Ok(answer)
}
