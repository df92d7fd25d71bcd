//! The one error table: every OAuth error code we send, with its status, and the refusals that carry them.

use std::borrow::Cow;

/// An OAuth error code. The status is a function of the code and of nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    /// RFC 6749 §5.2.
    InvalidRequest,
    /// RFC 6749 §5.2; always 401.
    InvalidClient,
    /// RFC 6749 §5.2.
    InvalidGrant,
    /// RFC 8628 §3.5.
    AuthorizationPending,
    /// RFC 8628 §3.5.
    SlowDown,
    /// RFC 8628 §3.5.
    ExpiredToken,
    /// RFC 6749 §5.2.
    UnauthorizedClient,
    /// RFC 6749 §5.2.
    UnsupportedGrantType,
    /// RFC 6749 §5.2.
    InvalidScope,
    /// RFC 8707 §2.
    InvalidTarget,
    /// RFC 6749 §4.1.2.1, RFC 8628 §3.5; a plugin's ordinary no.
    AccessDenied,
    /// RFC 7009 §2.2.1.
    UnsupportedTokenType,
    /// RFC 9449 §5.
    InvalidDpopProof,
    /// RFC 9449 §8: the answer carries a nonce.
    UseDpopNonce,
    /// draft-ietf-oauth-attestation-based-client-auth §6.2: the answer carries a challenge.
    UseAttestationChallenge,
    /// draft-ietf-oauth-attestation-based-client-auth §6.2.
    UseFreshAttestation,
    /// draft-ietf-oauth-attestation-based-client-auth §6.2.
    InvalidClientAttestation,
    /// An extension of RFC 6749 §5.2: our fault.
    ServerError,
    /// An extension of RFC 6749 §5.2: try again.
    TemporarilyUnavailable,
    /// An extension of RFC 6749 §5.2, with the status of RFC 6585 §4: too many wrong guesses.
    TooManyRequests,
    /// RFC 9396 §5.
    InvalidAuthorizationDetails,
    /// RFC 6749 §4.1.2.1.
    UnsupportedResponseType,
    /// OpenID Connect Core §3.1.2.6, RFC 9101 §7.
    InvalidRequestUri,
    /// OpenID Connect Core §3.1.2.6, RFC 9101 §7.
    InvalidRequestObject,
    /// OpenID Connect Core §3.1.2.6.
    RequestNotSupported,
    /// OpenID Connect Core §3.1.2.6.
    RequestUriNotSupported,
    /// OpenID Connect Core §3.1.2.6.
    RegistrationNotSupported,
    /// OpenID Connect Core §3.1.2.6: with `prompt=none`.
    LoginRequired,
    /// OpenID Connect Core §3.1.2.6: with `prompt=none`.
    ConsentRequired,
    /// OpenID Connect Core §3.1.2.6: with `prompt=none`.
    InteractionRequired,
    /// OpenID Connect Core §3.1.2.6: with `prompt=none`.
    AccountSelectionRequired,
    /// OpenID Connect Core Error Code unmet_authentication_requirements 1.0.
    UnmetAuthenticationRequirements,
    /// RFC 7591 §3.2.2.
    InvalidRedirectUri,
    /// RFC 7591 §3.2.2.
    InvalidClientMetadata,
    /// RFC 7591 §3.2.2.
    InvalidSoftwareStatement,
    /// RFC 7591 §3.2.2.
    UnapprovedSoftwareStatement,
    /// OpenID Connect CIBA §13.
    UnknownUserId,
    /// OpenID Connect CIBA §13.
    ExpiredLoginHintToken,
    /// OpenID Connect CIBA §13.
    MissingUserCode,
    /// OpenID Connect CIBA §13.
    InvalidUserCode,
    /// OpenID Connect CIBA §13.
    InvalidBindingMessage,
    /// OpenID Connect CIBA §12: told where tokens are pushed.
    TransactionFailed,
}

