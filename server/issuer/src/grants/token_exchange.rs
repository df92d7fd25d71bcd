//! Token exchange ([RFC 8693](https://www.rfc-editor.org/rfc/rfc8693)): a client gives a token and gets another, for another audience or
//! with less in it; who acts for whom is said in `act`.
//!
//! What comes out may be an access token, an assertion for a server elsewhere ([`assertion`]) or a transaction token ([`transaction`]).
//!
//! Refuses when: the client is public or may not use the grant (`unauthorized_client`); a parameter is missing or of an unknown type, a
//! token is invalid, expired, revoked, bound to another key, not this client's to exchange, or names other actors (`invalid_request`,
//! §2.2.2); more is asked for than the subject token is worth (`invalid_scope`); a target is unknown (`invalid_target`).

use std::sync::Arc;

use claimsmith_jose::Secret;
use claimsmith_protocol::error::{ErrorCode, Reason, Refusal};
use claimsmith_protocol::form::Form;
use claimsmith_protocol::grant::GrantType;
use claimsmith_protocol::scope::ScopeSet;
use claimsmith_protocol::time::{Lifetime, Timestamp};
use serde_json::{Map, Value, json};

pub mod assertion;
pub mod device_sso;
pub mod kind;
pub mod transaction;

use super::newcomer::Wanted;
use super::target::{RESOURCES_MAX, bad_scope, bad_target, entitle, parse_resources, parse_scope};
use super::{Case, Entitled, ForPerson, From, GrantRecord, Refresh, may_use, not_allowed};
use crate::client::{Client, TokenFormat};
use crate::client_auth::AuthenticatedClient;
use crate::confirmation::Confirmation;
use crate::trust::TrustedIssuer;

pub use kind::Kind;

/// The value of `grant_type`.
pub const TYPE: GrantType = GrantType::TokenExchange;

/// The parameters the grant reads.
pub const PARAMETERS: [&str; 10] = [
    "subject_token",
    "subject_token_type",
    "actor_token",
    "actor_token_type",
    "requested_token_type",
    "resource",
    "audience",
    "scope",
    "request_context",
    "request_details",
];

/// The most actors that a token may name, one within the other (RFC 8693 §4.1).
pub const ACTORS_MAX: usize = 8;

/// Scopes that are not handed on: they are about the person's own sign-in at their own client.
const NOT_HANDED_ON: [&str; 3] = ["openid", "offline_access", device_sso::SCOPE];

/// A token as it was presented.
#[derive(Debug)]
pub struct Presented {
    /// The token.
    pub text: Secret<String>,
    /// What it is said to be.
    pub kind: Kind,
}

/// What the client asks for.
#[derive(Debug)]
pub struct Request {
    /// `subject_token`: for whom.
    pub subject: Presented,
    /// `actor_token`: who acts.
    pub actor: Option<Presented>,
    pub(super) scope: Option<ScopeSet>,
    pub(super) resources: Vec<Box<str>>,
    /// `audience`, each.
    pub audiences: Vec<Box<str>>,
    /// `requested_token_type`.
    pub wanted: Kind,
    context: transaction::Context,
}

impl Request {
    /// Whether an app shares the sign-in of another on its device.
    pub fn is_of_device(&self) -> bool {
        self.actor.as_ref().is_some_and(|actor| actor.kind == Kind::DeviceSecret)
    }
}

