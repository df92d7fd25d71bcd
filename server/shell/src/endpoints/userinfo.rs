//! UserInfo ([OpenID Connect Core §5.3](https://openid.net/specs/openid-connect-core-1_0.html#UserInfo)): what a client may know of
//! the person whose access token it holds.
//!
//! A resource like any other (RFC 6750): the token comes in the `Authorization` header, and is held against the key or certificate
//! that it is bound to.

use claimsmith_issuer::claims::UserinfoAnswer;
use claimsmith_issuer::confirmation::{Possession, Scheme, challenges, confirm};
use claimsmith_issuer::dpop::{self, Space};
use claimsmith_issuer::id_token::profile;
use claimsmith_issuer::introspect::KnownToken;
use claimsmith_issuer::value::{Member, render_string};
use claimsmith_jose::SignableClaims;
use claimsmith_protocol::authorize::ClaimsRequest;
use claimsmith_protocol::error::ErrorCode;
use claimsmith_protocol::form::Form;
use claimsmith_protocol::handle::GrantId;
use claimsmith_protocol::time::Timestamp;
use claimsmith_store::LoadedGrant;
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::{HeaderValue, Method, StatusCode};

use super::{Cors, Endpoint, FORM_LIMIT, Kind};
use crate::companions;
use crate::directory::{Entry, Visit};
use crate::envelope::{self, Content, Letter};
use crate::failure::{Failure, Fault};
use crate::hook_room::{Asked, Occasion, Room};
use crate::http::{Answer, Arrival};
use crate::report::Report;
use crate::rooms::Rooms;
use crate::{issue, known_token, possession};

pub(super) const ENDPOINT: Endpoint = Endpoint {
    name: "userinfo",
    path: "/oauth2/userinfo",
    method: "GET, POST",
    body_limit: FORM_LIMIT,
    cors: Cors::Allowed,
    metadata: Some("userinfo_endpoint"),
    client_auth: false,
    summary: "Says what a client may know of a person (OpenID Connect Core §5.3).",
    kind: Kind::Userinfo,
};

/// Why there is no answer.
enum Refusal {
    /// No credentials at all: nothing to name (RFC 6750 §3.1).
    Nothing,
    /// 400.
    InvalidRequest(&'static str),
    /// 401.
    InvalidToken(Scheme),
    /// 401, with a nonce for the next proof (RFC 9449 §9).
    UseNonce,
    /// 401.
    InvalidProof,
    /// 401: the person has to show more, or once more (RFC 9470 §3).
    InsufficientSignIn(Scheme),
    /// 403.
    InsufficientScope(Scheme),
    /// A plugin's no, or ours to answer for.
    Failed(Failure),
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        match failure.code() {
            ErrorCode::UseDpopNonce => Self::UseNonce,
            ErrorCode::InvalidDpopProof => Self::InvalidProof,
            _ => Self::Failed(failure),
        }
    }
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self::Failed(fault.into())
    }
}

impl From<claimsmith_store::Fault> for Refusal {
    fn from(fault: claimsmith_store::Fault) -> Self {
        Self::Failed(fault.into())
    }
}

/// From the request to its answer; what happens on the way goes into `report`.
pub(super) async fn walk(rooms: &Rooms, arrival: &Arrival, report: &mut Report) -> Result<Answer, Failure> {
    match answer(rooms, arrival, report).await {
        Ok(answer) => Ok(answer),
        Err(Refusal::Failed(failure)) => Err(failure),
        Err(refusal) => Ok(refused(rooms, &refusal)),
    }
}