impl ErrorCode {
    /// Every code.
    pub const ALL: [Self; 42] = [
        Self::InvalidRequest,
        Self::InvalidClient,
        Self::InvalidGrant,
        Self::AuthorizationPending,
        Self::SlowDown,
        Self::ExpiredToken,
        Self::UnauthorizedClient,
        Self::UnsupportedGrantType,
        Self::InvalidScope,
        Self::InvalidTarget,
        Self::AccessDenied,
        Self::UnsupportedTokenType,
        Self::InvalidDpopProof,
        Self::UseDpopNonce,
        Self::UseAttestationChallenge,
        Self::UseFreshAttestation,
        Self::InvalidClientAttestation,
        Self::ServerError,
        Self::TemporarilyUnavailable,
        Self::TooManyRequests,
        Self::InvalidAuthorizationDetails,
        Self::UnsupportedResponseType,
        Self::InvalidRequestUri,
        Self::InvalidRequestObject,
        Self::RequestNotSupported,
        Self::RequestUriNotSupported,
        Self::RegistrationNotSupported,
        Self::LoginRequired,
        Self::ConsentRequired,
        Self::InteractionRequired,
        Self::AccountSelectionRequired,
        Self::UnmetAuthenticationRequirements,
        Self::InvalidRedirectUri,
        Self::InvalidClientMetadata,
        Self::InvalidSoftwareStatement,
        Self::UnapprovedSoftwareStatement,
        Self::UnknownUserId,
        Self::ExpiredLoginHintToken,
        Self::MissingUserCode,
        Self::InvalidUserCode,
        Self::InvalidBindingMessage,
        Self::TransactionFailed,
    ];

