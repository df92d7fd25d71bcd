//! Finds what a presented token is: one of ours, live or revoked, or nothing.

use claimsmith_issuer::introspect::KnownToken;
use claimsmith_jose::Digest;
use claimsmith_store::{Fault, Store};
use serde_json::{Map, Value};

use crate::clock::Now;
use crate::directory::Visit;
use crate::failure::Failure;
use crate::own_jwt;
use crate::rooms::Rooms;

/// The longest token that is looked at, in bytes.
const TOKEN_LENGTH_MAX: usize = 16 * 1024;

/// What a text is.
pub enum Found {
    /// An access token of ours that nobody has revoked. Whether it has expired is for others to say.
    Live(KnownToken),
    /// An access token of ours that was revoked.
    Revoked,
    /// Nothing of ours.
    Unknown,
}

impl Found {
    /// The token, when nobody has revoked it.
    pub fn live(self) -> Option<KnownToken> {
        match self {
            Self::Live(token) => Some(token),
            Self::Revoked | Self::Unknown => None,
        }
    }
}

/// Finds out what a presented text is.
pub async fn find(rooms: &Rooms, visit: &Visit, text: &str, now: Now) -> Result<Found, Failure> {
    if text.len() > TOKEN_LENGTH_MAX {
        return Ok(Found::Unknown);
    }
    let (token, revoked) = if text.contains('.') {
        let Some(token) = verify(rooms, visit, text, now).and_then(KnownToken::from_claims) else { return Ok(Found::Unknown) };
        let revoked = is_over(&rooms.store, &token).await?;
        (Some(token), revoked)
    } else {
        let Some(found) = rooms.store.opaque_token(Digest::of(text.as_bytes())).await? else { return Ok(Found::Unknown) };
        let token = serde_json::from_str(&found.token.claims).ok().and_then(KnownToken::from_claims);
        let over = match &token {
            Some(token) if !found.revoked => is_over(&rooms.store, token).await?,
            _ => found.revoked,
        };
        (token, over)
    };
    Ok(match token {
        _ if revoked => Found::Revoked,
        Some(token) => Found::Live(token),
        None => Found::Unknown,
    })
}

/// Whether a token of ours, of whatever form, has ended before its time.
pub async fn is_over(store: &Store, token: &KnownToken) -> Result<bool, Fault> {
    store.is_over(&token.jti, &token.client_id, token.issued_at).await
}

/// The claims of a self-contained access token that one of our published keys has signed. The key fixes the algorithm.
fn verify(rooms: &Rooms, visit: &Visit, text: &str, now: Now) -> Option<Map<String, Value>> {
    // RFC 9068 §4: a token of another type is no access token, whoever signed it.
    own_jwt::of_type(rooms, visit, (text, "at+jwt"), now.timestamp().seconds())
}