/// Reads the grant's parameters.
pub fn parse(form: &Form<'_>) -> Result<Request, Refusal> {
    let kind = |text: &str| Kind::presented(text).ok_or_else(|| malformed("a token type is not supported"));
    let subject = Presented {
        text: Secret::new(form.one("subject_token").ok_or_else(|| missing("subject_token is missing"))?.to_owned()),
        kind: kind(form.one("subject_token_type").ok_or_else(|| missing("subject_token_type is missing"))?)?,
    };
    let actor = match (form.one("actor_token"), form.one("actor_token_type")) {
        (Some(text), Some(named)) => Some(Presented { text: Secret::new(text.to_owned()), kind: kind(named)? }),
        (Some(_), None) => return Err(missing("actor_token_type is missing")),
        (None, Some(_)) => return Err(malformed("actor_token_type without actor_token")),
        (None, None) => None,
    };
    let wanted = form.one("requested_token_type").map_or(Some(Kind::AccessToken), Kind::wanted);
    let wanted = wanted.ok_or_else(|| malformed("the requested_token_type is not supported"))?;
    let with_device = actor.as_ref().is_some_and(|actor| actor.kind == Kind::DeviceSecret);
    if with_device {
        device_sso::check_form(subject.kind, wanted)?;
    } else if !subject.kind.becomes(wanted) {
        return Err(malformed("a token of this subject_token_type is not exchanged for one of this requested_token_type"));
    }
    if !with_device && actor.as_ref().is_some_and(|actor| !wanted.is_access_token() || !actor.kind.is_access_token()) {
        return Err(malformed("an actor_token is an access token or a JWT, and goes with the request of one"));
    }
    let audiences: Vec<Box<str>> = form.all("audience").map(Into::into).collect();
    if audiences.len() > RESOURCES_MAX {
        return Err(bad_target("too many audiences"));
    }
    let context = transaction::Context::parse(form, wanted)?;
    Ok(Request { subject, actor, scope: parse_scope(form)?, resources: parse_resources(form)?, audiences, wanted, context })
}

/// A presented token that is genuine and has not ended.
#[derive(Debug, Clone)]
pub struct Held {
    /// `sub`, as the client that asks knows them.
    pub subject: Box<str>,
    /// Whose it is.
    pub origin: Origin,
    /// `exp`.
    pub expires_at: Timestamp,
    /// What it is bound to.
    pub confirmation: Option<Confirmation>,
    /// What it says.
    pub claims: Map<String, Value>,
}

impl Held {
    /// By what it says: `sub` and `exp` at least.
    pub fn of_claims(claims: Map<String, Value>, origin: Origin) -> Option<Self> {
        let subject = claims.get("sub").and_then(Value::as_str).filter(|text| !text.is_empty())?.into();
        let expires_at = Timestamp::from_seconds(claims.get("exp")?.as_i64()?);
        Some(Self { subject, origin, expires_at, confirmation: None, claims })
    }

    /// How long it still lives.
    fn remaining(&self, now: Timestamp) -> Lifetime {
        Lifetime::from_seconds(u32::try_from(self.expires_at.since(now)).unwrap_or(0))
    }

    /// The scopes that it names.
    fn scopes(&self) -> Result<Option<ScopeSet>, Refusal> {
        self.claims.get("scope").and_then(Value::as_str).map(ScopeSet::parse).transpose().map_err(|_| unacceptable())
    }
}

/// Who made a token, and for whom.
#[derive(Debug, Clone)]
pub enum Origin {
    /// This server.
    Ours {
        /// The client it was made for.
        client_id: Box<str>,
        /// Its audience.
        audience: Vec<Box<str>>,
    },
    /// An issuer that is trusted for this.
    Trusted(Arc<TrustedIssuer>),
    /// Nobody but the client that brings it.
    Caller,
}

/// What of an exchange the operator has decided.
#[derive(Debug, Clone)]
pub struct Offers {
    /// The trust domain of transaction tokens: their `aud`. None are issued where it is absent.
    pub trust_domain: Option<Box<str>>,
    /// How long a transaction token lives.
    pub transaction_lifetime: Lifetime,
    /// How long an identity assertion lives.
    pub assertion_lifetime: Lifetime,
}

/// The tokens of a request, each absent where it is no good.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// The issuer, as tokens name it.
    pub ourselves: Box<str>,
    /// Of the subject.
    pub subject: Option<Held>,
    /// Of the actor.
    pub actor: Option<Held>,
    /// The grant that the secret of a device is of.
    pub device: Option<GrantRecord>,
    /// What the server for which an identity assertion is wanted calls the subject.
    pub known_as: Option<Box<str>>,
    /// What the operator has decided.
    pub offers: Arc<Offers>,
}