    /// The value of `error`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::AuthorizationPending => "authorization_pending",
            Self::SlowDown => "slow_down",
            Self::ExpiredToken => "expired_token",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::InvalidScope => "invalid_scope",
            Self::InvalidTarget => "invalid_target",
            Self::AccessDenied => "access_denied",
            Self::UnsupportedTokenType => "unsupported_token_type",
            Self::InvalidDpopProof => "invalid_dpop_proof",
            Self::UseDpopNonce => "use_dpop_nonce",
            Self::UseAttestationChallenge => "use_attestation_challenge",
            Self::UseFreshAttestation => "use_fresh_attestation",
            Self::InvalidClientAttestation => "invalid_client_attestation",
            Self::ServerError => "server_error",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
            Self::TooManyRequests => "too_many_requests",
            Self::InvalidAuthorizationDetails => "invalid_authorization_details",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::InvalidRequestUri => "invalid_request_uri",
            Self::InvalidRequestObject => "invalid_request_object",
            Self::RequestNotSupported => "request_not_supported",
            Self::RequestUriNotSupported => "request_uri_not_supported",
            Self::RegistrationNotSupported => "registration_not_supported",
            Self::LoginRequired => "login_required",
            Self::ConsentRequired => "consent_required",
            Self::InteractionRequired => "interaction_required",
            Self::AccountSelectionRequired => "account_selection_required",
            Self::UnmetAuthenticationRequirements => "unmet_authentication_requirements",
            Self::InvalidRedirectUri => "invalid_redirect_uri",
            Self::InvalidClientMetadata => "invalid_client_metadata",
            Self::InvalidSoftwareStatement => "invalid_software_statement",
            Self::UnapprovedSoftwareStatement => "unapproved_software_statement",
            Self::UnknownUserId => "unknown_user_id",
            Self::ExpiredLoginHintToken => "expired_login_hint_token",
            Self::MissingUserCode => "missing_user_code",
            Self::InvalidUserCode => "invalid_user_code",
            Self::InvalidBindingMessage => "invalid_binding_message",
            Self::TransactionFailed => "transaction_failed",
        }
    }

    /// The HTTP status it is sent with.
    pub const fn status(self) -> u16 {
        match self {
            Self::InvalidRequest
            | Self::InvalidGrant
            | Self::AuthorizationPending
            | Self::SlowDown
            | Self::ExpiredToken
            | Self::UnauthorizedClient
            | Self::UnsupportedGrantType
            | Self::InvalidScope
            | Self::InvalidTarget
            | Self::AccessDenied
            | Self::UnsupportedTokenType
            | Self::InvalidAuthorizationDetails
            | Self::UnsupportedResponseType
            | Self::InvalidRequestUri
            | Self::InvalidRequestObject
            | Self::RequestNotSupported
            | Self::RequestUriNotSupported
            | Self::RegistrationNotSupported
            | Self::LoginRequired
            | Self::ConsentRequired
            | Self::InteractionRequired
            | Self::AccountSelectionRequired
            | Self::UnmetAuthenticationRequirements
            | Self::InvalidRedirectUri
            | Self::InvalidClientMetadata
            | Self::InvalidSoftwareStatement
            | Self::UnapprovedSoftwareStatement
            | Self::UnknownUserId
            | Self::ExpiredLoginHintToken
            | Self::MissingUserCode
            | Self::InvalidUserCode
            | Self::InvalidBindingMessage
            | Self::TransactionFailed
            | Self::InvalidDpopProof
            | Self::UseAttestationChallenge
            | Self::UseFreshAttestation
            | Self::UseDpopNonce => 400,
            Self::InvalidClient | Self::InvalidClientAttestation => 401,
            Self::ServerError => 500,
            Self::TemporarilyUnavailable => 503,
            Self::TooManyRequests => 429,
        }
    }

    /// The code that a plugin may refuse a token with; any other text becomes `access_denied`.
    pub fn of_plugin(text: &str) -> Self {
        const ALLOWED: [ErrorCode; 8] = [
            ErrorCode::InvalidRequest,
            ErrorCode::InvalidGrant,
            ErrorCode::UnauthorizedClient,
            ErrorCode::InvalidScope,
            ErrorCode::InvalidTarget,
            ErrorCode::InvalidAuthorizationDetails,
            ErrorCode::AccessDenied,
            ErrorCode::TemporarilyUnavailable,
        ];
        ALLOWED.into_iter().find(|code| code.as_str() == text).unwrap_or(Self::AccessDenied)
    }

    /// The code that a plugin may refuse with at the authorization endpoint; any other text becomes `access_denied`
    /// ([RFC 6749 §4.1.2.1](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1), OpenID Connect Core §3.1.2.6, RFC 8707 §2,
    /// RFC 9396 §5).
    pub fn of_plugin_at_authorization(text: &str) -> Self {
        const ALLOWED: [ErrorCode; 11] = [
            ErrorCode::InvalidRequest,
            ErrorCode::UnauthorizedClient,
            ErrorCode::InvalidScope,
            ErrorCode::InvalidTarget,
            ErrorCode::InvalidAuthorizationDetails,
            ErrorCode::AccessDenied,
            ErrorCode::TemporarilyUnavailable,
            ErrorCode::InteractionRequired,
            ErrorCode::LoginRequired,
            ErrorCode::AccountSelectionRequired,
            ErrorCode::ConsentRequired,
        ];
        ALLOWED.into_iter().find(|code| code.as_str() == text).unwrap_or(Self::AccessDenied)
    }

    /// The code that a plugin may refuse a client with whose proof is good; any other text becomes `invalid_client`.
    pub fn of_plugin_at_authentication(text: &str) -> Self {
        const ALLOWED: [ErrorCode; 4] =
            [ErrorCode::InvalidRequest, ErrorCode::InvalidClient, ErrorCode::UnauthorizedClient, ErrorCode::TemporarilyUnavailable];
        ALLOWED.into_iter().find(|code| code.as_str() == text).unwrap_or(Self::InvalidClient)
    }
}

