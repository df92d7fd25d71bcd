//! No token, and why.

use crate::wire::types::Refusal;

impl Refusal {
    /// A refusal with a code of the author's choice: `invalid_request`, `invalid_grant`, `unauthorized_client`,
    /// `invalid_scope`, `invalid_target`, `access_denied` or `temporarily_unavailable`; any other is sent as `access_denied`.
    /// The client reads the reason: say nothing there that it should not know.
    pub fn new(code: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { code: code.into(), reason: reason.into() }
    }

    /// `access_denied`: this client may not have this token now.
    pub fn access_denied(reason: impl Into<String>) -> Self {
        Self::new("access_denied", reason)
    }

    /// `invalid_scope`: the scopes asked for are unknown, malformed or more than the client may have (RFC 6749 §5.2).
    pub fn invalid_scope(reason: impl Into<String>) -> Self {
        Self::new("invalid_scope", reason)
    }

    /// `invalid_target`: the resource asked for is unknown or not for this client (RFC 8707 §2).
    pub fn invalid_target(reason: impl Into<String>) -> Self {
        Self::new("invalid_target", reason)
    }

    /// `unauthorized_client`: the client may not use this grant (RFC 6749 §5.2).
    pub fn unauthorized_client(reason: impl Into<String>) -> Self {
        Self::new("unauthorized_client", reason)
    }

    /// `invalid_request`: a parameter is missing or malformed (RFC 6749 §5.2).
    pub fn invalid_request(reason: impl Into<String>) -> Self {
        Self::new("invalid_request", reason)
    }
}
