//! Token introspection ([RFC 7662](https://www.rfc-editor.org/rfc/rfc7662)).
//!
//! Whatever speaks against a token (unknown, expired, revoked, foreign, not for this caller) has the same answer, byte by
//! byte. Revocations are read from the database, so that they count at once on every node. Who asks about too many tokens
//! that nobody knows has to wait (§4). Who asks for a signed answer gets one
//! ([RFC 9701](https://www.rfc-editor.org/rfc/rfc9701)).

use claimsmith_issuer::claims::IntrospectionAnswer;
use claimsmith_issuer::client::Client;
use claimsmith_issuer::introspect::{KnownToken, may_learn};
use claimsmith_issuer::value::{render_integer, render_string};
use claimsmith_jose::SignableClaims;
use claimsmith_protocol::error::{Reason, Refusal};
use claimsmith_protocol::form::Form;
use claimsmith_protocol::handle::GrantId;
use claimsmith_protocol::registration::SubjectType;
use claimsmith_protocol::token::{parse_form, parse_token};
use http::header::ACCEPT;
use http::{HeaderMap, StatusCode};

use super::{Cors, Endpoint, FORM_LIMIT, Kind};
use crate::companions::fitting_alg;
use crate::desk::{self, Caller};
use crate::directory::Visit;
use crate::envelope::{self, Content, Letter};
use crate::failure::Failure;
use crate::guesses::Question;
use crate::http::{Answer, Arrival};
use crate::known_token::{self, Found};
use crate::rooms::Rooms;
use crate::{hook_room, issue, report};

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

/// The type of a signed answer (RFC 9701 §5), in `Accept`, `Content-Type` and, without `application/`, in its header.
const SIGNED: &str = "application/token-introspection+jwt";

/// From the request to its answer; what happens on the way goes into `report`.
pub(super) async fn walk(rooms: &Rooms, arrival: &Arrival, report: &mut report::Report) -> Result<Answer, Failure> {
    let form = parse_form(&arrival.body, &[])?;
    let presented = desk::presented(rooms, arrival, &form)?;
    let visit = rooms.directory.visit()?;
    let caller = desk::authenticate(rooms, presented, arrival, report).await?;
    // RFC 7662 §2.1: the caller must authenticate, and `none` proves nothing.
    if !caller.client.is_confidential() {
        return Err(Refusal::invalid_client(Reason::CallerNotAllowed).into());
    }
    let known = learn(rooms, arrival, (&visit, &form), &caller, report).await?;
    let body = known.unwrap_or_else(|| INACTIVE.into());
    // Security: who registered for encryption gets nothing readable, whatever this request says (RFC 9701 §6).
    let sealed = Letter::Introspection.is_sealed(caller.client.client());
    if !sealed && !wants_signed(&arrival.headers) {
        return Ok(Answer::json(StatusCode::OK, body).uncached());
    }
    let text = signed(rooms, &visit, &caller, &body).await?;
    Ok(Answer::of(StatusCode::OK, SIGNED, text).uncached())
}

/// The answer as a signed token for the caller, encrypted where the caller registered that (RFC 9701 §5, §6).
async fn signed(rooms: &Rooms, visit: &Visit, caller: &Caller, answer: &[u8]) -> Result<String, Failure> {
    let issued_at = rooms.clock.now().timestamp().seconds();
    let client = caller.client.client();
    let claims = Signed { issuer: rooms.urls.as_str(), caller: &client.id, issued_at, answer };
    let registered = client.registration.introspection_signed_response_alg.as_deref();
    let alg = fitting_alg(rooms, visit, (Some(&client.registration), registered), issued_at)?;
    let typ = SIGNED.trim_start_matches("application/");
    let text = issue::sign_beside(rooms, visit, (alg, Some(typ)), &claims, issued_at).await?;
    Ok(envelope::enclose(rooms, &caller.entry, Letter::Introspection, (Content::Jwt, text)).await?)
}

/// What the caller learns, as JSON; nothing of a token that is not active for it.
async fn learn(
    rooms: &Rooms,
    arrival: &Arrival,
    (visit, form): (&Visit, &Form<'_>),
    caller: &Caller,
    report: &mut report::Report,
) -> Result<Option<Vec<u8>>, Failure> {
    let text = parse_token(form)?;
    let now = rooms.clock.now();
    let caller_id = caller.client.client().id.as_str();
    let question = Question { caller: caller_id, address: arrival.peer.addr, token: text };
    rooms.guesses.admit(question, arrival.at)?;
    let found = known_token::find(rooms, visit, text, now).await?;
    match found {
        Found::Unknown => rooms.guesses.unknown(question, arrival.at)?,
        Found::Live(_) | Found::Revoked => rooms.guesses.known(question),
    }
    let Some(token) = found.live() else { return Ok(None) };
    let Some(owner) = rooms.directory.client(&token.client_id).await? else { return Ok(None) };
    if !may_learn(&caller.client, &token, Some(&owner.client), visit.resources(), now.timestamp()) {
        return Ok(None);
    }
    // The owner may just have been read: its bindings are those of a policy that is no older.
    let visit = rooms.directory.visit()?;
    let occasion = hook_room::Occasion { arrival, form, grant: None, now };
    let mut room = hook_room::Room::of_client(rooms, &visit, &owner, occasion);
    let mut members = token.members();
    if let Some(subject) = own_subject(rooms, caller.client.client(), &token).await? {
        members.iter_mut().filter(|member| member.name.as_ref() == "sub").for_each(|member| member.value = (&*subject).into());
    }
    let answer = room.introspection(IntrospectionAnswer::of(members, caller_id), report).await?;
    let mut body = Vec::with_capacity(1_024);
    answer.render(&mut body);
    Ok(Some(body))
}

/// The person's name for a caller that is to know people by names of its own sector (OpenID Connect Core §8), where the token is another
/// client's.
async fn own_subject(rooms: &Rooms, caller: &Client, token: &KnownToken) -> Result<Option<Box<str>>, Failure> {
    let (true, Some(grant)) = (caller.registration.subject_type == SubjectType::Pairwise, GrantId::of_jti(&token.jti)) else {
        return Ok(None);
    };
    let loaded = rooms.store.load_grant(grant).await?.filter(|loaded| token.subject() == Some(&*loaded.grant.allowed.subject));
    Ok(loaded.map(|loaded| rooms.shared.subjects.subject(caller, &loaded.grant.user_id)))
}

/// RFC 9701 §4: the caller names the type, and does not say that it is worth nothing.
fn wants_signed(headers: &HeaderMap) -> bool {
    let named = |range: &str| {
        let mut parts = range.split(';').map(str::trim);
        let is_ours = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(SIGNED));
        is_ours && !parts.any(|part| part.strip_prefix("q=").and_then(|q| q.parse::<f32>().ok()) == Some(0.0))
    };
    headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(',')).any(named)
}

/// A signed answer (RFC 9701 §5). Neither `sub` nor `exp` stands beside what is told of the token, so that it passes for no other token.
struct Signed<'a> {
    issuer: &'a str,
    caller: &'a str,
    issued_at: i64,
    answer: &'a [u8],
}

impl SignableClaims for Signed<'_> {
    fn render(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"iss\":");
        render_string(self.issuer, out);
        out.extend_from_slice(b",\"aud\":");
        render_string(self.caller, out);
        out.extend_from_slice(b",\"iat\":");
        render_integer(self.issued_at, out);
        out.extend_from_slice(b",\"token_introspection\":");
        out.extend_from_slice(self.answer);
        out.push(b'}');
    }
}