/// What an exchanged token says beside an ordinary one.
#[derive(Debug, Clone, PartialEq)]
pub struct Exchanged {
    /// `sub`.
    pub subject: Box<str>,
    /// `act`, a JSON object.
    pub act: Option<Box<str>>,
    /// `issued_token_type`.
    pub issued: &'static str,
    /// What is made.
    pub product: Product,
}

/// What an exchange makes.
#[derive(Debug, Clone, PartialEq)]
pub enum Product {
    /// An access token.
    AccessToken,
    /// An identity assertion for a server elsewhere.
    Assertion(assertion::Facts),
    /// A transaction token.
    Transaction(transaction::Facts),
}

/// Refuses a client that may not use the grant, before any token is looked at.
pub fn admit(request: &Request, caller: &AuthenticatedClient) -> Result<(), Refusal> {
    if request.is_of_device() {
        device_sso::admit(caller.client())?;
    } else if !caller.is_confidential() {
        // RFC 8693 §2.1: whoever finds a token could exchange it.
        return Err(not_allowed());
    }
    may_use(caller.client(), TYPE)
}

/// Decides what the client gets.
pub fn decide(request: &Request, case: &Case<'_>) -> Result<Entitled, Refusal> {
    admit(request, case.caller)?;
    let client = case.caller.client();
    let exchange = case.exchange.ok_or_else(unacceptable)?;
    if request.is_of_device() {
        return device_sso::decide(request, exchange, case);
    }
    let subject = exchange.subject.as_ref().filter(|held| case.now < held.expires_at).ok_or_else(unacceptable)?;
    check_key(subject, case)?;
    match request.wanted {
        Kind::IdentityAssertion => return assertion::decide(request, (exchange, subject), case),
        Kind::Transaction => return transaction::decide(request, (exchange, subject), case),
        _ => {}
    }
    check_relation(subject, case)?;
    let act = actors(request, exchange, subject, case)?;
    let scopes = decide_scopes(request, subject, client)?;
    let named = targets(request, client, exchange, case)?;
    let mut entitled = match &subject.origin {
        Origin::Ours { .. } => of_ours(subject, (scopes, &named), case)?,
        Origin::Caller => return Err(unacceptable()),
        Origin::Trusted(_) => {
            let newcomer = case.newcomer.ok_or_else(unacceptable)?;
            newcomer.begin(Wanted { scope: Some(&scopes), resources: &named, refreshes: false }, case)?
        }
    };
    entitled.lifetime = entitled.lifetime.min(subject.remaining(case.now));
    entitled.lifetime_ceiling = entitled.lifetime_ceiling.min(subject.remaining(case.now));
    let about = entitled.person.as_ref().map_or_else(|| subject.subject.clone(), |person| person.grant.allowed.subject.clone());
    entitled.exchanged = Some(Box::new(Exchanged { subject: about, act, issued: request.wanted.as_str(), product: Product::AccessToken }));
    Ok(entitled)
}

/// What is made in place of an access token: a JWT for one audience, which nothing here hangs on.
fn beside(
    (scopes, audience): (ScopeSet, &str),
    (lifetime, kind): (Lifetime, Kind),
    (subject, product): (Box<str>, Product),
    case: &Case<'_>,
) -> Entitled {
    Entitled {
        scopes: scopes.tokens().to_vec(),
        audience: vec![audience.into()],
        lifetime,
        lifetime_ceiling: lifetime,
        format: TokenFormat::Jwt,
        alg: case.defaults.alg,
        person: None,
        exchanged: Some(Box::new(Exchanged { subject, act: None, issued: kind.as_str(), product })),
    }
}

