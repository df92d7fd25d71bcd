//! The answer to a client: the grant goes into the ledger, and what may be known of it to the redirect URI.

use claimsmith_issuer::assurance;
use claimsmith_issuer::authorize::{Consent, ReturnAddress};
use claimsmith_issuer::grants::{Allowed, CodeState, GrantRecord, refresh_token};
use claimsmith_issuer::session_state::session_state;
use claimsmith_issuer::subject::sid;
use claimsmith_issuer::value::{render_integer, render_string, render_text_member};
use claimsmith_jose::SignableClaims;
use claimsmith_protocol::error::{ErrorCode, Reason, Refusal};
use claimsmith_protocol::handle::{Code, GrantId};
use claimsmith_protocol::response::Carrier;
use claimsmith_protocol::scope::ScopeSet;
use claimsmith_protocol::time::{Lifetime, Timestamp};
use claimsmith_store::{Completion, ConsentRecord};
use rand::Rng;

use super::consenting::{Agreed, askable};
use super::device::Waiting;
use super::flow::{Walk, see_other};
use super::{Stop, cards, front_channel, standing};
use crate::browser;
use crate::companions::fitting_alg;
use crate::directory::Visit;
use crate::envelope::{self, Content, Letter};
use crate::failure::Fault;
use crate::http::{Answer, Arrival};
use crate::issue;
use crate::pages::view::{ErrorKind, FormField, FormPost, Link};
use crate::report::Report;
use crate::rooms::Rooms;

/// How long a signed authorization response is good, seconds (JARM §2.1: ten minutes at most).
const RESPONSE_LIFETIME: i64 = 300;

/// Answers with everything that was asked for: nobody needs to be asked.
pub(super) async fn complete(walk: &mut Walk<'_>, report: &mut Report) -> Result<Answer, Stop> {
    let agreed = Agreed { scopes: askable(walk), claims_denied: Vec::new() };
    answer(walk, agreed, false, report).await
}

/// Answers with what was agreed to. `asked` says whether the person was asked just now, so that it is remembered.
pub(super) async fn answer(walk: &mut Walk<'_>, agreed: Agreed, asked: bool, report: &mut Report) -> Result<Answer, Stop> {
    if let Some(errand) = &walk.errand {
        return super::errand::done(walk, errand).await;
    }
    let (Some(user), Some(session)) = (walk.user.clone(), walk.browser.session.clone()) else {
        return Err(Stop::Shown(ErrorKind::Expired));
    };
    if walk.kept.device.as_ref().is_some_and(|waiting| !waiting.is_for(&user.person.id)) {
        return Err(Stop::Shown(ErrorKind::Forged));
    }
    let now = walk.now.timestamp();
    let mut chance = [0; 48];
    rand::rng().fill_bytes(&mut chance);
    let id = GrantId::from_bytes(*chance.first_chunk().expect("48 bytes have 16"));
    let code = walk.asked.response_type.has_code().then(|| Code::new(id, *chance.last_chunk().expect("48 bytes have 32")));
    let device = walk.kept.device.clone();
    // A device has its code already.
    let code = code.filter(|_| device.is_none());
    let waiting = device.as_ref().and_then(Waiting::code);
    let id = walk.asked.to.device.unwrap_or(id);
    let policy = &walk.rooms.settings.people;
    let offline = agreed.scopes.iter().any(|scope| **scope == *"offline_access");
    let life = refresh_token::grant_lifetime(walk.client(), policy);
    let whole = now.plus(life);
    let grant = GrantRecord {
        id,
        client_id: walk.client().id.clone(),
        user_id: user.person.id.clone(),
        // What a device got outlasts the session of another browser.
        session_id: (!offline && device.is_none()).then(|| session.id.clone()),
        allowed: allowed(walk, &agreed),
        code: code.as_ref().map(|code| CodeState { digest: code.digest(), expires_at: code_end(walk), spent_at: None }).or(waiting),
        refresh: None,
        created_at: now,
        // What goes with a session ends with it.
        expires_at: if offline || device.is_some() { whole } else { whole.min(session.expires_at) },
        revoked_at: None,
    };
    let mut minted = front_channel::mint(walk, &grant, code.as_ref(), report).await?;
    let consent = match asked {
        true => Some(remembered(walk, &agreed).await?),
        false => None,
    };
    let completion = Completion {
        grant,
        consent,
        session_id: session.id.clone(),
        signed_request: walk.kept.signed.as_deref().map(Into::into),
        pushed: walk.kept.pushed.as_deref().and_then(|hex| claimsmith_jose::Digest::from_hex(hex).ok()),
        flow: walk.flow.as_ref().map(|(flow, _)| flow.flow_digest),
        at: now,
    };
    if !walk.rooms.store.complete(completion).await? {
        if device.is_some() {
            return Err(Stop::Shown(ErrorKind::Expired));
        }
        let refusal = Refusal::new(ErrorCode::InvalidRequestUri, Reason::SpentCode, "the request_uri has been used");
        return Err(walk.refuse(refusal));
    }
    minted.settle(walk).await?;
    if device.is_some() {
        return Ok(super::device::done(walk, true));
    }
    let code = code.as_ref().map(|code| ("code", code.expose().to_owned()));
    let watched = watched(walk).map(|state| ("session_state", state));
    let parameters = code.into_iter().chain(minted.parameters).chain(watched).collect();
    Ok(respond(walk.rooms, walk.arrival, &walk.asked.to, parameters).await?)
}

