//! The implicit grant ([RFC 6749 §4.2](https://www.rfc-editor.org/rfc/rfc6749#section-4.2)) and its part of the hybrid flows (OpenID
//! Connect Core §3.2, §3.3): tokens that the browser carries. Nothing is presented for them; whoever may ask for them was decided
//! with the authorization request.
//!
//! Refuses when: the scopes belong to different resources while none is named (`invalid_scope`); a resource wants another kind of
//! token than its neighbour (`invalid_target`); it is asked for at the token endpoint (`unsupported_grant_type`).

use claimsmith_protocol::error::{ErrorCode, Reason, Refusal};
use claimsmith_protocol::grant::GrantType;
use claimsmith_protocol::response::ResponseType;
use claimsmith_protocol::scope::ScopeSet;

use super::refresh_token::entitle_of_person;
use super::target::{Resources, bad_scope};
use super::{Defaults, Entitled, ForPerson, From, GrantRecord, Refresh};
use crate::client::Client;

/// The value of `grant_type`, in registrations alone.
pub const TYPE: GrantType = GrantType::Implicit;

/// What the authorization endpoint hands out with a grant that a person has just given. Never a refresh token (RFC 6749 §4.2.2).
pub fn decide(
    client: &Client,
    grant: &GrantRecord,
    response_type: ResponseType,
    resources: &Resources,
    defaults: &Defaults,
) -> Result<Entitled, Refusal> {
    let scopes = ScopeSet::from_tokens(grant.allowed.scopes.iter().cloned()).map_err(|_| bad_scope("the scope is malformed"))?;
    let mut entitled = entitle_of_person(client, (scopes, &grant.allowed.resources), resources, defaults)?;
    let id_token = response_type.has_id_token();
    entitled.person = Some(Box::new(ForPerson { grant: grant.clone(), id_token, refresh: Refresh::None, from: From::Unchanged }));
    Ok(entitled)
}

/// The answer to a request at the token endpoint.
pub(super) const fn not_redeemed() -> Refusal {
    Refusal::new(ErrorCode::UnsupportedGrantType, Reason::UnknownGrant, "this grant_type is not supported")
}

#[cfg(test)]
mod tests;