/// Why a request was refused, for logs and counters; the client never sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The body is no well-formed form.
    MalformedForm,
    /// A parameter is missing.
    MissingParameter,
    /// A parameter has an impossible value.
    MalformedParameter,
    /// `grant_type` is none of ours.
    UnknownGrant,
    /// The client may not use the grant.
    GrantNotAllowed,
    /// A person's username and password do not do.
    WrongPassword,
    /// Nobody has decided yet.
    Undecided,
    /// The client polls too fast.
    PolledTooFast,
    /// Nobody decided in time.
    DecidedTooLate,
    /// No credentials at all.
    NoCredentials,
    /// Credentials that cannot be read.
    MalformedCredentials,
    /// More than one method of client authentication at once.
    SeveralMethods,
    /// The body's `client_id` is another than the credentials'.
    ClientMismatch,
    /// There is no such client.
    UnknownClient,
    /// The client is disabled.
    DisabledClient,
    /// Not the method the client registered.
    WrongMethod,
    /// The method is switched off on this server.
    MethodOff,
    /// The secret is wrong.
    WrongSecret,
    /// The secret was right once.
    ExpiredSecret,
    /// Too many wrong secrets or unknown tokens of late.
    Throttled,
    /// The assertion cannot be read, or its algorithm, type or header is not acceptable.
    MalformedAssertion,
    /// The assertion's signature or MAC is wrong, or there is no key for it.
    WrongSignature,
    /// The client's keys could not be fetched.
    KeysUnavailable,
    /// The assertion's `iss`, `sub`, `aud` or times are wrong.
    WrongAssertionClaims,
    /// The assertion has been used before.
    ReplayedAssertion,
    /// A scope that is malformed, unknown or not the client's.
    ScopeNotAllowed,
    /// A resource that is malformed, unknown or not the client's.
    ResourceNotAllowed,
    /// A plugin said no.
    RefusedByPlugin,
    /// The caller may not ask this.
    CallerNotAllowed,
    /// What would be issued is too large.
    TooLarge,
    /// The redirect URI is missing, or none of the client's.
    UnknownRedirectUri,
    /// A response type or mode that is unknown, switched off or not the client's.
    ResponseTypeNotAllowed,
    /// PKCE is missing or malformed.
    MalformedChallenge,
    /// The code verifier is missing, wrong, or nobody asked for it.
    WrongVerifier,
    /// A code or refresh token that nobody knows, has expired, or is another client's.
    UnknownGrantHandle,
    /// A code that was used before.
    SpentCode,
    /// A refresh token that was replaced before.
    ReplayedRefreshToken,
    /// What the person allowed was taken back.
    RevokedGrant,
    /// Nobody is signed in, or not as the request wants.
    NotSignedIn,
    /// The person has not agreed.
    NoConsent,
    /// As much as may be waits for the person already.
    TooMuchWaits,
    /// The person said no.
    RefusedByPerson,
    /// A request object that cannot be believed.
    MalformedRequestObject,
    /// The client's profile forbids it.
    ProfileViolated,
    /// The person is unknown or disabled by now.
    UserGone,
    /// Authorization details that are malformed or not the client's.
    MalformedDetails,
    /// A DPoP proof that is none for this request, or none where there must be one.
    WrongProof,
    /// A client attestation, or the proof of its key, that is not acceptable.
    WrongAttestation,
    /// A DPoP proof that was used before.
    ReplayedProof,
    /// A DPoP proof without a nonce of ours, or with an old one.
    NonceWanted,
    /// A certificate is missing, or not the client's.
    WrongCertificate,
    /// A token would be bound to two keys at once.
    SeveralBindings,
    /// Client metadata that cannot be registered.
    MalformedMetadata,
    /// A software statement that is not to be believed.
    WrongStatement,
}

