//! What goes with an access token that is for a person: the ID token, the refresh token, and what becomes of the grant.

use claimsmith_issuer::claims::{Claims, RefreshTokenPlan, Shaped};
use claimsmith_issuer::client_auth::AuthenticatedClient;
use claimsmith_issuer::confirmation::Confirmation;
use claimsmith_issuer::grants::refresh_token::state_after;
use claimsmith_issuer::grants::token_exchange::device_sso;
use claimsmith_issuer::grants::{Entitled, ForPerson, From, GrantRecord, Refresh, Request};
use claimsmith_issuer::hook::{Background, GrantFacts, Person as HookPerson};
use claimsmith_issuer::id_token::{self, About, to_value};
use claimsmith_issuer::person::Person;
use claimsmith_issuer::value::{Member, render_string};
use claimsmith_jose::{Digest, HeaderAlg, MacAlg, SigningAlg, left_half_hash, sign_mac};
use claimsmith_protocol::grant::GrantType;
use claimsmith_protocol::handle::{DeviceSecret, RefreshToken};
use claimsmith_protocol::registration::Registration;
use claimsmith_protocol::time::{Lifetime, Timestamp};
use claimsmith_store::{Claim, GrantAdvance, GrantTouch, LoadedGrant};
use serde_json::Map;

use crate::directory::Visit;
use crate::envelope::{self, Content, Letter};
use crate::failure::{Failure, Fault};
use crate::hook_room::{Asked, Room};
use crate::issue;
use crate::report::{Report, Stage};
use crate::rooms::Rooms;

/// No ID token lives longer, seconds.
const ID_TOKEN_CEILING: u32 = 86_400;

/// What goes with the access token. Empty where a client asks for itself.
#[derive(Default)]
pub struct Companions {
    id_token: Option<String>,
    refresh_token: Option<RefreshToken>,
    details: Option<Box<str>>,
    issued: Option<&'static str>,
    device_secret: Option<DeviceSecret>,
    advance: Option<Claim>,
}

/// Everything that is known where they are made.
#[derive(Clone, Copy)]
pub struct Making<'a> {
    /// What the client is entitled to.
    pub entitled: &'a Entitled,
    /// The grant as it was read; none where a client asks for itself.
    pub loaded: Option<&'a LoadedGrant>,
    /// What the plugins are told.
    pub asked: Asked<'a>,
    /// The access token.
    pub claims: &'a Claims<Shaped>,
    /// Who asks.
    pub caller: &'a AuthenticatedClient,
    /// What for.
    pub request: &'a Request,
    /// When.
    pub now: Timestamp,
}

/// What becomes of the refresh token, before anything is signed.
pub struct Plan {
    refresh: Refresh,
    lifetime: Lifetime,
    attributes: Option<Box<str>>,
}

/// Lets the plugins say what becomes of the refresh token. Nothing is spent yet.
pub async fn plan(rooms: &Rooms, making: Making<'_>, room: &mut Room<'_>, report: &mut Report) -> Result<Plan, Failure> {
    let Some(person) = &making.entitled.person else {
        return Ok(Plan { refresh: Refresh::None, lifetime: Lifetime::from_seconds(0), attributes: None });
    };
    let idle = rooms.settings.people.refresh.idle.unwrap_or(rooms.settings.people.refresh_lifetime);
    let Refresh::Issue { lifetime, .. } = person.refresh else {
        return Ok(Plan { refresh: person.refresh, lifetime: idle, attributes: None });
    };
    if making.claims.omits_refresh_token() {
        return Ok(Plan { refresh: Refresh::None, lifetime, attributes: None });
    }
    let held = members_of(person.grant.allowed.attributes.as_deref());
    let draft = RefreshTokenPlan::of(held.clone(), making.claims.scopes().to_vec(), lifetime.seconds());
    let shaped = room.refresh_token(draft, lifetime.seconds(), making.asked, report).await?;
    let attributes = (shaped.attributes() != held.as_slice()).then(|| object_of(shaped.attributes()));
    let refresh = if shaped.is_issued() { person.refresh } else { Refresh::None };
    Ok(Plan { refresh, lifetime: Lifetime::from_seconds(shaped.lifetime()), attributes })
}

