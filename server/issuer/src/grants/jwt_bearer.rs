//! The JWT bearer grant ([RFC 7523 §2.1](https://www.rfc-editor.org/rfc/rfc7523#section-2.1)): a client brings what an issuer that is
//! trusted here says of a person. An identity assertion (ID-JAG) is one of a kind of its own.
//!
//! Refuses when: the client is public or may not use the grant (`unauthorized_client`); `assertion` is missing (`invalid_request`); it is
//! not believed, not this client's to bring, bound to another key, used before, or of nobody who is known here (`invalid_grant`); more is
//! asked for than it is worth (`invalid_scope`, `invalid_target`).

use std::sync::Arc;

use claimsmith_jose::{Digest, Secret};
use claimsmith_protocol::error::{ErrorCode, Reason, Refusal};
use claimsmith_protocol::form::Form;
use claimsmith_protocol::grant::GrantType;
use claimsmith_protocol::scope::ScopeSet;
use claimsmith_protocol::time::Timestamp;
use serde_json::Value;

use super::newcomer::Wanted;
use super::target::{bad_scope, bad_target, parse_resources, parse_scope};
use super::{Case, Entitled, may_use, not_allowed};
use crate::client_auth::AuthenticatedClient;
use crate::confirmation::Confirmation;
use crate::trust::{Assured, Purpose, TrustedIssuer};

/// The value of `grant_type`.
pub const TYPE: GrantType = GrantType::JwtBearer;

/// The parameters the grant reads.
pub const PARAMETERS: [&str; 3] = ["assertion", "scope", "resource"];

/// Scopes that only a person who is asked can grant.
const OF_SIGN_INS: [&str; 2] = ["openid", "offline_access"];

/// What the client asks for.
#[derive(Debug)]
pub struct Request {
    /// `assertion`.
    pub assertion: Secret<String>,
    pub(super) scope: Option<ScopeSet>,
    pub(super) resources: Vec<Box<str>>,
}

/// Reads the grant's parameters.
pub fn parse(form: &Form<'_>) -> Result<Request, Refusal> {
    let missing = || Refusal::invalid_request(Reason::MissingParameter, "assertion is missing");
    Ok(Request {
        assertion: Secret::new(form.one("assertion").ok_or_else(missing)?.to_owned()),
        scope: parse_scope(form)?,
        resources: parse_resources(form)?,
    })
}

/// An assertion that is believed.
#[derive(Debug, Clone)]
pub struct Asserted {
    /// Whose it is.
    pub trusted: Arc<TrustedIssuer>,
    /// What it says.
    pub assured: Assured,
    /// What it is: [`Purpose::JwtBearer`] or [`Purpose::IdJag`].
    pub purpose: Purpose,
}

impl Asserted {
    /// What keeps it from counting twice: the issuer, the digest of its `jti`, when it ends anyway. None where it may be used again, as an
    /// identity assertion may until it ends.
    pub fn guard(&self) -> Option<(Digest, Digest, Timestamp)> {
        let digest = self.assured.jti_digest.filter(|_| !self.trusted.reusable && self.purpose == Purpose::JwtBearer)?;
        Some((Digest::of(self.trusted.issuer.as_bytes()), digest, self.assured.expires_at))
    }
}

/// Refuses a client that may not use the grant, before any assertion is looked at.
pub fn admit(caller: &AuthenticatedClient) -> Result<(), Refusal> {
    if !caller.is_confidential() {
        return Err(not_allowed());
    }
    may_use(caller.client(), TYPE)
}

/// Decides what the client gets. There is no refresh token: a new assertion is asked for instead (RFC 7521 §4.1).
pub fn decide(request: &Request, case: &Case<'_>) -> Result<Entitled, Refusal> {
    admit(case.caller)?;
    let client = case.caller.client();
    let asserted = case.asserted.ok_or_else(unbelieved)?;
    let claims = &asserted.assured.claims;
    if !asserted.trusted.admits(client.id.as_str()) {
        return Err(unbelieved());
    }
    let named = claims.get("client_id").map(|id| id.as_str() == Some(client.id.as_str()));
    if named == Some(false) || named.is_none() && asserted.purpose == Purpose::IdJag {
        return Err(unbelieved());
    }
    if let Some(bound_to) = Confirmation::of_claims(claims).map_err(|_| unbelieved())?
        && case.confirmation != Some(&bound_to)
    {
        return Err(unbelieved());
    }
    let newcomer = case.newcomer.ok_or_else(unbelieved)?;
    let scopes = decide_scopes(request, asserted, case)?;
    let resources = decide_resources(request, asserted)?;
    newcomer.begin(Wanted { scope: Some(&scopes), resources: &resources, refreshes: false }, case)
}

/// What the issuer may hand out here, what it has handed out, and what the client may have: nothing beyond any of them.
fn decide_scopes(request: &Request, asserted: &Asserted, case: &Case<'_>) -> Result<ScopeSet, Refusal> {
    let client = case.caller.client();
    let said = asserted.assured.claims.get("scope").map(|scope| scope.as_str().and_then(|text| ScopeSet::parse(text).ok()));
    let said = said.map(|said| said.ok_or_else(unbelieved)).transpose()?;
    let mut worth = ScopeSet::from_tokens(asserted.trusted.scopes.iter().cloned()).map_err(|_| unbelieved())?;
    worth.retain(|scope| {
        client.scopes.contains(scope) && !OF_SIGN_INS.contains(&scope) && said.as_ref().is_none_or(|said| said.contains(scope))
    });
    match (&request.scope, &said) {
        (Some(wanted), _) if wanted.is_subset_of(&worth) => Ok(wanted.clone()),
        (Some(_), _) => Err(bad_scope("a scope is not the assertion's, or not the client's to ask for")),
        (None, Some(_)) => Ok(worth),
        (None, None) => {
            worth.retain(|scope| client.default_scopes.contains(scope));
            Ok(worth)
        }
    }
}

/// The resources asked for, which the assertion must name where it names any; without them all that it names.
fn decide_resources(request: &Request, asserted: &Asserted) -> Result<Vec<Box<str>>, Refusal> {
    let said: Option<Vec<Box<str>>> = match asserted.assured.claims.get("resource") {
        None => None,
        Some(Value::String(one)) => Some(vec![one.as_str().into()]),
        Some(Value::Array(all)) => Some(all.iter().map(|one| one.as_str().map(Into::into)).collect::<Option<_>>().ok_or_else(unbelieved)?),
        Some(_) => return Err(unbelieved()),
    };
    match said {
        Some(said) if request.resources.is_empty() => Ok(said),
        Some(said) if request.resources.iter().any(|uri| !said.contains(uri)) => Err(bad_target("a resource is not the assertion's")),
        _ => Ok(request.resources.clone()),
    }
}

/// `invalid_grant`. Security: the description is the same whatever the reason.
pub const fn unbelieved() -> Refusal {
    Refusal::new(
        ErrorCode::InvalidGrant,
        Reason::WrongAssertionClaims,
        "the assertion is not believed, was used before, is not the client's, or names nobody known here",
    )
}

#[cfg(test)]
mod tests;
