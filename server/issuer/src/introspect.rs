//! Introspection and revocation: who may learn of a token, who may end it ([RFC 7662](https://www.rfc-editor.org/rfc/rfc7662),
//! [RFC 7009](https://www.rfc-editor.org/rfc/rfc7009)).

use std::sync::Arc;

use claimsmith_protocol::time::Timestamp;
use serde_json::{Map, Value as Json};

use crate::client::Client;
use crate::client_auth::AuthenticatedClient;
use crate::confirmation::{Confirmation, token_type_member};
use crate::grants::Resources;
use crate::id_token::to_value;
use crate::value::Member;

/// An access token of ours whose signature, or whose row, says that we made it.
#[derive(Debug, Clone)]
pub struct KnownToken {
    /// `jti`.
    pub jti: Box<str>,
    /// `client_id`.
    pub client_id: Box<str>,
    /// `aud`.
    pub audience: Vec<Box<str>>,
    /// `iat`; the beginning of time where it has none, so that it is over with everything of its client.
    pub issued_at: Timestamp,
    /// `exp`.
    pub expires_at: Timestamp,
    /// `cnf`: the key it is bound to.
    pub confirmation: Option<Confirmation>,
    /// Every claim.
    claims: Map<String, Json>,
}

impl KnownToken {
    /// Reads the claims of an access token of ours; absent when they are not those of one.
    pub fn from_claims(claims: Map<String, Json>) -> Option<Self> {
        let text = |name: &str| claims.get(name)?.as_str().map(Box::<str>::from);
        let audience = match claims.get("aud")? {
            Json::String(only) => vec![only.as_str().into()],
            Json::Array(several) => several.iter().filter_map(Json::as_str).map(Into::into).collect(),
            _ => return None,
        };
        let (jti, client_id) = (text("jti")?, text("client_id")?);
        let expires_at = Timestamp::from_seconds(claims.get("exp")?.as_i64()?);
        let issued_at = Timestamp::from_seconds(claims.get("iat").and_then(Json::as_i64).unwrap_or_default());
        let confirmation = Confirmation::of_claims(&claims).ok()?;
        Some(Self { jti, client_id, audience, issued_at, expires_at, confirmation, claims })
    }

    /// Every claim.
    pub const fn claims(&self) -> &Map<String, Json> {
        &self.claims
    }

    /// `scope`, where it has one.
    pub fn scope(&self) -> Option<&str> {
        self.claims.get("scope").and_then(Json::as_str)
    }

    /// `sub`, where it has one.
    pub fn subject(&self) -> Option<&str> {
        self.claims.get("sub").and_then(Json::as_str)
    }

    /// The members of an answer about it, `active` left out (RFC 7662 §2.2).
    pub fn members(&self) -> Vec<Member> {
        let mut members = vec![token_type_member(self.confirmation.as_ref())];
        members.extend(self.claims.iter().map(|(name, value)| Member { name: name.clone().into(), value: to_value(value) }));
        members
    }
}

/// Whether the caller may learn of the token now: it is its own, or the caller may introspect for one of its audiences
/// (RFC 7662 §4). Everything that speaks against it looks the same from outside.
pub fn may_learn(
    caller: &AuthenticatedClient,
    token: &KnownToken,
    owner: Option<&Arc<Client>>,
    resources: &Resources,
    now: Timestamp,
) -> bool {
    let live = now < token.expires_at && owner.is_some_and(|owner| owner.enabled);
    let own = *caller.client().id == *token.client_id;
    let introspects = |uri: &str| resources.get(uri).is_some_and(|resource| resource.introspectors.contains(&caller.client().id));
    live && (own || token.audience.iter().any(|uri| introspects(uri)))
}

/// Whether the caller may end the token: only its own client may (RFC 7009 §2.1).
pub fn may_revoke(caller: &AuthenticatedClient, token: &KnownToken) -> bool {
    *caller.client().id == *token.client_id
}

#[cfg(test)]
mod tests;
