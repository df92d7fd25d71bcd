//! A no, and why.

use crate::wire::types::Refusal;

impl Refusal {
    /// A refusal with a code of the author's choice: `invalid_request`, `invalid_grant`, `unauthorized_client`,
    /// `invalid_scope`, `invalid_target`, `invalid_authorization_details`, `access_denied` or `temporarily_unavailable`; in the
    /// hooks of a sign-in `login_required`, `interaction_required`, `consent_required` and `account_selection_required` too, and
    /// `invalid_grant` not (RFC 6749 §4.1.2.1, OpenID Connect Core §3.1.2.6). Any other is sent as `access_denied`.
    /// The client reads the reason: say nothing there that it should not know.
    pub fn new(code: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { code: code.into(), reason: reason.into() }
    }

    /// `access_denied`: this may not be now.
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

    /// `invalid_authorization_details`: they are unknown, malformed or not for this client (RFC 9396 §5).
    pub fn invalid_authorization_details(reason: impl Into<String>) -> Self {
        Self::new("invalid_authorization_details", reason)
    }

    /// `login_required`: the person must sign in anew (OpenID Connect Core §3.1.2.6); in the hooks of a sign-in only.
    pub fn login_required(reason: impl Into<String>) -> Self {
        Self::new("login_required", reason)
    }

    /// `interaction_required`: the person must do something else first (OpenID Connect Core §3.1.2.6); in the hooks of a
    /// sign-in only.
    pub fn interaction_required(reason: impl Into<String>) -> Self {
        Self::new("interaction_required", reason)
    }
}