/// Makes them. `access_token` is what the ID token is bound to.
pub async fn make(
    rooms: &Rooms,
    (visit, room): (&Visit, &mut Room<'_>),
    making: Making<'_>,
    (plan, access_token): (Plan, &str),
    report: &mut Report,
) -> Result<Companions, Failure> {
    let issued = making.entitled.exchanged.as_ref().map(|exchanged| exchanged.issued);
    let (Some(person), Some(loaded)) = (&making.entitled.person, making.loaded) else {
        return Ok(Companions { issued, ..Companions::default() });
    };
    let grant = person.grant.id;
    let refresh_token = match plan.refresh {
        Refresh::Issue { number, .. } | Refresh::Repeat { number } => Some(rooms.shared.refresh_token(grant, number)),
        Refresh::None | Refresh::Keep => None,
    };
    let first = matches!(person.from, From::Code(_) | From::New);
    // OpenID Connect Native SSO §3.2: for the other apps of the device, which may exchange tokens where that is offered.
    let shares = person.grant.allowed.has_scope(device_sso::SCOPE) && rooms.settings.grants.contains(&GrantType::TokenExchange);
    let device = (shares && person.id_token).then(|| rooms.shared.device_secret(person.grant.device()));
    let id_token = match person.id_token {
        true => {
            let mut bound_to = vec![("at_hash", access_token)];
            // OpenID Connect CIBA §10.3.1: what is pushed is bound to the request and to all that comes with it.
            if let (Some(_), Some(token)) = (making.request.pushed(), &refresh_token) {
                bound_to.push(("urn:openid:params:jwt:claim:rt_hash", token.expose()));
            }
            if let Some(secret) = &device {
                bound_to.push((device_sso::HASH, secret.expose()));
            }
            let of = making.request.pushed().map(|id| ("urn:openid:params:jwt:claim:auth_req_id", id));
            let wish = IdTokenWish { loaded, asked: making.asked, alone: false, first, bound_to: &bound_to, of, now: making.now };
            Some(id_token(rooms, (visit, room), wish, report).await?)
        }
        false => None,
    };
    let advance = advance(person, &plan, refresh_token.as_ref(), making);
    report.stage(Stage::Sign);
    let device_secret = device.filter(|_| first);
    Ok(Companions { id_token, refresh_token, details: person.grant.allowed.details.clone(), issued, device_secret, advance })
}

/// What is written of the use of a code or refresh token.
fn advance(person: &ForPerson, plan: &Plan, token: Option<&RefreshToken>, making: Making<'_>) -> Option<Claim> {
    let grant = person.grant.id;
    let bound_to = || {
        making.caller.refresh_binding(person.grant.allowed.instance.as_deref(), making.claims.confirmation()).map(String::into_boxed_str)
    };
    let new = match (plan.refresh, token) {
        (Refresh::Issue { number, .. }, Some(token)) => Some((number, token.digest())),
        _ => None,
    };
    match person.from {
        From::Unchanged => None,
        From::New => Some(Claim::Grant(Box::new(begun(person, plan, new, (making.now, bound_to()))))),
        From::Refresh(_) if plan.refresh == Refresh::Keep => {
            let refresh_expires_at = making.now.plus(plan.lifetime).min(person.grant.expires_at);
            Some(Claim::Touch(GrantTouch { grant, refresh_expires_at }))
        }
        from => {
            let refresh = if new.is_none() && matches!(from, From::Code(_)) {
                None
            } else {
                state_after(person, new, making.now, plan.lifetime, bound_to())
            };
            let rewritten = plan.attributes.as_ref().zip(making.loaded).map(|(attributes, loaded)| {
                let mut allowed = loaded.grant.allowed.clone();
                allowed.attributes = Some(attributes.clone());
                allowed.to_text().into_boxed_str()
            });
            Some(Claim::Advance(Box::new(GrantAdvance { grant, from, refresh, allowed: rewritten, at: making.now })))
        }
    }
}

/// A grant that begins here, as it is written.
fn begun(person: &ForPerson, plan: &Plan, new: Option<(u32, Digest)>, (now, bound_to): (Timestamp, Option<Box<str>>)) -> GrantRecord {
    let mut grant = person.grant.clone();
    grant.refresh = state_after(person, new, now, plan.lifetime, bound_to);
    if plan.attributes.is_some() {
        grant.allowed.attributes = plan.attributes.clone();
    }
    grant
}

/// What an ID token is made of.
#[derive(Clone, Copy)]
pub struct IdTokenWish<'a> {
    /// The grant and its person.
    pub loaded: &'a LoadedGrant,
    /// What the plugins are told.
    pub asked: Asked<'a>,
    /// Whether no access token goes with it, so that the person's claims do (OpenID Connect Core §5.4).
    pub alone: bool,
    /// Whether it is the first of its grant, and names the `nonce` (§12.2).
    pub first: bool,
    /// What it is bound to: `at_hash`, `c_hash`, `s_hash`, each with the text that is hashed (§3.3.2.11).
    pub bound_to: &'a [(&'static str, &'a str)],
    /// The request that it answers unasked, as a claim.
    pub of: Option<(&'static str, &'a str)>,
    /// When.
    pub now: Timestamp,
}

