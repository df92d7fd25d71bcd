//! Scopes and resources: whom a token is for, and what that makes of it. The same for every grant.

use std::collections::HashMap;
use std::sync::Arc;

use claimsmith_protocol::error::{ErrorCode, Reason, Refusal};
use claimsmith_protocol::form::Form;
use claimsmith_protocol::resource::check_resource;
use claimsmith_protocol::scope::ScopeSet;

use super::{Defaults, Entitled};
use crate::client::Client;
use crate::resource::Resource;

/// The registry of resources, by identifier.
pub type Resources = HashMap<Box<str>, Arc<Resource>>;

/// The most resources one request may name.
pub(super) const RESOURCES_MAX: usize = 16;

/// Reads every `resource` of a token request, without repetition (RFC 8707 §2).
pub(super) fn parse_resources(form: &Form<'_>) -> Result<Vec<Box<str>>, Refusal> {
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
    Ok(resources)
}

/// Reads `scope`, where it was sent.
pub(super) fn parse_scope(form: &Form<'_>) -> Result<Option<ScopeSet>, Refusal> {
    form.one("scope").map(ScopeSet::parse).transpose().map_err(|_| bad_scope("the scope is malformed"))
}

/// What a client gets for scopes it may have and resources it names.
pub(super) fn entitle(
    client: &Client,
    mut scopes: ScopeSet,
    named: &[Box<str>],
    resources: &Resources,
    defaults: &Defaults,
) -> Result<Entitled, Refusal> {
    let targets = decide_targets(client, named, &scopes, resources)?;
    if !targets.is_empty() {
        // RFC 9068 §3: scopes of other resources are not carried.
        let unowned = |scope: &str| !resources.values().any(|resource| resource.scopes.contains(scope));
        scopes.retain(|scope| targets.iter().any(|target| target.scopes.contains(scope)) || unowned(scope));
    }
    make(client, &scopes, &targets, defaults)
}

/// The resources named, or the one that the scopes belong to (RFC 8707 §2, RFC 9068 §3); none where they belong to none.
fn decide_targets(client: &Client, named: &[Box<str>], scopes: &ScopeSet, resources: &Resources) -> Result<Vec<Arc<Resource>>, Refusal> {
    let may_use = |identifier: &str| client.resources.iter().any(|held| **held == *identifier);
    if !named.is_empty() {
        let found: Option<Vec<_>> = named.iter().map(|uri| resources.get(uri).filter(|_| may_use(uri)).cloned()).collect();
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

fn make(client: &Client, scopes: &ScopeSet, targets: &[Arc<Resource>], defaults: &Defaults) -> Result<Entitled, Refusal> {
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
        person: None,
        exchanged: None,
    })
}

/// The one value that all who have a wish agree on.
fn agreed<T: PartialEq>(mut wishes: impl Iterator<Item = Option<T>>) -> Result<Option<T>, ()> {
    let Some(first) = wishes.next() else { return Ok(None) };
    if wishes.all(|wish| wish == first) { Ok(first) } else { Err(()) }
}

pub(super) const fn bad_scope(description: &'static str) -> Refusal {
    Refusal::new(ErrorCode::InvalidScope, Reason::ScopeNotAllowed, description)
}

pub(super) const fn bad_target(description: &'static str) -> Refusal {
    Refusal::new(ErrorCode::InvalidTarget, Reason::ResourceNotAllowed, description)
}