/// `session_state`, where clients' pages can watch the session and the client is at an origin (OpenID Connect Session Management §2).
fn watched(walk: &Walk<'_>) -> Option<String> {
    let session = walk.browser.session.as_ref().filter(|_| walk.rooms.settings.check_session && walk.asked.is_openid())?;
    let origin = url::Url::parse(walk.asked.to.redirect_uri.as_str()).ok()?.origin();
    let state = walk.rooms.shared.browser_state(&session.id);
    let salt = browser::fresh_secret();
    origin.is_tuple().then(|| session_state(&walk.client().id, &origin.ascii_serialization(), &state, &salt))
}

/// When a code is over; under FAPI 2.0 after a minute (Security Profile §5.3.2.1).
fn code_end(walk: &Walk<'_>) -> Timestamp {
    let registered = walk.rooms.settings.people.code_lifetime.seconds();
    let seconds = if walk.client().registration.is_fapi() { registered.min(60) } else { registered };
    walk.now.timestamp().plus(Lifetime::from_seconds(seconds))
}

/// What the person allowed, as it is kept with the grant.
fn allowed(walk: &Walk<'_>, agreed: &Agreed) -> Allowed {
    let (Some(user), Some(session)) = (&walk.user, &walk.browser.session) else { return Allowed::default() };
    let (asked, client) = (&walk.asked, walk.client());
    let level = assurance::level(&session.methods);
    Allowed {
        subject: walk.rooms.shared.subjects.subject(client, &user.person.id),
        deferred: walk.kept.device.is_some(),
        device: None,
        scopes: agreed.scopes.clone(),
        resources: asked.resources.clone(),
        redirect_uri: asked.redirect_uri_named.then(|| asked.to.redirect_uri.as_str().into()),
        challenge: asked.challenge.clone(),
        dpop_jkt: asked.dpop_jkt.clone(),
        instance: walk.kept.instance.as_deref().map(Into::into),
        nonce: asked.nonce.clone(),
        claims: asked.claims_text.clone(),
        claims_denied: agreed.claims_denied.clone(),
        details: asked.details.clone(),
        auth_time: session.authenticated_at.seconds(),
        auth_time_wanted: asked.max_age_asked || asked.max_age.is_some(),
        acr: level.map(|level| walk.rooms.settings.acr_names.acr(level).into()),
        amr: assurance::amr(&session.methods).into_iter().map(Into::into).collect(),
        sid: walk.kept.device.is_none().then(|| sid(&session.id, &client.id)),
        session_attributes: (&*session.attributes != "{}").then(|| session.attributes.clone()),
        attributes: walk.kept.device.as_ref().and_then(|waiting| waiting.attributes.as_deref()).map(Into::into),
    }
}

/// What is remembered: what was agreed to before, and now.
async fn remembered(walk: &Walk<'_>, agreed: &Agreed) -> Result<ConsentRecord, Stop> {
    let held = standing::remembered(walk).await?.unwrap_or_default();
    let user_id = walk.user.as_ref().map(|user| user.person.id.clone()).ok_or(Stop::Shown(ErrorKind::Expired))?;
    let scopes = held.scopes.tokens().iter().chain(&agreed.scopes).cloned();
    let scopes = ScopeSet::from_tokens(scopes).map_err(|_| Stop::Shown(ErrorKind::BadRequest))?;
    let mut claims = held.claims;
    for name in walk.asked.claims.names() {
        if !claims.iter().any(|known| **known == *name) {
            claims.push(name.into());
        }
    }
    claims.retain(|name| !agreed.claims_denied.contains(name));
    let consent = Consent { scopes, claims, details: walk.asked.details.clone() };
    Ok(ConsentRecord { user_id, client_id: walk.client().id.clone(), consent, updated_at: walk.now.timestamp() })
}

