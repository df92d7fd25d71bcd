//! What the operator decides for the flows of people.

use claimsmith_protocol::registration::Rotation;
use claimsmith_protocol::response::ResponseType;
use claimsmith_protocol::time::Lifetime;

use crate::detail_types::DetailTypes;

/// The authorization endpoint, sessions and refresh tokens, where a client says nothing.
#[derive(Debug, Clone)]
pub struct PeoplePolicy {
    /// Response types that are switched on.
    pub response_types: Vec<ResponseType>,
    /// PKCE for confidential clients too.
    pub require_pkce: bool,
    /// Every request is pushed first (RFC 9126 §5).
    pub require_pushed_requests: bool,
    /// Every request is a signed object (RFC 9101 §10.5).
    pub require_signed_requests: bool,
    /// Request objects are fetched from where clients registered them (RFC 9101 §5.2).
    pub request_uris: bool,
    /// Request objects may be encrypted to a key of ours (RFC 9101 §6.1).
    pub encrypted_requests: bool,
    /// The types of authorization details (RFC 9396 §2.1).
    pub detail_types: DetailTypes,
    /// From the request to its answer.
    pub flow_lifetime: Lifetime,
    /// From push to use.
    pub pushed_request_lifetime: Lifetime,
    /// Of authorization codes.
    pub code_lifetime: Lifetime,
    /// Of ID tokens.
    pub id_token_lifetime: Lifetime,
    /// Of refresh tokens, from the consent on.
    pub refresh_lifetime: Lifetime,
    /// What becomes of refresh tokens.
    pub refresh: RefreshPolicy,
    /// Of sessions, from the sign-in on.
    pub session_lifetime: Lifetime,
    /// Of sessions, from their last use on.
    pub session_idle: Lifetime,
}

/// What becomes of refresh tokens, where a client says nothing.
#[derive(Debug, Clone, Copy)]
pub struct RefreshPolicy {
    /// Only with the scope `offline_access`.
    pub require_offline_access: bool,
    /// Replaced when used, or kept.
    pub rotation: Rotation,
    /// Whether the end moves with each use.
    pub extend: bool,
    /// The end of one that is not used.
    pub idle: Option<Lifetime>,
    /// Within it, a replaced token that comes again lost a race.
    pub reuse_interval: Lifetime,
    /// Whether the person must still be there.
    pub check_user: bool,
}