/// The one audience of a request.
fn only_audience(request: &Request) -> Result<&str, Refusal> {
    match &*request.audiences {
        [] => Err(missing("audience is missing")),
        [only] => Ok(only),
        _ => Err(bad_target("there may be one audience")),
    }
}

/// The new token hangs on the grant of the old one, where there is one: both end with it.
fn of_ours(subject: &Held, (scopes, named): (ScopeSet, &[Box<str>]), case: &Case<'_>) -> Result<Entitled, Refusal> {
    let mut entitled = entitle(case.caller.client(), scopes, named, case.resources, case.defaults)?;
    if let Some(grant) = case.grant {
        if grant.is_over(case.now) || !case.person_is_there {
            return Err(unacceptable());
        }
        let mut grant = grant.clone();
        grant.allowed.subject = subject.subject.clone();
        grant.allowed.scopes.clone_from(&entitled.scopes);
        grant.allowed.details = None;
        entitled.person = Some(Box::new(ForPerson { grant, id_token: false, refresh: Refresh::None, from: From::Unchanged }));
    }
    Ok(entitled)
}

/// Whether this client may exchange this token (§5): its own, one that was made for it or for a resource that it serves, one of a
/// client that its registration names, one of an issuer that lets it.
fn check_relation(subject: &Held, case: &Case<'_>) -> Result<(), Refusal> {
    let client = case.caller.client();
    let related = match &subject.origin {
        Origin::Ours { client_id, audience } => {
            let serves = |uri: &str| case.resources.get(uri).is_some_and(|resource| resource.introspectors.contains(&client.id));
            let policy = client.registration.token_exchange.as_ref();
            is_own(subject, client)
                || audience.iter().any(|uri| **uri == *client.id.as_str() || serves(uri))
                || policy.is_some_and(|policy| policy.subject_clients.contains(client_id))
        }
        Origin::Trusted(trusted) => trusted.admits(client.id.as_str()),
        Origin::Caller => true,
    };
    if related { Ok(()) } else { Err(unacceptable()) }
}

fn is_own(held: &Held, client: &Client) -> bool {
    matches!(&held.origin, Origin::Ours { client_id, .. } if **client_id == *client.id.as_str())
}

/// A token that is bound to a key is worth nothing without it. Who may go on without it gets one that is bound to a key of its own.
fn check_key(subject: &Held, case: &Case<'_>) -> Result<(), Refusal> {
    let Some(bound_to) = &subject.confirmation else { return Ok(()) };
    let policy = case.caller.client().registration.token_exchange.as_ref();
    match case.confirmation {
        Some(proved) if proved == bound_to => Ok(()),
        Some(_) if policy.is_some_and(|policy| policy.bound_tokens) => Ok(()),
        _ => Err(Refusal::invalid_request(Reason::WrongProof, "the subject token is bound to a key that was not proved")),
    }
}

/// `act` of the new token (§4.1): who acts now, and within who did before. None where the client goes on with what is its own, or may
/// impersonate.
fn actors(request: &Request, exchange: &Exchange, subject: &Held, case: &Case<'_>) -> Result<Option<Box<str>>, Refusal> {
    let client = case.caller.client();
    let former = subject.claims.get("act");
    if former.is_some_and(|act| !act.is_object()) {
        return Err(unacceptable());
    }
    let ours = json!(exchange.ourselves);
    if request.actor.is_none() {
        let may_impersonate = client.registration.token_exchange.as_ref().is_some_and(|policy| policy.impersonation);
        if !is_own(subject, client) && !may_impersonate {
            return Err(malformed("actor_token is missing: the client may act for a subject, and not as the subject"));
        }
        let itself = json!({ "iss": ours, "sub": client.id.as_str(), "client_id": client.id.as_str() });
        check_may_act(subject, &itself)?;
        return within_limit(former.cloned());
    }
    let actor = exchange.actor.as_ref().filter(|held| case.now < held.expires_at).ok_or_else(unacceptable)?;
    let mut act = match &actor.origin {
        Origin::Ours { client_id, .. } if is_own(actor, client) => json!({ "iss": ours, "sub": actor.subject, "client_id": client_id }),
        Origin::Trusted(trusted) if trusted.admits(client.id.as_str()) => json!({ "iss": trusted.issuer, "sub": actor.subject }),
        _ => return Err(unacceptable()),
    };
    check_key(actor, case)?;
    check_may_act(subject, &act)?;
    if let Some(former) = former {
        act["act"] = former.clone();
    }
    within_limit(Some(act))
}