/// Makes an ID token, signed and, where the client wants that, encrypted.
pub async fn id_token(
    rooms: &Rooms,
    (visit, room): (&Visit, &mut Room<'_>),
    wish: IdTokenWish<'_>,
    report: &mut Report,
) -> Result<String, Failure> {
    let (loaded, client) = (wish.loaded, room.client());
    let known = loaded.person.as_ref().map(|(person, updated_at)| person.standard_claims(*updated_at)).unwrap_or_default();
    let lifetime = client.id_token_lifetime.unwrap_or(rooms.settings.people.id_token_lifetime);
    let about = About { allowed: &loaded.grant.allowed, client, known: &known, alone: wish.alone, first: wish.first, lifetime };
    let claims = room.id_token(id_token::draft(&about), ID_TOKEN_CEILING, wish.asked, report).await?;
    let registered = client.registration.id_token_signed_response_alg.as_deref();
    let alg = match registered.and_then(MacAlg::parse) {
        Some(mac) => HeaderAlg::Mac(mac),
        None => HeaderAlg::Signature(alg_of(rooms, registered)?),
    };
    let hash = |text: &str| left_half_hash(alg, text);
    let hashes = wish.bound_to.iter().map(|(name, text)| (*name, hash(text)));
    let bonds: Vec<_> = hashes.chain(wish.of.map(|(name, text)| (name, text.to_owned()))).collect();
    let (issuer, client_id) = (rooms.urls.as_str(), &*client.id);
    let jti = issue::fresh_jti_of(loaded.grant.id);
    let token = id_token::IdToken { issuer, client_id, claims: &claims, jti: &jti, issued_at: wish.now, bonds: &bonds };
    let signed = match alg {
        HeaderAlg::Signature(alg) => issue::sign_beside(rooms, visit, (alg, None), &token, wish.now.seconds()).await?,
        // OpenID Connect Core §10.1: the key is the client's secret.
        HeaderAlg::Mac(alg) => {
            let secret = envelope::shared_secret(rooms, client).ok_or(Fault::NoKey(alg.as_str()))?;
            sign_mac(alg, &secret, &token).map_err(|_| Fault::NoKey(alg.as_str()))?
        }
    };
    Ok(envelope::enclose(rooms, room.entry(), Letter::IdToken, (Content::Jwt, signed)).await?)
}

/// The algorithm that a client registered for what is signed for it, or the server's default.
pub fn alg_of(rooms: &Rooms, registered: Option<&str>) -> Result<SigningAlg, Fault> {
    match registered {
        None => Ok(rooms.settings.defaults.alg),
        Some(name) => SigningAlg::parse(name).ok_or(Fault::NoKey("registered")),
    }
}

/// As [`alg_of`]; for a client of FAPI 2.0 one of that profile (FAPI 2.0 Security Profile §5.4.1).
pub fn fitting_alg(
    rooms: &Rooms,
    visit: &Visit,
    (registration, registered): (Option<&Registration>, Option<&str>),
    now: i64,
) -> Result<SigningAlg, Fault> {
    let alg = alg_of(rooms, registered)?;
    match registration {
        Some(registration) if !registration.may_sign_with(alg) => {
            let fitting = visit.policy().keyring.algs(now).into_iter().find(|alg| registration.may_sign_with(*alg));
            fitting.ok_or(Fault::NoKey("a signing algorithm of FAPI 2.0"))
        }
        _ => Ok(alg),
    }
}

impl Companions {
    /// What must be written before the answer leaves.
    pub fn take_advance(&mut self) -> Option<Claim> {
        self.advance.take()
    }

    /// Their members of the response.
    pub fn render(&self, body: &mut Vec<u8>) {
        let refresh_token = self.refresh_token.as_ref().map(RefreshToken::expose);
        // RFC 8693 §2.2.1.
        let members = [
            ("refresh_token", refresh_token),
            ("id_token", self.id_token.as_deref()),
            ("issued_token_type", self.issued),
            ("device_secret", self.device_secret.as_ref().map(DeviceSecret::expose)),
        ];
        for (name, text) in members {
            let Some(text) = text else { continue };
            body.push(b',');
            render_string(name, body);
            body.push(b':');
            render_string(text, body);
        }
        if let Some(details) = &self.details {
            body.extend_from_slice(b",\"authorization_details\":");
            body.extend_from_slice(details.as_bytes());
        }
    }
}

/// The same for the plugins of a room, where there is a person and any of them can ask.
pub fn background_for(room: &Room<'_>, loaded: Option<&LoadedGrant>, confirmation: Option<Confirmation>) -> Option<Background> {
    let loaded = loaded.filter(|_| room.reads_background())?;
    Some(background(loaded, confirmation.map(|held| held.to_json())))
}

/// What plugins may ask about a grant's person: all of it, to be narrowed to what each binding may read.
pub fn background(loaded: &LoadedGrant, confirmation: Option<String>) -> Background {
    let allowed = &loaded.grant.allowed;
    let person = HookPerson {
        authenticated_at: u64::try_from(allowed.auth_time).ok(),
        acr: allowed.acr.clone(),
        amr: allowed.amr.clone(),
        session_id: allowed.sid.clone(),
        session_attributes: members_of(allowed.session_attributes.as_deref()),
        ..loaded.person.as_ref().map_or_else(HookPerson::default, |(person, _)| known_of(person))
    };
    let grant = GrantFacts {
        attributes: members_of(allowed.attributes.as_deref()),
        authorization_details: allowed.details.clone().unwrap_or_default(),
        actors: Vec::new(),
        confirmation: confirmation.map(String::into_boxed_str),
    };
    Background { person: Some(person), grant }
}

/// What is known of a person beside how they signed in: claims, and attributes, which go before claims of the same name.
pub fn known_of(person: &Person) -> HookPerson {
    let mut attributes = members_of(Some(&person.claims));
    for member in members_of(Some(&person.attributes)) {
        attributes.retain(|held| held.name != member.name);
        attributes.push(member);
    }
    HookPerson { id: Some(person.id.as_str().into()), username: Some(person.username.as_str().into()), attributes, ..HookPerson::default() }
}

/// The members of a JSON object that we wrote.
pub fn members_of(object: Option<&str>) -> Vec<Member> {
    let members: Map<String, serde_json::Value> = object.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    members.iter().map(|(name, value)| Member { name: name.clone().into(), value: to_value(value) }).collect()
}

/// A JSON object of members.
pub fn object_of(members: &[Member]) -> Box<str> {
    let mut out = vec![b'{'];
    for (index, member) in members.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        member.render(&mut out);
    }
    out.push(b'}');
    // Invariant: rendered from texts, which are UTF-8.
    String::from_utf8(out).expect("rendered JSON is UTF-8").into_boxed_str()
}
