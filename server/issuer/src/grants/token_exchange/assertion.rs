//! Identity assertions (draft-ietf-oauth-identity-assertion-authz-grant §4.3): a client gives the ID token or refresh token of a person who
//! signed in here, and gets an assertion that a server elsewhere takes for the grant of a token. Which servers, is the operator's policy.

use claimsmith_protocol::error::Refusal;
use claimsmith_protocol::registration::IdentityAssertions;
use claimsmith_protocol::scope::ScopeSet;
use serde_json::{Map, Value, json};

use super::{Exchange, Held, Kind, Product, Request, beside, is_own, only_audience, unacceptable};
use crate::grants::target::{bad_scope, bad_target};
use crate::grants::{Case, Entitled};

/// The type of the JWT (§3).
pub const TYP: &str = "oauth-id-jag+jwt";

/// What an assertion says beside what every token does.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// What the client is called at the server that it is for.
    pub client_id: Box<str>,
    /// The resources there.
    pub resources: Vec<Box<str>>,
    /// When the person signed in.
    pub auth_time: i64,
    /// The authentication context class reached.
    pub acr: Option<Box<str>>,
    /// How.
    pub amr: Vec<Box<str>>,
}

impl Facts {
    /// As claims (§3.1).
    pub fn write(&self, claims: &mut Map<String, Value>) {
        claims.insert("client_id".to_owned(), json!(self.client_id));
        claims.insert("auth_time".to_owned(), json!(self.auth_time));
        if let Some(acr) = &self.acr {
            claims.insert("acr".to_owned(), json!(acr));
        }
        if !self.amr.is_empty() {
            claims.insert("amr".to_owned(), json!(self.amr));
        }
        match &*self.resources {
            [] => {}
            [only] => drop(claims.insert("resource".to_owned(), json!(only))),
            several => drop(claims.insert("resource".to_owned(), json!(several))),
        }
    }
}

/// What the operator lets a client have for the audience that it names (§4.3.3).
pub fn policy<'a>(request: &Request, case: &'a crate::client::Client) -> Result<&'a IdentityAssertions, Refusal> {
    let audience = only_audience(request)?;
    let known = case
        .registration
        .token_exchange
        .as_ref()
        .and_then(|policy| policy.identity_assertions.iter().find(|held| *held.audience == *audience));
    known.ok_or_else(|| bad_target("an audience is unknown, or not the client's to ask for"))
}

pub(super) fn decide(request: &Request, (exchange, subject): (&Exchange, &Held), case: &Case<'_>) -> Result<Entitled, Refusal> {
    let client = case.caller.client();
    let policy = policy(request, client)?;
    let grant = case.grant.filter(|grant| !grant.is_over(case.now) && grant.client_id == client.id && case.person_is_there);
    let grant = grant.filter(|_| is_own(subject, client)).ok_or_else(unacceptable)?;
    let known_as = exchange.known_as.clone().ok_or_else(unacceptable)?;
    let allowed = ScopeSet::from_tokens(policy.scopes.iter().cloned()).unwrap_or_default();
    let scopes = match &request.scope {
        Some(wanted) if wanted.is_subset_of(&allowed) => wanted.clone(),
        Some(_) => return Err(bad_scope("a scope is not the client's to ask for there")),
        None => allowed,
    };
    if request.resources.iter().any(|uri| !policy.resources.contains(uri)) {
        return Err(bad_target("a resource is not the client's to ask for there"));
    }
    let facts = Facts {
        client_id: policy.client_id.clone(),
        resources: request.resources.clone(),
        auth_time: grant.allowed.auth_time,
        acr: grant.allowed.acr.clone(),
        amr: grant.allowed.amr.clone(),
    };
    let lifetime = exchange.offers.assertion_lifetime.min(subject.remaining(case.now));
    Ok(beside((scopes, &policy.audience), (lifetime, Kind::IdentityAssertion), (known_as, Product::Assertion(facts)), case))
}