/// §4.4: whoever may act is named, and nobody else may. What is said of them must all be so.
fn check_may_act(subject: &Held, actor: &Value) -> Result<(), Refusal> {
    let Some(may_act) = subject.claims.get("may_act") else { return Ok(()) };
    let fits = may_act
        .as_object()
        .is_some_and(|wanted| wanted.contains_key("sub") && wanted.iter().all(|(name, value)| actor.get(name) == Some(value)));
    if fits { Ok(()) } else { Err(malformed("the subject token names others who may act")) }
}

fn within_limit(act: Option<Value>) -> Result<Option<Box<str>>, Refusal> {
    let mut depth = 0;
    let mut next = act.as_ref();
    while let Some(act) = next {
        depth += 1;
        if depth > ACTORS_MAX {
            return Err(malformed("too many actors, one within the other"));
        }
        next = act.get("act");
    }
    Ok(act.map(|act| act.to_string().into()))
}

/// No more than the subject token is worth, and no more than the client may have.
fn decide_scopes(request: &Request, subject: &Held, client: &Client) -> Result<ScopeSet, Refusal> {
    let named = subject.scopes()?;
    let mut held = match &subject.origin {
        Origin::Caller => return Err(unacceptable()),
        Origin::Ours { .. } => named.unwrap_or_default(),
        Origin::Trusted(trusted) => {
            let mut worth = ScopeSet::from_tokens(trusted.scopes.iter().cloned()).map_err(|_| unacceptable())?;
            worth.retain(|scope| named.as_ref().is_none_or(|named| named.contains(scope)));
            worth
        }
    };
    held.retain(|scope| client.scopes.contains(scope) && !NOT_HANDED_ON.contains(&scope));
    match &request.scope {
        Some(wanted) if wanted.is_subset_of(&held) => Ok(wanted.clone()),
        Some(_) => Err(bad_scope("a scope is not the subject token's, or not the client's to ask for")),
        None => Ok(held),
    }
}

/// `resource` and `audience`: both name resources of the registry here (§2.1).
fn targets(request: &Request, client: &Client, exchange: &Exchange, case: &Case<'_>) -> Result<Vec<Box<str>>, Refusal> {
    let mut named = request.resources.clone();
    // OpenID Connect Native SSO §4.3: with a device's secret the audience is this server.
    let ourselves = |audience: &str| request.is_of_device() && *audience == *exchange.ourselves;
    for audience in request.audiences.iter().filter(|audience| !ourselves(audience)) {
        if !case.resources.contains_key(audience) || !client.resources.contains(audience) {
            return Err(bad_target("an audience is unknown, or not the client's to ask for"));
        }
        if !named.contains(audience) {
            named.push(audience.clone());
        }
    }
    Ok(named)
}

const fn missing(description: &'static str) -> Refusal {
    Refusal::invalid_request(Reason::MissingParameter, description)
}

const fn malformed(description: &'static str) -> Refusal {
    Refusal::invalid_request(Reason::MalformedParameter, description)
}

/// §2.2.2. Security: the description is the same whatever the reason.
pub const fn unacceptable() -> Refusal {
    Refusal::new(
        ErrorCode::InvalidRequest,
        Reason::UnknownGrantHandle,
        "the subject or actor token is invalid, expired, revoked, or not the client's to exchange",
    )
}

#[cfg(test)]
mod tests;
