//! What a person has allowed a client: the facts of a grant, as they are kept.

use claimsmith_jose::Digest;
use claimsmith_protocol::authorize::Challenge;
use claimsmith_protocol::handle::GrantId;
use claimsmith_protocol::id::ClientId;
use claimsmith_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::person::UserId;

/// A grant with the state of its code and its refresh token.
#[derive(Debug, Clone, PartialEq)]
pub struct GrantRecord {
    /// Its id.
    pub id: GrantId,
    /// The client.
    pub client_id: ClientId,
    /// The person.
    pub user_id: UserId,
    /// The session it ends with; none where it outlasts the session (`offline_access`).
    pub session_id: Option<Box<str>>,
    /// What was allowed.
    pub allowed: Allowed,
    /// Its authorization code, where it began with one.
    pub code: Option<CodeState>,
    /// Its refresh token, once there is one.
    pub refresh: Option<RefreshState>,
    /// When the person agreed.
    pub created_at: Timestamp,
    /// When everything that comes of it ends.
    pub expires_at: Timestamp,
    /// When it was ended.
    pub revoked_at: Option<Timestamp>,
}

/// An authorization code as it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeState {
    /// SHA-256 of the code.
    pub digest: Digest,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When it was used.
    pub spent_at: Option<Timestamp>,
}

/// A refresh token as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshState {
    /// Which of the grant's tokens is the good one.
    pub number: u32,
    /// SHA-256 of it.
    pub digest: Digest,
    /// SHA-256 of the one before.
    pub previous_digest: Option<Digest>,
    /// When the one before was replaced.
    pub rotated_at: Option<Timestamp>,
    /// When it ends if it is not used.
    pub expires_at: Timestamp,
    /// The key or certificate it is bound to, as `cnf` says it: for public clients alone (RFC 9449 §5, RFC 8705 §4).
    pub bound_to: Option<Box<str>>,
}

/// What was allowed, to be kept as JSON. What is absent was not asked for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Allowed {
    /// `sub` for this client.
    pub subject: Box<str>,
    /// The scopes agreed to.
    pub scopes: Vec<Box<str>>,
    /// The resources agreed to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<Box<str>>,
    /// The redirect URI of the request, where it named one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redirect_uri: Option<Box<str>>,
    /// Whether the client waited for it while the person decided on another device: then its code is that of the device.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub deferred: bool,
    /// The grant of the first app of its device, where that app's sign-in led to this one (OpenID Connect Native SSO).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<Box<str>>,
    /// PKCE.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub challenge: Option<Challenge>,
    /// The key that the code is bound to (RFC 9449 §10).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dpop_jkt: Option<Box<str>>,
    /// The JWK thumbprint of the instance that asked, and that alone redeems the code
    /// (draft-ietf-oauth-attestation-based-client-auth §9.4).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance: Option<Box<str>>,
    /// `nonce`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nonce: Option<Box<str>>,
    /// The `claims` parameter, of which what the person agreed to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claims: Option<Box<str>>,
    /// Names of claims that the person did not agree to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub claims_denied: Vec<Box<str>>,
    /// `authorization_details`, as agreed to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub details: Option<Box<str>>,
    /// When the person signed in, seconds since 1970.
    pub auth_time: i64,
    /// Whether ID tokens have to say so.
    pub auth_time_wanted: bool,
    /// The authentication context class reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acr: Option<Box<str>>,
    /// How the person signed in (RFC 8176).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub amr: Vec<Box<str>>,
    /// The session as this client knows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<Box<str>>,
    /// What plugins remember with the session, a JSON object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_attributes: Option<Box<str>>,
    /// What plugins remember with the grant, a JSON object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attributes: Option<Box<str>>,
}

impl Allowed {
    /// Whether a scope was agreed to.
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes.iter().any(|held| **held == *scope)
    }

    /// Reads what [`Self::to_text`] wrote.
    pub fn from_text(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// As JSON.
    pub fn to_text(&self) -> String {
        // Invariant: strings, numbers and lists of them can always be written.
        serde_json::to_string(self).expect("what was allowed can be written as JSON")
    }
}

impl GrantRecord {
    /// The grant that the secret of its device is of: that of the first app.
    pub fn device(&self) -> GrantId {
        self.allowed.device.as_deref().and_then(GrantId::parse).unwrap_or(self.id)
    }

    /// Whether nothing of it counts any more.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.revoked_at.is_some() || now >= self.expires_at
    }
}
