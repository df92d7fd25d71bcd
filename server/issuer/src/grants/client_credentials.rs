//! The client credentials grant ([RFC 6749 §4.4](https://www.rfc-editor.org/rfc/rfc6749#section-4.4)): a client asks for
//! itself.
//!
//! Refuses when: the client is public or may not use the grant (`unauthorized_client`); a scope is malformed, is not the
//! client's, or the scopes belong to different resources while none is named (`invalid_scope`); a resource is malformed,
//! unknown, not the client's, or wants another kind of token than its neighbour (`invalid_target`).

use std::collections::HashMap;
use std::sync::Arc;

use claimsmith_protocol::error::{ErrorCode, Reason, Refusal};
use claimsmith_protocol::form::Form;
use claimsmith_protocol::grant::GrantType;
use claimsmith_protocol::resource::check_resource;
use claimsmith_protocol::scope::ScopeSet;

use super::{Defaults, Entitled};
use crate::client::Client;
use crate::client_auth::AuthenticatedClient;
use crate::resource::Resource;

/// The value of `grant_type`.
pub const TYPE: GrantType = GrantType::ClientCredentials;

/// The parameters the grant reads.
pub const PARAMETERS: [&str; 2] = ["scope", "resource"];

/// Scopes that only a person can grant: dropped, and the response says so (RFC 6749 §4.4.3, OpenID Connect Core §11).
const OF_PEOPLE: [&str; 2] = ["openid", "offline_access"];

/// The most resources one request may name.
const RESOURCES_MAX: usize = 16;

/// What the client asks for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Request {
    /// `scope`, where it was sent.
    pub scope: Option<ScopeSet>,
    /// Every `resource`, without repetition.
    pub resources: Vec<Box<str>>,
}

/// Reads the grant's parameters.
pub fn parse(form: &Form<'_>) -> Result<Request, Refusal> {
    let scope = form.one("scope").map(ScopeSet::parse).transpose().map_err(|_| bad_scope("the scope is malformed"))?;
    let mut resources: Vec<Box<str>> = Vec::new();
    for text in form.all("resource") {
        let uri = check_resource(text).map_err(|_| bad_target("a resource is not an absolute URI without a fragment"))?;
        if !resources.iter().any(|held| **held == *uri) {
            resources.push(uri.into());
        }
    }
    if resources.len() > RESOURCES_MAX {
        return Err(bad_target("too many resources"));
    }
    Ok(Request { scope, resources })
}

/// The registry of resources, by identifier.
pub type Resources = HashMap<Box<str>, Arc<Resource>>;

/// Decides what the client gets.
pub fn decide(caller: &AuthenticatedClient, request: &Request, resources: &Resources, defaults: &Defaults) -> Result<Entitled, Refusal> {
    let client = caller.client();
    if !caller.is_confidential() || !client.grants.contains(&TYPE) {
        return Err(Refusal::new(ErrorCode::UnauthorizedClient, Reason::GrantNotAllowed, "the client may not use this grant"));
    }
    let mut scopes = decide_scopes(client, request)?;
    let targets = decide_targets(client, request, &scopes, resources)?;
    if !targets.is_empty() {
        // RFC 9068 §3: scopes of other resources are not carried.
        let unowned = |scope: &str| !resources.values().any(|resource| resource.scopes.contains(scope));
        scopes.retain(|scope| targets.iter().any(|target| target.scopes.contains(scope)) || unowned(scope));
    }
    entitle(client, &scopes, &targets, defaults)
}

fn decide_scopes(client: &Client, request: &Request) -> Result<ScopeSet, Refusal> {
    let mut scopes = request.scope.as_ref().unwrap_or(&client.default_scopes).clone();
    scopes.retain(|scope| !OF_PEOPLE.contains(&scope));
    if !scopes.is_subset_of(&client.scopes) {
        return Err(bad_scope("a scope is not the client's to ask for"));
    }
    Ok(scopes)
}

/// The resources named, or the one that the scopes belong to (RFC 8707 §2, RFC 9068 §3); none where they belong to none.
fn decide_targets(client: &Client, request: &Request, scopes: &ScopeSet, resources: &Resources) -> Result<Vec<Arc<Resource>>, Refusal> {
    let may_use = |identifier: &str| client.resources.iter().any(|held| **held == *identifier);
    if !request.resources.is_empty() {
        let found: Option<Vec<_>> = request.resources.iter().map(|uri| resources.get(uri).filter(|_| may_use(uri)).cloned()).collect();
        return found.ok_or_else(|| bad_target("a resource is unknown, or not the client's to ask for"));
    }
    // Scopes have no owner in the eyes of a client that may not ask for that owner: a name is not reserved by being used.
    let own = || client.resources.iter().filter_map(|identifier| resources.get(identifier));
    let is_owned = |scope: &str| own().any(|resource| resource.scopes.contains(scope));
    let owned: Vec<_> = scopes.tokens().iter().filter(|scope| is_owned(scope)).collect();
    if owned.is_empty() {
        return Ok(Vec::new());
    }
    let owns_all = |resource: &&Arc<Resource>| owned.iter().all(|scope| resource.scopes.contains(scope));
    let mut owners = own().filter(owns_all);
    match owners.next() {
        Some(only) if owners.all(|other| Arc::ptr_eq(other, only)) => Ok(vec![only.clone()]),
        _ => Err(bad_scope("the scopes belong to different resources: name one with the resource parameter")),
    }
}

fn entitle(client: &Client, scopes: &ScopeSet, targets: &[Arc<Resource>], defaults: &Defaults) -> Result<Entitled, Refusal> {
    let differ = || bad_target("the resources want different kinds of tokens: ask for one at a time");
    let format = agreed(targets.iter().map(|target| target.token_format)).map_err(|()| differ())?;
    let alg = agreed(targets.iter().map(|target| target.signing_alg)).map_err(|()| differ())?;
    let ceiling = targets.iter().filter_map(|target| target.lifetime_ceiling).chain([defaults.lifetime_ceiling]).min();
    let lifetime_ceiling = ceiling.unwrap_or(defaults.lifetime_ceiling);
    let audience = match targets {
        [] => vec![defaults.audience.clone()],
        targets => targets.iter().map(|target| target.identifier.clone()).collect(),
    };
    Ok(Entitled {
        scopes: scopes.tokens().to_vec(),
        audience,
        lifetime: client.access_token_lifetime.unwrap_or(defaults.lifetime).min(lifetime_ceiling),
        lifetime_ceiling,
        format: format.or(client.access_token_format).unwrap_or(defaults.format),
        alg: alg.or(client.access_token_alg).unwrap_or(defaults.alg),
    })
}

/// The one value that all who have a wish agree on.
fn agreed<T: PartialEq>(mut wishes: impl Iterator<Item = Option<T>>) -> Result<Option<T>, ()> {
    let Some(first) = wishes.next() else { return Ok(None) };
    if wishes.all(|wish| wish == first) { Ok(first) } else { Err(()) }
}

const fn bad_scope(description: &'static str) -> Refusal {
    Refusal::new(ErrorCode::InvalidScope, Reason::ScopeNotAllowed, description)
}

const fn bad_target(description: &'static str) -> Refusal {
    Refusal::new(ErrorCode::InvalidTarget, Reason::ResourceNotAllowed, description)
}

#[cfg(test)]
mod tests;