async fn answer(rooms: &Rooms, arrival: &Arrival, report: &mut Report) -> Result<Answer, Refusal> {
    let (scheme, text) = token(arrival)?;
    let invalid = || Refusal::InvalidToken(scheme);
    let proof = possession::proof(rooms, arrival, Space::Resource, Some(text))?;
    let (visit, now) = (rooms.directory.visit()?, rooms.clock.now());
    let token =
        known_token::find(rooms, &visit, text, now).await?.live().filter(|token| now.timestamp() < token.expires_at).ok_or_else(invalid)?;
    let presented = Possession { scheme, proof: proof.as_ref(), certificate: possession::certificate_digest(arrival) };
    confirm(token.confirmation.as_ref(), &presented).map_err(|_| invalid())?;
    // RFC 9068 §4: a token for another resource is none for this one.
    if !token.audience.contains(&rooms.settings.defaults.audience) {
        return Err(invalid());
    }
    let grant = GrantId::of_jti(&token.jti).ok_or_else(invalid)?;
    let loaded = rooms.store.load_grant(grant).await?.filter(LoadedGrant::person_is_there).ok_or_else(invalid)?;
    let entry = rooms.directory.client(&token.client_id).await?.filter(|entry| entry.client.enabled).ok_or_else(invalid)?;
    report.client(&token.client_id, true);
    dpop::check_nonce_of(&entry.client.registration, proof.as_ref()).map_err(Failure::from)?;
    let scopes = scopes_of(&token);
    if !scopes.iter().any(|scope| **scope == *"openid") {
        return Err(Refusal::InsufficientScope(scheme));
    }
    let (allowed, names) = (&loaded.grant.allowed, &rooms.settings.acr_names);
    if !rooms.settings.userinfo.is_met_by(allowed.acr.as_deref(), Timestamp::from_seconds(allowed.auth_time), names, now.timestamp()) {
        return Err(Refusal::InsufficientSignIn(scheme));
    }
    if let Some(proof) = &proof {
        possession::settle(rooms, proof).await?;
    }
    let answer = shape(rooms, arrival, (&visit, &entry), &loaded, scopes, report).await?;
    let made = render(rooms, &visit, &entry, &answer).await?;
    Ok(possession::renew_nonce(rooms, Space::Resource, proof.as_ref(), made.uncached()))
}

/// The token of the request, by the header alone: a query is logged everywhere (RFC 9700 §4.3.2), and in a form it is no better.
fn token(arrival: &Arrival) -> Result<(Scheme, &str), Refusal> {
    let mut headers = arrival.headers.get_all(AUTHORIZATION).iter();
    let (first, second) = (headers.next(), headers.next());
    let form = if arrival.method == Method::POST { Form::parse_repeated(&arrival.body).ok() } else { None };
    let in_body = form.as_ref().is_some_and(|form| form.one("access_token").is_some());
    let query = Form::parse_repeated(arrival.query().unwrap_or_default().as_bytes()).ok();
    let in_query = query.as_ref().is_some_and(|form| form.one("access_token").is_some());
    match (first, second) {
        (_, Some(_)) => Err(Refusal::InvalidRequest("there is more than one Authorization header")),
        (Some(_), None) if in_body || in_query => Err(Refusal::InvalidRequest("the token is there twice")),
        (None, None) if in_body || in_query => Err(Refusal::InvalidRequest("the token belongs into the Authorization header")),
        (None, None) => Err(Refusal::Nothing),
        (Some(header), None) => {
            let split = header.to_str().ok().and_then(Scheme::split);
            split.filter(|(_, token)| !token.is_empty()).ok_or(Refusal::Nothing)
        }
    }
}

fn scopes_of(token: &KnownToken) -> Vec<Box<str>> {
    token.scope().unwrap_or_default().split(' ').filter(|word| !word.is_empty()).map(Into::into).collect()
}

/// The members that the token lets the client read, as plugins have shaped them.
async fn shape(
    rooms: &Rooms,
    arrival: &Arrival,
    (visit, entry): (&Visit, &Entry),
    loaded: &LoadedGrant,
    scopes: Vec<Box<str>>,
    report: &mut Report,
) -> Result<UserinfoAnswer, Refusal> {
    let allowed = &loaded.grant.allowed;
    let known = loaded.person.as_ref().map(|(person, updated_at)| person.standard_claims(*updated_at)).unwrap_or_default();
    let wishes = allowed.claims.as_deref().and_then(|text| ClaimsRequest::parse(text).ok()).unwrap_or_default();
    let mut members = vec![Member::known("sub", (&*allowed.subject).into())];
    members.extend(profile(&known, &scopes, &wishes.userinfo, &allowed.claims_denied));
    let form = Form::default();
    let mut room = Room::of_client(rooms, visit, entry, Occasion { arrival, form: &form, grant: None, now: rooms.clock.now() });
    let background = room.reads_background().then(|| companions::background(loaded, None));
    let asked = Asked {
        scopes: &scopes,
        resources: &allowed.resources,
        subject: Some(&allowed.subject),
        refresh: false,
        background: background.as_ref(),
    };
    Ok(room.userinfo(UserinfoAnswer::of(members, scopes.clone()), asked, report).await?)
}