impl Reason {
    /// The name in logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MalformedForm => "malformed_form",
            Self::MissingParameter => "missing_parameter",
            Self::MalformedParameter => "malformed_parameter",
            Self::UnknownGrant => "unknown_grant",
            Self::GrantNotAllowed => "grant_not_allowed",
            Self::WrongPassword => "wrong_password",
            Self::Undecided => "undecided",
            Self::PolledTooFast => "polled_too_fast",
            Self::DecidedTooLate => "decided_too_late",
            Self::NoCredentials => "no_credentials",
            Self::MalformedCredentials => "malformed_credentials",
            Self::SeveralMethods => "several_methods",
            Self::ClientMismatch => "client_mismatch",
            Self::UnknownClient => "unknown_client",
            Self::DisabledClient => "disabled_client",
            Self::WrongMethod => "wrong_method",
            Self::MethodOff => "method_off",
            Self::WrongSecret => "wrong_secret",
            Self::ExpiredSecret => "expired_secret",
            Self::Throttled => "throttled",
            Self::MalformedAssertion => "malformed_assertion",
            Self::WrongSignature => "wrong_signature",
            Self::KeysUnavailable => "keys_unavailable",
            Self::WrongAssertionClaims => "wrong_assertion_claims",
            Self::ReplayedAssertion => "replayed_assertion",
            Self::ScopeNotAllowed => "scope_not_allowed",
            Self::ResourceNotAllowed => "resource_not_allowed",
            Self::RefusedByPlugin => "refused_by_plugin",
            Self::CallerNotAllowed => "caller_not_allowed",
            Self::TooLarge => "too_large",
            Self::UnknownRedirectUri => "unknown_redirect_uri",
            Self::ResponseTypeNotAllowed => "response_type_not_allowed",
            Self::MalformedChallenge => "malformed_challenge",
            Self::WrongVerifier => "wrong_verifier",
            Self::UnknownGrantHandle => "unknown_grant_handle",
            Self::SpentCode => "spent_code",
            Self::ReplayedRefreshToken => "replayed_refresh_token",
            Self::RevokedGrant => "revoked_grant",
            Self::NotSignedIn => "not_signed_in",
            Self::NoConsent => "no_consent",
            Self::TooMuchWaits => "too_much_waits",
            Self::RefusedByPerson => "refused_by_person",
            Self::MalformedRequestObject => "malformed_request_object",
            Self::ProfileViolated => "profile_violated",
            Self::UserGone => "user_gone",
            Self::MalformedDetails => "malformed_details",
            Self::WrongProof => "wrong_proof",
            Self::WrongAttestation => "wrong_attestation",
            Self::ReplayedProof => "replayed_proof",
            Self::NonceWanted => "nonce_wanted",
            Self::WrongCertificate => "wrong_certificate",
            Self::SeveralBindings => "several_bindings",
            Self::MalformedMetadata => "malformed_metadata",
            Self::WrongStatement => "wrong_statement",
        }
    }
}

/// The client's doing: a code, a short description that never echoes input, and a reason for us.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} ({}): {description}", code.as_str(), reason.as_str())]
pub struct Refusal {
    /// What the client sees as `error`.
    pub code: ErrorCode,
    /// What the client sees as `error_description`; characters outside RFC 6749 §5.2 are replaced when it is sent.
    pub description: Cow<'static, str>,
    /// What we log and count.
    pub reason: Reason,
}

impl Refusal {
    /// A refusal.
    pub const fn new(code: ErrorCode, reason: Reason, description: &'static str) -> Self {
        Self { code, description: Cow::Borrowed(description), reason }
    }

    /// `invalid_request`.
    pub const fn invalid_request(reason: Reason, description: &'static str) -> Self {
        Self::new(ErrorCode::InvalidRequest, reason, description)
    }

    /// `invalid_client`. Security: the description is the same whatever the reason.
    pub const fn invalid_client(reason: Reason) -> Self {
        Self::new(ErrorCode::InvalidClient, reason, "client authentication failed")
    }
}

/// The JSON body of an error ([RFC 6749 §5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2)).
pub fn render_error(code: ErrorCode, description: &str) -> Vec<u8> {
    let mut body = Vec::with_capacity(64 + description.len());
    body.extend_from_slice(b"{\"error\":\"");
    body.extend_from_slice(code.as_str().as_bytes());
    body.extend_from_slice(b"\",\"error_description\":\"");
    // What is left after this needs no escaping in JSON: no quote, no backslash, no control character.
    body.extend(
        description.bytes().take(200).map(|byte| if matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e) { byte } else { b'?' }),
    );
    body.extend_from_slice(b"\"}");
    body
}

#[cfg(test)]
mod tests;