/// Sends a refusal to the client.
pub(super) async fn refuse(rooms: &Rooms, arrival: &Arrival, refusal: &Refusal, to: &ReturnAddress) -> Answer {
    if let Some(grant) = to.device {
        return super::device::refuse(rooms, arrival, refusal, (&to.client_id, grant)).await;
    }
    let legal = |letter: char| matches!(letter, ' '..='!' | '#'..='[' | ']'..='~');
    let description: String = refusal.description.chars().map(|letter| if legal(letter) { letter } else { '?' }).collect();
    let parameters = vec![("error", refusal.code.as_str().to_owned()), ("error_description", description)];
    match respond(rooms, arrival, to, parameters).await {
        Ok(answer) => answer,
        Err(fault) => {
            tracing::error!(request = %arrival.id, %fault, "a refusal could not be sent");
            super::error_page(rooms, arrival, ErrorKind::Broken, Some(refusal))
        }
    }
}

/// Sends parameters to the client, by the way it chose: `iss` with every answer (RFC 9207 §2), `state` as it came.
pub async fn respond(
    rooms: &Rooms,
    arrival: &Arrival,
    to: &ReturnAddress,
    parameters: Vec<(&'static str, String)>,
) -> Result<Answer, Fault> {
    let mut all = parameters;
    all.extend(to.state.as_deref().map(|state| ("state", state.to_owned())));
    all.push(("iss", rooms.urls.as_str().to_owned()));
    if to.mode.signed {
        all = vec![("response", signed(rooms, to, &all).await?)];
    }
    let pairs: Vec<(&str, &str)> = all.iter().map(|(name, value)| (*name, value.as_str())).collect();
    match to.mode.carrier {
        Carrier::Query => Ok(see_other(&to.redirect_uri.with_query(&pairs))),
        Carrier::Fragment => Ok(see_other(&to.redirect_uri.with_fragment(&pairs))),
        Carrier::FormPost => form_post(rooms, arrival, to, &all).await,
    }
}

/// OAuth 2.0 Form Post Response Mode §2.
async fn form_post(rooms: &Rooms, arrival: &Arrival, to: &ReturnAddress, all: &[(&'static str, String)]) -> Result<Answer, Fault> {
    let entry = rooms.directory.client(&to.client_id).await.ok().flatten();
    let name = entry.map_or_else(|| to.client_id.to_string(), |entry| cards::client(&entry.client).name);
    // Invariant: what was vetted has no scheme that a browser runs.
    let target = Link::vetted(to.redirect_uri.as_str()).ok_or(Fault::Stale)?;
    let fields = all.iter().map(|(name, value)| FormField { name: (*name).into(), value: value.clone() }).collect();
    let pages = rooms.pages.load();
    Ok(pages.render(&pages.look(None, &arrival.headers), &FormPost { target, client: name, fields }.into()))
}

/// A response as claims (JARM §2.1).
struct Response<'a> {
    client_id: &'a str,
    expires_at: i64,
    parameters: &'a [(&'static str, String)],
}

impl SignableClaims for Response<'_> {
    fn render(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"aud\":");
        render_string(self.client_id, out);
        out.extend_from_slice(b",\"exp\":");
        render_integer(self.expires_at, out);
        for (name, value) in self.parameters {
            out.push(b',');
            render_text_member(name, value, out);
        }
        out.push(b'}');
    }
}

async fn signed(rooms: &Rooms, to: &ReturnAddress, parameters: &[(&'static str, String)]) -> Result<String, Fault> {
    let visit: Visit = rooms.directory.visit()?;
    let entry = rooms.directory.client(&to.client_id).await.ok().flatten();
    let now = rooms.clock.now().timestamp().seconds();
    let registration = entry.as_deref().map(|entry| &*entry.client.registration);
    let registered = registration.and_then(|registration| registration.authorization_signed_response_alg.as_deref());
    let alg = fitting_alg(rooms, &visit, (registration, registered), now)?;
    let claims = Response { client_id: &to.client_id, expires_at: now + RESPONSE_LIFETIME, parameters };
    let text = issue::sign_beside(rooms, &visit, (alg, None), &claims, now).await?;
    match &entry {
        // JARM §2.2. Without a key there is no answer rather than a plain one.
        Some(entry) => Ok(envelope::enclose(rooms, entry, Letter::Authorization, (Content::Jwt, text)).await?),
        None => Ok(text),
    }
}