/// The answer as claims, for a client that wants it signed (§5.3.2).
struct Signed<'a> {
    issuer: &'a str,
    client_id: &'a str,
    members: &'a [Member],
}

impl SignableClaims for Signed<'_> {
    fn render(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"iss\":");
        render_string(self.issuer, out);
        out.extend_from_slice(b",\"aud\":");
        render_string(self.client_id, out);
        for member in self.members {
            out.push(b',');
            member.render(out);
        }
        out.push(b'}');
    }
}

async fn render(rooms: &Rooms, visit: &Visit, entry: &Entry, answer: &UserinfoAnswer) -> Result<Answer, Refusal> {
    let client = &entry.client;
    let letter = Letter::Userinfo;
    let Some(registered) = client.registration.userinfo_signed_response_alg.as_deref() else {
        let text = companions::object_of(answer.members()).into_string();
        if !letter.is_sealed(client) {
            return Ok(Answer::json(StatusCode::OK, text));
        }
        return Ok(jwt(envelope::enclose(rooms, entry, letter, (Content::Claims, text)).await.map_err(Failure::from)?));
    };
    let alg = companions::alg_of(rooms, Some(registered))?;
    let claims = Signed { issuer: rooms.urls.as_str(), client_id: &client.id, members: answer.members() };
    let signed = issue::sign_beside(rooms, visit, (alg, None), &claims, rooms.clock.now().timestamp().seconds()).await?;
    Ok(jwt(envelope::enclose(rooms, entry, letter, (Content::Jwt, signed)).await.map_err(Failure::from)?))
}

/// §5.3.2: whatever is signed or encrypted has this type.
fn jwt(text: String) -> Answer {
    Answer::of(StatusCode::OK, "application/jwt", text)
}

/// RFC 6750 §3, RFC 9449 §7.1.
fn refused(rooms: &Rooms, refusal: &Refusal) -> Answer {
    let (status, tried, description) = match refusal {
        Refusal::Nothing => (StatusCode::UNAUTHORIZED, None, ""),
        Refusal::InvalidRequest(description) => (StatusCode::BAD_REQUEST, Some((Scheme::Bearer, "invalid_request")), *description),
        Refusal::InvalidToken(scheme) => (StatusCode::UNAUTHORIZED, Some((*scheme, "invalid_token")), "the access token is not good here"),
        Refusal::UseNonce => (StatusCode::UNAUTHORIZED, Some((Scheme::Dpop, "use_dpop_nonce")), "the proof needs the nonce of this answer"),
        Refusal::InvalidProof => (StatusCode::UNAUTHORIZED, Some((Scheme::Dpop, "invalid_dpop_proof")), "the proof is not good"),
        Refusal::InsufficientSignIn(scheme) => {
            let description = "the person has to sign in again, with what the challenge names";
            (StatusCode::UNAUTHORIZED, Some((*scheme, "insufficient_user_authentication")), description)
        }
        Refusal::InsufficientScope(scheme) => {
            (StatusCode::FORBIDDEN, Some((*scheme, "insufficient_scope")), "the access token lacks a scope")
        }
        Refusal::Failed(_) => (StatusCode::INTERNAL_SERVER_ERROR, None, ""),
    };
    let mut answer = match tried {
        None => Answer::empty(status),
        Some((_, code)) => Answer::json(status, format!("{{\"error\":\"{code}\",\"error_description\":\"{description}\"}}")),
    };
    for challenge in challenges(tried, &rooms.settings.dpop.algs) {
        let more = match refusal {
            Refusal::InsufficientScope(_) if challenge.contains("error=") => ", scope=\"openid\"".to_owned(),
            Refusal::InsufficientSignIn(_) if challenge.contains("error=") => rooms.settings.userinfo.parameters(),
            _ => String::new(),
        };
        // Invariant: schemes, codes, names of algorithms and those of levels that the configuration lists are ASCII.
        answer.headers.append(WWW_AUTHENTICATE, HeaderValue::from_str(&format!("{challenge}{more}")).expect("a challenge is ASCII"));
    }
    let answer = answer.uncached();
    if matches!(refusal, Refusal::UseNonce) { possession::with_nonce(rooms, Space::Resource, answer) } else { answer }
}
