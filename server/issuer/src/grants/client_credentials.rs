//! The client credentials grant ([RFC 6749 §4.4](https://www.rfc-editor.org/rfc/rfc6749#section-4.4)): a client asks for
//! itself.
//!
//! Refuses when: the client is public or may not use the grant (`unauthorized_client`); a scope is malformed, is not the
//! client's, or the scopes belong to different resources while none is named (`invalid_scope`); a resource is malformed,
//! unknown, not the client's, or wants another kind of token than its neighbour (`invalid_target`).

use claimsmith_protocol::error::Refusal;
use claimsmith_protocol::form::Form;
use claimsmith_protocol::grant::GrantType;
use claimsmith_protocol::scope::ScopeSet;

use super::target::{Resources, bad_scope, entitle, parse_resources, parse_scope};
use super::{Defaults, Entitled, may_use, not_allowed};
use crate::client::Client;
use crate::client_auth::AuthenticatedClient;

/// The value of `grant_type`.
pub const TYPE: GrantType = GrantType::ClientCredentials;

/// The parameters the grant reads.
pub const PARAMETERS: [&str; 2] = ["scope", "resource"];

/// Scopes that only a person can grant: dropped, and the response says so (RFC 6749 §4.4.3, OpenID Connect Core §11).
const OF_PEOPLE: [&str; 2] = ["openid", "offline_access"];

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
    Ok(Request { scope: parse_scope(form)?, resources: parse_resources(form)? })
}

/// Decides what the client gets.
pub fn decide(caller: &AuthenticatedClient, request: &Request, resources: &Resources, defaults: &Defaults) -> Result<Entitled, Refusal> {
    let client = caller.client();
    if !caller.is_confidential() {
        return Err(not_allowed());
    }
    may_use(client, TYPE)?;
    entitle(client, decide_scopes(client, request)?, &request.resources, resources, defaults)
}

fn decide_scopes(client: &Client, request: &Request) -> Result<ScopeSet, Refusal> {
    let mut scopes = request.scope.as_ref().unwrap_or(&client.default_scopes).clone();
    scopes.retain(|scope| !OF_PEOPLE.contains(&scope));
    if !scopes.is_subset_of(&client.scopes) {
        return Err(bad_scope("a scope is not the client's to ask for"));
    }
    Ok(scopes)
}

#[cfg(test)]
mod tests;
